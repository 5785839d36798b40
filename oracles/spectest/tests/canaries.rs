//! The runner can fail: every kind of wrong expectation, faulty engines, and engines that crash.

use assay_checks::{Fault, FaultyEngine};
use assay_engine::script::Action;
use assay_engine::{Engine, EngineError, Features, Instantiated, Outcome, Program, Script};
use assay_reference::ReferenceEngine;
use assay_spectest::{File, KNOWN, OUTDATED, Report, Skip, files, run};
use assay_wasmi::WasmiEngine;

fn file(name: &str, text: String, features: Features) -> File {
    File {
        proposal: "test".to_owned(),
        name: name.to_owned(),
        text: text.leak(),
        features,
    }
}

fn run_on(engine: &mut dyn Engine, text: &str, features: Features) -> Report {
    run(engine, &file("test/test.wast", text.to_owned(), features))
}

fn run_text(text: &str) -> Report {
    run_on(&mut ReferenceEngine::new(), text, Features::all())
}

/// What the directives below speak of.
const MODULE: &str = r#"(module $m
    (type $s (struct)) (type $a (array i8)) (tag $t (param i32))
    (func (export "i32") (param i32) (result i32) (local.get 0))
    (func (export "i64") (result i64) (i64.const 7))
    (func (export "f32") (param f32) (result f32) (f32.neg (local.get 0)))
    (func (export "f64") (result f64) (f64.const nan:0xc000000000000))
    (func (export "nan") (result f64) (f64.const nan))
    (func (export "v128") (param v128) (result v128) (local.get 0))
    (func (export "extern") (param externref) (result externref) (local.get 0))
    (func (export "any") (param anyref) (result anyref) (local.get 0))
    (func (export "i31") (result anyref) (ref.i31 (i32.const 1)))
    (func (export "struct") (result anyref) (struct.new $s))
    (func (export "array") (result (ref $a)) (array.new $a (i32.const 0) (i32.const 1)))
    (func $f (export "func") (result funcref) (ref.func $f))
    (func (export "two") (result i32 f32) (i32.const 1) (f32.const 2))
    (func (export "trap") (result i32) (i32.div_u (i32.const 1) (i32.const 0)))
    (func (export "throw") (throw $t (i32.const 1)))
    (func $deep (export "deep") (call $deep))
    (global (export "global") f32 (f32.const 3)))
"#;

/// A directive that holds, and one that does not.
const PAIRS: &[(&str, &str)] = &[
    (
        r#"(assert_return (invoke "i32" (i32.const 1)) (i32.const 1))"#,
        r#"(assert_return (invoke "i32" (i32.const 1)) (i32.const 2))"#,
    ),
    (
        r#"(assert_return (invoke "i64") (i64.const 7))"#,
        r#"(assert_return (invoke "i64") (i32.const 7))"#,
    ),
    (
        r#"(assert_return (invoke "f32" (f32.const 0)) (f32.const -0))"#,
        r#"(assert_return (invoke "f32" (f32.const 0)) (f32.const 0))"#,
    ),
    (
        r#"(assert_return (invoke "f64") (f64.const nan:arithmetic))"#,
        r#"(assert_return (invoke "f64") (f64.const nan:canonical))"#,
    ),
    (
        r#"(assert_return (invoke "nan") (f64.const nan:canonical))"#,
        r#"(assert_return (invoke "nan") (f64.const 1))"#,
    ),
    (
        r#"(assert_return (invoke "v128" (v128.const i64x2 1 2)) (v128.const i32x4 1 0 2 0))"#,
        r#"(assert_return (invoke "v128" (v128.const i64x2 1 2)) (v128.const i64x2 2 1))"#,
    ),
    (
        r#"(assert_return (invoke "v128" (v128.const f32x4 nan 1 2 3))
            (v128.const f32x4 nan:canonical 1 2 3))"#,
        r#"(assert_return (invoke "v128" (v128.const f32x4 1 1 2 3))
            (v128.const f32x4 nan:arithmetic 1 2 3))"#,
    ),
    (
        r#"(assert_return (invoke "i64") (either (i64.const 1) (i64.const 7)))"#,
        r#"(assert_return (invoke "i64") (either (i64.const 1) (i64.const 2)))"#,
    ),
    (
        r#"(assert_return (invoke "extern" (ref.extern 1)) (ref.extern 1))"#,
        r#"(assert_return (invoke "extern" (ref.extern 1)) (ref.extern 2))"#,
    ),
    (
        r#"(assert_return (invoke "extern" (ref.null extern)) (ref.null extern))"#,
        r#"(assert_return (invoke "extern" (ref.null extern)) (ref.extern))"#,
    ),
    (
        r#"(assert_return (invoke "any" (ref.host 1)) (ref.host 1))"#,
        r#"(assert_return (invoke "any" (ref.host 1)) (ref.host 2))"#,
    ),
    (
        r#"(assert_return (invoke "any" (ref.null any)) (ref.null))"#,
        r#"(assert_return (invoke "any" (ref.null any)) (ref.any))"#,
    ),
    (
        r#"(assert_return (invoke "i31") (ref.i31))"#,
        r#"(assert_return (invoke "i31") (ref.struct))"#,
    ),
    (
        r#"(assert_return (invoke "struct") (ref.struct))"#,
        r#"(assert_return (invoke "struct") (ref.array))"#,
    ),
    (
        r#"(assert_return (invoke "array") (ref.eq))"#,
        r#"(assert_return (invoke "array") (ref.func))"#,
    ),
    (
        r#"(assert_return (invoke "func") (ref.func))"#,
        r#"(assert_return (invoke "func") (ref.null func))"#,
    ),
    (
        r#"(assert_return (invoke "two") (i32.const 1) (f32.const 2))"#,
        r#"(assert_return (invoke "two") (i32.const 1))"#,
    ),
    (
        r#"(assert_return (get "global") (f32.const 3))"#,
        r#"(assert_return (get $m "global") (f32.const 4))"#,
    ),
    (
        r#"(assert_trap (invoke "trap") "integer divide by zero")"#,
        r#"(assert_trap (invoke "trap") "integer overflow")"#,
    ),
    (
        r#"(assert_trap (module (func $f unreachable) (start $f)) "unreachable")"#,
        r#"(assert_trap (module (func $f) (start $f)) "unreachable")"#,
    ),
    (
        r#"(assert_exception (invoke "throw"))"#,
        r#"(assert_exception (invoke "trap"))"#,
    ),
    (
        r#"(assert_exhaustion (invoke "deep") "call stack exhausted")"#,
        r#"(assert_exhaustion (invoke "trap") "call stack exhausted")"#,
    ),
    (
        r#"(assert_invalid (module (func (result i32))) "type mismatch")"#,
        r#"(assert_invalid (module (func)) "type mismatch")"#,
    ),
    (
        r#"(assert_malformed (module binary "\00asm\02\00\00\00") "unknown version")"#,
        r#"(assert_malformed (module binary "\00asm\01\00\00\00") "unknown version")"#,
    ),
    (
        r#"(assert_unlinkable (module (import "spectest" "print" (func (param i32)))) "type")"#,
        r#"(assert_unlinkable (module (import "spectest" "print" (func))) "type")"#,
    ),
    (
        r#"(assert_unlinkable (module (import "a" "b" (func))) "unknown import")"#,
        r#"(assert_unlinkable (module (func (result i32))) "unknown import")"#,
    ),
    (r#"(invoke "i64")"#, r#"(invoke "trap")"#),
    (r#"(register "m" $m)"#, r#"(register "m" $n)"#),
    (
        r#"(module definition $d (func))"#,
        r#"(module definition $d (func (result i32)))"#,
    ),
    (r#"(module (func))"#, r#"(module (func (result i32)))"#),
    (r#"(invoke $m "i64")"#, r#"(invoke $n "i64")"#),
];

#[test]
fn what_holds_passes_and_what_does_not_fails() {
    let line = MODULE.lines().count() + 1;
    for (right, wrong) in PAIRS {
        let report = run_text(&format!("{MODULE}{right}"));
        assert_eq!(
            (report.passed, report.directives()),
            (2, 2),
            "{right}: {report:?}"
        );
        let report = run_text(&format!("{MODULE}{wrong}"));
        assert_eq!(
            (report.passed, report.failed.len()),
            (1, 1),
            "{wrong}: {report:?}"
        );
        assert_eq!(report.failed[0].line, line, "{wrong}");
    }
}

#[test]
fn instances_are_known_by_name_and_by_registration() {
    let text = r#"
        (module definition $d (global (export "g") (mut i32) (i32.const 0))
            (func (export "next") (result i32)
                (global.set 0 (i32.add (global.get 0) (i32.const 1))) (global.get 0)))
        (module instance $a $d)
        (module instance $b $d)
        (register "a" $a)
        (assert_return (invoke $a "next") (i32.const 1))
        (assert_return (invoke $a "next") (i32.const 2))
        (assert_return (invoke $b "next") (i32.const 1))
        (module (import "a" "g" (global (mut i32))) (export "g" (global 0)))
        (assert_return (get "g") (i32.const 2))
        (assert_return (get $b "g") (i32.const 1))"#;
    let report = run_text(text);
    assert_eq!((report.passed, report.directives()), (10, 10), "{report:?}");
}

/// What is skipped, on what engine, and why.
#[test]
fn every_skip_has_its_reason() {
    let none = Features::empty();
    let exceptions = Features::WASM3;
    let cases: [(&str, Features, Skip); 7] = [
        (
            r#"(assert_malformed (module quote "(func") "x")"#,
            none,
            Skip::Text,
        ),
        (
            r#"(assert_malformed_custom (module quote "(@a)") "x")"#,
            none,
            Skip::CustomSection,
        ),
        (r#"(module) (thread $t (module))"#, none, Skip::Agents),
        (
            r#"(module (tag))"#,
            exceptions,
            Skip::Lacks(Features::EXCEPTIONS),
        ),
        (
            r#"(assert_invalid (module (tag) (func (result i32))) "x")"#,
            exceptions,
            Skip::Lacks(Features::EXCEPTIONS),
        ),
        (
            r#"(assert_unlinkable (module (import "a" "b" (tag))) "x")"#,
            exceptions,
            Skip::Lacks(Features::EXCEPTIONS),
        ),
        (
            r#"(assert_invalid (module (memory 1) (memory 1)) "x")"#,
            none,
            Skip::Later,
        ),
    ];
    for (text, features, skip) in cases {
        let report = run_on(&mut WasmiEngine::new(), text, features);
        assert_eq!(
            report.skipped.keys().collect::<Vec<_>>(),
            [&skip],
            "{text}: {report:?}"
        );
        assert_eq!(report.skips(), 1, "{text}: {report:?}");
    }
}

/// What is skipped takes all that needs it along, for the same reason.
#[test]
fn skips_are_passed_on() {
    let text = r#"
        (module $t (tag (export "t")) (func (export "f")))
        (invoke "f")
        (register "t" $t)
        (module (import "t" "f" (func)))
        (module (func (export "f")))
        (invoke "f")"#;
    let report = run_on(&mut WasmiEngine::new(), text, Features::WASM3);
    let skips: Vec<_> = report.skipped.into_iter().collect();
    assert_eq!(skips, [(Skip::Lacks(Features::EXCEPTIONS), 4)]);
    assert_eq!(report.passed, 2);
}

/// Faults of engines, each with a file of the suite that shows it.
const FAULTS: &[(Fault, &str)] = &[
    (Fault::ResultBit, "wasm-v1/i32.wast"),
    (Fault::TrapSwallowed, "wasm-v1/i32.wast"),
    (Fault::TrapKind, "wasm-v1/i32.wast"),
    (Fault::GlobalWrite, "wasm-v1/globals.wast"),
    (Fault::MemoryWrite, "wasm-v1/memory_trap.wast"),
    (Fault::MemoryGrow, "wasm-v1/memory_grow.wast"),
    (Fault::TableWrite, "wasm-v2/table_set.wast"),
    (Fault::TableGrow, "wasm-v2/table_grow.wast"),
    (Fault::SignExtension, "sign-extension-ops/i32.wast"),
    (Fault::Comparison, "wasm-v1/i32.wast"),
    (Fault::Rounding, "wasm-v1/f32.wast"),
    (Fault::RefTest, "gc/ref_test.wast"),
    (Fault::HeapWrite, "gc/struct.wast"),
    (Fault::HeapSign, "gc/struct.wast"),
    (Fault::Identity, "gc/ref_eq.wast"),
    (Fault::BulkWrite, "gc/array_fill.wast"),
    (Fault::ArrayLength, "gc/array.wast"),
    (Fault::ClauseOrder, "exceptions/try_table.wast"),
    (Fault::CatchAll, "exceptions/try_table.wast"),
    (Fault::Rethrow, "exceptions/throw_ref.wast"),
    (Fault::BranchTable, "wasm-v1/switch.wast"),
    (Fault::Select, "wasm-v1/select.wast"),
    (Fault::Lane, "simd/simd_lane.wast"),
    (
        Fault::RelaxedLane,
        "relaxed-simd/i8x16_relaxed_swizzle.wast",
    ),
    (Fault::QuietBit, "wasm-v1/f32.wast"),
    (Fault::NanPayload, "wasm-v1/f32.wast"),
];

/// Faults in what scripts have none of: fuel, host functions and their objects, call stacks, and the payload and
/// tag of exceptions.
const OUTSIDE: &[Fault] = &[
    Fault::Fuel,
    Fault::HostCall,
    Fault::ObjectEarly,
    Fault::ObjectTwice,
    Fault::ObjectLost,
    Fault::FrameMissing,
    Fault::FrameOffset,
    Fault::FrameKept,
    Fault::StackUntold,
    Fault::HostValue,
    Fault::HostSwallow,
    Fault::HostAgain,
    Fault::HostWrite,
    Fault::HostInterrupt,
    Fault::Payload,
    Fault::Tag,
];

#[test]
fn every_faulty_engine_is_caught() {
    for &fault in Fault::ALL {
        let row = FAULTS.iter().find(|row| row.0 == fault);
        assert_ne!(row.is_some(), OUTSIDE.contains(&fault), "{fault:?}");
        let Some((_, name)) = row else { continue };
        let file = files().find(|file| file.name == *name).expect(name);
        let engine = || ReferenceEngine::new().with_features(file.features);
        assert!(run(&mut engine(), &file).failed.is_empty(), "{name}");
        let mut faulty = FaultyEngine::new(Box::new(engine()), fault);
        assert!(!run(&mut faulty, &file).failed.is_empty(), "{fault:?}");
    }
}

/// Crashes when it is to call this.
struct Fragile(WasmiEngine);

const CRASH: &str = "crash";

impl Engine for Fragile {
    fn name(&self) -> &str {
        "fragile"
    }

    fn version(&self) -> &str {
        self.0.version()
    }

    fn features(&self) -> Features {
        self.0.features()
    }

    fn instantiate<'a>(
        &'a mut self,
        program: &'a Program,
    ) -> Result<Instantiated<'a>, EngineError> {
        self.0.instantiate(program)
    }

    fn perform(&mut self, script: &Script) -> Result<Vec<Option<Outcome>>, EngineError> {
        let crashes =
            |action: &Action| matches!(action, Action::Call { export, .. } if export == CRASH);
        if script.actions.iter().any(crashes) {
            let engine = "fragile".to_owned();
            let how = "it was told to".to_owned();
            return Err(EngineError::Crashed { engine, how });
        }
        self.0.perform(script)
    }
}

#[test]
fn a_crash_takes_nothing_else_along() {
    let text = r#"
        (module (func (export "crash")) (func (export "f") (result i32) (i32.const 1)))
        (assert_return (invoke "f") (i32.const 1))
        (invoke "crash")
        (assert_return (invoke "f") (i32.const 1))
        (assert_return (invoke "crash"))"#;
    let report = run_on(&mut Fragile(WasmiEngine::new()), text, Features::empty());
    let lines: Vec<_> = report.failed.iter().map(|failure| failure.line).collect();
    assert_eq!((report.passed, &lines[..]), (3, &[4, 6][..]), "{report:?}");
    assert!(
        report.failed[0].seen.contains("it was told to"),
        "{report:?}"
    );
}

#[test]
fn many_crashes_end_a_script() {
    let mut text = r#"(module (func (export "crash")) (func (export "f")))"#.to_owned();
    text += &r#"(invoke "f") (invoke "crash")"#.repeat(40);
    let report = run_on(&mut Fragile(WasmiEngine::new()), &text, Features::empty());
    assert_eq!(report.directives(), 81);
    let given_up = report
        .failed
        .iter()
        .filter(|it| it.seen.contains("given up"));
    assert!(report.passed > 16 && given_up.count() > 16, "{report:?}");
}

#[test]
fn what_is_no_script_fails() {
    let report = run_text("(module");
    assert_eq!((report.failed.len(), report.directives()), (1, 1));
    assert_eq!(report.failed[0].line, 0);
}

/// A row of the tables that is not needed is a failure.
#[test]
fn what_is_listed_and_passes_is_reported() {
    for row in OUTDATED {
        let text = "\n".repeat(row.lines[0] - 1) + "(module)";
        let file = file(row.file, text, Features::empty());
        let report = run(&mut WasmiEngine::new(), &file);
        let seen: Vec<_> = report
            .failed
            .iter()
            .map(|it| (it.line, &*it.seen))
            .collect();
        assert_eq!(seen, [(row.lines[0], "it passes")]);
    }
}

#[test]
fn what_is_listed_is_there() {
    let lines = |name: &str| {
        let file = files().find(|file| file.name == name);
        file.map_or(0, |file| file.text.lines().count())
    };
    let known = KNOWN.iter().map(|row| (row.file, row.lines));
    for (file, rows) in OUTDATED
        .iter()
        .map(|row| (row.file, row.lines))
        .chain(known)
    {
        let count = lines(file);
        assert!(
            rows.is_sorted() && rows.iter().all(|&line| line <= count),
            "{file}"
        );
        assert!(!rows.is_empty(), "{file}");
    }
}
