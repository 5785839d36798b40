//! Programs of several modules, and modules that are refused.

use crate::check::{Check, Failure, Group, same};
use crate::fixture::{call, calling, function, hosted, linked, outcomes, returned, start};
use assay_engine::{Engine, Features, Module, Outcome, Phase, Program, Slot, Value};

const fn check(name: &'static str, code: fn(&mut dyn Engine) -> Result<(), Failure>) -> Check {
    Check::code(Group::Linking, name, Features::empty(), code)
}

pub(crate) const CHECKS: &[Check] = &[
    check("later modules import from earlier ones", imports),
    check("instances share what they import", sharing),
    check("of equal names, the last module has it", shadowing),
    check(
        "imports that do not match are refused at linking",
        mismatches,
    ),
    check("so are host functions that are not there", no_host_function),
    check("or that have another type", other_host_function),
    check("what is no valid module is refused at compilation", invalid),
    check("so is one that follows a valid one", invalid_later),
];

const EXPORTER: &str = r#"
    (memory (export "mem") 1 3) (data (i32.const 0) "\2a")
    (table (export "tab") 2 funcref)
    (global $glob (export "glob") (mut i32) (i32.const 3))
    (func (export "seven") (result i32) (i32.const 7))
    (func (export "get") (result i32) (global.get $glob))"#;

fn imports(engine: &mut dyn Engine) -> Result<(), Failure> {
    let importer = r#"
        (import "a" "mem" (memory 1))
        (import "a" "tab" (table 2 funcref))
        (import "a" "glob" (global $g (mut i32)))
        (import "a" "seven" (func $seven (result i32)))
        (elem (i32.const 1) func $seven)
        (func (export "f") (result i32 i32 i32)
            (i32.load (i32.const 0)) (global.get $g)
            (call_indirect (result i32) (i32.const 1)))"#;
    let mut program = linked(&[("a", EXPORTER), ("b", importer)])?;
    program.calls = vec![call("f", &[])];
    let values = [42, 3, 7].map(Value::I32);
    same(
        "the outcomes",
        &outcomes(engine, &program)?[..],
        &[returned(&values)],
    )
}

fn sharing(engine: &mut dyn Engine) -> Result<(), Failure> {
    let importer = r#"
        (import "a" "glob" (global $g (mut i32)))
        (import "a" "get" (func $get (result i32)))
        (func (export "f") (result i32) (global.set $g (i32.const 5)) (call $get))"#;
    let mut program = linked(&[("a", EXPORTER), ("b", importer)])?;
    program.calls = vec![call("f", &[])];
    let expected = returned(&[Value::I32(5)]);
    same(
        "the outcomes",
        &outcomes(engine, &program)?[..],
        &[expected],
    )
}

fn shadowing(engine: &mut dyn Engine) -> Result<(), Failure> {
    let first = r#"(func (export "n") (result i32) (i32.const 1))"#;
    let second = r#"(func (export "n") (result i32) (i32.const 2))"#;
    let importer = r#"(import "a" "n" (func $n (result i32))) (export "f" (func $n))"#;
    let mut program = linked(&[("a", first), ("a", second), ("b", importer)])?;
    program.calls = vec![call("f", &[])];
    let expected = returned(&[Value::I32(2)]);
    same(
        "the outcomes",
        &outcomes(engine, &program)?[..],
        &[expected],
    )
}

const MISMATCHES: &[&str] = &[
    r#"(import "a" "seven" (func (result i64)))"#,
    r#"(import "a" "seven" (func (param i32) (result i32)))"#,
    r#"(import "a" "seven" (memory 1))"#,
    r#"(import "a" "mem" (memory 2))"#,
    r#"(import "a" "mem" (memory 1 2))"#,
    r#"(import "a" "tab" (table 3 funcref))"#,
    r#"(import "a" "glob" (global i32))"#,
    r#"(import "a" "glob" (global (mut i64)))"#,
    r#"(import "a" "nothing" (func))"#,
    r#"(import "b" "seven" (func (result i32)))"#,
    r#"(import "nobody" "seven" (func (result i32)))"#,
];

fn mismatches(engine: &mut dyn Engine) -> Result<(), Failure> {
    for import in MISMATCHES {
        let program = linked(&[("a", EXPORTER), ("b", import)])?;
        refused(engine, &program, import, Phase::Link)?;
    }
    Ok(())
}

fn no_host_function(engine: &mut dyn Engine) -> Result<(), Failure> {
    for import in [
        r#"(import "assay:host" "1" (func))"#,
        r#"(import "assay:host" "x" (func))"#,
        r#"(import "assay:host" "" (func))"#,
    ] {
        let program = hosted(calling(import, &[])?, &[function(&[], &[], &[])]);
        refused(engine, &program, import, Phase::Link)?;
    }
    Ok(())
}

fn other_host_function(engine: &mut dyn Engine) -> Result<(), Failure> {
    for import in [
        r#"(import "assay:host" "0" (func (param i64)))"#,
        r#"(import "assay:host" "0" (func (param i32) (result i32)))"#,
        r#"(import "assay:host" "0" (func))"#,
        r#"(import "assay:host" "0" (global i32))"#,
    ] {
        let program = hosted(calling(import, &[])?, &[function(&[Slot::I32], &[], &[])]);
        refused(engine, &program, import, Phase::Link)?;
    }
    Ok(())
}

fn invalid(engine: &mut dyn Engine) -> Result<(), Failure> {
    // The function is never called.
    let program = calling("(func (result i32))", &[])?;
    refused(engine, &program, "an ill-typed body", Phase::Compile)?;
    let bytes: [&[u8]; 5] = [
        b"",
        b"\0asm",
        b"\0asm\x02\0\0\0",
        b"\0asm\x01\0\0\0\x01",
        b"(module)",
    ];
    for wasm in bytes {
        let mut program = Program::default();
        program.modules.push(Module {
            name: "main".to_owned(),
            wasm: wasm.to_vec(),
        });
        refused(
            engine,
            &program,
            &wasm.escape_ascii().to_string(),
            Phase::Compile,
        )?;
    }
    Ok(())
}

fn invalid_later(engine: &mut dyn Engine) -> Result<(), Failure> {
    let program = linked(&[("a", EXPORTER), ("b", "(func (result i32))")])?;
    refused(engine, &program, "the main module", Phase::Compile)
}

fn refused(
    engine: &mut dyn Engine,
    program: &Program,
    what: &str,
    phase: Phase,
) -> Result<(), Failure> {
    same(what, &start(engine, program)?, &Outcome::Rejected(phase))
}
