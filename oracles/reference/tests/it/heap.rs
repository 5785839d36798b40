//! What the collector keeps, and what it frees.

use crate::fixture::{World, i32_of};
use assay_reference::{Config, Extern, Ref, RefKind, TypeId, Val};

/// The type of the objects that these tests make.
fn pair_type(world: &mut World) -> TypeId {
    let Some(Extern::Func(func)) = world.store.export(world.instance, "type") else {
        panic!("the module says which type it is");
    };
    let (_, ty) = world.store.func_type(func);
    match ty.results[0] {
        assay_reference::ValType::Ref(assay_reference::RefType {
            heap: assay_reference::HeapType::Defined(id),
            ..
        }) => id,
        other => panic!("{other:?}"),
    }
}

const PAIRS: &str = r#"
    (type $pair (struct (field (mut anyref)) (field (mut anyref))))
    (func (export "type") (result (ref null $pair)) (ref.null none))"#;

#[test]
fn every_kind_of_root_keeps_its_objects() {
    let text = format!(
        r#"(module {PAIRS}
        (type $refs (array (mut anyref)))
        (tag $t (param anyref))
        (global $g (mut anyref) (ref.null none))
        (global $e (mut exnref) (ref.null exn))
        (global $c anyref (struct.new_default $pair))
        (table $tab 2 anyref)
        (elem $seg anyref (struct.new_default $pair) (struct.new_default $pair))
        (func $new (result (ref $pair)) (struct.new_default $pair))
        (func (export "global") (global.set $g (call $new)))
        (func (export "table") (table.set $tab (i32.const 1) (call $new)))
        (func (export "array")
            (global.set $g (array.new_fixed $refs 2 (call $new) (struct.new $pair (call $new) (call $new)))))
        (func (export "exception")
            (block $h (result exnref)
                (try_table (catch_all_ref $h) (throw $t (call $new)))
                unreachable)
            (global.set $e))
        (func (export "extern")
            (table.set $tab (i32.const 0)
                (any.convert_extern (extern.convert_any (call $new)))))
        (func (export "clear")
            (global.set $g (ref.null none)) (global.set $e (ref.null exn))
            (table.fill $tab (i32.const 0) (ref.null none) (i32.const 2)))
        (func (export "drop") (elem.drop $seg)))"#
    );
    let mut world = World::new(&text);
    let ty = pair_type(&mut world);
    let live = |world: &mut World, call: &str| {
        world.call(call, &[]).expect("nothing traps");
        world.store.live_objects(ty)
    };
    // One in a constant global, two in a segment.
    assert_eq!(live(&mut world, "type"), 3);
    for (call, kept) in [
        ("global", 1),
        ("table", 1),
        ("array", 4),
        ("exception", 1),
        ("extern", 1),
    ] {
        assert_eq!(live(&mut world, call), 3 + kept, "{call}");
        assert_eq!(live(&mut world, "clear"), 3, "after {call}");
    }
    assert_eq!(live(&mut world, "drop"), 1);
}

#[test]
fn what_the_embedder_keeps_stays() {
    let text = format!(
        r#"(module {PAIRS} (func (export "new") (result anyref) (struct.new_default $pair)))"#
    );
    let mut world = World::new(&text);
    let ty = pair_type(&mut world);
    let Ok(&[Val::Ref(made)]) = world.call("new", &[]).as_deref() else {
        panic!("no object");
    };
    world.store.keep(made);
    assert_eq!(world.store.live_objects(ty), 1);
    assert_eq!(world.store.kind(made), RefKind::Struct);
    world.store.release(made);
    assert_eq!(world.store.live_objects(ty), 0);
    assert_eq!(world.store.kind(Ref::NULL), RefKind::Null);
}

#[test]
fn objects_in_use_survive_a_long_run() {
    // A list of a thousand numbers, while a million other objects come and go.
    let text = r#"(module
        (type $list (struct (field i32) (field (ref null $list))))
        (func (export "sum") (result i32)
            (local $list (ref null $list)) (local $i i32) (local $sum i32)
            (loop
                (if (i32.eqz (i32.rem_u (local.get $i) (i32.const 1000)))
                    (then (local.set $list (struct.new $list (i32.const 1) (local.get $list))))
                    (else (drop (struct.new $list (i32.const 7) (local.get $list)))))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get $i) (i32.const 1000000))))
            (loop
                (local.set $sum (i32.add (local.get $sum) (struct.get $list 0 (local.get $list))))
                (local.set $list (struct.get $list 1 (local.get $list)))
                (br_if 0 (i32.eqz (ref.is_null (local.get $list)))))
            (local.get $sum)))"#;
    let config = Config {
        heap_bytes: 2 << 20,
        ..Config::default()
    };
    let mut world = World::with(config, text);
    assert_eq!(i32_of(world.call("sum", &[])), 1000);
}
