//! Files are written whole and in their place, and nothing else is touched.

use crate::samples::sample;
use assay_case::{Case, CaseError};
use assay_engine::{
    Call, Features, MemoryDigest, Module, Outcome, Program, Reference, Resource, Shim, State, Step,
    Transcript, Value,
};
use std::fs;
use std::path::Path;

fn case(target: &str) -> Case {
    let modules = vec![Module {
        name: "m".into(),
        wasm: sample("gc"),
    }];
    Case::new(
        target,
        Features::GC,
        Program {
            modules,
            ..Program::default()
        },
    )
}

/// The names in a folder, sorted.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_case_is_replaced_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, file) = (dir.path().join("a"), dir.path().join("b.case.wast"));
    for target in ["first", "second"] {
        case(target).write_dir(&folder).unwrap();
        case(target).write_file(&file).unwrap();
        assert_eq!(Case::read(&folder).unwrap(), case(target));
        assert_eq!(Case::read(&file).unwrap(), case(target));
    }
    assert_eq!(names(dir.path()), ["a", "b.case.wast"]);
    assert_eq!(names(&folder), ["case.toml", "case.wast"]);
}

#[test]
fn what_is_not_a_case_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("precious");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("thesis.tex"), "years").unwrap();
    let error = case("x").write_dir(&folder).unwrap_err();
    assert!(matches!(error, CaseError::Occupied { .. }), "{error}");
    fs::write(dir.path().join("file"), "text").unwrap();
    let error = case("x").write_dir(&dir.path().join("file")).unwrap_err();
    assert!(matches!(error, CaseError::Occupied { .. }), "{error}");
    assert_eq!(names(dir.path()), ["file", "precious"]);
    assert_eq!(names(&folder), ["thesis.tex"]);
}

#[test]
fn writers_of_one_folder_leave_one_whole_case() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("a");
    let targets = ["t0", "t1", "t2", "t3"];
    std::thread::scope(|scope| {
        for target in targets {
            let folder = &folder;
            scope.spawn(move || {
                for _ in 0..5 {
                    // Who is always overtaken gives up, and then another one's case is there.
                    if let Err(error) = case(target).write_dir(folder) {
                        assert!(matches!(error, CaseError::Io { .. }), "{error}");
                    }
                }
            });
        }
    });
    let last = Case::read(&folder).unwrap();
    assert!(targets.contains(&last.target.as_str()));
    assert_eq!(names(dir.path()), ["a"]);
}

#[test]
fn a_reader_never_sees_half_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.case.wast");
    case("first").write_file(&file).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut read = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                Case::read(&file).unwrap();
                read += 1;
            }
            read
        });
        for n in 0..100 {
            case(&"long".repeat(n)).write_file(&file).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
}

#[test]
fn a_missing_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    for (path, missing) in [("", "case.toml"), ("no.case.wast", "no.case.wast")] {
        match Case::read(&dir.path().join(path)).unwrap_err() {
            CaseError::Missing { path } => assert!(path.ends_with(missing), "{path:?}"),
            error => panic!("{error}"),
        }
    }
    let folder = dir.path().join("half");
    case("x").write_dir(&folder).unwrap();
    fs::remove_file(folder.join("case.wast")).unwrap();
    assert!(matches!(
        Case::read(&folder).unwrap_err(),
        CaseError::Missing { .. }
    ));
    assert!(matches!(
        Case::find(&dir.path().join("no")).unwrap_err(),
        CaseError::Missing { .. }
    ));
}

#[test]
fn cases_are_found_but_not_unfinished_ones() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("b/c");
    fs::create_dir_all(&deep).unwrap();
    case("x").write_dir(&deep.join("d")).unwrap();
    case("x")
        .write_file(&dir.path().join("a.case.wast"))
        .unwrap();
    case("x")
        .write_file(&dir.path().join(".e.case.wast"))
        .unwrap();
    fs::write(dir.path().join("other.wast"), "(module)").unwrap();
    assert_eq!(
        Case::find(dir.path()).unwrap(),
        [dir.path().join("a.case.wast"), deep.join("d")]
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let nowhere = dir.path().join("no/such/folder");
    assert!(matches!(
        case("x").write_dir(&nowhere).unwrap_err(),
        CaseError::Io { .. }
    ));
    assert!(matches!(
        case("x").write_file(&nowhere).unwrap_err(),
        CaseError::Io { .. }
    ));
    assert!(matches!(
        case("x").write_dir(Path::new("/")).unwrap_err(),
        CaseError::Io { .. }
    ));
}

#[test]
fn a_case_that_breaks_a_rule_is_not_written() {
    let call = |export: &str, args: Vec<Value>| Call {
        export: export.into(),
        args,
    };
    let number = |n| vec![Value::I32(n)];
    let shim = || Some(Shim::default());
    for (shim, broken) in [
        (None, call("f", vec![Value::Ref(Reference::I31(1))])),
        (shim(), call("f", number(0))),
        (shim(), call("assay:call", vec![])),
        (shim(), call("assay:call", vec![Value::I64(0)])),
        (shim(), call("assay:call", number(Shim::LOOK))),
        (shim(), call("assay:call", number(Shim::nested(Shim::LOOK)))),
    ] {
        let mut case = case("x");
        case.program.shim = shim;
        case.program.calls.push(broken.clone());
        let error = case.to_single().unwrap_err();
        assert!(
            matches!(error, CaseError::Unwritable { .. }),
            "{broken:?}: {error}"
        );
    }
    let mut huge = case("x");
    huge.program.shim = Some(Shim {
        results: u32::MAX,
        ..Shim::default()
    });
    assert!(huge.to_single().is_err());
    let mut empty = case("x");
    empty.program.modules.clear();
    assert!(matches!(
        empty.check().unwrap_err(),
        CaseError::Unwritable { .. }
    ));
}

/// What is said of a case that expects this state after its only call, which has this outcome.
fn complaint(shim: Option<Shim>, outcome: Outcome, state: Option<State>) -> Option<String> {
    let mut case = case("x");
    let width = shim.as_ref().map_or(0, |shim| shim.state.len());
    case.program.calls.push(Call {
        export: "assay:call".into(),
        args: vec![Value::I32(0)],
    });
    case.program.shim = shim;
    let step = |outcome, state| Step {
        stacks: Vec::new(),
        outcome,
        host: vec![],
        state,
    };
    let started = State {
        slots: vec![Value::I32(0); width],
        memories: vec![],
    };
    case.expected = Some(Transcript {
        drops: None,
        instantiation: step(Outcome::Returned(vec![]), Some(started)),
        calls: vec![step(outcome, state)],
    });
    case.check().err().map(|error| error.to_string())
}

#[test]
fn a_state_is_where_it_can_be_told() {
    let slots = |n| State {
        slots: vec![Value::I32(0); n],
        memories: vec![MemoryDigest::of(b"")],
    };
    let shim = || {
        Some(Shim {
            state: vec!["fuel".into()],
            ..Shim::default()
        })
    };
    let returned = || Outcome::Returned(vec![]);
    let exhausted = || Outcome::Exhausted(Resource::Stack);
    for (shim, outcome, state, kept) in [
        (None, returned(), Some(slots(0)), true),
        (None, returned(), Some(slots(1)), false),
        (None, returned(), None, false),
        (None, exhausted(), None, true),
        (None, exhausted(), Some(slots(0)), false),
        (shim(), returned(), Some(slots(1)), true),
        (shim(), returned(), Some(slots(0)), false),
        (shim(), returned(), None, true),
        (shim(), exhausted(), Some(slots(1)), true),
    ] {
        let complaint = complaint(shim.clone(), outcome.clone(), state.clone());
        assert_eq!(
            complaint.is_none(),
            kept,
            "{shim:?} {outcome} {state:?} {complaint:?}"
        );
    }
}
