//! What only wasmi does, or cannot do.

use assay_engine::{
    Action, Call, Engine, EngineError, Host, HostFunction, Module, Outcome, Program, Resource,
    Transcript, Trap, Traps, Value,
};
use assay_wasmi::WasmiEngine;

/// A program of one module, and calls of its exports.
fn program(text: &str, calls: &[(&str, &[Value])]) -> Program {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let calls = calls.iter().map(|(export, args)| Call {
        export: (*export).into(),
        args: args.to_vec(),
    });
    Program {
        modules: vec![Module {
            name: "main".into(),
            wasm,
        }],
        calls: calls.collect(),
        ..Program::default()
    }
}

fn run(program: &Program) -> Transcript {
    let run = WasmiEngine::new().run(program);
    run.expect("the engine does not fail")
}

/// The outcome of the last call.
fn last(program: &Program) -> Outcome {
    let step = run(program).calls.pop();
    step.expect("the program has a call").outcome
}

#[test]
fn every_bit_of_every_value_passes() {
    let text = r#"(module (func (export "f")
        (param i32 i64 f32 f64 v128) (result v128 f64 f32 i64 i32)
        (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0)))"#;
    let mut values = vec![
        Value::I32(u32::MAX),
        Value::I64(1 << 63),
        Value::F32(0x7fa0_0001),
        Value::F64(0xfff4_0000_0000_0001),
        Value::V128(0x0123_4567_89ab_cdef_0011_2233_4455_6677),
    ];
    let program = program(text, &[("f", &values)]);
    values.reverse();
    assert_eq!(last(&program), Outcome::Returned(values));
}

/// All traps but this one wasmi tells apart.
#[test]
fn a_table_index_out_of_bounds_may_be_that_of_a_call() {
    let text = r#"(module
        (type $void (func)) (type $one (func (param i32)))
        (table $t 3 funcref) (elem (table $t) (i32.const 0) func $f)
        (func $f (type $void))
        (func (export "get") (drop (table.get $t (i32.const 3))))
        (func (export "call") (call_indirect $t (type $void) (i32.const 3)))
        (func (export "null") (call_indirect $t (type $void) (i32.const 1)))
        (func (export "type") (call_indirect $t (type $one) (i32.const 0) (i32.const 0)))
        (func (export "large") (drop (i32.trunc_f32_s (f32.const 1e10))))
        (func (export "nan") (drop (i32.trunc_f64_s (f64.const nan)))))"#;
    let index = Traps::any_of(&[Trap::OutOfBoundsTableAccess, Trap::UndefinedElement]);
    let cases = [
        ("get", index),
        ("call", index),
        ("null", Trap::UninitializedElement.into()),
        ("type", Trap::IndirectCallTypeMismatch.into()),
        ("large", Trap::IntegerOverflow.into()),
        ("nan", Trap::InvalidConversionToInteger.into()),
    ];
    for (export, traps) in cases {
        let outcome = last(&program(text, &[(export, &[])]));
        assert_eq!(outcome, Outcome::Trapped(traps), "{export}");
    }
}

#[test]
fn the_stack_holds_ten_thousand_frames() {
    let text = r#"(module
        (func $down (export "down") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.const 0)))))"#;
    let frames = [Value::I32(10_000)];
    let outcome = last(&program(text, &[("down", &frames)]));
    assert_eq!(outcome, Outcome::Returned(frames.to_vec()));
}

#[test]
fn a_throw_of_the_host_is_misuse_since_wasmi_has_no_exceptions() {
    let text = r#"(module (import "assay:host" "0" (func $host)) (export "f" (func $host)))"#;
    let mut program = program(text, &[("f", &[])]);
    program.host = Host {
        seed: 1,
        functions: vec![HostFunction {
            label: "test".into(),
            params: vec![],
            results: vec![],
            actions: vec![Action::Throw {
                tag: 0,
                params: vec![],
            }],
        }],
    };
    let failed = WasmiEngine::new().run(&program);
    assert!(
        matches!(failed, Err(EngineError::Misuse { .. })),
        "{failed:?}"
    );
}

#[test]
fn too_large_a_memory_or_table_exhausts_memory() {
    for text in [
        "(module (memory i64 0x1000000000000))",
        "(module (table i64 0x1000000000000 funcref))",
    ] {
        let outcome = run(&program(text, &[])).instantiation.outcome;
        assert_eq!(outcome, Outcome::Exhausted(Resource::Memory), "{text}");
    }
}

/// wasmi's translator fails an assertion of its own on this valid module where such assertions are
/// compiled in; where not, the result is right.
#[test]
fn a_panic_is_a_crash_of_wasmi_and_it_goes_on() {
    let asserts = r#"(module (func (export "f") (param i32) (result i32) (local i32)
        local.get 0 i32.clz local.get 0
        if (param i32) (result i32) i32.ctz local.tee 1 else end))"#;
    let zero: &[Value] = &[Value::I32(0)];
    let program = program(asserts, &[("f", zero)]);
    let mut engine = WasmiEngine::new();
    for _ in 0..2 {
        match engine.run(&program) {
            Err(EngineError::Crashed { engine, how }) if cfg!(debug_assertions) => {
                assert_eq!(engine, "wasmi");
                assert!(how.starts_with("panicked: "), "{how}");
            }
            Ok(transcript) if !cfg!(debug_assertions) => {
                let right = Outcome::Returned(vec![Value::I32(32)]);
                assert_eq!(transcript.calls[0].outcome, right);
            }
            other => panic!("{other:?}"),
        }
    }
    let well = self::program(r#"(module (func (export "f")))"#, &[("f", &[])]);
    let ran = engine.run(&well).expect("the engine does not fail");
    assert_eq!(ran.calls[0].outcome, Outcome::Returned(Vec::new()));
}
