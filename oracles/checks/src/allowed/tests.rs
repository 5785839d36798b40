//! What can be read, and what is found of results that are written by hand.

use super::*;
use assay_engine::{Call, Module, State};

const UNIT: &str = r#"(module
    (memory 1)
    (data (i32.const 8) "\00\00\a0\7f\00\00\80\3f")
    (func (export "add") (param i32 i32) (result i32)
        (i32.reinterpret_f32 (f32.add
            (f32.reinterpret_i32 (local.get 0)) (f32.reinterpret_i32 (local.get 1)))))
    (func (export "loaded") (param i32) (result i32)
        (i32.reinterpret_f32 (f32.mul
            (f32.load (i32.const 8)) (f32.load offset=4 (i32.const 8)))))
    (func (export "swizzle") (param i64 i64) (result i64 i64) (local v128)
        (i8x16.relaxed_swizzle
            (v128.const i8x16 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25)
            (i64x2.replace_lane 1 (i64x2.splat (local.get 0)) (local.get 1)))
        (i64x2.extract_lane 0 (local.tee 2))
        (i64x2.extract_lane 1 (local.get 2)))
    (func (export "dot") (result i64 i64) (local v128)
        (i16x8.relaxed_dot_i8x16_i7x16_s
            (v128.const i64x2 0x0000ffff01018080 0) (v128.const i64x2 0x0000ffffffff8080 0))
        (i64x2.extract_lane 0 (local.tee 0))
        (i64x2.extract_lane 1 (local.get 0)))
    (func (export "two") (param i32) (result i32)
        (i32.reinterpret_f32 (f32.sqrt (f32.sqrt (f32.reinterpret_i32 (local.get 0))))))
    (func (export "high-first") (param i64 i64) (result i64 i64) (local v128)
        (f64x2.sqrt (i64x2.replace_lane 1 (i64x2.splat (local.get 0)) (local.get 1)))
        (i64x2.extract_lane 1 (local.tee 2))
        (i64x2.extract_lane 0 (local.get 2))))"#;

/// A call, by the bits of its arguments: none is above 64 bits, and `f32` are `i32`.
fn call(export: &str, args: &[Value]) -> Call {
    Call {
        export: export.into(),
        args: args.to_vec(),
    }
}

fn program(calls: Vec<Call>) -> Program {
    Program {
        modules: vec![Module {
            name: "main".into(),
            wasm: wat::parse_str(UNIT).expect("a module"),
        }],
        calls,
        ..Program::default()
    }
}

fn returned(values: &[Value]) -> Step {
    Step {
        stacks: Vec::new(),
        outcome: Outcome::Returned(values.to_vec()),
        host: Vec::new(),
        state: Some(State::default()),
    }
}

/// What is found where these calls give these values.
fn judged(calls: &[(&str, &[Value], &[Value])]) -> Judgement {
    let program = program(
        calls
            .iter()
            .map(|(name, args, _)| call(name, args))
            .collect(),
    );
    let transcript = Transcript {
        drops: None,
        instantiation: returned(&[]),
        calls: calls.iter().map(|(.., values)| returned(values)).collect(),
    };
    judge(&program, &transcript).expect("it can be read")
}

fn kinds(judgement: &Judgement) -> Vec<What> {
    judgement.wrong.iter().map(|wrong| wrong.what).collect()
}

const ONE: Value = Value::I32(0x3f80_0000);
const CANONICAL: Value = Value::I32(0x7fc0_0000);
const MINUS_CANONICAL: Value = Value::I32(0xffc0_0000);
const QUIET: Value = Value::I32(0x7fc0_0001);
const SIGNALLING: Value = Value::I32(0x7fa0_0000);

#[test]
fn nans_are_held_to_their_kinds() {
    let add = |a, b, result| kinds(&judged(&[("add", &[a, b], &[result])]));
    assert_eq!(add(ONE, ONE, Value::I32(0x4000_0000)), []);
    assert_eq!(add(ONE, ONE, ONE), [What::Result]);
    assert_eq!(add(ONE, CANONICAL, MINUS_CANONICAL), []);
    assert_eq!(add(ONE, CANONICAL, QUIET), [What::Nan]);
    assert_eq!(add(ONE, QUIET, CANONICAL), []);
    assert_eq!(add(SIGNALLING, ONE, QUIET), []);
    assert_eq!(add(SIGNALLING, ONE, SIGNALLING), [What::Nan]);
    assert_eq!(add(ONE, ONE, Value::I64(0)), [What::Result]);
}

#[test]
fn operands_are_read_from_data_and_constants() {
    let program = program(vec![
        call("loaded", &[ONE]),
        call("swizzle", &[Value::I64(1), Value::I64(2)]),
    ]);
    let sites = sites(&program).expect("they can be read");
    assert_eq!(sites[0].operator, "F32Mul");
    assert_eq!(sites[0].operands, [0x7fa0_0000, 0x3f80_0000]);
    assert_eq!(sites[1].operator, "I8x16RelaxedSwizzle");
    let bytes = 0x1918_1716_1514_1312_1110_0f0e_0d0c_0b0a;
    assert_eq!(sites[1].operands, [bytes, 2 << 64 | 1]);
    assert_eq!(sites[1].parameter, Some(Parameter::Swizzle));
}

#[test]
fn relaxed_results_are_of_one_alternative() {
    // Indices 16 and 17 give zeroes, or lanes 0 and 1.
    let args = &[Value::I64(0x1110), Value::I64(0)];
    let rest = 0x0a0a_0a0a_0a0a_0000;
    let high = Value::I64(0x0a0a_0a0a_0a0a_0a0a);
    let swizzle = |low: u64| judged(&[("swizzle", args, &[Value::I64(rest | low), high])]);
    assert_eq!(kinds(&swizzle(0)), []);
    assert_eq!(kinds(&swizzle(0x0b0a)), []);
    assert_eq!(kinds(&swizzle(0x000a)), [What::Mixture]);
    assert_eq!(kinds(&swizzle(0x0c0a)), [What::Result]);
    assert_eq!(swizzle(0).values[&Parameter::Swizzle], 1);
    assert_eq!(swizzle(0x0b0a).values[&Parameter::Swizzle], 2);
}

#[test]
fn a_parameter_that_changes_is_counted_and_no_finding() {
    let args: &[Value] = &[Value::I64(0x10), Value::I64(0)];
    let rest = 0x0a0a_0a0a_0a0a_0a00;
    let high = Value::I64(0x0a0a_0a0a_0a0a_0a0a);
    let zero: &[Value] = &[Value::I64(rest), high];
    let lane: &[Value] = &[Value::I64(rest | 0x0a), high];
    let judgement = judged(&[("swizzle", args, zero), ("swizzle", args, lane)]);
    assert_eq!(kinds(&judgement), []);
    assert_eq!(judgement.account.strays["Swizzle"], 1);
    let tally = |judgement: &Judgement| judgement.account.operators["I8x16RelaxedSwizzle"].clone();
    assert_eq!(tally(&judgement).strays, 1);
    let steady = judged(&[("swizzle", args, lane), ("swizzle", args, lane)]);
    assert_eq!(steady.account.strays, BTreeMap::new());
    assert_eq!((tally(&steady).strays, tally(&steady).results), (0, 2));
}

#[test]
fn what_only_others_allow_is_counted_apart() {
    let dot = |low: u64| judged(&[("dot", &[], &[Value::I64(low), Value::I64(0)])]);
    let counts = |low| {
        let judgement = dot(low);
        assert_eq!(kinds(&judgement), []);
        let tally = &judgement.account.operators["I16x8RelaxedDotI8x16I7x16S"];
        (tally.suite, tally.practice)
    };
    // Sums of two products, from the lowest lane: -128 · -128, 1 · -1, -1 · -1. The specification
    // has the second factor signed or not.
    assert_eq!(counts(0x0002_fffe_7fff), (0, 0));
    assert_eq!(counts(0xfe02_01fe_8000), (0, 0));
    // The suite has both unsigned, and practice does not saturate.
    assert_eq!(counts(0xfc02_01fe_8000), (1, 0));
    assert_eq!(counts(0x0002_fffe_8000), (0, 1));
    assert_eq!(kinds(&dot(0x0002_01fe_8000)), [What::Mixture]);
    assert_eq!(kinds(&dot(0x0003_fffe_7fff)), [What::Result]);
}

#[test]
fn what_does_not_return_is_wrong_and_what_is_exhausted_is_not() {
    let program = program(vec![call("add", &[ONE, ONE])]);
    let end = |outcome| {
        let transcript = Transcript {
            drops: None,
            instantiation: returned(&[]),
            calls: vec![Step {
                outcome,
                ..returned(&[])
            }],
        };
        judge(&program, &transcript).expect("it can be read")
    };
    let trapped = end(Outcome::Trapped(assay_engine::Trap::Unreachable.into()));
    assert_eq!(kinds(&trapped), [What::Outcome]);
    let exhausted = end(Outcome::Exhausted(Resource::Time));
    assert_eq!(kinds(&exhausted), []);
    assert_eq!(exhausted.cut, Some(Cut::Exhausted(Resource::Time)));
    assert_eq!(kinds(&end(Outcome::Returned(vec![]))), [What::Shape]);
}

#[test]
fn other_functions_are_not_judged() {
    let read = |name, args: &[Value]| sites(&program(vec![call(name, args)]));
    let form = |name, args: &[Value]| match read(name, args) {
        Err(Unreadable::Form { operator, .. }) => operator,
        other => panic!("{other:?}"),
    };
    assert_eq!(form("two", &[ONE]), "F32Sqrt");
    assert!(form("high-first", &[Value::I64(0); 2]).starts_with("LocalTee"));
    assert_eq!(form("add", &[ONE]), "LocalGet { local_index: 1 }");
    assert_eq!(read("none", &[]), Err(Unreadable::Export("none".into())));
}
