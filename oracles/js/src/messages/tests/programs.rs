//! The modules that provoke the texts, each with what it has to come to.

use Fate::{TooMuch, Traps, TrapsOrTooMuch};
use assay_engine::{Resource, Trap};

/// What the specification says of a module, or which limit it is too much for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// Has to trap so.
    Traps(Trap),
    /// May exhaust; an engine that has room for it returns.
    TooMuch(Resource),
    /// Traps, but an engine may run out of memory first.
    TrapsOrTooMuch(Trap),
}

/// Fields before the function, and its body. The function has no results.
pub(super) const CALLS: &[(Fate, &str, &str)] = &[
    (Traps(Trap::Unreachable), "", "unreachable"),
    (
        Traps(Trap::IntegerDivideByZero),
        "",
        "(drop (i32.div_s (i32.const 1) (i32.const 0)))",
    ),
    (
        Traps(Trap::IntegerDivideByZero),
        "",
        "(drop (i64.rem_u (i64.const 1) (i64.const 0)))",
    ),
    (
        Traps(Trap::IntegerOverflow),
        "",
        "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
    ),
    (
        Traps(Trap::IntegerOverflow),
        "",
        "(drop (i32.trunc_f64_s (f64.const 1e30)))",
    ),
    (
        Traps(Trap::InvalidConversionToInteger),
        "",
        "(drop (i64.trunc_f32_u (f32.const nan)))",
    ),
    (
        Traps(Trap::OutOfBoundsMemoryAccess),
        MEMORY,
        "(drop (i32.load (i32.const 65536)))",
    ),
    (
        Traps(Trap::OutOfBoundsMemoryAccess),
        MEMORY64,
        "(drop (i32.load (i64.const -1)))",
    ),
    (
        Traps(Trap::OutOfBoundsMemoryAccess),
        MEMORY,
        "(v128.store (i32.const -1) (v128.const i64x2 0 0))",
    ),
    (
        Traps(Trap::OutOfBoundsMemoryAccess),
        MEMORY,
        "(memory.fill (i32.const 65536) (i32.const 0) (i32.const 1))",
    ),
    (
        Traps(Trap::OutOfBoundsMemoryAccess),
        MEMORY,
        "(memory.copy (i32.const 0) (i32.const 65536) (i32.const 1))",
    ),
    (
        Traps(Trap::OutOfBoundsMemoryAccess),
        MEMORY,
        "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 4))",
    ),
    (
        Traps(Trap::UnalignedAtomic),
        MEMORY,
        "(drop (i32.atomic.load (i32.const 1)))",
    ),
    (
        Traps(Trap::UnalignedAtomic),
        SHARED,
        "(drop (memory.atomic.notify (i32.const 1) (i32.const 0)))",
    ),
    (
        Traps(Trap::ExpectedSharedMemory),
        MEMORY,
        "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const 0)))",
    ),
    (
        Traps(Trap::OutOfBoundsTableAccess),
        TABLE,
        "(drop (table.get (i32.const 2)))",
    ),
    (
        Traps(Trap::OutOfBoundsTableAccess),
        TABLE,
        "(table.fill (i32.const 2) (ref.null func) (i32.const 1))",
    ),
    (
        Traps(Trap::OutOfBoundsTableAccess),
        TABLE,
        "(table.copy (i32.const 2) (i32.const 0) (i32.const 1))",
    ),
    (
        Traps(Trap::OutOfBoundsTableAccess),
        TABLE,
        "(table.init $e (i32.const 0) (i32.const 0) (i32.const 2))",
    ),
    (
        Traps(Trap::UndefinedElement),
        TABLE,
        "(call_indirect (i32.const 2))",
    ),
    (
        Traps(Trap::UndefinedElement),
        TABLE,
        "(return_call_indirect (i32.const 2))",
    ),
    (
        Traps(Trap::UninitializedElement),
        TABLE,
        "(call_indirect (i32.const 1))",
    ),
    (
        Traps(Trap::UninitializedElement),
        "(table 1 (ref null $f))",
        "(call_indirect (type $f) (i32.const 0))",
    ),
    (
        Traps(Trap::IndirectCallTypeMismatch),
        TABLE,
        "(call_indirect (param i32) (i32.const 0) (i32.const 0))",
    ),
    (
        Traps(Trap::NullReference),
        "",
        "(call_ref $f (ref.null $f))",
    ),
    (
        Traps(Trap::NullReference),
        "",
        "(return_call_ref $f (ref.null $f))",
    ),
    (
        Traps(Trap::NullReference),
        "",
        "(drop (ref.as_non_null (ref.null func)))",
    ),
    (Traps(Trap::NullReference), "", "(throw_ref (ref.null exn))"),
    (
        Traps(Trap::NullReference),
        "",
        "(drop (struct.get $s 0 (ref.null $s)))",
    ),
    (
        Traps(Trap::NullReference),
        "",
        "(drop (array.get $a (ref.null $a) (i32.const 0)))",
    ),
    (
        Traps(Trap::NullReference),
        "",
        "(drop (array.len (ref.null array)))",
    ),
    (
        Traps(Trap::NullReference),
        "",
        "(array.set $a (ref.null $a) (i32.const 0) (i32.const 0))",
    ),
    (
        Traps(Trap::NullReference),
        "",
        "(array.fill $a (ref.null $a) (i32.const 0) (i32.const 0) (i32.const 0))",
    ),
    (
        Traps(Trap::NullReference),
        ARRAY,
        "(array.copy $a $a (call $array) (i32.const 0) (ref.null $a) (i32.const 0) (i32.const 0))",
    ),
    (
        Traps(Trap::NullReference),
        "",
        "(array.init_data $a $d (ref.null $a) (i32.const 0) (i32.const 0) (i32.const 0))",
    ),
    (
        Traps(Trap::NullReference),
        TABLE,
        "(array.init_elem $r $e (ref.null $r) (i32.const 0) (i32.const 0) (i32.const 0))",
    ),
    (
        Traps(Trap::NullReference),
        "",
        "(drop (i31.get_s (ref.null i31)))",
    ),
    (
        Traps(Trap::CastFailure),
        "",
        "(drop (ref.cast (ref $a) (struct.new_default $s)))",
    ),
    (
        Traps(Trap::CastFailure),
        "",
        "(drop (ref.cast (ref $s) (ref.null $s)))",
    ),
    (
        Traps(Trap::CastFailure),
        "",
        "(drop (ref.cast (ref i31) (ref.null any)))",
    ),
    (
        Traps(Trap::OutOfBoundsArrayAccess),
        ARRAY,
        "(drop (array.get $a (call $array) (i32.const 2)))",
    ),
    (
        Traps(Trap::OutOfBoundsArrayAccess),
        ARRAY,
        "(array.set $a (call $array) (i32.const 2) (i32.const 0))",
    ),
    (
        Traps(Trap::OutOfBoundsArrayAccess),
        ARRAY,
        "(array.fill $a (call $array) (i32.const 2) (i32.const 0) (i32.const 1))",
    ),
    (
        Traps(Trap::OutOfBoundsArrayAccess),
        ARRAY,
        "(array.copy $a $a (call $array) (i32.const 2) (call $array) (i32.const 0) (i32.const 1))",
    ),
    (
        Traps(Trap::OutOfBoundsArrayAccess),
        ARRAY,
        "(array.init_data $a $d (call $array) (i32.const 3) (i32.const 0) (i32.const 0))",
    ),
    (
        Traps(Trap::OutOfBoundsMemoryAccess),
        ARRAY,
        "(array.init_data $a $d (call $array) (i32.const 0) (i32.const 1) (i32.const 1))",
    ),
    (
        Traps(Trap::OutOfBoundsMemoryAccess),
        "",
        "(drop (array.new_data $a $d (i32.const 1) (i32.const 1)))",
    ),
    (
        TrapsOrTooMuch(Trap::OutOfBoundsMemoryAccess),
        "",
        "(drop (array.new_data $a $d (i32.const 0) (i32.const 0x7fffffff)))",
    ),
    (
        Traps(Trap::OutOfBoundsArrayAccess),
        TABLE,
        "(array.init_elem $r $e (array.new_default $r (i32.const 2)) (i32.const 3) (i32.const 0) (i32.const 0))",
    ),
    (
        Traps(Trap::OutOfBoundsTableAccess),
        TABLE,
        "(array.init_elem $r $e (array.new_default $r (i32.const 2)) (i32.const 0) (i32.const 1) (i32.const 1))",
    ),
    (
        Traps(Trap::OutOfBoundsTableAccess),
        TABLE,
        "(drop (array.new_elem $r $e (i32.const 1) (i32.const 1)))",
    ),
    (TooMuch(Resource::Stack), "", "(call $test)"),
    (
        TooMuch(Resource::Memory),
        "",
        "(drop (array.new_default $a (i32.const -1)))",
    ),
];

const MEMORY: &str = "(memory 1)";
const MEMORY64: &str = "(memory i64 1)";
const SHARED: &str = "(memory 1 1 shared)";
const TABLE: &str = "(table 2 funcref) (elem (i32.const 0) $nothing) (elem $e func $nothing)";
const ARRAY: &str = "(func $array (result (ref $a)) (array.new_default $a (i32.const 2)))";

/// What every module has beside the fields that it asks for.
pub(super) const COMMON: &str = r#"
    (type $f (func)) (type $s (sub (struct (field i32)))) (type $a (array (mut i32)))
    (type $r (array (mut funcref)))
    (data $d "123") (func $nothing)"#;

/// Modules that fail as they are instantiated.
pub(super) const INSTANTIATIONS: &[(Fate, &str)] = &[
    (Traps(Trap::Unreachable), "(func $u unreachable) (start $u)"),
    (
        Traps(Trap::OutOfBoundsMemoryAccess),
        r#"(memory 1) (data (i32.const 65535) "12")"#,
    ),
    (
        Traps(Trap::OutOfBoundsMemoryAccess),
        r#"(memory i64 1) (data (i64.const -1) "12")"#,
    ),
    (
        Traps(Trap::OutOfBoundsMemoryAccess),
        r#"(memory 0) (data (i32.const 0) "1")"#,
    ),
    (
        Traps(Trap::OutOfBoundsTableAccess),
        "(table 1 funcref) (elem (i32.const 1) $nothing)",
    ),
    (
        TooMuch(Resource::Memory),
        "(global (ref $a) (array.new_default $a (i32.const 0x7fffffff)))",
    ),
    (TooMuch(Resource::Memory), "(memory i64 0x40000)"),
    (TooMuch(Resource::Memory), "(table 0x7fffffff funcref)"),
];
