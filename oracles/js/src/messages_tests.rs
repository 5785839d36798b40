//! Provokes every row of the tables of messages, and each trap that a row may mean.
//!
//! A row that nothing provokes fails the test, and so does a trap in a row's set that none of the
//! modules which end with that row's text ought to trap with.

use crate::messages::Meaning;
use crate::{Discovery, ENGINES, JsEngine, JsOptions, JsSpec, Runtime, discover};
use assay_engine::{Call, Engine, Module, Outcome, Program, Resource, Trap};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;

/// What the specification says of a module, or which limit it is too much for.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Traps(Trap),
    /// May exhaust; an engine that has room for it returns.
    TooMuch(Resource),
    /// Traps, but an engine may run out of memory first.
    TrapsOrTooMuch(Trap),
}

use Fate::{TooMuch, Traps, TrapsOrTooMuch};

/// Fields before the function, and its body. The function has no results.
const CALLS: &[(Fate, &str, &str)] = &[
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
const COMMON: &str = r#"
    (type $f (func)) (type $s (sub (struct (field i32)))) (type $a (array (mut i32)))
    (type $r (array (mut funcref)))
    (data $d "123") (func $nothing)"#;

/// Modules that fail as they are instantiated.
const INSTANTIATIONS: &[(Fate, &str)] = &[
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

fn discovery() -> Discovery {
    let options = JsOptions {
        install: true,
        ..JsOptions::default()
    };
    discover(&options, &mut |line| eprintln!("{line}")).expect("no path was given")
}

fn program(wat: &str, calls: Vec<Call>) -> Program {
    let wasm = wat::parse_str(wat).unwrap_or_else(|error| panic!("{wat}: {error}"));
    let modules = vec![Module {
        name: "main".into(),
        wasm,
    }];
    Program {
        modules,
        calls,
        ..Program::default()
    }
}

fn programs() -> Vec<(Fate, Program)> {
    let call = || Call {
        export: "test".into(),
        args: vec![],
    };
    let calls = CALLS.iter().map(|(fate, fields, body)| {
        let wat = format!(r#"(module {COMMON} {fields} (func $test (export "test") {body}))"#);
        (*fate, program(&wat, vec![call()]))
    });
    let instantiations = INSTANTIATIONS.iter().map(|(fate, fields)| {
        (
            *fate,
            program(&format!("(module {COMMON} {fields})"), vec![]),
        )
    });
    calls.chain(instantiations).collect()
}

/// Texts, and texts with a trap that they stood for.
#[derive(Debug, Default)]
struct Provoked {
    texts: BTreeSet<&'static str>,
    traps: BTreeSet<(&'static str, Trap)>,
}

impl Provoked {
    fn add(&mut self, engine: &mut JsEngine, fate: Fate, program: &Program) {
        let transcript = engine
            .run(program)
            .unwrap_or_else(|error| panic!("{fate:?}: {error}"));
        let last = transcript.calls.last().unwrap_or(&transcript.instantiation);
        let texts = engine.take_texts_seen();
        let said = format!(
            "{}: {:?} for {fate:?}, by {texts:?}",
            engine.name(),
            last.outcome
        );
        let trap = match (fate, &last.outcome) {
            (Traps(trap) | TrapsOrTooMuch(trap), Outcome::Trapped(traps)) => {
                assert!(traps.contains(trap), "{said}");
                Some(trap)
            }
            (TooMuch(resource), Outcome::Exhausted(which)) => {
                assert_eq!(resource, *which, "{said}");
                None
            }
            (TrapsOrTooMuch(_), Outcome::Exhausted(Resource::Memory)) => None,
            (TooMuch(_), Outcome::Returned(_)) => None,
            // V8 calls a table that is too large invalid.
            (TooMuch(_), Outcome::Rejected(_)) if engine.spec().runtime != Runtime::Bun => None,
            _ => panic!("{said}"),
        };
        self.traps.extend(texts.iter().copied().zip(trap));
        self.texts.extend(texts);
    }

    /// Says which rows, and which traps of rows, are missing.
    fn missing(&self, runtime: Runtime) -> String {
        let mut missing = String::new();
        for row in runtime.rows() {
            if !self.texts.contains(row.text) {
                writeln!(missing, "nothing says {:?}", row.text).unwrap();
            } else if let Meaning::Traps(traps) = row.means {
                for &trap in traps
                    .iter()
                    .filter(|&&trap| !self.traps.contains(&(row.text, trap)))
                {
                    writeln!(missing, "{:?} is never said of {trap:?}", row.text).unwrap();
                }
            }
        }
        missing
    }
}

#[test]
fn every_row_is_provoked_and_means_what_it_says() {
    let discovery = discovery();
    let programs = programs();
    let mut provoked = [Provoked::default(), Provoked::default()];
    for name in ENGINES {
        let found = discovery.engine(name).expect("a name of an engine");
        let found = found.unwrap_or_else(|missing| panic!("{name} cannot be had: {missing}"));
        let mut engine = JsEngine::start(found.spec.clone()).unwrap();
        let provoked = &mut provoked[usize::from(name == "jsc")];
        for (fate, program) in &programs {
            provoked.add(&mut engine, *fate, program);
        }
        if name == "v8" {
            provoke_in_small_address_space(provoked, &found.spec);
        }
    }
    let [v8, jsc] = &provoked;
    assert_eq!(v8.missing(Runtime::Node) + &jsc.missing(Runtime::Bun), "");
}

/// V8 promises a memory whatever the machine has, as long as there are addresses for it. Here
/// they run out.
fn provoke_in_small_address_space(provoked: &mut Provoked, spec: &JsSpec) {
    let folder = tempfile::tempdir().unwrap();
    let wrapper = folder.path().join("small");
    let script = format!(
        "#!/bin/sh\nulimit -v 67108864\nexec '{}' \"$@\"\n",
        spec.path.display()
    );
    std::fs::write(&wrapper, script).unwrap();
    std::fs::set_permissions(&wrapper, PermissionsExt::from_mode(0o700)).unwrap();
    let mut engine = JsEngine::start(JsSpec {
        path: wrapper,
        ..spec.clone()
    })
    .unwrap();
    let memories = "(memory i64 262144)".repeat(90);
    let program = program(&format!("(module {COMMON} {memories})"), vec![]);
    provoked.add(&mut engine, TooMuch(Resource::Memory), &program);
}

#[test]
fn a_text_without_a_row_is_an_error() {
    let discovery = discovery();
    // JavaScript's own complaint about a value that it cannot see: a rule of ours is broken, and
    // so no outcome may be made of it.
    let wat = format!(r#"(module {COMMON} (func (export "f") (result exnref) (ref.null exn)))"#);
    let call = Call {
        export: "f".into(),
        args: vec![],
    };
    let program = program(&wat, vec![call]);
    for name in ["v8", "jsc"] {
        let found = discovery.engine(name).expect("a name of an engine");
        let found = found.unwrap_or_else(|missing| panic!("{name} cannot be had: {missing}"));
        let mut engine = JsEngine::start(found.spec.clone()).unwrap();
        match engine.run(&program) {
            Err(assay_engine::EngineError::UnknownText { text, .. }) => {
                assert!(text.starts_with("TypeError: "), "{text}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}
