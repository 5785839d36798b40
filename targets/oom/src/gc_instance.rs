//! Modules with garbage collected types, from the instance on: the heap is made, functions are put into
//! it, subtypes are asked for.

use crate::case::Case;
use crate::row::{Row, row};
use crate::world::{Host, World};
use assay_oom::{AnyScenario, digest};
use wasmtime::{Collector, Instance, Store};

pub(crate) const ROWS: &[Row] = &[
    row(
        "gc-null-instance",
        "an instance with a heap that is never collected, and a call of it",
        COVERS,
        |name| from_start(name, Collector::Null),
    ),
    row(
        "gc-drc-instance",
        "an instance with a heap of counted references, and a call of it",
        COVERS,
        |name| from_start(name, Collector::DeferredReferenceCounting),
    ),
    row(
        "gc-copying-instance",
        "an instance with a heap that is copied, and a call of it",
        COVERS,
        |name| from_start(name, Collector::Copying),
    ),
];

const COVERS: &[&str] = &[
    "Instance::new",
    "Instance::get_typed_func",
    "TypedFunc::call",
];

/// Structs that hold functions, globals that hold structs, a table of structs, and casts to types that
/// are not final.
const MODULE: &str = r#"(module
    (type $callee (func (result i32)))
    (type $shape (sub (struct (field (mut funcref)))))
    (type $circle (sub $shape (struct (field (mut funcref)) (field i32))))
    (type $ball (sub $circle (struct (field (mut funcref)) (field i32) (field (ref null $shape)))))
    (type $other (sub $shape (struct (field (mut funcref)) (field i64))))
    (global $first (ref $shape) (struct.new $shape (ref.func $one)))
    (table $shapes 4 4 (ref null $shape))
    (elem declare func $one $two)
    (func $one (type $callee) (i32.const 1))
    (func $two (type $callee) (i32.const 2))
    (func $is (param $shape (ref null $shape)) (result i32)
        (i32.add
            (ref.test (ref $circle) (local.get $shape))
            (i32.mul (i32.const 2) (ref.test (ref $other) (local.get $shape)))))
    (func (export "run") (result i32)
        (local $ball (ref $ball))
        (local.set $ball
            (struct.new $ball (ref.func $two) (i32.const 5) (global.get $first)))
        (table.set $shapes (i32.const 1) (local.get $ball))
        (table.set $shapes (i32.const 2)
            (struct.new $other (ref.func $one) (i64.const 7)))
        (struct.set $shape 0 (global.get $first) (ref.func $two))
        (i32.add
            (call_ref $callee (ref.cast (ref $callee)
                (struct.get $shape 0 (table.get $shapes (i32.const 1)))))
            (i32.add
                (i32.mul (i32.const 10) (call $is (table.get $shapes (i32.const 1))))
                (i32.mul (i32.const 100) (call $is (table.get $shapes (i32.const 2))))))))"#;

fn from_start(name: &str, collector: Collector) -> Box<dyn AnyScenario> {
    let world = World::new(move |config| {
        config.collector(collector);
    });
    let module = world.module(MODULE);
    let prepare = {
        let world = world.clone();
        move || world.store()
    };
    let operate = move |store: &mut Store<Host>| {
        let instance = Instance::new(&mut *store, &module, &[])?;
        let run = instance.get_typed_func::<(), i32>(&mut *store, "run")?;
        Ok(digest(&run.call(store, ())?))
    };
    Case::new(name, prepare, operate)
        .also(move |_| world.still_traps())
        .done()
}
