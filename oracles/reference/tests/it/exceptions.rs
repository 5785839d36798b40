//! Exceptions beyond what the official suite has: the host's, those of tail calls, and the legacy
//! instructions.

use crate::fixture::{World, call, i32_of, module};
use assay_reference::{Config, Extern, FuncType, Host, Stop, Store, Tag, Val, ValType};

/// A host whose only function throws.
struct Thrower(Tag);

impl Host for Thrower {
    fn call(&mut self, store: &mut Store, _: u32, args: &[Val]) -> Result<Vec<Val>, Stop> {
        Err(Stop::Exception(store.new_exception(self.0, args)?))
    }
}

#[test]
fn a_tail_call_leaves_the_handlers_of_its_frame() {
    let text = r#"(module
        (import "" "t" (tag $t (param i32)))
        (import "" "throw" (func $throw (param i32)))
        (func $own (param i32) (throw $t (local.get 0)))
        (func $tail_host (result i32)
            (block (result i32)
                (try_table (catch $t 0) (return_call $throw_result (i32.const 1)))
                (i32.const -1)))
        (func $throw_result (param i32) (result i32) (call $throw (local.get 0)) (i32.const -2))
        (func $tail (param i32)
            (block (result i32)
                (try_table (catch $t 0) (return_call $throw (local.get 0)))
                (i32.const -1))
            drop)
        (func (export "inner") (result i32)
            (block (result i32)
                (try_table (catch $t 0) (call $tail (i32.const 7)))
                (i32.const -3)))
        (func (export "plain") (result i32)
            (block (result i32)
                (try_table (catch $t 0) (call $throw (i32.const 5)))
                (i32.const -3)))
        (func (export "outer") (result i32)
            (block (result i32)
                (try_table (catch $t 0) (drop (call $tail_host)))
                (i32.const -3))))"#;
    let mut store = Store::new(Config::default());
    let ty = FuncType {
        params: [ValType::I32].into(),
        results: [].into(),
    };
    let ty = store.types().add_func(ty);
    let tag = store.new_tag(ty);
    let throw = store.new_host_func(ty, 0);
    let mut host = Thrower(tag);
    let imports = [Extern::Tag(tag), Extern::Func(throw)];
    let instance = store.instantiate(&mut host, &module(text), &imports);
    let instance = instance.expect("the module instantiates");
    for (export, caught) in [("inner", 7), ("plain", 5), ("outer", 1)] {
        let ran = call(&mut store, &mut host, instance, export, &[]);
        assert_eq!(i32_of(ran), caught, "{export}");
    }
}

#[test]
fn an_exception_keeps_its_identity_and_its_fields() {
    let text = r#"(module
        (tag $t (param i32 v128 externref))
        (func $throw (throw $t (i32.const 3) (v128.const i64x2 4 5) (ref.null extern)))
        (func $again (param exnref) (throw_ref (local.get 0)))
        (func (export "f") (result i32) (local $e exnref)
            (block $first (result exnref)
                (try_table (catch_all_ref $first) (call $throw))
                unreachable)
            (local.set $e)
            (block $second (result i32 v128 externref exnref)
                (try_table (catch_ref $t $second) (call $again (local.get $e)))
                unreachable)
            drop drop (i32x4.extract_lane 2) (i32.add)))"#;
    assert_eq!(i32_of(World::new(text).call("f", &[])), 8);
}

/// A handler may give its frame more than any instruction in it does.
#[test]
fn what_a_handler_pushes_has_room_in_its_frame() {
    let fields = "i64 ".repeat(60);
    let text = format!(
        r#"(module
        (tag $t (param {fields}))
        (global $e (mut exnref) (ref.null exn))
        (func $make {zeros} (throw $t))
        (func (export "make")
            (block $h (result exnref) (try_table (catch_all_ref $h) (call $make)) unreachable)
            (global.set $e))
        (func $f (export "f") (result {fields})
            (try_table (catch $t 0) (throw_ref (global.get $e)))
            unreachable))"#,
        zeros = "(i64.const 0)".repeat(60),
    );
    for slots in 0..200 {
        let config = Config {
            stack_bytes: slots * 8,
            ..Config::default()
        };
        let mut world = World::with(config, &text);
        let out = Err(Stop::Exhausted(assay_engine::Resource::Stack));
        if world.call("make", &[]) != out {
            assert_eq!(world.call("f", &[]).map(|all| all.len()), Ok(60), "{slots}");
        }
    }
}

/// The legacy instructions, each function with what it gives.
#[test]
fn legacy_blocks_catch_rethrow_and_delegate() {
    let text = r#"(module
        (tag $a (param i32)) (tag $b (param i64)) (tag $v (param v128))
        (func $throw (param i32)
            (block (block (block (br_table 0 1 2 (local.get 0)))
                (throw $a (i32.const 10)))
                (throw $b (i64.const 20)))
            (throw $v (v128.const i32x4 30 0 0 0)))
        (func (export "catch") (param i32) (result i32)
            i32.const 100
            try (result i32) (call $throw (local.get 0)) (i32.const -1)
            catch $a
            catch $b (i32.wrap_i64)
            catch_all (i32.const 99)
            end
            i32.add)
        (func (export "none") (result i32)
            try (result i32) (i32.const 1) catch_all (i32.const 2) end)
        (func (export "rethrow") (param i32) (result i32)
            try (result i32)
                try (result i32) (call $throw (local.get 0)) (i32.const -1)
                catch_all
                    try (throw $a (i32.const 1)) catch $a drop (rethrow 1) end
                    i32.const -2
                end
            catch $a
            catch_all (i32.const 77)
            end)
        (func (export "delegate") (param i32) (result i32)
            try $outer (result i32)
                try (result i32)
                    try (result i32) (call $throw (local.get 0)) (i32.const -1)
                    delegate $outer
                catch_all (i32.const -2)
                end
            catch $a
            catch_all (i32.const 55)
            end)
        (func $away (param i32)
            try
                try (call $throw (local.get 0)) delegate 1
            catch_all
            end)
        (func (export "away") (param i32) (result i32)
            try (result i32) (call $away (local.get 0)) (i32.const -1)
            catch $a
            catch_all (i32.const 44)
            end)
        (func (export "break") (param i32) (result i32)
            block (result i32)
                i32.const 5
                try (param i32) (result i32) (call $throw (local.get 0))
                catch $a (i32.const 6) (br 2)
                catch_all (i32.const 8) (br 0)
                end
                (i32.const 1000) (i32.add)
            end))"#;
    let mut world = World::new(text);
    let rows: [(&str, u32, u32); 14] = [
        ("catch", 0, 110),
        ("catch", 1, 120),
        ("catch", 2, 199),
        ("rethrow", 0, 10),
        ("rethrow", 1, 77),
        ("delegate", 0, 10),
        ("delegate", 1, 55),
        ("delegate", 2, 55),
        ("away", 0, 10),
        ("away", 2, 44),
        ("break", 0, 6),
        ("break", 1, 1008),
        ("break", 2, 1008),
        ("catch", 0, 110),
    ];
    for (export, which, expected) in rows {
        let ran = world.call(export, &[Val::I32(which)]);
        assert_eq!(i32_of(ran), expected, "{export} {which}");
    }
    assert_eq!(i32_of(world.call("none", &[])), 1);
}
