//! Every trap, every exhaustion, every rejection.

mod common;

use assay_engine::{Engine, Module, Outcome, Phase, Program, Resource, Trap, Traps, Value};
use assay_wasmi::WasmiEngine;
use common::{call, start};

/// The outcome of the body of a function, in a module with a memory, tables and segments.
fn body(body: &str) -> Outcome {
    let text = format!(
        r#"(module
            (type $void (func)) (type $one (func (param i32)))
            (memory 1) (data $d "abc")
            (table $t 3 funcref) (elem (table $t) (i32.const 0) func $void)
            (elem $e func $void)
            (func $void (type $void))
            (func (export "f") {body}))"#
    );
    call(&text, "f", &[])
}

#[test]
fn every_trap_kind() {
    use Trap::*;
    let access = &[OutOfBoundsTableAccess, UndefinedElement][..];
    let cases: &[(&str, &[Trap])] = &[
        ("unreachable", &[Unreachable]),
        (
            "(drop (i32.div_s (i32.const 1) (i32.const 0)))",
            &[IntegerDivideByZero],
        ),
        (
            "(drop (i64.rem_u (i64.const 1) (i64.const 0)))",
            &[IntegerDivideByZero],
        ),
        (
            "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
            &[IntegerOverflow],
        ),
        (
            "(drop (i32.trunc_f32_s (f32.const 1e10)))",
            &[IntegerOverflow],
        ),
        (
            "(drop (i64.trunc_f64_u (f64.const -1)))",
            &[IntegerOverflow],
        ),
        (
            "(drop (i32.trunc_f64_s (f64.const nan)))",
            &[InvalidConversionToInteger],
        ),
        (
            "(drop (i32.load (i32.const 65533)))",
            &[OutOfBoundsMemoryAccess],
        ),
        (
            "(drop (v128.load (i32.const 65521)))",
            &[OutOfBoundsMemoryAccess],
        ),
        (
            "(i64.store (i32.const -1) (i64.const 0))",
            &[OutOfBoundsMemoryAccess],
        ),
        (
            "(memory.fill (i32.const 1) (i32.const 0) (i32.const 65536))",
            &[OutOfBoundsMemoryAccess],
        ),
        (
            "(memory.copy (i32.const 1) (i32.const 0) (i32.const 65536))",
            &[OutOfBoundsMemoryAccess],
        ),
        (
            "(memory.init $d (i32.const 0) (i32.const 1) (i32.const 3))",
            &[OutOfBoundsMemoryAccess],
        ),
        ("(drop (table.get $t (i32.const 3)))", access),
        ("(table.set $t (i32.const 3) (ref.null func))", access),
        (
            "(table.fill $t (i32.const 1) (ref.null func) (i32.const 3))",
            access,
        ),
        (
            "(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 3))",
            access,
        ),
        (
            "(table.init $t $e (i32.const 0) (i32.const 1) (i32.const 1))",
            access,
        ),
        ("(call_indirect $t (type $void) (i32.const 3))", access),
        (
            "(return_call_indirect $t (type $void) (i32.const -1))",
            access,
        ),
        (
            "(call_indirect $t (type $void) (i32.const 1))",
            &[UninitializedElement],
        ),
        (
            "(call_indirect $t (type $one) (i32.const 0) (i32.const 0))",
            &[IndirectCallTypeMismatch],
        ),
    ];
    for (text, traps) in cases {
        assert_eq!(body(text), Outcome::Trapped(Traps::any_of(traps)), "{text}");
    }
    assert_eq!(
        body("(call_indirect $t (type $void) (i32.const 0))"),
        Outcome::Returned(vec![])
    );
}

#[test]
fn segments_out_of_bounds_trap() {
    let trapped = |trap: Trap| Outcome::Trapped(trap.into());
    let cases = [
        (
            r#"(memory 1) (data (i32.const 65535) "ab")"#,
            Trap::OutOfBoundsMemoryAccess,
        ),
        (
            r#"(memory 0) (data (i32.const 1))"#,
            Trap::OutOfBoundsMemoryAccess,
        ),
        (
            r#"(memory i64 1) (data (i64.const -1) "a")"#,
            Trap::OutOfBoundsMemoryAccess,
        ),
        (
            "(table 1 funcref) (elem (i32.const 1) func $f) (func $f)",
            Trap::OutOfBoundsTableAccess,
        ),
        (
            "(table 1 funcref) (elem (i32.const 2) func)",
            Trap::OutOfBoundsTableAccess,
        ),
        ("(func $s unreachable) (start $s)", Trap::Unreachable),
    ];
    for (text, trap) in cases {
        assert_eq!(
            start(&[("m", &format!("(module {text})"))]),
            trapped(trap),
            "{text}"
        );
    }
}

#[test]
fn endless_recursion_exhausts_the_stack_and_the_engine_goes_on() {
    let text = r#"(module
        (func $deep (export "deep") (param i64 i64) (result i64)
            (i64.add (local.get 0) (call $deep (local.get 1) (local.get 0))))
        (func $down (export "down") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.const 0)))))"#;
    let program = common::program(&[("m", text)]);
    let deep = ("deep", &[Value::I64(1), Value::I64(2)][..]);
    let ran = common::run(&program, &[deep, deep, ("down", &[Value::I32(10_000)])]).unwrap();
    assert_eq!(ran[0].outcome, Outcome::Exhausted(Resource::Stack));
    assert_eq!(ran[1].outcome, Outcome::Exhausted(Resource::Stack));
    assert_eq!(ran[2].outcome, Outcome::Returned(vec![Value::I32(10_000)]));
}

#[test]
fn loops_and_tail_calls_need_no_stack() {
    let text = r#"(module
        (func (export "loop") (param $n i32) (result i32) (local $i i32)
            (loop
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get $i) (local.get $n))))
            (local.get $i))
        (func $tail (export "tail") (param $n i32) (result i32)
            (if (local.get $n)
                (then (return_call $tail (i32.sub (local.get $n) (i32.const 1)))))
            (i32.const 7)))"#;
    let million = &[Value::I32(1_000_000)][..];
    assert_eq!(
        call(text, "loop", million),
        Outcome::Returned(million.to_vec())
    );
    assert_eq!(
        call(text, "tail", million),
        Outcome::Returned(vec![Value::I32(7)])
    );
}

#[test]
fn too_large_a_memory_or_table_exhausts_memory() {
    for text in [
        "(memory i64 0x1000000000000)",
        "(table i64 0x1000000000000 funcref)",
    ] {
        let outcome = start(&[("m", &format!("(module {text})"))]);
        assert_eq!(outcome, Outcome::Exhausted(Resource::Memory), "{text}");
    }
}

#[test]
fn refused_modules_say_in_which_phase() {
    let compile = Outcome::Rejected(Phase::Compile);
    assert_eq!(
        start(&[("m", "(module (func (result i32)))")]),
        compile,
        "invalid, if never called"
    );
    assert_eq!(
        start(&[("m", "(module (func unreachable (ref.i31)  drop))")]),
        compile,
        "no GC"
    );
    for wasm in [&b""[..], b"\0asm", b"\0asm\x02\0\0\0", b"(module)"] {
        let modules = vec![Module {
            name: "m".into(),
            wasm: wasm.to_vec(),
        }];
        let program = Program {
            modules,
            ..Program::default()
        };
        assert_eq!(
            WasmiEngine::new().instantiate(&program).unwrap().outcome,
            compile,
            "{wasm:?}"
        );
    }
    let link = Outcome::Rejected(Phase::Link);
    assert_eq!(start(&[("m", r#"(module (import "a" "b" (func)))"#)]), link);
    assert_eq!(
        start(&[("m", r#"(module (import "assay:host" "0" (func)))"#)]),
        link
    );
    assert_eq!(
        start(&[("m", r#"(module (import "assay:host" "x" (func)))"#)]),
        link
    );
}
