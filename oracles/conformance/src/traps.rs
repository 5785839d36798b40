//! Every trap by its kind, and the end of the stack.

use crate::check::{Check, Failure, Group, same};
use crate::fixture::{calling, last, outcomes, returned};
use assay_engine::{Engine, Features, Outcome, Resource, Trap, Value};

const NONE: Features = Features::empty();
const REFERENCES: Features = Features::REFERENCE_TYPES;
const GC: Features = Features::GC;
const THREADS: Features = Features::THREADS;

/// A check that `f`, or instantiation, traps so.
const fn row(name: &'static str, needs: Features, trap: Trap, fields: &'static str) -> Check {
    Check::traps(name, needs, trap, fields)
}

#[rustfmt::skip]
pub(crate) const CHECKS: &[Check] = &[
    row("unreachable", NONE, Trap::Unreachable,
        "(func (export \"f\") unreachable)"),
    row("i32.div_s by zero", NONE, Trap::IntegerDivideByZero,
        "(func (export \"f\") (drop (i32.div_s (i32.const 1) (i32.const 0))))"),
    row("i64.rem_u by zero", NONE, Trap::IntegerDivideByZero,
        "(func (export \"f\") (drop (i64.rem_u (i64.const 1) (i64.const 0))))"),
    row("i32.div_s that overflows", NONE, Trap::IntegerOverflow,
        "(func (export \"f\") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))"),
    row("i32.trunc_f32_s that overflows", NONE, Trap::IntegerOverflow,
        "(func (export \"f\") (drop (i32.trunc_f32_s (f32.const 1e10))))"),
    row("i64.trunc_f64_u below zero", NONE, Trap::IntegerOverflow,
        "(func (export \"f\") (drop (i64.trunc_f64_u (f64.const -1))))"),
    row("i32.trunc_f64_s of a NaN", NONE, Trap::InvalidConversionToInteger,
        "(func (export \"f\") (drop (i32.trunc_f64_s (f64.const nan))))"),
    row("i32.load", NONE, Trap::OutOfBoundsMemoryAccess,
        "(memory 1) (func (export \"f\") (drop (i32.load (i32.const 65533))))"),
    row("i64.store", NONE, Trap::OutOfBoundsMemoryAccess,
        "(memory 1) (func (export \"f\") (i64.store (i32.const -1) (i64.const 0)))"),
    row("v128.load", Features::SIMD, Trap::OutOfBoundsMemoryAccess,
        "(memory 1) (func (export \"f\") (drop (v128.load (i32.const 65521))))"),
    row("i32.load of a 64-bit memory", Features::MEMORY64, Trap::OutOfBoundsMemoryAccess,
        "(memory i64 1) (func (export \"f\") (drop (i32.load (i64.const -1))))"),
    row("memory.fill", NONE, Trap::OutOfBoundsMemoryAccess,
        "(memory 1) (func (export \"f\") (memory.fill (i32.const 1) (i32.const 0) (i32.const 65536)))"),
    row("memory.copy", NONE, Trap::OutOfBoundsMemoryAccess,
        "(memory 1) (func (export \"f\") (memory.copy (i32.const 1) (i32.const 0) (i32.const 65536)))"),
    row("memory.init", NONE, Trap::OutOfBoundsMemoryAccess,
        "(memory 1) (data $d \"abc\")
         (func (export \"f\") (memory.init $d (i32.const 0) (i32.const 1) (i32.const 3)))"),
    row("table.get", REFERENCES, Trap::OutOfBoundsTableAccess,
        "(table 3 funcref) (func (export \"f\") (drop (table.get 0 (i32.const 3))))"),
    row("table.set", REFERENCES, Trap::OutOfBoundsTableAccess,
        "(table 3 funcref) (func (export \"f\") (table.set 0 (i32.const 3) (ref.null func)))"),
    row("table.fill", REFERENCES, Trap::OutOfBoundsTableAccess,
        "(table 3 funcref)
         (func (export \"f\") (table.fill 0 (i32.const 1) (ref.null func) (i32.const 3)))"),
    row("table.copy", NONE, Trap::OutOfBoundsTableAccess,
        "(table 3 funcref) (func (export \"f\") (table.copy (i32.const 1) (i32.const 0) (i32.const 3)))"),
    row("table.init", NONE, Trap::OutOfBoundsTableAccess,
        "(table 3 funcref) (elem $e func $f)
         (func $f (export \"f\") (table.init $e (i32.const 0) (i32.const 1) (i32.const 1)))"),
    row("call_indirect beyond the table", NONE, Trap::UndefinedElement,
        "(table 3 funcref) (func (export \"f\") (call_indirect (i32.const 3)))"),
    row("return_call_indirect beyond the table", Features::TAIL_CALL, Trap::UndefinedElement,
        "(table 3 funcref) (func (export \"f\") (return_call_indirect (i32.const -1)))"),
    row("call_indirect of a null", NONE, Trap::UninitializedElement,
        "(table 3 funcref) (func (export \"f\") (call_indirect (i32.const 0)))"),
    row("call_indirect of another type", NONE, Trap::IndirectCallTypeMismatch,
        "(table funcref (elem $f))
         (func $f (export \"f\") (call_indirect (param i32) (i32.const 0) (i32.const 0)))"),
    row("struct.get of a null", GC, Trap::NullReference,
        "(type $s (struct (field i32))) (func (export \"f\") (drop (struct.get $s 0 (ref.null $s))))"),
    row("array.len of a null", GC, Trap::NullReference,
        "(func (export \"f\") (drop (array.len (ref.null array))))"),
    row("i31.get_s of a null", GC, Trap::NullReference,
        "(func (export \"f\") (drop (i31.get_s (ref.null i31))))"),
    row("ref.as_non_null of a null", Features::FUNCTION_REFERENCES, Trap::NullReference,
        "(func (export \"f\") (drop (ref.as_non_null (ref.null func))))"),
    row("call_ref of a null", Features::FUNCTION_REFERENCES, Trap::NullReference,
        "(type $t (func)) (func (export \"f\") (call_ref $t (ref.null $t)))"),
    row("throw_ref of a null", Features::EXCEPTIONS, Trap::NullReference,
        "(func (export \"f\") (throw_ref (ref.null exn)))"),
    row("array.get_u", GC, Trap::OutOfBoundsArrayAccess,
        "(type $a (array i8)) (func (export \"f\")
            (drop (array.get_u $a (array.new_default $a (i32.const 3)) (i32.const 3))))"),
    row("array.fill", GC, Trap::OutOfBoundsArrayAccess,
        "(type $a (array (mut i8))) (func (export \"f\")
            (array.fill $a (array.new_default $a (i32.const 3)) (i32.const 2) (i32.const 1) (i32.const 2)))"),
    row("array.new_data", GC, Trap::OutOfBoundsMemoryAccess,
        "(type $a (array i8)) (data $d \"abc\") (func (export \"f\")
            (drop (array.new_data $a $d (i32.const 1) (i32.const 3))))"),
    row("ref.cast", GC, Trap::CastFailure,
        "(func (export \"f\") (drop (ref.cast (ref struct) (ref.i31 (i32.const 1)))))"),
    row("i32.atomic.load", THREADS, Trap::UnalignedAtomic,
        "(memory 1) (func (export \"f\") (drop (i32.atomic.load (i32.const 1))))"),
    row("memory.atomic.wait32", THREADS, Trap::ExpectedSharedMemory,
        "(memory 1) (func (export \"f\")
            (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0))))"),
    row("a data segment", NONE, Trap::OutOfBoundsMemoryAccess,
        "(memory 1) (data (i32.const 65535) \"ab\")"),
    row("an empty data segment beyond the end", NONE, Trap::OutOfBoundsMemoryAccess,
        "(memory 0) (data (i32.const 1))"),
    row("a data segment of a 64-bit memory", Features::MEMORY64, Trap::OutOfBoundsMemoryAccess,
        "(memory i64 1) (data (i64.const -1) \"a\")"),
    row("an element segment", NONE, Trap::OutOfBoundsTableAccess,
        "(table 1 funcref) (elem (i32.const 1) func $f) (func $f)"),
    row("an empty element segment beyond the end", NONE, Trap::OutOfBoundsTableAccess,
        "(table 1 funcref) (elem (i32.const 2) func)"),
    row("a start function", NONE, Trap::Unreachable,
        "(func $s unreachable) (start $s)"),
    Check::code(Group::Traps, "what was done before a trap stays done", NONE, effects_stay),
    Check::code(Group::Traps, "the stack ends, and the engine goes on", NONE, stack_ends),
    Check::code(Group::Traps, "the stack ends, and the instance goes on", NONE, goes_on_without_stack),
    Check::code(Group::Traps, "the heap is too small, and the instance goes on", GC, goes_on_without_heap),
    Check::code(Group::Traps, "a long loop exhausts nothing", NONE, long_loop),
];

fn effects_stay(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"(global $n (mut i32) (i32.const 0)) (memory 1)
        (func (export "f") (global.set $n (i32.const 7)) (i32.store8 (i32.const 5) (i32.const 8))
            unreachable)
        (func (export "g") (result i32 i32) (global.get $n) (i32.load8_u (i32.const 5)))"#;
    let program = calling(fields, &[("f", &[]), ("g", &[])])?;
    let expected = [
        Outcome::Trapped(Trap::Unreachable.into()),
        returned(&[7, 8].map(Value::I32)),
    ];
    same("the outcomes", &outcomes(engine, &program)?[..], &expected)
}

fn goes_on_without_stack(engine: &mut dyn Engine) -> Result<(), Failure> {
    goes_on(
        engine,
        Resource::Stack,
        r#"(func $deep (export "f") (param i64)
            (global.set $n (i32.const 7)) (call $deep (i64.add (local.get 0) (i64.const 1)))
            (global.set $n (i32.const 8)))"#,
    )
}

fn goes_on_without_heap(engine: &mut dyn Engine) -> Result<(), Failure> {
    goes_on(
        engine,
        Resource::Memory,
        r#"(type $a (array i64)) (func (export "f") (param i64)
            (global.set $n (i32.const 7))
            (drop (array.new $a (local.get 0) (i32.const -1)))
            (global.set $n (i32.const 8)))"#,
    )
}

/// `f` sets the global to 7, and then runs out of something: it may be called again, and others are, too.
fn goes_on(engine: &mut dyn Engine, resource: Resource, f: &str) -> Result<(), Failure> {
    let fields = format!(
        r#"(global $n (mut i32) (i32.const 0)) {f}
        (func (export "g") (result i32) (global.get $n))"#
    );
    let arguments = [Value::I64(1)];
    let program = calling(&fields, &[("f", &arguments), ("f", &arguments), ("g", &[])])?;
    let expected = [
        Outcome::Exhausted(resource),
        Outcome::Exhausted(resource),
        returned(&[Value::I32(7)]),
    ];
    same("the outcomes", &outcomes(engine, &program)?[..], &expected)
}

fn stack_ends(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"
        (func $deep (export "deep") (param i64 i64) (result i64)
            (i64.add (local.get 0) (call $deep (local.get 1) (local.get 0))))
        (func $down (export "down") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.const 0))))"#;
    let deep = calling(fields, &[("deep", &[Value::I64(1), Value::I64(2)])])?;
    let shallow = calling(fields, &[("down", &[Value::I32(1000)])])?;
    let exhausted = Outcome::Exhausted(Resource::Stack);
    for _ in 0..2 {
        same("endless recursion", &last(&engine.run(&deep)?), &exhausted)?;
    }
    let found = last(&engine.run(&shallow)?);
    same(
        "recursion that ends",
        &found,
        &returned(&[Value::I32(1000)]),
    )
}

fn long_loop(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"(func (export "f") (param $n i32) (result i32) (local $i i32)
        (loop
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if 0 (i32.lt_u (local.get $i) (local.get $n))))
        (local.get $i))"#;
    let million = [Value::I32(1_000_000)];
    let program = calling(fields, &[("f", &million)])?;
    same(
        "the outcomes",
        &outcomes(engine, &program)?[..],
        &[returned(&million)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Body;

    #[test]
    fn every_trap_is_provoked() {
        let rows = CHECKS.iter().filter_map(|check| match check.body {
            Body::Traps(_, trap) => Some(trap),
            _ => None,
        });
        let mut provoked: Vec<_> = rows.collect();
        // That one is for the checks of the host.
        provoked.push(Trap::Host);
        let mut all = Trap::ALL.iter();
        assert_eq!(all.find(|trap| !provoked.contains(trap)), None);
    }
}
