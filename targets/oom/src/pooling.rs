//! Pooled allocation: what a pool hands out must come back.

use crate::case::{Case, Seen, not_grown};
use crate::row::{Row, row};
use crate::world::{self, Host, World, must, running};
use crate::{async_, module, store};
use assay_oom::{AnyScenario, digest};
use wasmtime::{
    Config, Engine, ExternRef, Instance, InstanceAllocationStrategy, Module,
    PoolingAllocationConfig, PoolingAllocatorMetrics, Store, Trap,
};

pub(crate) const ROWS: &[Row] = &[
    row(
        "pool-engine-new",
        "makes an engine with a pool",
        &["Engine::new", "Engine::pooling_allocator_metrics"],
        engine,
    ),
    row(
        "pool-instance",
        "instantiates a module with a memory and a table in a pool",
        &["Instance::new", "TypedFunc::call"],
        instance,
    ),
    row(
        "pool-instance-rich",
        "instantiates a module with every kind of section in a pool",
        &["Linker::instantiate"],
        rich,
    ),
    row(
        "pool-grow",
        "the host grows a memory and a table in a pool",
        &["Memory::grow", "Table::grow"],
        grow,
    ),
    row(
        "pool-gc",
        "makes a collected heap in a pool",
        &["ExternRef::new", "Store::gc"],
        gc,
    ),
    row(
        "pool-async",
        "calls on fibers of a pool, and drops two half way",
        &["TypedFunc::call_async"],
        on_fiber,
    ),
    row(
        "pool-store",
        "makes and drops a whole store with an instance that traps",
        &["Store::try_new", "Instance::new", "Store::drop"],
        whole,
    ),
    row(
        "pool-batch",
        "drops stores whose memories are given back in batches",
        &["Store::try_new", "Instance::new", "Store::drop"],
        batch,
    ),
];

/// A small pool.
fn pool(config: &mut Config) {
    pool_of(config, 1);
}

/// A small pool that gives memory back in batches.
fn pool_of(config: &mut Config, batch: usize) {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(8)
        .total_component_instances(4)
        .total_memories(8)
        .total_tables(8)
        .total_stacks(4)
        .total_gc_heaps(4)
        .max_memories_per_module(4)
        .max_tables_per_module(4)
        .max_memory_size(1 << 20)
        .max_unused_warm_slots(2)
        .decommit_batch_size(batch);
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .memory_reservation(1 << 20);
}

const GAUGES: &[&str] = &[
    "host data alive",
    "registered unwind tables",
    "pool: core instances",
    "pool: memories",
    "pool: tables",
    "pool: stacks",
    "pool: collected heaps",
];

type Read = fn(&PoolingAllocatorMetrics) -> i64;

const READS: [Read; 5] = [
    |pool| pool.core_instances() as i64,
    |pool| pool.memories() as i64,
    |pool| pool.tables() as i64,
    |pool| pool.stacks() as i64,
    |pool| pool.gc_heaps() as i64,
];

/// A scenario whose pool is counted.
fn counted<P: 'static>(case: Case<P>, world: &World) -> Box<dyn AnyScenario> {
    let gauges = GAUGES.iter().skip(2).zip(READS).map(|(name, read)| {
        let engine = world.engine.clone();
        let gauge = move || {
            // The metrics are made anew, so that a gauge holds nothing of the pool.
            engine.pooling_allocator_metrics().as_ref().map_or(-1, read)
        };
        (*name, Box::new(gauge) as Box<dyn Fn() -> i64>)
    });
    let checked = world.clone();
    case.gauges(GAUGES, gauges.collect())
        .also(move |_| checked.still_traps())
        .done()
}

fn engine(name: &str) -> Box<dyn AnyScenario> {
    let config = running(&pool);
    let prepare = move || (config.clone(), None);
    Case::new(name, prepare, |(config, engine)| {
        let made = engine.insert(Engine::new(config)?);
        let pool = made.pooling_allocator_metrics();
        Ok(digest(&pool.map(|pool| pool.memories())))
    })
    .done()
}

fn instance(name: &str) -> Box<dyn AnyScenario> {
    let world = World::new(pool);
    let module = world.module(
        r#"(module (memory 1) (data (i32.const 0) "data") (table 4 funcref) (elem (i32.const 0) 0)
            (func (export "f") (result i32) (i32.load (i32.const 0))))"#,
    );
    let prepare = {
        let world = world.clone();
        move || (world.store(), module.clone())
    };
    let case = Case::new(name, prepare, |(store, module)| {
        let instance = Instance::new(&mut *store, module, &[])?;
        let f = instance.get_typed_func::<(), i32>(&mut *store, "f")?;
        Ok(digest(&f.call(store, ())?))
    });
    counted(case, &world)
}

fn rich(name: &str) -> Box<dyn AnyScenario> {
    let world = World::new(pool);
    let module = world.module(module::RICH);
    let prepare = {
        let world = world.clone();
        move || {
            let mut store = world.store();
            let linker = crate::instance::rich_linker(&world, &mut store);
            (linker, store, module.clone())
        }
    };
    let case = Case::new(name, prepare, |(linker, store, module)| {
        let instance = linker.instantiate(&mut *store, module)?;
        let sum = instance.get_typed_func::<(i32, i32), i32>(&mut *store, "sum")?;
        Ok(digest(&sum.call(store, (1, 2))?))
    });
    counted(case, &world)
}

fn grow(name: &str) -> Box<dyn AnyScenario> {
    let world = World::new(pool);
    let module = world.module(r#"(module (memory (export "m") 1) (table (export "t") 4 funcref))"#);
    let prepare = {
        let world = world.clone();
        move || {
            let (mut store, instance) = store::with_instance(&world, &module);
            let memory = instance.get_memory(&mut store, "m");
            let table = instance.get_table(&mut store, "t");
            match (memory, table) {
                (Some(memory), Some(table)) => (store, memory, table),
                _ => panic!("the set-up of a scenario lacks a memory or a table"),
            }
        }
    };
    let case = Case::new(name, prepare, |(store, memory, table)| {
        let pages = match memory.grow(&mut *store, 2) {
            Ok(pages) => pages,
            Err(error) => return not_grown(error, memory.size(&*store) == 1),
        };
        let elements = table.grow(&mut *store, 10, wasmtime::Ref::Func(None))?;
        Ok(digest(&(pages, elements)).into())
    })
    .instead(
        |(store, memory, table)| match (memory.size(&*store), table.size(&*store)) {
            (1 | 3, 4) | (3, 14) => Ok(()),
            sizes => Err(format!("sizes are {sizes:?}")),
        },
    );
    counted(case, &world)
}

fn gc(name: &str) -> Box<dyn AnyScenario> {
    // What a slot was used for before decides how it is got ready, so each run has a pool of its own.
    let config = running(&pool);
    let prepare = move || {
        let engine = must(Engine::new(&config));
        must(Store::try_new(&engine, Host::new()))
    };
    let case = Case::new(name, prepare, |store| {
        let object = ExternRef::new(&mut *store, 7u32)?;
        let there = object.data(&*store)?.is_some();
        store.gc(None)?;
        Ok(digest(&there))
    });
    case.done()
}

fn on_fiber(name: &str) -> Box<dyn AnyScenario> {
    let world = World::new(pool);
    let module = world.module(async_::ASYNC);
    let prepare = {
        let world = world.clone();
        move || async_::prepared(&world, &module, "run")
    };
    counted(Case::new(name, prepare, async_::drop_half_way), &world)
}

fn traps(world: &World, module: &Module) -> wasmtime::Result<Seen> {
    let mut store = Store::try_new(&world.engine, Host::new())?;
    let instance = Instance::new(&mut store, module, &[])?;
    let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
    world::trap(Trap::UnreachableCodeReached, run.call(&mut store, ()))
}

fn whole(name: &str) -> Box<dyn AnyScenario> {
    let world = World::new(pool);
    let module = world.module(r#"(module (memory 1) (func (export "run") unreachable))"#);
    let prepare = {
        let world = world.clone();
        move || (world.clone(), module.clone())
    };
    let case = Case::new(name, prepare, |(world, module)| traps(world, module));
    counted(case, &world)
}

/// What waits for its batch is still the pool's, so slots are not counted here.
fn batch(name: &str) -> Box<dyn AnyScenario> {
    let world = World::new(|config| pool_of(config, 4));
    let module = world.module(
        r#"(module (memory 1) (memory 1) (memory 1) (memory 1) (func (export "run")
            (i32.store 0 (i32.const 0) (i32.const 1)) (i32.store 1 (i32.const 0) (i32.const 1))
            (i32.store 2 (i32.const 0) (i32.const 1)) (i32.store 3 (i32.const 0) (i32.const 1))))"#,
    );
    let prepare = {
        let world = world.clone();
        move || (world.clone(), module.clone())
    };
    Case::new(name, prepare, |(world, module)| {
        let mut store = Store::try_new(&world.engine, Host::new())?;
        let instance = Instance::new(&mut store, module, &[])?;
        let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
        run.call(&mut store, ())?;
        drop(store);
        Ok(0)
    })
    .also(move |_| world.still_traps())
    .done()
}
