//! Asynchronous calls: fibers, and futures that are dropped half way.
//!
//! Host functions must give boxed futures. Theirs here are of no size, so that the box asks for
//! nothing, and all that fails is Wasmtime's.

use crate::case::{Case, Seen, not_grown};
use crate::row::{Row, row};
use crate::world::{self, Host, World, must, typed};
use assay_oom::{AnyScenario, digest};
use std::cell::Cell;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use wasmtime::{
    Caller, FuncType, Instance, Linker, Memory, MemoryType, Module, Ref, RefType, Result, Store,
    Table, TableType, Trap, TypedFunc, Val, ValType,
};

pub(crate) const ROWS: &[Row] = &[
    row(
        "async-call",
        "calls on a fiber of its own, typed and with values",
        &["TypedFunc::call_async", "Func::call_async"],
        call,
    ),
    row(
        "async-host",
        "a guest calls an asynchronous host function, which is not ready at once",
        &["TypedFunc::call_async"],
        host,
    ),
    row(
        "async-dropped",
        "a call is dropped while it waits for the host",
        &["TypedFunc::call_async"],
        dropped,
    ),
    row(
        "async-dropped-often",
        "several calls in one store are each dropped while they wait for the host",
        &["TypedFunc::call_async"],
        dropped_often,
    ),
    row(
        "async-instantiate",
        "instantiates on a fiber; the start function waits for the host",
        &[
            "Instance::new_async",
            "InstancePre::instantiate_async",
            "Linker::instantiate_async",
        ],
        instantiate,
    ),
    row(
        "async-linker",
        "defines asynchronous host functions, and a module",
        &[
            "Linker::func_wrap_async",
            "Linker::func_new_async",
            "Linker::module_async",
        ],
        linker,
    ),
    row(
        "async-func",
        "makes asynchronous host functions in a store",
        &["Func::wrap_async", "Func::new_async"],
        func,
    ),
    row(
        "async-fuel",
        "a call gives way whenever some fuel is used",
        &["Store::fuel_async_yield_interval", "TypedFunc::call_async"],
        fuel,
    ),
    row(
        "async-epoch",
        "a call gives way when the epoch ends",
        &[
            "Store::epoch_deadline_async_yield_and_update",
            "TypedFunc::call_async",
        ],
        epoch,
    ),
    row(
        "async-trap",
        "traps on a fiber",
        &["TypedFunc::call_async", "WasmBacktrace::frames"],
        trap,
    ),
    row(
        "async-entities",
        "makes and grows a memory and a table, and collects",
        &[
            "Memory::new_async",
            "Memory::grow_async",
            "Table::new_async",
            "Table::grow_async",
            "Store::gc_async",
            "ExternRef::new_async",
        ],
        entities,
    ),
];

thread_local! {
    /// Whether the next future of a host function is ready.
    static READY: Cell<bool> = const { Cell::new(false) };
}

/// A future that is ready when it is asked a second time. It has no size.
struct Second<T>(PhantomData<fn() -> T>);

impl<T: From<i32>> Future for Second<T> {
    type Output = Result<T>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<T>> {
        match READY.replace(true) {
            true => {
                READY.set(false);
                Poll::Ready(Ok(T::from(5)))
            }
            false => Poll::Pending,
        }
    }
}

/// Polls to the end.
pub(crate) fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// Polls once, and drops the future.
fn begin<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    match future.as_mut().poll(&mut context) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Waits for the host.
pub(crate) const ASYNC: &str = r#"(module
    (import "host" "wait" (func $wait (param i32) (result i32)))
    (memory 1)
    (func (export "add") (param i32) (result i32) (i32.add (local.get 0) (i32.const 3)))
    (func $run (export "run") (param i32) (result i32)
        (i32.add (call $wait (local.get 0)) (call $wait (i32.const 1))))
    (func (export "trap") (param i32) (result i32) (drop (call $run (i32.const 0))) unreachable)
    (func (export "loop") (param i32) (result i32)
        (loop $next (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (i32.const 9)))"#;

fn define(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap_async("host", "wait", |_, (_,): (i32,)| {
        Box::new(Second::<i32>(PhantomData))
    })?;
    Ok(())
}

/// A store, and a function of an instance in it.
pub(crate) type Prepared = (Store<Host>, TypedFunc<i32, i32>);

/// An instance of [`ASYNC`], ready to be called.
pub(crate) fn prepared(world: &World, module: &Module, export: &str) -> Prepared {
    READY.set(false);
    let mut linker = Linker::new(&world.engine);
    must(define(&mut linker));
    let mut store = world.store();
    let instance = must(finish(linker.instantiate_async(&mut store, module)));
    let run = typed(&mut store, &instance, export);
    (store, run)
}

fn calling(
    name: &str,
    export: &'static str,
    operation: fn(&mut Prepared) -> Result<Seen>,
) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(ASYNC);
    let prepare = {
        let world = world.clone();
        move || prepared(&world, &module, export)
    };
    Case::new(name, prepare, move |prepared| {
        READY.set(false);
        operation(prepared)
    })
    .also(move |_| world.still_traps())
    .done()
}

fn call(name: &str) -> Box<dyn AnyScenario> {
    calling(name, "add", |(store, run)| {
        let typed = finish(run.call_async(&mut *store, 4))?;
        let mut results = [Val::I32(0)];
        finish(run.func().call_async(store, &[Val::I32(5)], &mut results))?;
        Ok(digest(&(typed, results[0].i32())).into())
    })
}

fn host(name: &str) -> Box<dyn AnyScenario> {
    calling(name, "run", |(store, run)| {
        Ok(digest(&finish(run.call_async(store, 4))?).into())
    })
}

fn dropped(name: &str) -> Box<dyn AnyScenario> {
    calling(name, "run", drop_half_way)
}

/// Drops a call while it waits, and makes another.
pub(crate) fn drop_half_way((store, run): &mut Prepared) -> Result<Seen> {
    for _ in 0..2 {
        READY.set(false);
        if let Some(ended) = begin(run.call_async(&mut *store, 4)) {
            return Ok(digest(&("it ended", ended?)).into());
        }
    }
    READY.set(false);
    Ok(digest(&finish(run.call_async(store, 4))?).into())
}

fn dropped_often(name: &str) -> Box<dyn AnyScenario> {
    calling(name, "trap", |(store, run)| {
        for _ in 0..3 {
            READY.set(false);
            if let Some(ended) = begin(run.call_async(&mut *store, 4)) {
                return Ok(digest(&("it ended", ended?)).into());
            }
        }
        Ok(digest(&store.data().number).into())
    })
}

fn trap(name: &str) -> Box<dyn AnyScenario> {
    calling(name, "trap", |(store, run)| {
        world::trap(
            Trap::UnreachableCodeReached,
            finish(run.call_async(store, 4)),
        )
    })
}

fn instantiate(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(
        r#"(module (import "host" "wait" (func $wait (param i32) (result i32)))
            (global (export "g") (mut i32) (i32.const 0)) (memory 1)
            (func $start (global.set 0 (call $wait (i32.const 1)))) (start $start))"#,
    );
    let bare = world.module(r#"(module (memory 1) (func $start) (start $start))"#);
    let prepare = move || {
        let mut linker = Linker::new(&world.engine);
        must(define(&mut linker));
        let pre = must(linker.instantiate_pre(&module));
        (linker, pre, world.store(), module.clone(), bare.clone())
    };
    Case::new(name, prepare, |(linker, pre, store, module, bare)| {
        READY.set(false);
        finish(Instance::new_async(&mut *store, bare, &[]))?;
        let one = finish(pre.instantiate_async(&mut *store))?;
        let two = finish(linker.instantiate_async(&mut *store, module))?;
        let number = |store: &mut Store<Host>, instance: Instance| {
            let global = instance.get_global(&mut *store, "g");
            global.and_then(|global| global.get(store).i32())
        };
        Ok(digest(&(number(store, one), number(store, two))))
    })
    .done()
}

fn linker(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(r#"(module (memory (export "m") 1) (func (export "_initialize")))"#);
    let prepare = move || {
        let ty = must(FuncType::try_new(&world.engine, [ValType::I32], []).map_err(Into::into));
        (
            Linker::new(&world.engine),
            world.store(),
            module.clone(),
            ty,
        )
    };
    Case::new(name, prepare, |(linker, store, module, ty)| {
        linker.allow_shadowing(true);
        define(linker)?;
        linker.func_new_async("host", "new", ty.clone(), |_, _, _| Box::new(Done))?;
        finish(linker.module_async(&mut *store, "module", module))?;
        Ok(digest(
            &linker.get(store, "module", "m")?.into_memory().is_some(),
        ))
    })
    .done()
}

/// A future that is ready, of no size.
struct Done;

impl Future for Done {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn func(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || {
        let ty = must(FuncType::try_new(&world.engine, [ValType::I32], []).map_err(Into::into));
        (world.store(), ty)
    };
    Case::new(name, prepare, |(store, ty)| {
        READY.set(false);
        let new = wasmtime::Func::new_async(&mut *store, ty.clone(), |_, _, _| Box::new(Done));
        finish(new.call_async(&mut *store, &[Val::I32(1)], &mut []))?;
        let wrapped =
            wasmtime::Func::wrap_async(&mut *store, |_: Caller<'_, Host>, (_,): (i32,)| {
                Box::new(Second::<i32>(PhantomData))
            });
        let wrapped = wrapped.typed::<i32, i32>(&*store)?;
        Ok(digest(&finish(wrapped.call_async(store, 2))?))
    })
    .done()
}

/// A store that gives way, by fuel or by epochs.
fn giving_way(
    name: &str,
    world: World,
    set: fn(&mut Store<Host>) -> Result<()>,
) -> Box<dyn AnyScenario> {
    let module = world.module(ASYNC);
    let prepare = move || {
        READY.set(false);
        let mut linker = Linker::new(&world.engine);
        must(define(&mut linker));
        let mut store = world.store();
        must(set(&mut store));
        let instance = must(finish(linker.instantiate_async(&mut store, &module)));
        let run = typed::<i32, i32>(&mut store, &instance, "loop");
        (store, run)
    };
    Case::new(name, prepare, move |(store, run)| {
        set(store)?;
        let first = match begin(run.call_async(&mut *store, 1_000)) {
            None => None,
            Some(ended) => Some(ended?),
        };
        set(store)?;
        Ok(digest(&(first, finish(run.call_async(store, 1_000))?)))
    })
    .done()
}

fn fuel(name: &str) -> Box<dyn AnyScenario> {
    let world = World::new(|config| {
        config.consume_fuel(true);
    });
    giving_way(name, world, |store| {
        store.set_fuel(100_000)?;
        store.fuel_async_yield_interval(Some(500))
    })
}

fn epoch(name: &str) -> Box<dyn AnyScenario> {
    let world = World::new(|config| {
        config.epoch_interruption(true);
    });
    giving_way(name, world, |store| {
        store.epoch_deadline_async_yield_and_update(1);
        store.set_epoch_deadline(1);
        store.engine().increment_epoch();
        Ok(())
    })
}

fn entities(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    Case::new(
        name,
        move || world.store(),
        |store| {
            finish(async {
                let memory = Memory::new_async(&mut *store, MemoryType::new(1, None)).await?;
                if let Err(error) = memory.grow_async(&mut *store, 2).await {
                    return not_grown(error, memory.size(&*store) == 1);
                }
                let ty = TableType::new(RefType::FUNCREF, 2, None);
                let table = Table::new_async(&mut *store, ty, Ref::Func(None)).await?;
                table.grow_async(&mut *store, 50, Ref::Func(None)).await?;
                wasmtime::ExternRef::new_async(&mut *store, 7u32).await?;
                store.gc_async(None).await?;
                Ok(digest(&(memory.size(&*store), table.size(&*store))).into())
            })
        },
    )
    .done()
}
