//! Limits, and what only Wasmtime passes to the host.

use super::support::{call, calling, check, engine_in, last, program, with_stack};
use assay_engine::{Features, Outcome, Phase, Resource, Trap, Value, drive};

const NONE: Features = Features::empty();
const GC: Features = Features::GC;
const EXCEPTIONS: Features = Features::EXCEPTIONS;

#[test]
fn the_heap_is_what_a_program_runs_out_of() {
    with_stack(|| {
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
            let run = drive(&mut engine, &program(fields)).expect("it runs");
            assert_eq!(last(&run), expected, "{fields}");
        }
    }
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
