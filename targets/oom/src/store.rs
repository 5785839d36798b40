//! Stores.

use crate::case::Case;
use crate::row::{Row, row};
use crate::world::{Host, World, must};
use assay_oom::{AnyScenario, digest};
use wasmtime::{AsContext, AsContextMut, Instance, Store};

pub(crate) const ROWS: &[Row] = &[
    row("store-new", "makes a store", &["Store::try_new"], new),
    row(
        "store-first",
        "makes a store and an instance in it, which is what most embedders do for each request",
        &["Store::try_new", "Instance::new"],
        first,
    ),
    row(
        "store-data",
        "reads and takes out the data of a store",
        &[
            "Store::data",
            "Store::data_mut",
            "Store::engine",
            "Store::into_data",
            "StoreContext::data",
            "StoreContext::engine",
            "StoreContextMut::data",
            "StoreContextMut::data_mut",
            "StoreContextMut::engine",
        ],
        data,
    ),
    row(
        "store-limiter",
        "sets a limiter, which is then asked",
        &["Store::limiter", "Instance::new"],
        limiter,
    ),
];

fn new(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = {
        let world = world.clone();
        move || (world.engine.clone(), None)
    };
    Case::new(name, prepare, |(engine, store)| {
        let store = store.insert(Store::try_new(engine, Host::new())?);
        Ok(digest(&store.data().number))
    })
    .also(move |_| world.still_traps())
    .done()
}

fn first(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(
        r#"(module (memory (export "memory") 1) (table 4 funcref) (elem (i32.const 0) 0)
            (func (export "f") (result i32) i32.const 7))"#,
    );
    let prepare = move || (world.engine.clone(), module.clone(), None);
    Case::new(name, prepare, |(engine, module, kept)| {
        let store = kept.insert(Store::try_new(engine, Host::new())?);
        let instance = Instance::new(&mut *store, module, &[])?;
        let f = instance.get_typed_func::<(), i32>(&mut *store, "f")?;
        Ok(digest(&f.call(store, ())?))
    })
    .done()
}

fn data(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    Case::new(
        name,
        move || Some(world.store()),
        |kept| {
            let Some(mut store) = kept.take() else {
                return Ok(digest(&(true, 2)));
            };
            store.data_mut().number += 1;
            store.as_context_mut().data_mut().number += 1;
            let seen = store.data().number == store.as_context().data().number
                && store.as_context_mut().data().number == 2;
            let engine = store.engine().clone();
            let same = wasmtime::Engine::same(&engine, store.as_context().engine())
                && wasmtime::Engine::same(&engine, store.as_context_mut().engine());
            Ok(digest(&(seen && same, store.into_data().number)))
        },
    )
    .done()
}

fn limiter(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module("(module (memory 1) (table 4 funcref))");
    let prepare = move || (world.store(), module.clone());
    Case::new(name, prepare, |(store, module)| {
        store.limiter(|host| &mut host.limits);
        Instance::new(&mut *store, module, &[])?;
        Ok(digest(&store.data().number))
    })
    .done()
}

/// A store with an instance of a module without imports.
pub(crate) fn with_instance(world: &World, module: &wasmtime::Module) -> (Store<Host>, Instance) {
    let mut store = world.store();
    let instance = must(Instance::new(&mut store, module, &[]));
    (store, instance)
}
