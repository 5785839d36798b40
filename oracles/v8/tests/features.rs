//! One module for each feature, with a known result.

#![cfg(feature = "v8")]

mod common;

use assay_engine::{Engine, Features, Outcome, Phase, Value};
use assay_v8::V8Engine;
use common::{call, start};

/// A feature, a module that needs it, and what its export `f` gives.
const PROBES: &[(Features, &str, Value)] = &[
    (
        Features::SIMD,
        r#"(func (export "f") (result i32)
            (i32x4.extract_lane 2 (i32x4.add (v128.const i32x4 1 2 3 4) (i32x4.splat (i32.const 5)))))"#,
        Value::I32(8),
    ),
    (
        Features::RELAXED_SIMD,
        r#"(func (export "f") (result i32)
            (i8x16.extract_lane_u 0 (i8x16.relaxed_swizzle (i8x16.splat (i32.const 9)) (i8x16.splat (i32.const 1)))))"#,
        Value::I32(9),
    ),
    (
        Features::REFERENCE_TYPES,
        r#"(table $t 1 externref)
        (func (export "f") (result i32)
            (drop (table.grow $t (ref.null extern) (i32.const 2))) (table.size $t))"#,
        Value::I32(3),
    ),
    (
        Features::TAIL_CALL,
        r#"(func $g (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
        (func (export "f") (result i32) (return_call $g (i32.const 4)))"#,
        Value::I32(5),
    ),
    (
        Features::MULTI_MEMORY,
        r#"(memory $a 1) (memory $b 2)
        (func (export "f") (result i32) (i32.store $b (i32.const 65536) (i32.const 6))
            (i32.load $b (i32.const 65536)))"#,
        Value::I32(6),
    ),
    (
        Features::MEMORY64,
        r#"(memory i64 1) (table $t i64 2 funcref)
        (func (export "f") (result i64)
            (i64.store (i64.const 8) (i64.const 5)) (i64.add (table.size $t) (i64.load (i64.const 8))))"#,
        Value::I64(7),
    ),
    (
        Features::WIDE_ARITHMETIC,
        r#"(func (export "f") (result i64)
            (i64.mul_wide_u (i64.const -1) (i64.const 3)) (i64.add))"#,
        // The product is 2 · 2^64 + (2^64 − 3).
        Value::I64(u64::MAX),
    ),
    (
        Features::FUNCTION_REFERENCES,
        r#"(type $t (func (param i32) (result i32)))
        (elem declare func $g)
        (func $g (type $t) (i32.mul (local.get 0) (i32.const 3)))
        (func (export "f") (result i32) (call_ref $t (i32.const 4) (ref.func $g)))"#,
        Value::I32(12),
    ),
    (
        Features::GC,
        r#"(type $a (array i64)) (type $s (struct (field i8) (field (ref $a))))
        (func (export "f") (result i32) (local $s (ref null $s))
            (local.set $s (struct.new $s (i32.const 255) (array.new_default $a (i32.const 3))))
            (i32.add (struct.get_s $s 0 (local.get $s)) (array.len (struct.get $s 1 (local.get $s)))))"#,
        Value::I32(2),
    ),
    (
        Features::EXCEPTIONS,
        r#"(tag $t (param i32))
        (func (export "f") (result i32) (local $e exnref)
            (block (result i32)
                (block $h (result i32 exnref)
                    (try_table (catch_ref $t $h) (throw $t (i32.const 6)))
                    unreachable)
                (local.set $e)
                drop
                (try_table (catch $t 0) (throw_ref (local.get $e)))
                unreachable))"#,
        Value::I32(6),
    ),
    (
        Features::LEGACY_EXCEPTIONS,
        r#"(tag $t (param i32))
        (func (export "f") (result i32)
            try (result i32) i32.const 8 throw $t catch $t end)"#,
        Value::I32(8),
    ),
    (
        Features::THREADS,
        r#"(memory 1 1 shared)
        (func (export "f") (result i32)
            (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 5)))
            (memory.atomic.wait32 (i32.const 4) (i32.const 4) (i64.const 0)))"#,
        // The value is not the one expected.
        Value::I32(1),
    ),
    (
        Features::EXTENDED_CONST,
        r#"(global $a i32 (i32.const 4))
        (global $b i32 (i32.mul (global.get $a) (i32.const 3)))
        (func (export "f") (result i32) (global.get $b))"#,
        Value::I32(12),
    ),
];

/// A module of the one feature that V8 does not have.
const PAGE_SIZES: &str = "(module (memory 10 (pagesize 1)))";

#[test]
fn every_feature_that_it_claims_it_runs() {
    for (feature, text, value) in PROBES {
        let outcome = call(&format!("(module {text})"), "f", &[]);
        assert_eq!(outcome, Outcome::Returned(vec![*value]), "{feature:?}");
    }
    let probed = PROBES
        .iter()
        .fold(Features::empty(), |all, probe| all | probe.0);
    assert_eq!(probed, V8Engine::new().features());
}

#[test]
fn what_it_does_not_claim_it_refuses() {
    assert!(
        !V8Engine::new()
            .features()
            .contains(Features::CUSTOM_PAGE_SIZES)
    );
    assert_eq!(
        start(&[("m", PAGE_SIZES)]),
        Outcome::Rejected(Phase::Compile)
    );
}
