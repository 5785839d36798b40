//! Dropping: to give things back must not ask for memory, and where it does, it must not need it.

use crate::case::Case;
use crate::instance::rich_linker;
use crate::module::RICH;
use crate::row::{Row, row};
use crate::world::{Host, World, must};
use assay_oom::{AnyScenario, digest};
use wasmtime::{ExternRef, Instance, Store};

pub(crate) const ROWS: &[Row] = &[
    row(
        "drop-store",
        "drops a store with instances, host functions and host objects in it",
        &["Store::drop"],
        store,
    ),
    row(
        "drop-module",
        "loads, uses and drops a module and its engine",
        &["Module::deserialize", "Module::drop", "Engine::drop"],
        module,
    ),
    row(
        "drop-all",
        "makes an engine, a module, a store and an instance, and drops all of it",
        &[
            "Engine::new",
            "Module::deserialize",
            "Store::try_new",
            "Instance::new",
        ],
        all,
    ),
];

fn full_store(world: &World, module: &wasmtime::Module) -> Store<Host> {
    let mut store = world.store();
    let linker = rich_linker(world, &mut store);
    for number in 0..3u32 {
        must(linker.instantiate(&mut store, module));
        must(ExternRef::new(&mut store, number));
    }
    store
}

fn store(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(RICH);
    let prepare = move || Some(full_store(&world, &module));
    Case::new(name, prepare, |store| {
        drop(store.take());
        Ok(digest("dropped"))
    })
    .done()
}

#[allow(unsafe_code)]
fn module(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let code = world.code(RICH);
    let prepare = move || (world.engine.clone(), code.clone());
    Case::new(name, prepare, |(engine, code)| {
        // SAFETY: the bytes were made by an engine of the same configuration.
        let module = unsafe { wasmtime::Module::deserialize(engine, &*code)? };
        let text = module.text().len();
        drop(module);
        Ok(digest(&text))
    })
    .done()
}

#[allow(unsafe_code)]
fn all(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let code = world.code(r#"(module (memory 1) (func (export "f") (result i32) i32.const 4))"#);
    let config = crate::world::running(&|_| {});
    let prepare = move || (config.clone(), code.clone());
    Case::new(name, prepare, |(config, code)| {
        let engine = wasmtime::Engine::new(config)?;
        // SAFETY: the bytes were made by an engine of the same configuration.
        let module = unsafe { wasmtime::Module::deserialize(&engine, &*code)? };
        let mut store = Store::try_new(&engine, Host::new())?;
        let instance = Instance::new(&mut store, &module, &[])?;
        let f = instance.get_typed_func::<(), i32>(&mut store, "f")?;
        Ok(digest(&f.call(&mut store, ())?))
    })
    .done()
}
