//! Garbage collection, under each collector.

use crate::case::Case;
use crate::row::{Row, row};
use crate::store::with_instance;
use crate::world::{self, World, typed};
use assay_oom::{AnyScenario, digest};
use wasmtime::{AsContextMut, Collector};

pub(crate) const ROWS: &[Row] = &[
    row(
        "gc-null-guest",
        "a guest makes structs and arrays; nothing is collected",
        GUEST,
        |name| guest(name, Collector::Null),
    ),
    row(
        "gc-drc-guest",
        "a guest makes structs and arrays; references are counted",
        GUEST,
        |name| guest(name, Collector::DeferredReferenceCounting),
    ),
    row(
        "gc-copying-guest",
        "a guest makes structs and arrays; they are copied",
        GUEST,
        |name| guest(name, Collector::Copying),
    ),
    row(
        "gc-drc-collect",
        "collects garbage by counting",
        COLLECT,
        |name| collect(name, Collector::DeferredReferenceCounting),
    ),
    row(
        "gc-copying-collect",
        "collects garbage by copying",
        COLLECT,
        |name| collect(name, Collector::Copying),
    ),
    row(
        "gc-drc-full",
        "a guest fills the heap, which grows and is collected",
        GUEST,
        |name| full(name, Collector::DeferredReferenceCounting),
    ),
    row(
        "gc-copying-full",
        "a guest fills the heap, which grows and is collected",
        GUEST,
        |name| full(name, Collector::Copying),
    ),
    row(
        "gc-null-full",
        "a guest fills the heap, which grows",
        GUEST,
        |name| full(name, Collector::Null),
    ),
];

const GUEST: &[&str] = &["TypedFunc::call"];
const COLLECT: &[&str] = &["TypedFunc::call", "Store::gc", "StoreContextMut::gc"];

const HEAP: &str = r#"(module
    (type $node (struct (field (mut i32)) (field (mut (ref null $node)))))
    (type $bytes (array (mut i8)))
    (type $nodes (array (mut (ref null $node))))
    (global $kept (export "kept") (mut (ref null $node)) (ref.null $node))
    (data $text "some text")
    (elem $nulls (ref null $node) (ref.null $node) (ref.null $node))
    (func (export "make") (param $count i32) (result i32)
        (local $sum i32) (local $list (ref null $node)) (local $array (ref null $nodes))
        (local.set $array (array.new_elem $nodes $nulls (i32.const 0) (i32.const 2)))
        (loop $next
            (local.set $list (struct.new $node (local.get $count) (local.get $list)))
            (array.set $nodes (local.get $array) (i32.const 1) (local.get $list))
            (local.set $sum (i32.add (local.get $sum)
                (struct.get $node 0 (array.get $nodes (local.get $array) (i32.const 1)))))
            (local.set $sum (i32.add (local.get $sum)
                (array.len (array.new_default $bytes (i32.const 10)))))
            (local.set $sum (i32.add (local.get $sum)
                (array.get_u $bytes (array.new_data $bytes $text (i32.const 0) (i32.const 4))
                    (i32.const 3))))
            (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
        (global.set $kept (local.get $list))
        (local.get $sum))
    (func (export "fill") (param $count i32) (result i32)
        (local $list (ref null $node))
        (loop $next
            (drop (array.new_default $bytes (i32.const 3000)))
            (local.set $list (struct.new $node (local.get $count) (local.get $list)))
            (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
        (struct.get $node 0 (local.get $list)))
    (func (export "drop") (global.set $kept (ref.null $node))))"#;

fn world_of(collector: Collector) -> World {
    World::new(move |config| {
        config.collector(collector);
    })
}

/// Guests that allocate, each time in a fresh store, so that the heap is made as well.
fn guest(name: &str, collector: Collector) -> Box<dyn AnyScenario> {
    let world = world_of(collector);
    let module = world.module(HEAP);
    let prepare = {
        let world = world.clone();
        move || {
            let (mut store, instance) = with_instance(&world, &module);
            let make = typed::<i32, i32>(&mut store, &instance, "make");
            (store, make)
        }
    };
    Case::new(name, prepare, |(store, make)| {
        Ok(digest(&make.call(store, 20)?))
    })
    .also(move |_| world.still_traps())
    .done()
}

fn collect(name: &str, collector: Collector) -> Box<dyn AnyScenario> {
    let world = world_of(collector);
    let module = world.module(HEAP);
    let prepare = move || {
        let (mut store, instance) = with_instance(&world, &module);
        let make = typed::<i32, i32>(&mut store, &instance, "make");
        let forget = typed::<(), ()>(&mut store, &instance, "drop");
        world::must(make.call(&mut store, 30));
        (store, make, forget)
    };
    Case::new(name, prepare, |(store, make, forget)| {
        forget.call(&mut *store, ())?;
        store.gc(None)?;
        let sum = make.call(&mut *store, 10)?;
        store.as_context_mut().gc(None)?;
        let capacity = store.gc_heap_capacity() > 0;
        Ok(digest(&(sum, capacity)))
    })
    .done()
}

/// A guest that asks for more than the heap has at first: collected where that can be.
fn full(name: &str, collector: Collector) -> Box<dyn AnyScenario> {
    let world = world_of(collector);
    let module = world.module(HEAP);
    let prepare = move || {
        let (mut store, instance) = with_instance(&world, &module);
        let fill = typed::<i32, i32>(&mut store, &instance, "fill");
        (store, fill)
    };
    Case::new(name, prepare, |(store, fill)| {
        Ok(digest(&fill.call(store, 100)?))
    })
    .done()
}
