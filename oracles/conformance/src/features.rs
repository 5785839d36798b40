//! A module for each feature, which gives 42 where the feature is claimed.

use crate::check::{Check, Failure, Group, same};
use assay_engine::{Engine, Features, Value};

const fn probe(name: &'static str, feature: Features, fields: &'static str) -> Check {
    const GIVES: &[Value] = &[Value::I32(42)];
    Check::returns(Group::Features, name, feature, fields, GIVES)
}

pub(crate) const CHECKS: &[Check] = &[
    Check::code(
        Group::Features,
        "an engine has a name, a version, and the prerequisites of its features",
        Features::empty(),
        claims,
    ),
    probe(
        "fixed-width SIMD",
        Features::SIMD,
        r#"(memory 1) (func (export "f") (result i32)
            (v128.store (i32.const 16) (i8x16.splat (i32.const 20)))
            (i32.add (i32.const 1) (i16x8.extract_lane_s 3 (i16x8.add (v128.const i16x8 0 0 0 1 0 0 0 0)
                (i16x8.extend_low_i8x16_s (i8x16.add (v128.load (i32.const 16)) (v128.load (i32.const 16))))))))"#,
    ),
    probe(
        "relaxed SIMD",
        Features::RELAXED_SIMD,
        r#"(func (export "f") (result i32) (i32x4.extract_lane 1 (i32x4.relaxed_trunc_f32x4_s
            (f32x4.relaxed_madd (f32x4.splat (f32.const 4)) (f32x4.splat (f32.const 10)) (f32x4.splat (f32.const 2))))))"#,
    ),
    probe(
        "reference types",
        Features::REFERENCE_TYPES,
        r#"(table $t 2 externref) (table $u 1 funcref) (func (export "f") (result i32)
            (table.set $t (i32.const 1) (ref.null extern))
            (drop (table.grow $t (ref.null extern) (i32.const 39)))
            (i32.add (table.size $t) (ref.is_null (select (result externref)
                (ref.null extern) (table.get $t (i32.const 1)) (i32.const 0)))))"#,
    ),
    probe(
        "tail calls need no stack",
        Features::TAIL_CALL,
        r#"(func $g (param i32) (result i32)
                (if (i32.eqz (local.get 0)) (then (return (i32.const 42))))
                (return_call $g (i32.sub (local.get 0) (i32.const 1))))
           (func (export "f") (result i32) (return_call $g (i32.const 1000000)))"#,
    ),
    probe(
        "several memories",
        Features::MULTI_MEMORY,
        r#"(memory $a 1) (memory $b 1) (func (export "f") (result i32)
            (i32.store $b (i32.const 8) (i32.const 42))
            (memory.copy $a $b (i32.const 4) (i32.const 8) (i32.const 4))
            (i32.load $a (i32.const 4)))"#,
    ),
    probe(
        "64-bit memories and tables",
        Features::MEMORY64,
        r#"(memory i64 1) (table $t i64 3 funcref) (func (export "f") (result i32)
            (i64.store (i64.const 8) (i64.const 37))
            (drop (table.grow $t (ref.null func) (i64.const 1)))
            (i32.wrap_i64 (i64.add (i64.add (table.size $t) (memory.size)) (i64.load (i64.const 8)))))"#,
    ),
    probe(
        "typed function references",
        Features::FUNCTION_REFERENCES,
        r#"(type $t (func (param i32) (result i32)))
           (func $g (type $t) (i32.add (local.get 0) (i32.const 2)))
           (elem declare func $g)
           (func (export "f") (result i32) (call_ref $t (i32.const 40)
               (block $b (result (ref $t)) (br_on_non_null $b (ref.func $g)) (unreachable))))"#,
    ),
    probe(
        "garbage collection",
        Features::GC,
        r#"(type $p (sub (struct (field $x (mut i32))))) (type $q (sub $p (struct (field (mut i32)) (field i8))))
           (type $a (array (mut (ref null $p))))
           (func (export "f") (result i32) (local $v (ref $a))
               (local.set $v (array.new_default $a (i32.const 4)))
               (array.set $a (local.get $v) (i32.const 2) (struct.new $q (i32.const 30) (i32.const 8)))
               (i32.add (i32.add (struct.get $p $x (array.get $a (local.get $v) (i32.const 2)))
                   (struct.get_s $q 1 (ref.cast (ref $q) (array.get $a (local.get $v) (i32.const 2)))))
                   (i31.get_u (ref.i31 (array.len (local.get $v))))))"#,
    ),
    probe(
        "exceptions",
        Features::EXCEPTIONS,
        r#"(tag $t (param i32)) (func $g (throw $t (i32.const 42)))
           (func (export "f") (result i32) (local $e exnref)
               (block $h (result i32)
                   (block $r (result exnref)
                       (try_table (catch_all_ref $r) (call $g)) (unreachable))
                   (local.set $e)
                   (try_table (catch $t $h) (throw_ref (local.get $e)))
                   (unreachable)))"#,
    ),
    probe(
        "legacy exceptions",
        Features::LEGACY_EXCEPTIONS,
        r#"(tag $t (param i32)) (func (export "f") (result i32)
            try (result i32) i32.const 42 throw $t catch $t end)"#,
    ),
    probe(
        "atomics",
        Features::THREADS,
        r#"(memory 1) (func (export "f") (result i32)
            (i64.atomic.store (i32.const 8) (i64.const 40))
            (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
            (atomic.fence)
            (drop (memory.atomic.notify (i32.const 8) (i32.const 1)))
            (drop (i64.atomic.rmw8.cmpxchg_u (i32.const 8) (i64.const 41) (i64.const 42)))
            (i32.atomic.load16_u (i32.const 8)))"#,
    ),
    probe(
        "wide arithmetic",
        Features::WIDE_ARITHMETIC,
        r#"(func (export "f") (result i32) (local i32)
            (i64.mul_wide_u (i64.const -1) (i64.const 22))
            (i64.add128 (i64.const 22) (i64.const 20))
            (i32.wrap_i64) (local.set 0) (drop) (local.get 0))"#,
    ),
    probe(
        "custom page sizes",
        Features::CUSTOM_PAGE_SIZES,
        r#"(memory 41 42 (pagesize 1)) (func (export "f") (result i32)
            (drop (memory.grow (i32.const 1)))
            (i32.store8 (i32.const 41) (i32.const 1))
            (memory.size))"#,
    ),
    probe(
        "extended constant expressions",
        Features::EXTENDED_CONST,
        r#"(global $b i32 (i32.mul (i32.const 6) (i32.sub (i32.const 8) (i32.const 1))))
           (func (export "f") (result i32) (global.get $b))"#,
    ),
];

fn claims(engine: &mut dyn Engine) -> Result<(), Failure> {
    same(
        "whether the name is empty",
        &engine.name().is_empty(),
        &false,
    )?;
    same(
        "whether the version is empty",
        &engine.version().is_empty(),
        &false,
    )?;
    let claimed = engine.features();
    same("the features", &claimed, &claimed.without_orphans())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_has_a_probe() {
        let probed = CHECKS
            .iter()
            .fold(Features::empty(), |all, check| all | check.needs);
        assert_eq!(Features::all() - probed, Features::empty());
    }
}
