//! One module for each feature, with a known result.

mod common;

use assay_engine::{Engine, Features, Outcome, Phase, Value};
use assay_wasmi::WasmiEngine;
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
        Features::CUSTOM_PAGE_SIZES,
        r#"(memory 10 (pagesize 1))
        (func (export "f") (result i32)
            (drop (memory.grow (i32.const 3))) memory.size)"#,
        Value::I32(13),
    ),
    (
        Features::EXTENDED_CONST,
        r#"(global $b i32 (i32.mul (i32.const 4) (i32.sub (i32.const 5) (i32.const 2))))
        (func (export "f") (result i32) (global.get $b))"#,
        Value::I32(12),
    ),
];

/// Modules of features that wasmi does not have.
const FOREIGN: &[(Features, &str)] = &[
    (Features::GC, "(type (struct (field i32)))"),
    (
        Features::FUNCTION_REFERENCES,
        "(type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0)))",
    ),
    (Features::EXCEPTIONS, "(tag $t) (func (throw $t))"),
    (Features::THREADS, "(memory 1 1 shared)"),
];

#[test]
fn every_feature_that_it_claims_it_runs() {
    for (feature, text, value) in PROBES {
        let outcome = call(&format!("(module {text})"), "f", &[]);
        assert_eq!(outcome, Outcome::Returned(vec![*value]), "{feature:?}");
    }
    let probed = PROBES
        .iter()
        .fold(Features::empty(), |all, probe| all | probe.0);
    assert_eq!(probed, WasmiEngine::new().features());
}

#[test]
fn what_it_does_not_claim_it_refuses() {
    for (feature, text) in FOREIGN {
        assert!(!WasmiEngine::new().features().contains(*feature));
        let outcome = start(&[("m", &format!("(module {text})"))]);
        assert_eq!(outcome, Outcome::Rejected(Phase::Compile), "{feature:?}");
    }
}
