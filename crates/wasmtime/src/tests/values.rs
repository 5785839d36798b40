//! Values across the boundary, both ways.

use super::support::{calling, check};
use assay_engine::{Features, Outcome, Reference, Value};

/// A type, the features that it needs, and values that come back as they went.
const ROUND_TRIPS: &[(&str, Features, &[Value])] = &[
    (
        "i32",
        Features::empty(),
        &[Value::I32(0), Value::I32(u32::MAX)],
    ),
    (
        "i64",
        Features::empty(),
        &[Value::I64(1 << 63), Value::I64(7)],
    ),
    (
        "f32",
        Features::empty(),
        &[Value::F32(0x7fa0_0001), Value::F32(0x8000_0000)],
    ),
    (
        "f64",
        Features::empty(),
        &[Value::F64(0x7ff4_0000_0000_0001), Value::F64(1)],
    ),
    ("v128", Features::SIMD, &[Value::V128(u128::MAX - 5)]),
    (
        "externref",
        Features::REFERENCE_TYPES,
        &[
            Value::Ref(Reference::Null),
            Value::Ref(Reference::Extern(0)),
            Value::Ref(Reference::Extern(70)),
        ],
    ),
    (
        "funcref",
        Features::REFERENCE_TYPES,
        &[Value::Ref(Reference::Null)],
    ),
    (
        "(ref extern)",
        Features::GC,
        &[Value::Ref(Reference::Extern(3))],
    ),
    (
        "anyref",
        Features::GC,
        &[
            Value::Ref(Reference::Null),
            Value::Ref(Reference::I31(-5)),
            Value::Ref(Reference::Extern(2)),
        ],
    ),
    (
        "i31ref",
        Features::GC,
        &[
            Value::Ref(Reference::I31(0x3fff_ffff)),
            Value::Ref(Reference::Null),
        ],
    ),
    ("nullref", Features::GC, &[Value::Ref(Reference::Null)]),
    (
        "exnref",
        Features::EXCEPTIONS,
        &[Value::Ref(Reference::Null)],
    ),
];

#[test]
fn values_come_back_as_they_went() {
    for &(ty, needs, values) in ROUND_TRIPS {
        let fields = format!("(func (export \"f\") (param {ty}) (result {ty}) (local.get 0))");
        for &value in values {
            check(
                &calling(&fields, &[value]),
                needs,
                &Outcome::Returned(vec![value]),
            );
        }
    }
}

#[test]
fn references_are_told_by_kind() {
    let fields = r#"
        (type $s (struct)) (type $a (array i8)) (tag $t)
        (func $f (export "f") (result funcref anyref anyref anyref externref)
            (ref.func $f)
            (struct.new $s)
            (array.new_default $a (i32.const 2))
            (ref.i31 (i32.const -1))
            (extern.convert_any (ref.i31 (i32.const 7))))"#;
    let kinds = [
        Reference::Func,
        Reference::Struct,
        Reference::Array,
        Reference::I31(-1),
        Reference::Internal,
    ];
    let values = kinds.into_iter().map(Value::Ref).collect();
    check(
        &calling(fields, &[]),
        Features::GC,
        &Outcome::Returned(values),
    );
    let caught = r#"(tag $t) (func (export "f") (result exnref)
        (block $h (result exnref)
            (try_table (catch_all_ref $h) (throw $t))
            (unreachable)))"#;
    let exn = Outcome::Returned(vec![Value::Ref(Reference::Exn)]);
    check(&calling(caught, &[]), Features::EXCEPTIONS, &exn);
}
