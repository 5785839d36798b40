//! Every trap, provoked by the smallest program.

use super::support::{calling, check, with_stack};
use assay_engine::{Features, Outcome, Trap, Traps};

const NONE: Features = Features::empty();
const GC: Features = Features::GC;
const EXCEPTIONS: Features = Features::EXCEPTIONS;

/// A trap, what it needs, and the fields of a module whose `f` traps.
pub(super) const TRAPS: &[(&[Trap], Features, &str)] = &[
    (
        &[Trap::Unreachable],
        NONE,
        "(func (export \"f\") unreachable)",
    ),
    (
        &[Trap::IntegerDivideByZero],
        NONE,
        "(func (export \"f\") (drop (i32.div_u (i32.const 1) (i32.const 0))))",
    ),
    (
        &[Trap::IntegerDivideByZero],
        NONE,
        "(func (export \"f\") (drop (i64.rem_s (i64.const 1) (i64.const 0))))",
    ),
    (
        &[Trap::IntegerOverflow],
        NONE,
        "(func (export \"f\") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))",
    ),
    (
        &[Trap::IntegerOverflow],
        NONE,
        "(func (export \"f\") (drop (i32.trunc_f64_s (f64.const 1e10))))",
    ),
    (
        &[Trap::InvalidConversionToInteger],
        NONE,
        "(func (export \"f\") (drop (i64.trunc_f32_u (f32.const nan))))",
    ),
    (
        &[Trap::OutOfBoundsMemoryAccess],
        NONE,
        "(memory 1) (func (export \"f\") (drop (i32.load (i32.const 65533))))",
    ),
    (
        &[Trap::OutOfBoundsMemoryAccess],
        NONE,
        "(memory 1) (func (export \"f\") (memory.fill (i32.const 65535) (i32.const 0) (i32.const 2)))",
    ),
    (
        &[Trap::UndefinedElement, Trap::OutOfBoundsTableAccess],
        NONE,
        "(table 1 funcref) (func (export \"f\") (table.copy (i32.const 0) (i32.const 1) (i32.const 1)))",
    ),
    (
        &[Trap::UndefinedElement, Trap::OutOfBoundsTableAccess],
        NONE,
        "(table 1 funcref) (func (export \"f\") (call_indirect (i32.const 1)))",
    ),
    (
        &[Trap::UninitializedElement],
        NONE,
        "(table 1 funcref) (func (export \"f\") (call_indirect (i32.const 0)))",
    ),
    (
        &[Trap::IndirectCallTypeMismatch],
        NONE,
        "(table funcref (elem $f)) (func $f (export \"f\")
            (call_indirect (param i32) (i32.const 0) (i32.const 0)))",
    ),
    (
        &[Trap::NullReference],
        GC,
        "(type $s (struct (field i32)))
         (func (export \"f\") (drop (struct.get $s 0 (ref.null $s))))",
    ),
    (
        &[Trap::NullReference],
        GC,
        "(func (export \"f\") (drop (ref.as_non_null (ref.null any))))",
    ),
    (
        &[Trap::NullReference],
        GC,
        "(type $t (func)) (func (export \"f\") (call_ref $t (ref.null $t)))",
    ),
    (
        &[Trap::NullReference],
        EXCEPTIONS,
        "(func (export \"f\") (throw_ref (ref.null exn)))",
    ),
    (
        &[Trap::OutOfBoundsArrayAccess],
        GC,
        "(type $a (array i8)) (func (export \"f\")
            (drop (array.get_u $a (array.new_default $a (i32.const 3)) (i32.const 3))))",
    ),
    (
        &[Trap::CastFailure],
        GC,
        "(func (export \"f\") (drop (ref.cast (ref struct) (ref.i31 (i32.const 1)))))",
    ),
    (
        &[Trap::UnalignedAtomic],
        Features::THREADS,
        "(memory 1) (func (export \"f\") (drop (i32.atomic.load (i32.const 1))))",
    ),
    (
        &[Trap::ExpectedSharedMemory],
        Features::THREADS,
        "(memory 1) (func (export \"f\")
            (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0))))",
    ),
];

#[test]
fn traps() {
    with_stack(|| {
        for &(traps, needs, fields) in TRAPS {
            check(
                &calling(fields, &[]),
                needs,
                &Outcome::Trapped(Traps::any_of(traps)),
            );
        }
    });
    let mut provoked: Vec<Trap> = TRAPS.iter().flat_map(|row| row.0).copied().collect();
    provoked.push(Trap::Host);
    let missing: Vec<_> = Trap::ALL
        .iter()
        .filter(|trap| !provoked.contains(trap))
        .collect();
    assert!(missing.is_empty(), "no program provokes {missing:?}");
}
