//! The two interpreters, each by its own interface.

use assay_engine::Features;
use assay_reference::{Config, Extern, Module, Store, Val};

/// An integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    I32(u32),
    I64(u64),
}

/// The integers that each call returned; none where it did not return.
pub type Results = Vec<Option<Vec<Number>>>;

/// From the bytes to the last of these calls of an export.
pub type Run = fn(&[u8], &str, &[Vec<Number>]) -> Results;

pub const ENGINES: [(&str, Run); 2] = [("reference", reference), ("wasmi", wasmi)];

/// Whether it can be measured: both make an instance of a module that imports nothing.
pub fn both_instantiate(wasm: &[u8]) -> bool {
    let ours = Module::new(wasm, Features::WASM3).is_ok_and(|module| {
        Store::new(Config::default())
            .instantiate(&mut (), &module, &[])
            .is_ok()
    });
    let engine = wasmi_engine();
    let theirs = wasmi::Module::new(&engine, wasm).is_ok_and(|module| {
        let mut store = wasmi::Store::new(&engine, ());
        let linker = wasmi::Linker::new(&engine);
        linker.instantiate_and_start(&mut store, &module).is_ok()
    });
    ours && theirs
}

fn reference(wasm: &[u8], export: &str, calls: &[Vec<Number>]) -> Results {
    let module = Module::new(wasm, Features::WASM3).expect("it is valid");
    let mut store = Store::new(Config::default());
    let instance = store.instantiate(&mut (), &module, &[]);
    let instance = instance.expect("it instantiates");
    let Some(Extern::Func(func)) = store.export(instance, export) else {
        panic!("there is no function {export:?}");
    };
    let call = |args: &Vec<Number>| {
        let args: Vec<Val> = args.iter().map(|&arg| lower(arg)).collect();
        let results = store.invoke(&mut (), func, &args).ok()?;
        Some(results.into_iter().filter_map(lift).collect())
    };
    calls.iter().map(call).collect()
}

fn lower(number: Number) -> Val {
    match number {
        Number::I32(value) => Val::I32(value),
        Number::I64(value) => Val::I64(value),
    }
}

fn lift(value: Val) -> Option<Number> {
    match value {
        Val::I32(value) => Some(Number::I32(value)),
        Val::I64(value) => Some(Number::I64(value)),
        _ => None,
    }
}

fn wasmi_engine() -> wasmi::Engine {
    let mut config = wasmi::Config::default();
    config.compilation_mode(wasmi::CompilationMode::Eager);
    config.wasm_multi_memory(true).wasm_memory64(true);
    wasmi::Engine::new(&config)
}

fn wasmi(wasm: &[u8], export: &str, calls: &[Vec<Number>]) -> Results {
    let engine = wasmi_engine();
    let module = wasmi::Module::new(&engine, wasm).expect("it is valid");
    let mut store = wasmi::Store::new(&engine, ());
    let linker = wasmi::Linker::new(&engine);
    let instance = linker.instantiate_and_start(&mut store, &module);
    let instance = instance.expect("it instantiates");
    let func = instance
        .get_func(&store, export)
        .expect("there is such an export");
    let count = func.ty(&store).results().len();
    let call = |args: &Vec<Number>| {
        let args: Vec<wasmi::Val> = args.iter().map(|&arg| lower_wasmi(arg)).collect();
        let mut results = vec![wasmi::Val::I32(0); count];
        func.call(&mut store, &args, &mut results).ok()?;
        Some(results.iter().filter_map(lift_wasmi).collect())
    };
    calls.iter().map(call).collect()
}

fn lower_wasmi(number: Number) -> wasmi::Val {
    match number {
        Number::I32(value) => wasmi::Val::I32(value.cast_signed()),
        Number::I64(value) => wasmi::Val::I64(value.cast_signed()),
    }
}

fn lift_wasmi(value: &wasmi::Val) -> Option<Number> {
    match value {
        wasmi::Val::I32(value) => Some(Number::I32(value.cast_unsigned())),
        wasmi::Val::I64(value) => Some(Number::I64(value.cast_unsigned())),
        _ => None,
    }
}
