//! Shared memories, and waiting on them.

use crate::case::{Case, Seen, not_grown};
use crate::row::{Row, row};
use crate::world::{World, must};
use assay_oom::{AnyScenario, digest};
use std::time::Duration;
use wasmtime::{Linker, MemoryType, SharedMemory, WaitResult};

pub(crate) const ROWS: &[Row] = &[
    row(
        "shared-memory-new",
        "makes a shared memory",
        &[
            "SharedMemory::new",
            "SharedMemory::size",
            "SharedMemory::ty",
            "SharedMemory::data_size",
            "SharedMemory::page_size",
            "SharedMemory::data",
        ],
        new,
    ),
    row(
        "shared-memory-grow",
        "the host grows a shared memory",
        &["SharedMemory::grow", "SharedMemory::size"],
        grow,
    ),
    row(
        "shared-memory-wait",
        "the host waits, in vain, and notifies",
        &[
            "SharedMemory::atomic_wait32",
            "SharedMemory::atomic_wait64",
            "SharedMemory::atomic_notify",
        ],
        wait,
    ),
    row(
        "shared-memory-guest",
        "a guest imports a shared memory, grows it, waits and notifies",
        &["Linker::define", "Linker::instantiate", "TypedFunc::call"],
        guest,
    ),
    row(
        "shared-memory-own",
        "instantiates a module that has a shared memory of its own",
        &["Linker::instantiate", "Instance::get_shared_memory"],
        own,
    ),
];

fn shared(world: &World) -> SharedMemory {
    must(SharedMemory::new(&world.engine, MemoryType::shared(1, 16)))
}

fn new(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || (world.engine.clone(), None);
    Case::new(name, prepare, |(engine, kept)| {
        let memory = kept.insert(SharedMemory::new(engine, MemoryType::shared(2, 8))?);
        let sizes = (memory.size(), memory.data_size(), memory.page_size());
        let maximum = memory.ty().maximum();
        Ok(digest(&(sizes, maximum, memory.data().len())))
    })
    .done()
}

fn grow(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || shared(&world);
    Case::new(name, prepare, |memory| match memory.grow(3) {
        Ok(old) => Ok(digest(&(old, memory.size())).into()),
        Err(error) => not_grown(error, memory.size() == 1),
    })
    .instead(|memory| {
        let size = memory.size();
        let old = memory.grow(1).map_err(|error| format!("{error:?}"))?;
        match (old == size, size) {
            (true, 1 | 4) => Ok(()),
            _ => Err(format!("a memory of {size} pages was of {old}")),
        }
    })
    .done()
}

const NOW: Option<Duration> = Some(Duration::from_nanos(1));

fn number(result: WaitResult) -> u32 {
    result as u32
}

fn wait(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || shared(&world);
    Case::new(name, prepare, |memory| {
        let short = number(memory.atomic_wait32(8, 0, NOW)?);
        let long = number(memory.atomic_wait64(16, 0, NOW)?);
        let other = number(memory.atomic_wait32(8, 1, NOW)?);
        let woken = memory.atomic_notify(8, 4)?;
        Ok(digest(&(short, long, other, woken)))
    })
    .done()
}

fn guest(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(
        r#"(module
            (import "env" "memory" (memory 1 16 shared))
            (func (export "run") (result i32)
                (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const 1)))
                (drop (memory.atomic.notify (i32.const 8) (i32.const 1)))
                (memory.grow (i32.const 2))))"#,
    );
    let prepare = move || (world.clone(), world.store(), shared(&world), module.clone());
    Case::new(name, prepare, |(world, store, memory, module)| {
        let before = memory.size();
        let mut linker = Linker::new(&world.engine);
        linker.define(&mut *store, "env", "memory", memory.clone())?;
        let instance = linker.instantiate(&mut *store, module)?;
        let run = instance.get_typed_func::<(), i32>(&mut *store, "run")?;
        let old = run.call(&mut *store, ())?;
        let grown = memory.size() - before;
        if old == -1 && grown == 0 {
            return Ok(Seen::Fallback("memory.grow"));
        }
        Ok(digest(&(u64::from(old as u32) == before, grown)).into())
    })
    .done()
}

fn own(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(
        r#"(module (memory (export "memory") 1 4 shared) (data (i32.const 0) "shared")
            (func (export "f") (result i32) (i32.atomic.load (i32.const 0))))"#,
    );
    let prepare = move || {
        let linker = Linker::new(&world.engine);
        (linker, world.store(), module.clone())
    };
    Case::new(name, prepare, |(linker, store, module)| {
        let instance = linker.instantiate(&mut *store, module)?;
        let f = typed_f(&instance, store)?;
        let memory = instance.get_shared_memory(&mut *store, "memory");
        Ok(digest(&(f, memory.map(|memory| memory.size()))))
    })
    .done()
}

fn typed_f(
    instance: &wasmtime::Instance,
    store: &mut wasmtime::Store<crate::world::Host>,
) -> wasmtime::Result<i32> {
    instance
        .get_typed_func::<(), i32>(&mut *store, "f")?
        .call(store, ())
}
