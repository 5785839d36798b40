//! What the tests of this crate share.

use assay_engine::{
    Action, Engine, EngineError, Host, HostFunction, Module, Outcome, Program, Slot, Value,
};
use assay_v8::V8Engine;

/// A program of named modules in the text format; the last is the main one.
pub fn program(modules: &[(&str, &str)]) -> Program {
    let modules = modules.iter().map(|(name, text)| Module {
        name: (*name).into(),
        wasm: wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}")),
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

/// Instantiates, which must succeed, and calls an export.
pub fn call(program: &Program, export: &str, args: &[Value]) -> Result<Outcome, EngineError> {
    let mut engine = V8Engine::new();
    let started = engine.instantiate(program)?;
    assert_eq!(started.outcome, Outcome::Returned(vec![]));
    let mut instance = started.instance.expect("an instance follows from success");
    instance.call(export, args)
}
