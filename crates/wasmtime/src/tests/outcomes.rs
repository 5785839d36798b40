//! Every other outcome, provoked by the smallest program.

use super::support::{
    bases, call, calling, check, engine, engine_in, last, module, program, run, with_stack,
};
use crate::Compiler;
use assay_engine::{Engine, EngineError, Features, Outcome, Phase, Resource, Trap, Value, drive};

const NONE: Features = Features::empty();
const GC: Features = Features::GC;
const EXCEPTIONS: Features = Features::EXCEPTIONS;

#[test]
fn a_trap_leaves_the_instance_usable() {
    with_stack(|| {
        let mut program = calling(
            "(global $n (mut i32) (i32.const 0))
             (func (export \"f\") (global.set $n (i32.const 7)) unreachable)
             (func (export \"g\") (result i32) (global.get $n))",
            &[],
        );
        program.calls.push(call("g", &[]));
        check(&program, NONE, &Outcome::Returned(vec![Value::I32(7)]));
    });
}

#[test]
fn what_a_program_runs_out_of() {
    with_stack(|| {
        let deep = "(func $f (export \"f\") (call $f))";
        check(
            &calling(deep, &[]),
            NONE,
            &Outcome::Exhausted(Resource::Stack),
        );
        let huge = "(type $a (array i64)) (func (export \"f\")
            (drop (array.new_default $a (i32.const 0x7fffffff))))";
        check(
            &calling(huge, &[]),
            GC,
            &Outcome::Exhausted(Resource::Memory),
        );
        let large = "(type $a (array i8)) (func (export \"f\")
            (drop (array.new_default $a (i32.const 0x10000000))))";
        check(
            &calling(large, &[]),
            GC,
            &Outcome::Exhausted(Resource::Memory),
        );
        let many = "(type $l (struct (field (ref null $l)) (field v128)))
            (global $head (mut (ref null $l)) (ref.null $l))
            (func (export \"f\") (loop $again
                (global.set $head (struct.new $l (global.get $head) (v128.const i64x2 1 2)))
                (br $again)))";
        check(
            &calling(many, &[]),
            GC,
            &Outcome::Exhausted(Resource::Memory),
        );
    });
}

/// Wasmtime's own fuel pays for a bulk instruction by its length, and before it looks at bounds. So
/// it runs out where other engines trap, and that is no trap.
#[test]
fn its_own_fuel_pays_for_what_is_out_of_bounds() {
    let fields = "(memory i64 1) (func (export \"f\") (param i64)
        (memory.fill (i64.const 0) (i32.const 0) (local.get 0)))";
    let program = calling(fields, &[Value::I64(1 << 63)]);
    for (fuel, expected) in [
        (
            false,
            Outcome::Trapped(Trap::OutOfBoundsMemoryAccess.into()),
        ),
        (true, Outcome::Exhausted(Resource::Time)),
    ] {
        let mut configuration = crate::Configuration::default();
        configuration.code.fuel = fuel;
        let mut engine = engine_in(configuration);
        let transcript = drive(&mut engine, &program).expect("it runs");
        assert_eq!(last(&transcript), expected, "with fuel: {fuel}");
    }
}

#[test]
fn memory_that_cannot_be_had() {
    with_stack(|| {
        let huge = program("(memory i64 0x800000000000)");
        check(
            &huge,
            Features::MEMORY64,
            &Outcome::Exhausted(Resource::Memory),
        );
        let table = program("(table 20000000 funcref)");
        check(&table, NONE, &Outcome::Exhausted(Resource::Memory));
    });
}

/// The limit of the heap stops a memory without a maximum too, and no other.
#[test]
fn memories_grow_to_their_limits() {
    for (memory, expected) in [
        ("1", u32::MAX),
        ("1 5000", 1),
        ("2000", u32::MAX),
        ("2000 4000", 2000),
    ] {
        let fields = format!(
            "(memory {memory}) (func (export \"f\") (result i32) (memory.grow (i32.const 1024)))"
        );
        check(
            &calling(&fields, &[]),
            NONE,
            &Outcome::Returned(vec![Value::I32(expected)]),
        );
    }
}

#[test]
fn a_module_larger_than_the_pool_is_not_refused_but_exhausts_it() {
    for precompiled in [false, true] {
        let mut configuration = crate::Configuration::default();
        let pool = configuration.pool.get_or_insert_default();
        pool.table_elements = 100;
        configuration.code.precompiled = precompiled;
        let mut engine = engine_in(configuration);
        for (fields, expected) in [
            ("(table 100 funcref)", Outcome::Returned(vec![])),
            ("(table 101 funcref)", Outcome::Exhausted(Resource::Memory)),
            ("(func (result i32))", Outcome::Rejected(Phase::Compile)),
        ] {
            let text = format!(
                "(module {fields} (func (export \"assay:observe\") (result i32) i32.const 0))"
            );
            let mut program = program("");
            program.modules = vec![module("main", &text)];
            assert_eq!(
                last(&drive(&mut engine, &program).expect("it runs")),
                expected,
                "{fields}"
            );
        }
    }
}

#[test]
fn what_is_refused() {
    let invalid = program("(func (result i32))");
    check(&invalid, NONE, &Outcome::Rejected(Phase::Compile));
    let mut garbage = program("");
    garbage.modules[0].wasm.truncate(9);
    check(&garbage, NONE, &Outcome::Rejected(Phase::Compile));
    for import in [
        r#"(import "nobody" "f" (func))"#,
        r#"(import "assay:host" "0" (func))"#,
        r#"(import "assay:host" "zero" (func))"#,
        r#"(import "first" "f" (func (param i32)))"#,
        r#"(import "first" "g" (func))"#,
        r#"(import "first" "f" (global i32))"#,
        r#"(import "first" "m" (memory 2))"#,
        r#"(import "first" "m" (memory 1 2))"#,
    ] {
        let mut program = program(import);
        let first = r#"(module (func (export "f")) (memory (export "m") 1 3))"#;
        program.modules.insert(0, module("first", first));
        check(&program, NONE, &Outcome::Rejected(Phase::Link));
    }
}

#[test]
fn modules_are_linked_to_the_ones_before() {
    let mut program = calling(
        r#"(import "first" "g" (func $g (result i32)))
           (import "first" "n" (global $n (mut i32)))
           (func (export "f") (result i32) (global.set $n (i32.const 5)) (call $g))"#,
        &[],
    );
    let first = r#"(module (global $n (export "n") (mut i32) (i32.const 1))
        (func (export "g") (result i32) (global.get $n)))"#;
    program.modules.insert(0, module("first", first));
    check(&program, NONE, &Outcome::Returned(vec![Value::I32(5)]));
}

#[test]
fn instantiation_that_traps() {
    with_stack(|| {
        let bounds = Outcome::Trapped(Trap::OutOfBoundsMemoryAccess.into());
        check(
            &program("(memory 1) (data (i32.const 65536) \"x\")"),
            NONE,
            &bounds,
        );
        let transcript = run(&program(
            "(table 1 funcref) (elem (i32.const 1) $f) (func $f)",
        ));
        let Outcome::Trapped(traps) = last(&transcript) else {
            panic!("{transcript:?}")
        };
        assert!(traps.contains(Trap::OutOfBoundsTableAccess));
        let start = "(func $f unreachable) (start $f)";
        check(
            &program(start),
            NONE,
            &Outcome::Trapped(Trap::Unreachable.into()),
        );
        let throws = "(tag $t (export \"assay:tag:0\")) (func $f (throw $t)) (start $f)";
        let mut throws = program(throws);
        throws.tags = 1;
        let foreign = Outcome::Threw {
            tag: None,
            payload: vec![],
        };
        check(&throws, EXCEPTIONS, &foreign);
    });
}

#[test]
fn exceptions_come_with_tag_and_payload() {
    let fields = r#"
        (tag $a (export "assay:tag:0"))
        (tag $b (export "assay:tag:1") (param i32 f32 f64 v128 externref i64))
        (tag $c)
        (func (export "a") (throw $a))
        (func (export "b") (throw $b (i32.const -1) (f32.const nan:0x200001) (f64.const -nan)
            (v128.const i64x2 3 4) (ref.null extern) (i64.const 5)))
        (func (export "c") (throw $c))
        (func (export "caught") (result i32)
            (block $h (result i32)
                (try_table (result i32) (catch $d $h) (throw $d (i32.const 9)))))
        (tag $d (param i32))"#;
    let payload = vec![
        Value::I32(u32::MAX),
        Value::F32(0x7fa0_0001),
        Value::F64(0xfff8 << 48),
        Value::V128(4 << 64 | 3),
        Value::Ref(assay_engine::Reference::Null),
        Value::I64(5),
    ];
    for (export, expected) in [
        (
            "a",
            Outcome::Threw {
                tag: Some(0),
                payload: vec![],
            },
        ),
        (
            "b",
            Outcome::Threw {
                tag: Some(1),
                payload,
            },
        ),
        (
            "c",
            Outcome::Threw {
                tag: None,
                payload: vec![],
            },
        ),
        ("caught", Outcome::Returned(vec![Value::I32(9)])),
    ] {
        let mut program = program(fields);
        program.tags = 2;
        program.calls.push(call(export, &[]));
        check(&program, EXCEPTIONS, &expected);
    }
}

#[test]
fn an_exception_is_taken_and_the_next_call_is_clean() {
    let fields = r#"(tag $a (export "assay:tag:0") (param i32))
        (func (export "f") (param i32) (throw $a (local.get 0)))"#;
    let mut program = program(fields);
    program.tags = 1;
    program.calls = (0..3).map(|i| call("f", &[Value::I32(i)])).collect();
    let transcript = super::support::run_with(&program, EXCEPTIONS);
    for (i, step) in (0..).zip(&transcript.calls) {
        let payload = vec![Value::I32(i)];
        assert_eq!(
            step.outcome,
            Outcome::Threw {
                tag: Some(0),
                payload
            }
        );
    }
}

#[test]
fn memories_are_observed_and_read() {
    let mut program = calling(
        r#"(memory (export "assay:memory:0") 1)
           (func (export "f") (i32.store8 (i32.const 3) (i32.const 77)))"#,
        &[],
    );
    program.memories = 1;
    let transcript = run(&program);
    let memory = |step: &assay_engine::Step| step.state.as_ref().expect("a state").memories[0];
    let (before, after) = (
        memory(&transcript.instantiation),
        memory(&transcript.calls[0]),
    );
    assert_eq!(before.bytes, 65536);
    assert_ne!(before.crc32, after.crc32);
    let mut engine = engine(Compiler::Cranelift);
    let content = engine.memory_after(&program, Some(0), 0).expect("it runs");
    assert_eq!((content.len(), content[3]), (65536, 77));
    assert_eq!(
        engine.memory_after(&program, None, 0).expect("it runs")[3],
        0
    );
}

#[test]
fn misuse_is_an_error_and_not_an_outcome() {
    let mut engine = engine(Compiler::Cranelift);
    let program = program("(func (export \"f\") (param i32))");
    let started = engine.instantiate(&program).expect("it runs");
    let mut instance = started.instance.expect("an instance");
    let is_misuse = |result| matches!(result, Err(EngineError::Misuse { .. }));
    assert!(is_misuse(instance.call("g", &[])));
    assert!(is_misuse(instance.call("f", &[])));
    assert!(is_misuse(instance.call("f", &[Value::I64(1)])));
    assert!(is_misuse(
        instance.call("f", &[Value::Ref(assay_engine::Reference::Null)])
    ));
    assert!(instance.memory(0).is_err());
    assert_eq!(
        instance.call("f", &[Value::I32(1)]),
        Ok(Outcome::Returned(vec![]))
    );
}

#[test]
fn instructions_are_counted_and_time_is_measured() {
    let fields = "(func (export \"f\") (param i32) (loop $l
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))";
    for configuration in bases() {
        let mut engine = engine_in(configuration);
        let count = |engine: &mut crate::WasmtimeEngine, n| {
            let program = calling(fields, &[Value::I32(n)]);
            engine.count_instructions(&program).expect("it runs")
        };
        let (ten, twenty) = (count(&mut engine, 10), count(&mut engine, 20));
        assert_eq!(twenty - ten, 50, "five instructions a round");
        assert!(engine.spent().call.is_zero(), "another engine counts");
        drive(&mut engine, &calling(fields, &[Value::I32(3)])).expect("it runs");
        let spent = engine.spent();
        assert!(!spent.compile.is_zero() && !spent.instantiate.is_zero() && !spent.call.is_zero());
    }
}
