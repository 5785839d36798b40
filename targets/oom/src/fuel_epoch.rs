//! Fuel and epochs.

use crate::case::Case;
use crate::row::{Row, row};
use crate::store::with_instance;
use crate::world::{self, World, must, typed};
use assay_oom::{AnyScenario, digest};
use wasmtime::{AsContext, AsContextMut, Trap, UpdateDeadline};

pub(crate) const ROWS: &[Row] = &[
    row(
        "fuel",
        "sets fuel, uses some, and reads what is left",
        &[
            "Store::set_fuel",
            "Store::get_fuel",
            "StoreContext::get_fuel",
            "StoreContextMut::get_fuel",
            "StoreContextMut::set_fuel",
            "TypedFunc::call",
        ],
        fuel,
    ),
    row(
        "fuel-out",
        "runs out of fuel",
        &["Store::set_fuel", "TypedFunc::call"],
        fuel_out,
    ),
    row(
        "epoch-trap",
        "an epoch ends a call",
        &[
            "Store::set_epoch_deadline",
            "StoreContextMut::set_epoch_deadline",
            "Store::epoch_deadline_trap",
            "StoreContextMut::epoch_deadline_trap",
            "Engine::increment_epoch",
        ],
        epoch_trap,
    ),
    row(
        "epoch-callback",
        "an epoch asks the host, which goes on or ends the call",
        &[
            "Store::epoch_deadline_callback",
            "Store::set_epoch_deadline",
        ],
        epoch_callback,
    ),
];

const LOOP: &str = r#"(module (func (export "run") (param i32) (result i32) (local $sum i32)
    (loop $next
        (local.set $sum (i32.add (local.get $sum) (local.get 0)))
        (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum)))"#;

fn fuelled(name: &str, fuel: u64) -> Box<dyn AnyScenario> {
    let world = World::new(|config| {
        config.consume_fuel(true);
    });
    let module = world.module(LOOP);
    let prepare = move || {
        let mut store = world.store();
        must(store.set_fuel(1_000));
        let instance = world.instance(&mut store, &module);
        let run = typed::<i32, i32>(&mut store, &instance, "run");
        (store, run)
    };
    Case::new(name, prepare, move |(store, run)| {
        store.set_fuel(fuel * 2)?;
        store.as_context_mut().set_fuel(fuel)?;
        let seen = match fuel < 1_000 {
            true => world::trap(Trap::OutOfFuel, run.call(&mut *store, 1_000))?,
            false => digest(&run.call(&mut *store, 20)?).into(),
        };
        let left = (store.get_fuel()?, store.as_context().get_fuel()?);
        Ok(seen.and((left, store.as_context_mut().get_fuel()?)))
    })
    .done()
}

fn fuel(name: &str) -> Box<dyn AnyScenario> {
    fuelled(name, 100_000)
}

fn fuel_out(name: &str) -> Box<dyn AnyScenario> {
    fuelled(name, 100)
}

fn epochs() -> World {
    World::new(|config| {
        config.epoch_interruption(true);
    })
}

fn epoch_trap(name: &str) -> Box<dyn AnyScenario> {
    let world = epochs();
    let module = world.module(LOOP);
    let prepare = move || {
        let (mut store, instance) = with_instance(&world, &module);
        let run = typed::<i32, i32>(&mut store, &instance, "run");
        (store, run)
    };
    Case::new(name, prepare, |(store, run)| {
        store.epoch_deadline_trap();
        store.as_context_mut().epoch_deadline_trap();
        store.set_epoch_deadline(5);
        store.as_context_mut().set_epoch_deadline(1);
        store.engine().increment_epoch();
        world::trap(Trap::Interrupt, run.call(store, 100))
    })
    .done()
}

fn epoch_callback(name: &str) -> Box<dyn AnyScenario> {
    let world = epochs();
    let module = world.module(LOOP);
    let prepare = move || {
        let (mut store, instance) = with_instance(&world, &module);
        let run = typed::<i32, i32>(&mut store, &instance, "run");
        (store, run)
    };
    Case::new(name, prepare, |(store, run)| {
        store.data_mut().number = 0;
        // The state makes the closure one that has to be put somewhere.
        let step = std::hint::black_box(1);
        store.epoch_deadline_callback(move |mut context| {
            context.data_mut().number += step;
            match context.data().number < 2 {
                true => {
                    context.engine().increment_epoch();
                    Ok(UpdateDeadline::Continue(1))
                }
                false => Ok(UpdateDeadline::Interrupt),
            }
        });
        store.set_epoch_deadline(1);
        store.engine().increment_epoch();
        let ended = world::trap(Trap::Interrupt, run.call(&mut *store, 100))?;
        Ok(ended.and(store.data().number))
    })
    .done()
}
