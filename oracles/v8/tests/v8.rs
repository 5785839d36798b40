//! What only V8 does, or cannot do.

#![cfg(feature = "v8")]

mod common;

use assay_engine::{Call, Engine, EngineError, MemoryDigest, Outcome, Value};
use assay_v8::V8Engine;
use common::{call, program};

#[test]
fn a_vector_does_not_pass() {
    let program = program(&[("m", r#"(module (func (export "f") (param v128)))"#)]);
    let failed = call(&program, "f", &[Value::V128(0)]);
    assert!(
        matches!(failed, Err(EngineError::Misuse { .. })),
        "{failed:?}"
    );
}

#[test]
fn a_shared_memory_is_waited_on_and_observed() {
    let text = r#"(module (memory (export "assay:memory:0") 1 1 shared)
        (func (export "f") (result i32)
            (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 5)))
            (memory.atomic.wait32 (i32.const 4) (i32.const 4) (i64.const 0))))"#;
    let mut program = program(&[("m", text)]);
    program.memories = 1;
    program.calls = vec![Call {
        export: "f".into(),
        args: vec![],
    }];
    let transcript = V8Engine::new().run(&program);
    let step = transcript.unwrap().calls.remove(0);
    // The value is not the one expected.
    assert_eq!(step.outcome, Outcome::Returned(vec![Value::I32(1)]));
    let mut bytes = vec![0; 1 << 16];
    bytes[4] = 5;
    let memories = step.state.unwrap().memories;
    assert_eq!(memories, [MemoryDigest::of(&bytes)]);
}
