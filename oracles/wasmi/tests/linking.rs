//! Programs of several modules, values of all types, and memories as the driver sees them.

mod common;

use assay_engine::{
    Call, Engine, EngineError, HostEffect, MemoryDigest, Outcome, Phase, Resource, Slot, Value,
    drive,
};
use assay_wasmi::WasmiEngine;
use common::{host, program, run, start};

const EXPORTER: &str = r#"(module
    (memory (export "mem") 1) (data (i32.const 0) "\2a")
    (table (export "tab") 2 funcref)
    (global (export "glob") (mut i32) (i32.const 3))
    (func (export "seven") (result i32) (i32.const 7)))"#;

#[test]
fn later_modules_import_from_earlier_ones() {
    let importer = r#"(module
        (import "a" "mem" (memory 1))
        (import "a" "tab" (table 2 funcref))
        (import "a" "glob" (global $g (mut i32)))
        (import "a" "seven" (func $seven (result i32)))
        (elem (i32.const 1) func $seven)
        (func (export "f") (result i32 i32 i32)
            (i32.load (i32.const 0)) (global.get $g)
            (call_indirect (result i32) (i32.const 1))))"#;
    let ran = run(&program(&[("a", EXPORTER), ("b", importer)]), &[("f", &[])]).unwrap();
    let expected = vec![Value::I32(42), Value::I32(3), Value::I32(7)];
    assert_eq!(ran[0].outcome, Outcome::Returned(expected));
}

#[test]
fn mismatched_imports_are_refused_at_linking() {
    for import in [
        r#"(import "a" "seven" (func (result i64)))"#,
        r#"(import "a" "seven" (memory 1))"#,
        r#"(import "a" "mem" (memory 2))"#,
        r#"(import "a" "tab" (table 2 externref))"#,
        r#"(import "a" "glob" (global i32))"#,
        r#"(import "a" "nothing" (func))"#,
        r#"(import "b" "seven" (func (result i32)))"#,
    ] {
        let outcome = start(&[("a", EXPORTER), ("b", &format!("(module {import})"))]);
        assert_eq!(outcome, Outcome::Rejected(Phase::Link), "{import}");
    }
}

#[test]
fn a_host_function_of_another_type_is_refused_at_linking() {
    let text = r#"(module (import "assay:host" "0" (func (param i64))))"#;
    let mut program = program(&[("m", text)]);
    program.host = host(&[Slot::I32], &[], vec![]);
    let outcome = WasmiEngine::new().instantiate(&program).unwrap().outcome;
    assert_eq!(outcome, Outcome::Rejected(Phase::Link));
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
    let ran = run(&program(&[("m", text)]), &[("f", &values)]).unwrap();
    values.reverse();
    assert_eq!(ran[0].outcome, Outcome::Returned(values));
}

#[test]
fn misuse_is_told_from_outcomes() {
    let program = program(&[("m", r#"(module (func (export "f") (param i32)))"#)]);
    let null = [common::NULL];
    let calls: [(&str, &[Value]); 4] = [
        ("g", &[]),
        ("f", &[]),
        ("f", &[Value::F32(1)]),
        ("f", &null),
    ];
    for call in calls {
        let failed = run(&program, &[call]);
        assert!(
            matches!(failed, Err(EngineError::Misuse { .. })),
            "{call:?}: {failed:?}"
        );
    }
}

/// A module as the shims make it: fuel in slot 0, one memory, a growing export.
const DRIVEN: &str = r#"(module
    (import "assay:host" "0" (func $host (param i32)))
    (memory (export "assay:memory:0") 1 4)
    (global $fuel (mut i32) (i32.const 9))
    (func (export "assay:observe") (result i32)
        (global.get $fuel) (global.set $fuel (i32.const 9)))
    (func (export "assay:call:grow") (result i32)
        (call $host (i32.const 1))
        (i32.store8 (i32.const 10) (i32.const 1))
        (memory.grow (i32.const 1)))
    (func (export "assay:call:burn") (global.set $fuel (i32.const -1)) unreachable))"#;

#[test]
fn the_driver_sees_growing_memory_fuel_and_the_trace() {
    let mut program = program(&[("m", DRIVEN)]);
    program.host = host(&[Slot::I32], &[], vec![]);
    program.memories = 1;
    let call = |export: &str| Call {
        export: export.into(),
        args: vec![],
        catches: false,
    };
    program.calls = vec![
        call("assay:call:grow"),
        call("assay:call:burn"),
        call("assay:call:grow"),
    ];
    let mut engine = WasmiEngine::new();
    let transcript = drive(&mut engine, &program).unwrap();

    let mut memory = vec![0; 1 << 16];
    let before = transcript.instantiation.state.unwrap();
    assert_eq!(before.memories, [MemoryDigest::of(&memory)]);
    memory[10] = 1;
    memory.resize(2 << 16, 0);
    let grown = &transcript.calls[0];
    assert_eq!(grown.outcome, Outcome::Returned(vec![Value::I32(1)]));
    assert_eq!(grown.host[0].effect, HostEffect::Returned);
    assert_eq!(
        grown.state.as_ref().unwrap().memories,
        [MemoryDigest::of(&memory)]
    );
    assert_eq!(
        transcript.calls[1].outcome,
        Outcome::Exhausted(Resource::Fuel)
    );
    assert_eq!(
        transcript.calls[2].outcome,
        Outcome::Returned(vec![Value::I32(2)])
    );

    assert_eq!(engine.memory_after(&program, Some(0), 0).unwrap(), memory);
    assert_eq!(
        drive(&mut engine, &program).unwrap().calls,
        transcript.calls,
        "the same again"
    );
    let spent = engine.spent();
    assert!(!spent.compile.is_zero() && !spent.instantiate.is_zero() && !spent.call.is_zero());
}
