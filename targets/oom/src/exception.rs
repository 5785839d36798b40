//! Exceptions: thrown and caught by guest and host.

use crate::case::Case;
use crate::row::{Row, row};
use crate::world::{Host, World, must, typed};
use assay_oom::{AnyScenario, digest};
use wasmtime::{
    AsContextMut, Caller, Error, ExnRef, ExnRefPre, ExnType, Linker, Result, Store, Tag,
    ThrownException, Trap, TypedFunc, Val,
};

pub(crate) const ROWS: &[Row] = &[
    row(
        "exception-guest",
        "a guest throws and catches, with and without a reference",
        &["TypedFunc::call"],
        guest,
    ),
    row(
        "exception-escapes",
        "a guest throws, and the host takes it",
        &[
            "TypedFunc::call",
            "Store::has_pending_exception",
            "Store::take_pending_exception",
            "ExnRef::tag",
            "ExnRef::field",
            "ExnRef::fields",
            "ExnRef::ty",
            "StoreContextMut::has_pending_exception",
        ],
        escapes,
    ),
    row(
        "exception-host-throws",
        "the host throws, and a guest catches",
        &[
            "ExnRef::new",
            "ExnRefPre::new",
            "ExnType::from_tag_type",
            "StoreContextMut::throw",
        ],
        host_throws,
    ),
    row(
        "exception-rethrown",
        "the host takes what a guest threw, and throws it on",
        &[
            "StoreContextMut::take_pending_exception",
            "StoreContextMut::throw",
        ],
        rethrown,
    ),
    row(
        "exception-store-throw",
        "throws outside of any call, and takes it back",
        &[
            "Store::throw",
            "Store::take_pending_exception",
            "ExnType::from_tag_type",
        ],
        store_throw,
    ),
];

const THROWS: &str = r#"(module
    (import "host" "f" (func $f (param i32)))
    (tag $e (export "e") (param i32))
    (func $throw (export "throw") (param i32) (throw $e (local.get 0)))
    (func $by_value (export "value") (param i32) (result i32)
        (block $caught (result i32)
            (try_table (catch $e $caught) (call $throw (local.get 0)))
            (i32.const -1)))
    (func $by_reference (export "reference") (param i32) (result i32)
        (local $seen i32)
        (block $caught (result i32 exnref)
            (try_table (catch_ref $e $caught) (call $throw (local.get 0)))
            unreachable)
        drop)
    (func (export "guest") (param i32) (result i32)
        (i32.add (call $by_value (local.get 0)) (call $by_reference (local.get 0))))
    (func (export "catch") (param i32) (result i32)
        (block $caught (result i32)
            (try_table (catch $e $caught) (call $f (local.get 0)))
            (i32.const -1))))"#;

type Thrower = (Store<Host>, Tag, TypedFunc<i32, i32>);

/// A guest whose import does `f`, and its function of this name.
fn thrower(
    world: &World,
    module: &wasmtime::Module,
    export: &str,
    f: fn(Caller<'_, Host>, i32) -> Result<()>,
) -> Thrower {
    let mut linker = Linker::new(&world.engine);
    must(linker.func_wrap("host", "f", f));
    let mut store = world.store();
    let instance = must(linker.instantiate(&mut store, module));
    let Some(tag) = instance.get_tag(&mut store, "e") else {
        panic!("the set-up of a scenario lacks a tag");
    };
    let run = typed(&mut store, &instance, export);
    (store, tag, run)
}

fn run(
    name: &str,
    export: &'static str,
    f: fn(Caller<'_, Host>, i32) -> Result<()>,
) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(THROWS);
    let prepare = {
        let world = world.clone();
        move || thrower(&world, &module, export, f)
    };
    Case::new(name, prepare, |(store, _, run)| {
        let value = run.call(&mut *store, 5)?;
        Ok(digest(&(value, store.has_pending_exception())))
    })
    .also(|(store, ..)| match store.has_pending_exception() {
        false => Ok(()),
        true => Err("an exception is pending though none came out".into()),
    })
    .also(move |_| world.still_traps())
    .done()
}

fn guest(name: &str) -> Box<dyn AnyScenario> {
    run(name, "guest", |_, _| Ok(()))
}

fn host_throws(name: &str) -> Box<dyn AnyScenario> {
    run(name, "catch", |mut caller, number| {
        let tag = caller.get_export("e").and_then(|item| item.into_tag());
        let tag = tag.ok_or_else(missing)?;
        let ty = ExnType::from_tag_type(&tag.ty(&caller))?;
        let layout = ExnRefPre::new(&mut caller, ty);
        let exception = ExnRef::new(&mut caller, &layout, &tag, &[Val::I32(number)])?;
        caller.as_context_mut().throw(exception)
    })
}

fn rethrown(name: &str) -> Box<dyn AnyScenario> {
    run(name, "catch", |mut caller, number| {
        let throw = caller.get_export("throw").and_then(|item| item.into_func());
        let throw = throw.ok_or_else(missing)?.typed::<i32, ()>(&caller)?;
        match throw.call(&mut caller, number) {
            Err(error) if error.is::<ThrownException>() => {
                let mut context = caller.as_context_mut();
                match context.take_pending_exception() {
                    Some(exception) => context.throw(exception),
                    None => Err(missing()),
                }
            }
            other => other,
        }
    })
}

fn missing() -> Error {
    Error::from(Trap::NullReference)
}

/// What there is to see of the exception that is pending.
fn take(store: &mut Store<Host>, tag: Tag) -> Result<u64> {
    let pending = store.has_pending_exception() && store.as_context_mut().has_pending_exception();
    let Some(exception) = store.take_pending_exception() else {
        return Ok(digest("nothing was pending"));
    };
    let same = Tag::eq(&exception.tag(&mut *store)?, &tag, &*store);
    let field = exception.field(&mut *store, 0)?.i32();
    let fields = exception.fields(&mut *store)?.count();
    let declared = exception.ty(&*store)?.fields().len();
    Ok(digest(&(pending, same, field, fields, declared)))
}

fn escapes(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(THROWS);
    let prepare = {
        let world = world.clone();
        move || {
            let mut linker = Linker::new(&world.engine);
            must(linker.func_wrap("host", "f", |_: i32| {}));
            let mut store = world.store();
            let instance = must(linker.instantiate(&mut store, &module));
            let Some(tag) = instance.get_tag(&mut store, "e") else {
                panic!("the set-up of a scenario lacks a tag");
            };
            let throw = typed::<i32, ()>(&mut store, &instance, "throw");
            (store, tag, throw)
        }
    };
    Case::new(name, prepare, |(store, tag, throw)| {
        match throw.call(&mut *store, 5) {
            Err(error) if error.is::<ThrownException>() => take(store, *tag),
            Err(error) => Err(error),
            Ok(()) => Ok(digest("nothing was thrown")),
        }
    })
    .also(move |_| world.still_traps())
    .done()
}

fn store_throw(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(THROWS);
    let prepare = move || thrower(&world, &module, "guest", |_, _| Ok(()));
    Case::new(name, prepare, |(store, tag, _)| {
        let ty = ExnType::from_tag_type(&tag.ty(&*store))?;
        let layout = ExnRefPre::new(&mut *store, ty);
        let exception = ExnRef::new(&mut *store, &layout, tag, &[Val::I32(9)])?;
        match store.throw::<()>(exception) {
            Err(error) if error.is::<ThrownException>() => take(store, *tag),
            Err(error) => Err(error),
            Ok(()) => Ok(digest("nothing was thrown")),
        }
    })
    .done()
}
