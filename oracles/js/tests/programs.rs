//! Programs and their transcripts: values, several modules, memory.

mod common;

use assay_engine::{
    Engine, EngineError, Features, MemoryDigest, Outcome, Phase, Program, Reference, Resource,
    State, Trap, Value,
};
use common::rich::rich;
use common::*;

#[test]
fn every_engine_has_wasm_3_and_a_version() {
    each_engine(|engine| {
        assert!(
            engine.features().contains(Features::WASM3),
            "{:?}",
            engine.features()
        );
        assert!(!engine.features().contains(Features::CUSTOM_PAGE_SIZES));
        let jsc = engine.name().starts_with("jsc");
        assert_eq!(engine.features().contains(Features::WIDE_ARITHMETIC), jsc);
        assert!(!engine.version().is_empty() && !engine.runtime().is_empty());
    });
}

#[test]
fn values_cross_in_both_directions() {
    let wat = r#"(module
        (func (export "all") (param i32 i64 externref) (result i32 i64 externref)
            (local.get 0) (local.get 1) (local.get 2))
        (func (export "floats") (param f32 f64) (result f32 f64) (local.get 0) (local.get 1))
        (func (export "i64") (result i64) (i64.const -2))
        (func (export "internal") (result externref externref)
            (extern.convert_any (ref.i31 (i32.const 5)))
            (extern.convert_any (struct.new 1)))
        (func (export "refs") (result anyref anyref funcref)
            (ref.i31 (i32.const -5)) (struct.new 1) (ref.func 0))
        (elem declare func 0)
        (type (func)) (type (struct)))"#;
    let extern_7 = Value::Ref(Reference::Extern(7));
    let internal = Value::Ref(Reference::Internal);
    let edge = [i32(i32::MIN), i64(i64::MIN), extern_7];
    let nothing = [i32(-1), i64(-1), NULL];
    let floats = [
        Value::F32(1.5f32.to_bits()),
        Value::F64((-0.0f64).to_bits()),
    ];
    let refs = [
        Value::Ref(Reference::I31(-5)),
        internal,
        Value::Ref(Reference::Func),
    ];
    let mut program = program(wat);
    program.calls = vec![
        call("all", &edge),
        call("all", &nothing),
        call("floats", &floats),
        call("i64", &[]),
        call("internal", &[]),
        call("refs", &[]),
    ];
    each_engine(|engine| {
        let transcript = engine.run(&program).unwrap();
        let outcomes: Vec<_> = transcript
            .calls
            .into_iter()
            .map(|step| step.outcome)
            .collect();
        let expected: [&[Value]; 6] = [
            &edge,
            &nothing,
            &floats,
            &[i64(-2)],
            &[internal, internal],
            &refs,
        ];
        assert_eq!(outcomes, expected.map(returned), "{}", engine.name());
    });
}

#[test]
fn what_javascript_cannot_hold_is_a_misuse() {
    let mut program = program(r#"(module (func (export "f") (param v128)))"#);
    program.calls = vec![call("f", &[Value::V128(1)])];
    each_engine(|engine| {
        let error = engine.run(&program).unwrap_err();
        assert!(matches!(error, EngineError::Misuse { .. }), "{error}");
    });
}

#[test]
fn memories_are_digested_and_fetched_as_they_were() {
    let program = rich();
    let mut first = vec![0; 65536];
    let second = vec![0; 65536];
    each_engine(|engine| {
        first.truncate(65536);
        first[70] = 0;
        let transcript = engine.run(&program).unwrap();
        let digests = |call: Option<usize>| {
            let step = call.map_or(&transcript.instantiation, |n| &transcript.calls[n]);
            step.state.clone().unwrap().memories
        };
        let both = |a: &[u8], b: &[u8]| vec![MemoryDigest::of(a), MemoryDigest::of(b)];
        assert_eq!(digests(None), both(&first, &second));
        assert_eq!(engine.memory_after(&program, None, 0).unwrap(), first);
        first[70] = 7;
        assert_eq!(digests(Some(0)), both(&first, &second));
        assert_eq!(digests(Some(1)), both(&first, &second));
        assert_eq!(engine.memory_after(&program, Some(0), 0).unwrap(), first);
        assert_eq!(engine.memory_after(&program, Some(0), 1).unwrap(), second);
        first.resize(2 * 65536, 0);
        assert_eq!(digests(Some(2)), both(&first, &second));
        assert_eq!(engine.memory_after(&program, Some(10), 0).unwrap(), first);
    });
}

/// Digests are kept up to date by the chunk on some runtimes; whatever is written where, they are
/// those of the content. The last program starts from zeros again.
#[test]
fn digests_follow_scattered_writes() {
    let wat = r#"(module (memory (export "assay:memory:0") 3 9)
        (func (export "write") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
        (func (export "grow") (drop (memory.grow (i32.const 2)))))"#;
    let mut program = program(wat);
    program.memories = 1;
    for n in 0..40i32 {
        let address = n.wrapping_mul(0x9e3_779b).rem_euclid(3 * 65536 - 8);
        program.calls.push(call(
            "write",
            &[i32(address), i64(i64::from(n) << (n % 50))],
        ));
        if n % 16 == 15 {
            program.calls.push(call("grow", &[]));
        }
    }
    let mut unwritten = program.clone();
    unwritten.calls.truncate(0);
    each_engine(|engine| {
        let transcript = engine.run(&program).unwrap();
        for (n, step) in transcript.calls.iter().enumerate() {
            let bytes = engine.memory_after(&program, Some(n), 0).unwrap();
            let found = &step.state.as_ref().unwrap().memories;
            assert_eq!(
                *found,
                [MemoryDigest::of(&bytes)],
                "{} after call {n}",
                engine.name()
            );
        }
        let state = engine.run(&unwritten).unwrap().instantiation.state.unwrap();
        assert_eq!(state.memories, [MemoryDigest::of(&[0; 3 * 65536])]);
    });
}

#[test]
fn shared_memories_are_digested_too() {
    let wat = r#"(module (memory (export "assay:memory:0") 1 2 shared)
        (func (export "write") (i64.atomic.store (i32.const 5000) (i64.const -1)))
        (func (export "grow") (drop (memory.grow (i32.const 1)))))"#;
    let mut program = program(wat);
    program.memories = 1;
    program.calls = vec![call("write", &[]), call("grow", &[])];
    let mut bytes = vec![0; 65536];
    bytes[5000..5008].fill(0xff);
    let written = MemoryDigest::of(&bytes);
    bytes.resize(2 * 65536, 0);
    each_engine(|engine| {
        let calls = engine.run(&program).unwrap().calls;
        let digest = |n: usize| calls[n].state.as_ref().unwrap().memories.clone();
        assert_eq!(digest(0), [written], "{}", engine.name());
        assert_eq!(digest(1), [MemoryDigest::of(&bytes)], "{}", engine.name());
        assert_eq!(engine.memory_after(&program, Some(1), 0).unwrap(), bytes);
    });
}

#[test]
fn a_large_memory_comes_back_whole_and_an_empty_one_empty() {
    let wat = r#"(module (memory (export "assay:memory:0") 200)
        (memory (export "assay:memory:1") 0))"#;
    let mut program = program(wat);
    program.memories = 2;
    let digests = [MemoryDigest::of(&[0; 200 * 65536]), MemoryDigest::of(&[])];
    each_engine(|engine| {
        let state = engine.run(&program).unwrap().instantiation.state.unwrap();
        assert_eq!(state.memories, digests, "{}", engine.name());
        assert_eq!(engine.memory_after(&program, None, 1).unwrap(), []);
        assert_eq!(
            engine.memory_after(&program, None, 0).unwrap(),
            vec![0; 200 * 65536]
        );
    });
}

#[test]
fn later_modules_import_from_earlier_ones() {
    let first = r#"(module
        (global $count (export "count") (mut i32) (i32.const 40))
        (func (export "add") (param i32)
            (global.set $count (i32.add (global.get $count) (local.get 0)))))"#;
    let main = r#"(module
        (import "first" "count" (global $count (mut i32)))
        (import "first" "add" (func $add (param i32)))
        (func $start (call $add (i32.const 1)))
        (start $start)
        (func (export "f") (result i32) (call $add (i32.const 1)) (global.get $count)))"#;
    let program = Program {
        modules: vec![module("first", first), module("main", main)],
        calls: vec![call("f", &[])],
        ..Program::default()
    };
    each_engine(|engine| {
        let transcript = engine.run(&program).unwrap();
        assert_eq!(transcript.instantiation.outcome, returned(&[]));
        assert_eq!(transcript.calls[0].outcome, returned(&[i32(42)]));
    });
}

#[test]
fn failing_instantiations_say_where() {
    let cases = [
        (
            r#"(module (func (export "f") (result i32)))"#,
            Outcome::Rejected(Phase::Compile),
        ),
        (
            r#"(module (import "no" "such" (func)))"#,
            Outcome::Rejected(Phase::Link),
        ),
        (
            r#"(module (import "assay:host" "0" (func)))"#,
            Outcome::Rejected(Phase::Link),
        ),
        (
            r#"(module (func $f unreachable) (start $f))"#,
            Outcome::Trapped(Trap::Unreachable.into()),
        ),
        (
            r#"(module (tag $t) (func $f (throw $t)) (start $f))"#,
            Outcome::Threw {
                tag: None,
                payload: vec![],
            },
        ),
        (
            r#"(module (func $f (call $f)) (start $f))"#,
            Outcome::Exhausted(Resource::Stack),
        ),
        (
            r#"(module (memory 1) (data (i32.const 65536) "x"))"#,
            Outcome::Trapped(Trap::OutOfBoundsMemoryAccess.into()),
        ),
        (
            r#"(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))"#,
            Outcome::Trapped(Trap::OutOfBoundsTableAccess.into()),
        ),
    ];
    each_engine(|engine| {
        for (wat, expected) in &cases {
            let mut program = program(wat);
            program.modules.insert(0, module("before", "(module)"));
            program.calls = vec![call("f", &[])];
            let transcript = engine.run(&program).unwrap();
            assert_eq!(
                transcript.instantiation.outcome,
                *expected,
                "{}: {wat}",
                engine.name()
            );
            assert_eq!(
                (transcript.instantiation.state, transcript.calls),
                (None, vec![])
            );
            assert_eq!(engine.instantiate(&program).unwrap().outcome, *expected);
        }
    });
}

#[test]
fn an_earlier_module_that_fails_ends_the_program() {
    let program = Program {
        modules: vec![
            module("bad", "(module (func $f unreachable) (start $f))"),
            module("main", r#"(module (func (export "f")))"#),
        ],
        calls: vec![call("f", &[])],
        ..Program::default()
    };
    each_engine(|engine| {
        let transcript = engine.run(&program).unwrap();
        assert_eq!(
            transcript.instantiation.outcome,
            Outcome::Trapped(Trap::Unreachable.into())
        );
        assert_eq!(transcript.calls, []);
    });
}

#[test]
fn begun_programs_run_while_we_do_something_else() {
    let program = rich();
    each_engine(|engine| {
        let alone = engine.run(&program).unwrap();
        engine.begin(&program, 1).unwrap();
        assert_eq!(engine.run(&program).unwrap(), alone);
        // A program that nobody asked for does not answer for another.
        let mut other = rich();
        other.calls.truncate(1);
        engine.begin(&program, 1).unwrap();
        engine.begin(&other, 1).unwrap();
        assert_eq!(engine.run(&other).unwrap().calls.len(), 1);
        // Several runs are begun at once, and asked for one by one; more than were begun, too.
        for _ in 0..2 {
            for left in (1..=3).rev() {
                engine.begin(&program, left).unwrap();
                assert_eq!(engine.run(&program).unwrap(), alone);
            }
            assert_eq!(engine.run(&program).unwrap(), alone);
        }
        // What is left of one program does not answer for another.
        engine.begin(&program, 3).unwrap();
        assert_eq!(engine.run(&program).unwrap(), alone);
        assert_eq!(engine.run(&other).unwrap().calls.len(), 1);
        assert_eq!(engine.run(&program).unwrap(), alone);
        engine.begin(&program, 1).unwrap();
        assert_eq!(engine.memory_after(&program, None, 1).unwrap().len(), 65536);
        let spent = engine.spent();
        for part in [spent.compile, spent.instantiate, spent.call] {
            assert!(!part.is_zero(), "{}: {spent:?}", engine.name());
        }
    });
}

#[test]
fn uncaught_exceptions_show_their_tag_and_payload() {
    let wat = r#"(module
        (tag $own (export "assay:tag:0") (param i32 i64 f32 f64 externref anyref funcref))
        (tag $same (export "assay:tag:1"))
        (export "assay:tag:2" (tag $same))
        (tag $hidden (param i32))
        (func (export "own") (param externref)
            (throw $own (i32.const -1) (i64.const -2) (f32.const 1.5) (f64.const -0)
                (local.get 0) (ref.i31 (i32.const 3)) (ref.null func)))
        (func (export "same") (throw $same))
        (func (export "hidden") (throw $hidden (i32.const 1))))"#;
    let mut program = program(wat);
    program.tags = 3;
    let nine = Value::Ref(Reference::Extern(9));
    program.calls = vec![call("own", &[nine]), call("same", &[]), call("hidden", &[])];
    let payload = vec![
        i32(-1),
        i64(-2),
        Value::F32(1.5f32.to_bits()),
        Value::F64((-0.0f64).to_bits()),
        nine,
        Value::Ref(Reference::I31(3)),
        NULL,
    ];
    each_engine(|engine| {
        let calls = engine.run(&program).unwrap().calls;
        assert_eq!(
            calls[0].outcome,
            Outcome::Threw {
                tag: Some(0),
                payload: payload.clone()
            }
        );
        assert_eq!(
            calls[1].outcome,
            Outcome::Threw {
                tag: Some(1),
                payload: vec![]
            }
        );
        assert_eq!(
            calls[2].outcome,
            Outcome::Threw {
                tag: None,
                payload: vec![]
            }
        );
        assert_eq!(calls[2].state, Some(State::default()));
    });
}

#[test]
fn a_payload_that_javascript_cannot_see_is_a_misuse() {
    let wat = r#"(module (tag $t (export "assay:tag:0") (param v128))
        (func (export "f") (throw $t (v128.const i64x2 0 0))))"#;
    let mut program = program(wat);
    program.tags = 1;
    program.calls = vec![call("f", &[])];
    each_engine(|engine| {
        let error = engine.run(&program).unwrap_err();
        assert!(matches!(error, EngineError::Misuse { .. }), "{error}");
    });
}
