//! Calls from the host into WebAssembly.

use crate::case::Case;
use crate::row::{Row, row};
use crate::store::with_instance;
use crate::world::{Host, World, must, typed};
use assay_oom::{AnyScenario, digest};
use wasmtime::{Func, Store, Val, ValRaw};

pub(crate) const ROWS: &[Row] = &[
    row(
        "call-typed",
        "calls a typed function",
        &["TypedFunc::call"],
        call_typed,
    ),
    row(
        "call-untyped",
        "calls a function with values",
        &["Func::call"],
        call_untyped,
    ),
    row(
        "call-untyped-many",
        "calls a function of many parameters and results with values",
        &["Func::call"],
        call_many,
    ),
    row(
        "call-unchecked",
        "calls a function with raw values",
        &["Func::call_unchecked", "Func::to_raw", "Func::from_raw"],
        call_unchecked,
    ),
    row(
        "call-references",
        "passes functions and host objects through a call",
        &[
            "TypedFunc::call",
            "Func::call",
            "ExternRef::new",
            "ExternRef::data",
        ],
        call_references,
    ),
    row(
        "call-type",
        "asks a function for its type, and makes it typed",
        &[
            "Func::ty",
            "Func::matches_ty",
            "Func::typed",
            "TypedFunc::func",
            "FuncType::try_new",
        ],
        call_type,
    ),
    row(
        "call-deep",
        "recurses deeply, and calls through a table",
        &["TypedFunc::call"],
        call_deep,
    ),
];

const FUNCTIONS: &str = r#"(module
    (type $binary (func (param i32 i32) (result i32)))
    (table 4 funcref)
    (elem (i32.const 0) func $add $sum)
    (func $add (export "add") (type $binary) (i32.add (local.get 0) (local.get 1)))
    (func $sum (export "sum") (type $binary)
        (if (result i32) (i32.eqz (local.get 0))
            (then (local.get 1))
            (else (call_indirect (type $binary)
                (i32.sub (local.get 0) (i32.const 1))
                (i32.add (local.get 1) (local.get 0))
                (i32.const 1)))))
    (func (export "many")
        (param i32 i64 f32 f64 v128 i32 i64 f32 f64 i32 i64 f32 f64 i32)
        (result i32 i64 f32 f64 v128 i32 i64 f32 f64 i32 i64 f32 f64 i32)
        local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 local.get 5 local.get 6
        local.get 7 local.get 8 local.get 9 local.get 10 local.get 11 local.get 12 local.get 13)
    (func (export "through") (param funcref externref) (result funcref externref)
        local.get 0 local.get 1))"#;

fn function(world: &World, module: &wasmtime::Module, name: &str) -> (Store<Host>, Func) {
    let (mut store, instance) = with_instance(world, module);
    let Some(function) = instance.get_func(&mut store, name) else {
        panic!("the set-up of a scenario lacks {name}");
    };
    (store, function)
}

fn call_typed(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(FUNCTIONS);
    let prepare = {
        let world = world.clone();
        move || {
            let (mut store, instance) = with_instance(&world, &module);
            let add = typed::<(i32, i32), i32>(&mut store, &instance, "add");
            (store, add)
        }
    };
    Case::new(name, prepare, |(store, add)| {
        Ok(digest(&add.call(store, (3, 4))?))
    })
    .also(move |_| world.still_traps())
    .done()
}

fn call_untyped(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(FUNCTIONS);
    let prepare = move || function(&world, &module, "add");
    Case::new(name, prepare, |(store, add)| {
        let mut results = [Val::I32(0)];
        add.call(store, &[Val::I32(3), Val::I32(4)], &mut results)?;
        Ok(digest(&results[0].i32()))
    })
    .done()
}

fn call_many(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(FUNCTIONS);
    let prepare = move || function(&world, &module, "many");
    Case::new(name, prepare, |(store, many)| {
        let four = || [Val::I32(1), Val::I64(2), Val::F32(3), Val::F64(4)];
        let [a, b, c, d] = four();
        let [e, f, g, h] = four();
        let [i, j, k, l] = four();
        let vector = Val::V128(wasmtime::V128::from(5));
        let params = [a, b, c, d, vector, e, f, g, h, i, j, k, l, Val::I32(6)];
        let mut results = [const { Val::I32(0) }; 14];
        many.call(store, &params, &mut results)?;
        let seen = results.each_ref().map(|value| (value.i32(), value.i64()));
        Ok(digest(&seen))
    })
    .done()
}

#[allow(unsafe_code)]
fn call_unchecked(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(FUNCTIONS);
    let prepare = move || function(&world, &module, "add");
    Case::new(name, prepare, |(store, add)| {
        let raw = add.to_raw(&mut *store);
        // SAFETY: the pointer was given by this very store.
        let add = unsafe { Func::from_raw(&mut *store, raw) }.unwrap_or(*add);
        let mut values = [ValRaw::i32(3), ValRaw::i32(4)];
        // SAFETY: the function takes two numbers and gives one.
        unsafe { add.call_unchecked(&mut *store, &mut values)? };
        Ok(digest(&values[0].get_i32()))
    })
    .done()
}

fn call_references(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(FUNCTIONS);
    let prepare = move || function(&world, &module, "through");
    Case::new(name, prepare, |(store, through)| {
        let object = wasmtime::ExternRef::new(&mut *store, 7u32)?;
        let mut results = [Val::FuncRef(None), Val::ExternRef(None)];
        let params = [Val::FuncRef(Some(*through)), Val::ExternRef(Some(object))];
        through.call(&mut *store, &params, &mut results)?;
        let data = match &results[1] {
            Val::ExternRef(Some(object)) => object.data(&*store)?,
            _ => None,
        };
        let number = data.and_then(|data| data.downcast_ref::<u32>()).copied();
        let function = results[0].unwrap_funcref().is_some();
        Ok(digest(&(number, function)))
    })
    .done()
}

fn call_type(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(FUNCTIONS);
    let prepare = move || {
        let (store, add) = function(&world, &module, "add");
        (world.engine.clone(), store, add)
    };
    Case::new(name, prepare, |(engine, store, add)| {
        let ty = add.ty(&*store);
        let params = [wasmtime::ValType::I32, wasmtime::ValType::I32];
        let same = wasmtime::FuncType::try_new(engine, params, [wasmtime::ValType::I32])?;
        let matches = add.matches_ty(&*store, &same);
        let typed = add.typed::<(i32, i32), i32>(&*store)?;
        let func = typed.func().typed::<i32, i32>(&*store).is_err();
        Ok(digest(&(
            ty.params().len(),
            ty.results().len(),
            matches,
            func,
        )))
    })
    .done()
}

fn call_deep(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(FUNCTIONS);
    let prepare = move || {
        let (mut store, instance) = with_instance(&world, &module);
        let sum = must(instance.get_typed_func::<(i32, i32), i32>(&mut store, "sum"));
        (store, sum)
    };
    Case::new(name, prepare, |(store, sum)| {
        Ok(digest(&sum.call(store, (1_000, 0))?))
    })
    .done()
}
