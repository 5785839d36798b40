//! The ends of the stack, the fuel, the memory and the heap.

use crate::fixture::{World, call, i32_of, module};
use assay_engine::{Resource, Trap};
use assay_reference::{Config, Extern, Host, Stop, Store, Val};

fn small() -> Config {
    Config {
        stack_bytes: 64 << 10,
        memory_bytes: 4 << 20,
        heap_bytes: 1 << 20,
        fuel: Some(10_000_000),
        ..Config::default()
    }
}

#[test]
fn recursion_ends_and_leaves_the_store_usable() {
    let text = r#"(module
        (func $deep (export "deep") (call $deep) (call $deep))
        (func $wide (export "wide") (param v128 v128) (call $wide (local.get 1) (local.get 0)))
        (func (export "count") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1) (call 2 (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.const 0)))))"#;
    let mut world = World::with(small(), text);
    for _ in 0..3 {
        let out = Err(Stop::Exhausted(Resource::Stack));
        assert_eq!(world.call("deep", &[]), out);
        assert_eq!(world.call("wide", &[Val::V128(1), Val::V128(2)]), out);
        assert_eq!(i32_of(world.call("count", &[Val::I32(500)])), 500);
    }
}

/// The limit alone decides how deep recursion goes, and not how the stack grows on the way.
#[test]
fn the_stack_grows_up_to_its_limit() {
    const LOCALS: usize = 99;
    let locals = "(local i64)".repeat(LOCALS);
    let text = format!(
        r#"(module
        (global $depth (mut i32) (i32.const 0))
        (func $deep (export "deep") {locals}
            (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
            (call $deep))
        (func (export "depth") (result i32) (global.get $depth)))"#
    );
    for stack_bytes in [1 << 10, 10_000, 1 << 16, 1 << 20] {
        let config = Config {
            stack_bytes,
            ..Config::default()
        };
        let mut world = World::with(config, &text);
        let out = Err(Stop::Exhausted(Resource::Stack));
        assert_eq!(world.call("deep", &[]), out);
        let depth = i32_of(world.call("depth", &[])) as usize;
        // Two operands lie above the locals at most while nothing is called.
        let slots = stack_bytes / 8;
        assert_eq!(depth, (slots - 3) / LOCALS, "{stack_bytes}");
    }
}

/// A host that answers with so many numbers.
struct Answers(u64);

impl Host for Answers {
    fn call(&mut self, _: &mut Store, _: u32, _: &[Val]) -> Result<Vec<Val>, Stop> {
        Ok((0..self.0).map(Val::I64).collect())
    }
}

/// The frame is gone when a host function is called at its end.
#[test]
fn what_the_host_answers_at_the_end_of_a_function_finds_room() {
    const RESULTS: u64 = 1000;
    let results = "i64 ".repeat(RESULTS as usize);
    let text = format!(
        r#"(module
        (type $many (func (result {results})))
        (import "" "" (func $host (type $many)))
        (func (export "run") (type $many) (return_call $host)))"#
    );
    let module = module(&text);
    for (stack_bytes, fits) in [(64 << 10, true), (4 << 10, false)] {
        let mut store = Store::new(Config {
            stack_bytes,
            ..Config::default()
        });
        let ty = store.types_of(&module)[0];
        let imports = [Extern::Func(store.new_host_func(ty, 0))];
        let host = &mut Answers(RESULTS);
        let instance = store.instantiate(host, &module, &imports);
        let instance = instance.expect("it instantiates");
        let answered = call(&mut store, host, instance, "run", &[]);
        let all = (0..RESULTS).map(Val::I64).collect();
        let out = Stop::Exhausted(Resource::Stack);
        assert_eq!(answered, if fits { Ok(all) } else { Err(out) });
    }
}

#[test]
fn tail_calls_need_no_stack() {
    let text = r#"(module
        (type $count (func (param i32 i64) (result i64)))
        (table funcref (elem $by_call $by_table $by_reference))
        (func $by_call (export "count") (type $count)
            (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
            (return_call_indirect (type $count)
                (i32.sub (local.get 0) (i32.const 1))
                (i64.add (local.get 1) (i64.const 1)) (i32.const 1)))
        (func $by_table (type $count)
            (return_call_ref $count (local.get 0) (local.get 1) (ref.func $by_reference)))
        (func $by_reference (type $count)
            (return_call $by_call (local.get 0) (local.get 1))))"#;
    let mut world = World::with(small(), text);
    let counted = world.call("count", &[Val::I32(100_000), Val::I64(0)]);
    assert_eq!(counted, Ok(vec![Val::I64(100_000)]));
}

#[test]
fn fuel_ends_what_runs_for_ever() {
    let text = r#"(module
        (memory 16)
        (func (export "loop") (loop (br 0)))
        (func (export "fill")
            (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x100000)) (br 0)))
        (func (export "too-far")
            (memory.fill (i32.const 0) (i32.const 1) (i32.const -1))))"#;
    let out = Err(Stop::Exhausted(Resource::Fuel));
    assert_eq!(World::with(small(), text).call("loop", &[]), out);
    let mut world = World::with(small(), text);
    for _ in 0..3 {
        let trap = Trap::OutOfBoundsMemoryAccess.into();
        assert_eq!(world.call("too-far", &[]), Err(trap));
    }
    assert_eq!(world.call("fill", &[]), out);
}

#[test]
fn memories_and_tables_share_a_limit() {
    let text = r#"(module
        (memory 1) (table 1 externref)
        (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "table") (param i32) (result i32)
            (table.grow (ref.null extern) (local.get 0))))"#;
    let mut world = World::with(small(), text);
    let out = Err(Stop::Exhausted(Resource::Memory));
    assert_eq!(i32_of(world.call("memory", &[Val::I32(32)])), 1);
    assert_eq!(i32_of(world.call("table", &[Val::I32(0x20000)])), 1);
    assert_eq!(world.call("memory", &[Val::I32(32)]), out);
    assert_eq!(world.call("table", &[Val::I32(0x40000)]), out);
    // What the type forbids is an answer, and no limit.
    assert_eq!(i32_of(world.call("memory", &[Val::I32(0x10000)])), u32::MAX);
    assert_eq!(i32_of(world.call("table", &[Val::I32(u32::MAX)])), u32::MAX);
}

#[test]
fn a_full_heap_is_a_limit_and_garbage_is_not() {
    let text = r#"(module
        (type $list (struct (field (ref null $list)) (field (mut anyref))))
        (type $bytes (array (mut i8)))
        (func (export "keep") (local $all (ref null $list))
            (loop
                (local.set $all (struct.new $list (local.get $all) (ref.null none)))
                (br 0)))
        (func (export "cycles") (param $n i32) (local $one (ref null $list))
            (loop
                (local.set $one (struct.new_default $list))
                (struct.set $list 1 (local.get $one) (local.get $one))
                (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "bytes") (param i32) (result i32)
            (array.len (array.new_default $bytes (local.get 0)))))"#;
    let mut world = World::with(small(), text);
    let out = Err(Stop::Exhausted(Resource::Memory));
    assert_eq!(world.call("keep", &[]), out);
    assert_eq!(world.call("cycles", &[Val::I32(200_000)]), Ok(vec![]));
    assert_eq!(world.call("bytes", &[Val::I32(2 << 20)]), out);
    assert_eq!(world.call("bytes", &[Val::I32(u32::MAX)]), out);
    assert_eq!(i32_of(world.call("bytes", &[Val::I32(900_000)])), 900_000);
    assert_eq!(i32_of(world.call("bytes", &[Val::I32(900_000)])), 900_000);
}
