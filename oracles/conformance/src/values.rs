//! Values on their way in and out. All that JavaScript can pass, passes unchanged.

use crate::check::{Check, Failure, Group, same};
use crate::fixture::{NULL, calling, object, outcomes, returned};
use assay_engine::{Engine, Features, Outcome, Reference, Value};

const REFERENCES: Features = Features::REFERENCE_TYPES;

pub(crate) const CHECKS: &[Check] = &[
    Check::code(
        Group::Values,
        "numbers come back as they went",
        Features::empty(),
        numbers,
    ),
    Check::code(
        Group::Values,
        "values of different types keep their order",
        Features::empty(),
        order,
    ),
    Check::returns(
        Group::Values,
        "a function that gives nothing gives no values",
        Features::empty(),
        r#"(func (export "f"))"#,
        &[],
    ),
    Check::code(
        Group::Values,
        "the host's references come back as they went",
        REFERENCES,
        externs,
    ),
    Check::code(
        Group::Values,
        "the host's references keep their number within a module",
        REFERENCES,
        kept,
    ),
    Check::returns(
        Group::Values,
        "functions and their null are told apart",
        REFERENCES,
        r#"(elem declare func $f)
           (func $f (export "f") (result funcref funcref) (ref.func $f) (ref.null func))"#,
        &[Value::Ref(Reference::Func), NULL],
    ),
    Check::code(
        Group::Values,
        "the kinds of internal references are told, or that they are internal",
        Features::GC,
        internal,
    ),
    Check::code(
        Group::Values,
        "the host's references survive a passage through the internal ones",
        Features::GC,
        converted,
    ),
];

/// A type, and values of it.
const NUMBERS: &[(&str, &[Value])] = &[
    (
        "i32",
        &[Value::I32(0), Value::I32(1 << 31), Value::I32(u32::MAX)],
    ),
    (
        "i64",
        &[
            Value::I64(0),
            Value::I64(1 << 63),
            Value::I64(u64::MAX),
            Value::I64((1 << 53) + 1),
        ],
    ),
    // Zeros of both signs, the least number, and infinity.
    (
        "f32",
        &[
            Value::F32(0),
            Value::F32(1 << 31),
            Value::F32(1),
            Value::F32(0x7f80_0000),
        ],
    ),
    (
        "f64",
        &[
            Value::F64(0),
            Value::F64(1 << 63),
            Value::F64(1),
            Value::F64(0xfff0 << 48),
        ],
    ),
];

fn numbers(engine: &mut dyn Engine) -> Result<(), Failure> {
    NUMBERS
        .iter()
        .try_for_each(|(ty, values)| come_back(engine, ty, values))
}

fn externs(engine: &mut dyn Engine) -> Result<(), Failure> {
    come_back(
        engine,
        "externref",
        &[NULL, object(0), object(70), object(0)],
    )
}

/// Each of these values comes back from a function that gives what it takes.
fn come_back(engine: &mut dyn Engine, ty: &str, values: &[Value]) -> Result<(), Failure> {
    let fields = format!(r#"(func (export "f") (param {ty}) (result {ty}) (local.get 0))"#);
    let calls: Vec<_> = values
        .iter()
        .map(|value| ("f", std::slice::from_ref(value)))
        .collect();
    let expected: Vec<_> = calls.iter().map(|call| returned(call.1)).collect();
    same(
        ty,
        &outcomes(engine, &calling(&fields, &calls)?)?,
        &expected,
    )
}

fn order(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"(func (export "f")
        (param i32 i64 f32 f64 i32) (result i32 f64 f32 i64 i32)
        (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0))"#;
    let mut values = [
        Value::I32(u32::MAX),
        Value::I64(1 << 63),
        Value::F32(0x8000_0000),
        Value::F64(5.0f64.to_bits()),
        Value::I32(8),
    ];
    let program = calling(fields, &[("f", &values)])?;
    values.reverse();
    same(
        "the outcomes",
        &outcomes(engine, &program)?[..],
        &[returned(&values)],
    )
}

fn kept(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"
        (global $kept (mut externref) (ref.null extern))
        (table $t 3 externref)
        (func (export "keep") (param externref) (result externref)
            (global.get $kept)
            (global.set $kept (local.get 0))
            (table.fill $t (i32.const 0) (local.get 0) (i32.const 3)))
        (func (export "kept") (result externref externref)
            (global.get $kept) (table.get $t (i32.const 2)))
        (func (export "null") (param externref) (result i32) (ref.is_null (local.get 0)))"#;
    let calls: [(&str, &[Value]); 5] = [
        ("keep", &[object(1)]),
        ("keep", &[object(2)]),
        ("kept", &[]),
        ("null", &[NULL]),
        ("null", &[object(0)]),
    ];
    let found = outcomes(engine, &calling(fields, &calls)?)?;
    let expected: [&[Value]; 5] = [
        &[NULL],
        &[object(1)],
        &[object(2), object(2)],
        &[Value::I32(1)],
        &[Value::I32(0)],
    ];
    same("the outcomes", &found[..], &expected.map(returned))
}

fn internal(engine: &mut dyn Engine) -> Result<(), Failure> {
    use Reference::{Array, Func, I31, Internal, Null, Struct};
    let fields = r#"
        (type $s (struct)) (type $a (array i8))
        (elem declare func $f)
        (func $f (export "f") (result externref externref anyref anyref anyref funcref eqref)
            (extern.convert_any (ref.i31 (i32.const 3)))
            (extern.convert_any (struct.new $s))
            (ref.i31 (i32.const -7))
            (struct.new $s)
            (array.new_fixed $a 0)
            (ref.func $f)
            (ref.null eq))"#;
    let told = [Internal, Internal, I31(-7), Struct, Array, Func, Null].map(Value::Ref);
    let untold = [Internal, Internal, I31(-7), Internal, Internal, Func, Null].map(Value::Ref);
    let found = outcomes(engine, &calling(fields, &[("f", &[])])?)?;
    match &found[..] {
        [Outcome::Returned(values)] if *values == untold => Ok(()),
        found => same("the outcomes", found, &[returned(&told)]),
    }
}

fn converted(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"
        (global $kept (mut anyref) (ref.null any))
        (func (export "keep") (param externref) (result i32)
            (global.set $kept (any.convert_extern (local.get 0)))
            (ref.test eqref (global.get $kept)))
        (func (export "kept") (result externref) (extern.convert_any (global.get $kept)))"#;
    let program = calling(fields, &[("keep", &[object(5)]), ("kept", &[])])?;
    let expected = [returned(&[Value::I32(0)]), returned(&[object(5)])];
    same("the outcomes", &outcomes(engine, &program)?[..], &expected)
}
