//! What the tests of this crate share.

use assay_engine::{
    Action, Engine, EngineError, Host, HostCall, HostFunction, Module, Outcome, Program, Reference,
    Slot, Value,
};
use assay_wasmi::WasmiEngine;

/// A program of named modules in the text format; the last is the main one.
pub fn program(modules: &[(&str, &str)]) -> Program {
    let modules = modules.iter().map(|(name, text)| Module {
        name: (*name).into(),
        wasm: wat::parse_str(text).unwrap_or_else(|error| panic!("{error}")),
    });
    Program {
        modules: modules.collect(),
        ..Program::default()
    }
}

/// A host of one function.
#[allow(dead_code)]
pub fn host(params: &[Slot], results: &[Slot], actions: Vec<Action>) -> Host {
    let function = HostFunction {
        label: "test".into(),
        params: params.to_vec(),
        results: results.to_vec(),
        actions,
    };
    Host {
        seed: 1,
        functions: vec![function],
    }
}

/// What one call came to, and the host calls that it made.
#[derive(Debug)]
#[allow(dead_code)]
pub struct Ran {
    pub outcome: Outcome,
    pub host: Vec<HostCall>,
}

/// Instantiates, which must succeed, and calls exports in order.
#[allow(dead_code)]
pub fn run(program: &Program, calls: &[(&str, &[Value])]) -> Result<Vec<Ran>, EngineError> {
    let mut engine = WasmiEngine::new();
    let mut started = engine.instantiate(program)?;
    assert_eq!(started.outcome, Outcome::Returned(vec![]));
    let instance = started
        .instance
        .as_mut()
        .expect("an instance follows from success");
    let call = |&(export, args): &(&str, &[Value])| {
        let outcome = instance.call(export, args)?;
        Ok(Ran {
            outcome,
            host: instance.take_host_calls(),
        })
    };
    calls.iter().map(call).collect()
}

/// The outcome of one call in a module without imports.
#[allow(dead_code)]
pub fn call(text: &str, export: &str, args: &[Value]) -> Outcome {
    let program = program(&[("m", text)]);
    let mut ran = run(&program, &[(export, args)]).expect("the engine does not fail");
    ran.remove(0).outcome
}

/// The outcome of instantiation.
#[allow(dead_code)]
pub fn start(modules: &[(&str, &str)]) -> Outcome {
    let program = program(modules);
    let mut engine = WasmiEngine::new();
    engine
        .instantiate(&program)
        .expect("the engine does not fail")
        .outcome
}

#[allow(dead_code)]
pub const NULL: Value = Value::Ref(Reference::Null);

#[allow(dead_code)]
pub fn object(n: u32) -> Value {
    Value::Ref(Reference::Extern(n))
}
