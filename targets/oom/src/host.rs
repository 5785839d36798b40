//! Host functions: making them, and calls between host and guest in both directions.

use crate::case::{Case, Seen};
use crate::row::{Row, row};
use crate::world::{self, Host, World, must, typed};
use assay_oom::{AnyScenario, digest};
use std::fmt;
use wasmtime::{
    AsContextMut, Caller, Error, Func, FuncType, Linker, ModuleExport, Result, Store, Trap,
    TypedFunc, Val, ValRaw, ValType,
};

pub(crate) const ROWS: &[Row] = &[
    row(
        "func-new",
        "makes a host function that is called with values",
        &["Func::try_new", "FuncType::try_new"],
        new,
    ),
    row(
        "func-new-unchecked",
        "makes a host function that is called with raw values",
        &["Func::new_unchecked"],
        new_unchecked,
    ),
    row(
        "func-wrap",
        "makes a host function of a closure with and without a state of its own",
        &["Func::try_wrap"],
        wrap,
    ),
    row(
        "host-call",
        "a guest calls the host",
        &["TypedFunc::call", "Caller::data", "Caller::data_mut"],
        host_call,
    ),
    row(
        "host-call-values",
        "a guest calls the host, which is called with values",
        &["TypedFunc::call"],
        host_call_values,
    ),
    row(
        "host-callback",
        "a guest calls the host, which calls the guest",
        &["TypedFunc::call", "Func::call", "Caller::get_export"],
        host_callback,
    ),
    row(
        "host-caller",
        "the host looks around in its caller",
        &[
            "Caller::get_export",
            "Caller::get_module_export",
            "Caller::engine",
            "Memory::read",
            "Memory::write",
        ],
        host_caller,
    ),
    row(
        "host-error",
        "the host gives an error of its own, which comes out with a backtrace",
        &["TypedFunc::call"],
        host_error,
    ),
    row(
        "host-trap",
        "the host gives a trap, which comes out with a backtrace",
        &["TypedFunc::call"],
        host_trap,
    ),
];

fn binary(world: &World) -> FuncType {
    let params = [ValType::I32, ValType::I32];
    match FuncType::try_new(&world.engine, params, [ValType::I32]) {
        Ok(ty) => ty,
        Err(error) => panic!("the set-up of a scenario fails: {error}"),
    }
}

fn add(_: Caller<'_, Host>, params: &[Val], results: &mut [Val]) -> Result<()> {
    let number = |at: usize| params.get(at).and_then(Val::i32).unwrap_or(0);
    results[0] = Val::I32(number(0) + number(1));
    Ok(())
}

/// Calls a host function by its type.
fn call(store: &mut Store<Host>, function: Func) -> Result<u64> {
    let function: TypedFunc<(i32, i32), i32> = function.typed(&*store)?;
    Ok(digest(&function.call(store, (3, 4))?))
}

fn new(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || (world.engine.clone(), world.store());
    Case::new(name, prepare, |(engine, store)| {
        let params = [ValType::I32, ValType::I32];
        let ty = FuncType::try_new(engine, params, [ValType::I32])?;
        let function = Func::try_new(&mut *store, ty, add)?;
        call(store, function)
    })
    .done()
}

#[allow(unsafe_code)]
fn new_unchecked(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let ty = binary(&world);
    let prepare = move || (world.store(), ty.clone());
    Case::new(name, prepare, |(store, ty)| {
        // SAFETY: the function keeps to its type: it reads two numbers and writes one.
        let function = unsafe {
            Func::new_unchecked(&mut *store, ty.clone(), |_, values| {
                let [a, b] = [0, 1].map(|at| values[at].assume_init_ref().get_i32());
                values[0].write(ValRaw::i32(a.wrapping_add(b)));
                Ok(())
            })
        };
        call(store, function)
    })
    .done()
}

fn wrap(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || world.store();
    Case::new(name, prepare, |store| {
        let bare = Func::try_wrap(&mut *store, |a: i32, b: i32| a + b)?;
        let more = 5;
        let stateful = Func::try_wrap(&mut *store, move |a: i32, b: i32| a + b + more)?;
        Ok(digest(&(call(store, bare)?, call(store, stateful)?)))
    })
    .done()
}

const CALLER: &str = r#"(module
    (import "host" "f" (func $f (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "triple") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
    (func (export "run") (param i32) (result i32)
        (call $f (local.get 0) (i32.const 4))))"#;

type Run = TypedFunc<i32, i32>;

/// A store with an instance that calls what `define` defines as `f`, and the function to begin with.
fn caller(
    world: &World,
    module: &wasmtime::Module,
    define: impl Fn(&mut Linker<Host>),
) -> (Store<Host>, Run) {
    let mut linker = Linker::new(&world.engine);
    define(&mut linker);
    let mut store = world.store();
    let instance = must(linker.instantiate(&mut store, module));
    let run = typed(&mut store, &instance, "run");
    (store, run)
}

/// The scenario of a guest that calls such a host function, and what it makes of the result.
fn calls(
    name: &str,
    define: fn(&mut Linker<Host>),
    see: fn(Result<i32>) -> Result<Seen>,
) -> Case<(Store<Host>, Run)> {
    let world = World::plain();
    let module = world.module(CALLER);
    let prepare = {
        let world = world.clone();
        move || caller(&world, &module, define)
    };
    Case::new(name, prepare, move |(store, run)| {
        store.data_mut().number = 0;
        let seen = see(run.call(&mut *store, 3))?;
        Ok(seen.and(store.data().number))
    })
    .also(move |_| world.still_traps())
}

fn number(result: Result<i32>) -> Result<Seen> {
    result.map(|number| digest(&number).into())
}

fn host_call(name: &str) -> Box<dyn AnyScenario> {
    let define = |linker: &mut Linker<Host>| {
        let f = |mut caller: Caller<'_, Host>, a: i32, b: i32| {
            caller.data_mut().number += 1;
            a + b + caller.data().number
        };
        must(linker.func_wrap("host", "f", f));
    };
    calls(name, define, number).done()
}

fn host_call_values(name: &str) -> Box<dyn AnyScenario> {
    let define = |linker: &mut Linker<Host>| {
        let ty = must(
            FuncType::try_new(
                linker.engine(),
                [ValType::I32, ValType::I32],
                [ValType::I32],
            )
            .map_err(Error::from),
        );
        must(linker.func_new("host", "f", ty, add));
    };
    calls(name, define, number).done()
}

fn missing() -> Error {
    Error::from(Trap::NullReference)
}

fn host_callback(name: &str) -> Box<dyn AnyScenario> {
    let define = |linker: &mut Linker<Host>| {
        let f = |mut caller: Caller<'_, Host>, a: i32, b: i32| -> Result<i32> {
            let triple = caller
                .get_export("triple")
                .and_then(|item| item.into_func());
            let triple = triple.ok_or_else(missing)?;
            let mut results = [Val::I32(0)];
            triple.call(&mut caller, &[Val::I32(a)], &mut results)?;
            let typed = triple.typed::<i32, i32>(&caller)?;
            let again = typed.call(caller.as_context_mut(), b)?;
            Ok(results[0].i32().unwrap_or(0) + again)
        };
        must(linker.func_wrap("host", "f", f));
    };
    calls(name, define, number).done()
}

fn host_caller(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(CALLER);
    let Some(index): Option<ModuleExport> = module.get_export_index("memory") else {
        panic!("the set-up of a scenario lacks a memory");
    };
    let prepare = move || {
        caller(&world, &module, |linker| {
            let f = move |mut caller: Caller<'_, Host>, a: i32, b: i32| -> Result<i32> {
                let by_index = caller.get_module_export(&index);
                let memory = caller
                    .get_export("memory")
                    .and_then(|item| item.into_memory());
                let memory = memory.ok_or_else(missing)?;
                let mut bytes = [0; 4];
                memory.write(&mut caller, 8, &[a as u8, b as u8])?;
                memory.read(&caller, 8, &mut bytes)?;
                let pulley = caller.engine().is_pulley();
                Ok(i32::from(bytes[1]) + i32::from(by_index.is_some()) + i32::from(pulley))
            };
            must(linker.func_wrap("host", "f", f));
        })
    };
    Case::new(name, prepare, |(store, run)| {
        Ok(digest(&run.call(store, 3)?))
    })
    .done()
}

/// An error of the host's own. It is empty, so that to give it asks for nothing but what Wasmtime
/// asks for.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("refused")
    }
}

impl std::error::Error for Refused {}

fn host_error(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(CALLER);
    let prepare = {
        let world = world.clone();
        move || {
            caller(&world, &module, |linker| {
                let f = |_: i32, _: i32| -> Result<i32> { Err(Refused.into()) };
                must(linker.func_wrap("host", "f", f));
            })
        }
    };
    Case::new(name, prepare, |(store, run)| match run.call(store, 3) {
        Err(error) if error.is::<Refused>() => Ok(Seen::Traced(0, world::depth(&error))),
        Err(error) => Err(error),
        Ok(value) => Ok(digest(&(value, "no error")).into()),
    })
    .also(move |_| world.still_traps())
    .done()
}

fn host_trap(name: &str) -> Box<dyn AnyScenario> {
    let define = |linker: &mut Linker<Host>| {
        let f = |_: i32, _: i32| -> Result<i32> { Err(Trap::IntegerOverflow.into()) };
        must(linker.func_wrap("host", "f", f));
    };
    calls(name, define, |result| {
        world::trap(Trap::IntegerOverflow, result)
    })
    .done()
}
