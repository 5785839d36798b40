//! Provokes every row of the tables of messages, and each trap that a row may mean.
//!
//! A row that nothing provokes fails the test, and so does a trap in a row's set that none of the
//! modules which end with that row's text ought to trap with.

mod programs;

use super::Meaning;
use crate::{Discovery, ENGINES, JsEngine, JsOptions, JsSpec, Runtime, discover};
use assay_engine::{Call, Engine, Module, Outcome, Program, Resource, Trap};
use programs::Fate::{self, TooMuch, Traps, TrapsOrTooMuch};
use programs::{CALLS, COMMON, INSTANTIATIONS};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;

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
        let provoked = &mut provoked[usize::from(name.starts_with("jsc"))];
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
