//! Small programs, and what is read off their runs.

use crate::check::{Failure, same};
use assay_engine::{
    Action, Call, Engine, Host, HostEffect, HostFunction, Module, Outcome, Program, Reference,
    Slot, Step, Transcript, Value,
};

/// The null reference.
pub(crate) const NULL: Value = Value::Ref(Reference::Null);

/// The host's reference of this number.
pub(crate) const fn object(n: u32) -> Value {
    Value::Ref(Reference::Extern(n))
}

/// A module in the binary format.
pub(crate) fn module(name: &str, text: &str) -> Result<Module, Failure> {
    let wasm = wat::parse_str(text).map_err(|error| Failure::Text(format!("{error}\n{text}")))?;
    Ok(Module {
        name: name.to_owned(),
        wasm,
    })
}

/// A program of modules, each with its name and its fields; the last is the main one.
pub(crate) fn linked(modules: &[(&str, &str)]) -> Result<Program, Failure> {
    let modules = modules
        .iter()
        .map(|(name, fields)| module(name, &format!("(module {fields})")));
    Ok(Program {
        modules: modules.collect::<Result<_, _>>()?,
        ..Program::default()
    })
}

/// A program of one module with these fields, and calls of its exports.
pub(crate) fn calling(fields: &str, calls: &[(&str, &[Value])]) -> Result<Program, Failure> {
    let mut program = linked(&[("main", fields)])?;
    program.calls = calls
        .iter()
        .map(|(export, args)| call(export, args))
        .collect();
    Ok(program)
}

/// A call of an export.
pub(crate) fn call(export: &str, args: &[Value]) -> Call {
    Call {
        export: export.to_owned(),
        args: args.to_vec(),
    }
}

/// A host function.
pub(crate) fn function(params: &[Slot], results: &[Slot], actions: &[Action]) -> HostFunction {
    HostFunction {
        label: "test".to_owned(),
        params: params.to_vec(),
        results: results.to_vec(),
        actions: actions.to_vec(),
    }
}

/// The program with a host of these functions.
pub(crate) fn hosted(mut program: Program, functions: &[HostFunction]) -> Program {
    program.host = Host {
        seed: 1,
        functions: functions.to_vec(),
    };
    program
}

/// The steps of a program that must be instantiated, one for each call.
pub(crate) fn steps(engine: &mut dyn Engine, program: &Program) -> Result<Vec<Step>, Failure> {
    let transcript = engine.run(program)?;
    let outcome = &transcript.instantiation.outcome;
    same("instantiation", outcome, &Outcome::Returned(Vec::new()))?;
    let (found, expected) = (transcript.calls.len(), program.calls.len());
    same("the number of steps", &found, &expected)?;
    Ok(transcript.calls)
}

/// The outcomes of the calls of a program that must be instantiated.
pub(crate) fn outcomes(
    engine: &mut dyn Engine,
    program: &Program,
) -> Result<Vec<Outcome>, Failure> {
    let steps = steps(engine, program)?;
    Ok(steps.into_iter().map(|step| step.outcome).collect())
}

/// What instantiation comes to.
pub(crate) fn start(engine: &mut dyn Engine, program: &Program) -> Result<Outcome, Failure> {
    Ok(engine.run(program)?.instantiation.outcome)
}

/// The outcome of the last call, or of instantiation when there was none.
pub(crate) fn last(transcript: &Transcript) -> Outcome {
    let step = transcript.calls.last();
    step.unwrap_or(&transcript.instantiation).outcome.clone()
}

/// What the host functions did in a step.
pub(crate) fn effects(step: &Step) -> Vec<HostEffect> {
    step.host.iter().map(|call| call.effect.clone()).collect()
}

/// It returned these values.
pub(crate) fn returned(values: &[Value]) -> Outcome {
    Outcome::Returned(values.to_vec())
}

/// An exception left it.
pub(crate) fn threw(tag: Option<u32>, payload: &[Value]) -> Outcome {
    Outcome::Threw {
        tag,
        payload: payload.to_vec(),
    }
}
