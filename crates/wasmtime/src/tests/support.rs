//! What the tests share.

use crate::configuration::Way;
use crate::{Compiler, Configuration, STACK_BYTES_NEEDED, WasmtimeEngine};
use assay_engine::{
    Call, Features, Host, Module, Outcome, Program, Transcript, Value, drive, names,
};

/// A module in the binary format.
pub(super) fn module(name: &str, text: &str) -> Module {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Module {
        name: name.into(),
        wasm,
    }
}

/// A program of one module, whose fields are given as text.
pub(super) fn program(fields: &str) -> Program {
    Program {
        modules: vec![module("main", &format!("(module {fields})"))],
        ..Program::default()
    }
}

/// A program that calls the export `f` with these arguments.
pub(super) fn calling(fields: &str, args: &[Value]) -> Program {
    let mut program = program(fields);
    program.calls.push(call("f", args));
    program
}

/// A call of an export.
pub(super) fn call(export: &str, args: &[Value]) -> Call {
    Call {
        export: export.into(),
        args: args.to_vec(),
    }
}

/// The same program with this host.
pub(super) fn hosted(mut program: Program, host: Host) -> Program {
    program.host = host;
    program
}

/// An engine in its default configuration.
pub(super) fn engine(compiler: Compiler) -> WasmtimeEngine {
    engine_in(Configuration::of(compiler))
}

/// An engine in this configuration.
pub(super) fn engine_in(configuration: Configuration) -> WasmtimeEngine {
    let name = configuration.compiler.engine_name();
    let text = configuration.to_toml().expect("it prints");
    WasmtimeEngine::new(name, configuration).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Runs a test on a thread with the stack that programs need.
pub(super) fn with_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .stack_size(STACK_BYTES_NEEDED)
        .spawn(test);
    if let Err(panic) = thread.expect("a thread starts").join() {
        std::panic::resume_unwind(panic);
    }
}

/// Runs a program in the default configuration of each compiler that has these features, on
/// its own stack and on the caller's, and gives the transcript, which must be the same on all.
pub(super) fn run_with(program: &Program, needs: Features) -> Transcript {
    let mut runs = Vec::new();
    for configuration in bases() {
        if configuration.features().contains(needs) {
            let text = configuration.to_toml().expect("it prints");
            let run = drive(&mut engine_in(configuration), program);
            runs.push((text, run.expect("the engine runs it")));
        }
    }
    let (_, first) = runs.first().cloned().expect("some engine has the features");
    for (text, run) in runs {
        assert_eq!(run, first, "{text}");
    }
    first
}

/// The outcome of the last call, or of instantiation when there was none.
pub(super) fn last(transcript: &Transcript) -> Outcome {
    transcript
        .calls
        .last()
        .unwrap_or(&transcript.instantiation)
        .outcome
        .clone()
}

/// Runs a program whose last outcome must be this one.
pub(super) fn check(program: &Program, needs: Features, expected: &Outcome) {
    assert_eq!(last(&run_with(program, needs)), *expected);
}

/// The configurations that every test runs in: each compiler as it comes, with asynchronous stacks,
/// fuel and epochs, which takes the other half of the adapter, and with functions that have Rust types,
/// or that nobody checks.
pub(super) fn bases() -> Vec<Configuration> {
    let mut all = Vec::new();
    for compiler in Compiler::ALL {
        let plain = Configuration::of(compiler);
        let embedded = |way| {
            let mut embedded = plain.clone();
            embedded.embedding.host_functions = way;
            embedded.embedding.calls = way;
            embedded
        };
        all.extend([Way::Typed, Way::Unchecked].map(embedded));
        let mut yielding = plain.clone();
        yielding.entry.async_stacks = true;
        yielding.entry.fuel_yield_interval = Some(10);
        yielding.code.fuel = true;
        yielding.code.epochs = true;
        yielding.embedding.host_functions = Way::Typed;
        all.extend([plain.clone(), yielding]);
    }
    all
}

/// The name under which a host function is imported.
pub(super) fn import(index: usize) -> String {
    format!(r#""{}" "{index}""#, names::HOST_MODULE)
}
