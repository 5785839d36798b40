//! What the tests share: engines, found or installed as for a user, and short ways to write
//! programs and values.

#![allow(dead_code, reason = "each test file uses a part")]

pub mod rich;

use assay_engine::{
    Action, Call, Host, HostFunction, Module, Outcome, Program, Reference, Shim, Slot, Value, names,
};
use assay_js::{Discovery, ENGINES, JsEngine, JsOptions, discover};
use std::sync::OnceLock;

/// The engines of this machine. Everything is installed that is missing, and what cannot be had
/// fails the test that asks.
pub fn discovery() -> &'static Discovery {
    static DISCOVERY: OnceLock<Discovery> = OnceLock::new();
    DISCOVERY.get_or_init(|| {
        let options = JsOptions {
            install: true,
            ..JsOptions::default()
        };
        discover(&options, &mut |line| eprintln!("{line}")).expect("no path was given")
    })
}

/// Starts the engine `name`.
pub fn start(name: &str) -> JsEngine {
    let found = discovery().engine(name).expect("a name of an engine");
    let found = found.unwrap_or_else(|missing| panic!("{name} cannot be had: {missing}"));
    JsEngine::start(found.spec.clone()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Calls `test` with each engine.
pub fn each_engine(mut test: impl FnMut(&mut JsEngine)) {
    for name in ENGINES {
        test(&mut start(name));
    }
}

pub fn module(name: &str, wat: &str) -> Module {
    let wasm = wat::parse_str(wat).unwrap_or_else(|error| panic!("{wat}: {error}"));
    Module {
        name: name.into(),
        wasm,
    }
}

/// A program of one module, without a shim and without calls.
pub fn program(wat: &str) -> Program {
    Program {
        modules: vec![module("main", wat)],
        ..Program::default()
    }
}

pub fn call(export: &str, args: &[Value]) -> Call {
    Call {
        export: export.into(),
        args: args.to_vec(),
    }
}

/// A shim that takes and gives so many values, and tells this state.
pub fn shim(ints: u32, results: u32, state: &[&str]) -> Option<Shim> {
    Some(Shim {
        ints,
        results,
        state: state.iter().copied().map(String::from).collect(),
        ..Shim::default()
    })
}

/// A call of the function with this number, through the shim.
pub fn through_shim(number: u32, args: &[Value]) -> Call {
    let mut call = call(names::CALL, &[Value::I32(number)]);
    call.args.extend(args);
    call
}

pub fn host(functions: &[(&[Slot], &[Slot], &[Action])]) -> Host {
    let function = |(params, results, actions): &(&[Slot], &[Slot], &[Action])| HostFunction {
        label: String::new(),
        params: params.to_vec(),
        results: results.to_vec(),
        actions: actions.to_vec(),
    };
    Host {
        seed: 0xdead_beef,
        functions: functions.iter().map(function).collect(),
    }
}

pub fn returned(values: &[Value]) -> Outcome {
    Outcome::Returned(values.to_vec())
}

pub const fn i32(x: i32) -> Value {
    Value::I32(x.cast_unsigned())
}

pub const fn i64(x: i64) -> Value {
    Value::I64(x.cast_unsigned())
}

pub const NULL: Value = Value::Ref(Reference::Null);
