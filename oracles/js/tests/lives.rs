//! Children that crash, hang, are killed, or are of no use.

mod common;

use assay_engine::{Engine, EngineError, Outcome, Program, Resource};
use assay_js::{JsEngine, JsOptions, JsSpec, Origin, Runtime, discover};
use common::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

fn kill(process: u32) {
    assert!(
        Command::new("kill")
            .args(["-9", &process.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

fn good() -> Program {
    let mut program = program(r#"(module (func (export "f")))"#);
    program.calls = vec![call("f", &[])];
    program
}

fn endless() -> Program {
    let mut program = program(r#"(module (func (export "f") (loop br 0)))"#);
    program.calls = vec![call("f", &[])];
    program.limits.time_ms = 300;
    program
}

#[test]
fn a_hang_is_told_and_ends() {
    each_engine(|engine| {
        let before = engine.process_id();
        let error = engine.run(&endless()).unwrap_err();
        assert_eq!(
            error,
            EngineError::Hung {
                engine: engine.name().into(),
                time_ms: 300
            }
        );
        assert!(engine.run(&good()).is_ok());
        assert_ne!(engine.process_id(), before);
    });
}

#[test]
fn a_child_killed_between_programs_is_told_and_started_again() {
    each_engine(|engine| {
        engine.run(&good()).unwrap();
        kill(engine.process_id().unwrap());
        // The kill is delivered soon, not at once.
        std::thread::sleep(Duration::from_millis(50));
        let error = engine.run(&good()).unwrap_err();
        let how = "before the program, killed by signal 9".to_owned();
        assert_eq!(
            error,
            EngineError::Crashed {
                engine: engine.name().into(),
                how
            }
        );
        assert!(engine.run(&good()).is_ok());
    });
}

#[test]
fn a_child_killed_in_a_program_is_told_and_started_again() {
    each_engine(|engine| {
        let mut program = endless();
        program.limits.time_ms = 10_000;
        engine.begin(&program, 1).unwrap();
        kill(engine.process_id().unwrap());
        let error = engine.run(&program).unwrap_err();
        let how = "killed by signal 9".to_owned();
        assert_eq!(
            error,
            EngineError::Crashed {
                engine: engine.name().into(),
                how
            }
        );
        assert!(engine.run(&good()).is_ok());
    });
}

#[test]
fn a_dropped_engine_leaves_no_process() {
    each_engine(|_| {});
    let engine = start("v8");
    let process = PathBuf::from(format!("/proc/{}", engine.process_id().unwrap()));
    assert!(process.exists() || !cfg!(target_os = "linux"));
    drop(engine);
    assert!(!process.exists());
}

/// An engine may be made in one thread and used in another, after the first has ended.
#[test]
fn a_child_outlives_the_thread_that_started_it() {
    let mut engine = std::thread::spawn(|| start("v8")).join().unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert!(engine.run(&good()).is_ok());
}

/// V8 ends the process when its heap is full; the program sees a limit.
#[test]
fn a_full_heap_is_exhausted_memory() {
    let wat = r#"(module
        (type $block (array (mut i64)))
        (type $list (struct (field (ref null $list)) (field (ref $block))))
        (func (export "f"))
        (func (export "fill") (local $list (ref null $list))
            (loop $on
                (local.set $list (struct.new $list (local.get $list)
                    (array.new_default $block (i32.const 1000000))))
                (br $on))))"#;
    let mut program = program(wat);
    program.calls = vec![call("f", &[]), call("fill", &[]), call("f", &[])];
    let mut engine = start("v8");
    let transcript = engine.run(&program).unwrap();
    let outcomes: Vec<_> = transcript.calls.iter().map(|step| &step.outcome).collect();
    assert_eq!(
        outcomes,
        [&returned(&[]), &Outcome::Exhausted(Resource::Memory)]
    );
    assert_eq!(transcript.calls[1].state, None);
    let mut instance = engine.instantiate(&program).unwrap().instance.unwrap();
    assert_eq!(
        instance.call("fill", &[]),
        Ok(Outcome::Exhausted(Resource::Memory))
    );
    drop(instance);
    assert!(engine.run(&good()).is_ok());
}

/// JavaScriptCore ends the process on this module: a finding about that engine, not a fault here.
#[test]
fn a_crash_is_told_with_what_was_printed() {
    let wat = r#"(module
        (type $a (array (mut i32)))
        (table 1 (ref null $a))
        (elem (table 0) (i32.const 0) (ref null $a) (array.new_default $a (i32.const 0x7fffffff))))"#;
    let mut engine = start("jsc");
    match engine.run(&program(wat)) {
        Err(EngineError::Crashed { engine, how }) => {
            assert_eq!(engine, "jsc");
            assert!(how.starts_with("killed by signal 6; "), "{how}");
        }
        other => panic!("{other:?}"),
    }
    assert!(engine.run(&good()).is_ok());
}

fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
    path
}

#[test]
fn programs_that_are_no_runtime_do_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let spec = |path: PathBuf| JsSpec::new("jsc", Runtime::Bun, path).unwrap();
    for text in ["exit 3", "echo nonsense; cat > /dev/null", "exec cat"] {
        let path = script(folder.path(), "bun", text);
        assert!(JsEngine::start(spec(path)).is_err(), "{text}");
    }
    let error = JsEngine::start(spec(folder.path().join("none"))).unwrap_err();
    assert!(error.to_string().starts_with("cannot start "), "{error}");
}

#[test]
fn discovery_is_quick_and_names_what_it_found() {
    discovery();
    let started = Instant::now();
    let found = discover(&JsOptions::default(), &mut |line| panic!("{line}")).unwrap();
    let took = started.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    for (name, found) in &found.engines {
        let found = found
            .as_ref()
            .unwrap_or_else(|missing| panic!("{name}: {missing}"));
        assert_eq!(found.spec.name, *name);
        assert!(found.how != Origin::Given && !found.version.is_empty());
    }
}

#[test]
fn a_given_program_is_used_or_refused() {
    let node = discovery().engine("v8").unwrap().unwrap().spec.path.clone();
    let given = JsOptions {
        node: Some(node.clone()),
        ..JsOptions::default()
    };
    let found = discover(&given, &mut |_| {}).unwrap();
    let found = found.engine("v8-turbofan").unwrap().unwrap();
    assert_eq!((&found.spec.path, found.how), (&node, Origin::Given));

    let folder = tempfile::tempdir().unwrap();
    let bun = script(folder.path(), "bun", "exit 1");
    let given = JsOptions {
        bun: Some(bun),
        ..JsOptions::default()
    };
    let refused = discover(&given, &mut |_| {}).unwrap_err();
    assert_eq!(refused.runtime, Runtime::Bun);
}

#[test]
fn without_an_engine_the_reasons_are_told() {
    let cache = tempfile::tempdir().unwrap();
    let options = JsOptions {
        cache: Some(cache.path().into()),
        ..JsOptions::default()
    };
    let found = discover(&options, &mut |line| panic!("{line}")).unwrap();
    for name in ["v8", "jsc"] {
        match found.engine(name).unwrap() {
            Ok(found) => assert_eq!(found.how, Origin::OnPath),
            Err(missing) => assert!(missing.reasons.len() >= 2, "{missing}"),
        }
    }
    assert!(found.engine("spidermonkey").is_none());
}
