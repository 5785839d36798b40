//! Each row has a case that shows it, explains that case, and does not explain one beside it.

use super::{
    KNOWN_BUGS, KNOWN_CRASHES, KNOWN_RESULTS, KnownBug, UNASKED, of_configuration, of_difference,
    of_program, of_result,
};
use arbitrary::Unstructured;
use assay_case::{Case, Role};
use assay_checks::Difference;
use assay_checks::allowed::{self, Judgement, sites};
use assay_checks::differential::{Comparison, Frames, Side, compare};
use assay_checks::stack;
use assay_engine::{
    Engine, Fit, Frame, Inlined, Moment, Outcome, Phase, Program, Stack, Step, Tells, Transcript,
    Trap, Value,
};
use assay_wasmi::WasmiEngine;
use assay_wasmtime::{Compiler, Configuration, WasmtimeEngine};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What to change in the case of a bug, so that its cause is gone.
const NEIGHBOURS: &[(&str, &str, &str)] = &[
    (
        "jsc-convert-noextern",
        "ref.null noextern",
        "ref.null extern",
    ),
    ("jsc-dead-br-on-cast", "br_on_cast 1", "br_on_cast 0"),
    ("jsc-dead-br-on-null", "br_on_null 1", "br_on_null 0"),
    ("jsc-frame-of-inlined-tail-call", "return_call 2", "call 2"),
    (
        "jsc-handler-of-inlined-tail-call",
        "try_table (catch_all 0 (;@1;)) ;; label = @2\n        return_call",
        "block ;; label = @2\n        return_call",
    ),
    (
        "v8-frame-of-inlined-tail-call",
        "return_call $second",
        "call $second",
    ),
    (
        "v8-place-of-call-in-try",
        "try_table (catch_all 0)",
        "block",
    ),
    (
        "wasmtime-frame-of-inlined-tail-call",
        "return_call $inlined",
        "call $inlined",
    ),
    ("wasmtime-no-offset-of-inlined-call", "call $inlined", "nop"),
    (
        "wasmi-br-table-over-operand",
        "local.get 0\n      i32.const 2",
        "i32.const 2",
    ),
    (
        "wasmtime-offset-of-trap-behind-if",
        "local.get 0\n    if",
        "local.get 0\n    drop\n    block",
    ),
    (
        "wasmtime-offset-of-trap-behind-epoch-check",
        "i32.const 65529",
        "memory.size",
    ),
    ("wasmi-loop-over-local", "loop", "block"),
    ("wasmi-parameters-over-local", "i32.const 7", "local.get 0"),
    (
        "wasmi-select-after-eqz",
        "i32.eqz\n    select",
        "i32.clz\n    select",
    ),
];

/// What a JavaScript engine with a bug told in the stack of its case: functions, and offsets where it has any.
type Told = (&'static str, &'static [(u32, Option<u32>)]);

const TOLD: &[Told] = &[
    (
        "jsc-frame-of-inlined-tail-call",
        &[(2, None), (1, None), (0, None)],
    ),
    (
        "v8-frame-of-inlined-tail-call",
        &[(3, Some(0x42)), (1, Some(0x35)), (0, Some(0x30))],
    ),
    (
        "v8-place-of-call-in-try",
        &[(1, Some(0x3e)), (0, Some(0x2c))],
    ),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/regressions")
}

fn case(name: &str) -> Case {
    Case::read(&folder().join(name)).unwrap_or_else(|error| panic!("{error}"))
}

/// What Wasmtime makes of the stacks that a case must have.
fn stacks_of_wasmtime(case: &Case) -> Comparison {
    let subject = case.engines.iter().find(|it| it.role == Role::Subject);
    let table = subject.and_then(|it| it.configuration.clone());
    let configuration = table.map_or_else(Configuration::default, |table| {
        table.try_into().expect("it reads")
    });
    let mut engine = WasmtimeEngine::new("wasmtime", configuration).expect("it is one");
    let transcript = engine.run(&case.program).expect("it runs");
    let tells = engine.tells();
    stack::judge(&case.answers.stacks, &transcript, tells, Side::Subject).end
}

/// The difference between what a case expects and what an engine with the bug does.
fn difference(bug: &KnownBug, case: &Case) -> Difference {
    let expected = case.expected.as_ref().expect("it expects something");
    let end = match bug.engines {
        ["wasmi"] => {
            let wrong = WasmiEngine::new().run(&case.program).expect("it runs");
            compare(&case.program, &[], expected, &wrong).end
        }
        ["wasmtime", ..] => stacks_of_wasmtime(case),
        _ if case.program.stacks => stack_of_js(bug.name, case),
        ["jsc-inlining"] => compare(&case.program, &[], expected, &trapped(expected)).end,
        _ => compare(&case.program, &[], expected, &refused()).end,
    };
    match end {
        Comparison::Differs(difference) => difference,
        other => panic!("{}: {other:?}", bug.name),
    }
}

/// What is made of the stack that a JavaScript engine told of a case.
fn stack_of_js(name: &str, case: &Case) -> Comparison {
    let (_, told) = TOLD
        .iter()
        .find(|(bug, _)| *bug == name)
        .unwrap_or_else(|| panic!("{name} tells a stack"));
    let frames = told.iter().map(|&(function, offset)| Frame {
        module: None,
        function,
        offset,
        gone: false,
    });
    let stack = Stack {
        moment: Moment::Trap,
        frames: frames.collect(),
    };
    let transcript = Transcript {
        drops: None,
        instantiation: step(Outcome::Returned(Vec::new())),
        calls: vec![Step {
            stacks: vec![stack],
            ..step(Outcome::Trapped(Trap::Unreachable.into()))
        }],
    };
    let tells = Tells {
        modules: false,
        offsets: false,
        inlined: Inlined::Apart,
        ..Tells::ALL
    };
    stack::judge(&case.answers.stacks, &transcript, tells, Side::Oracle).end
}

/// The transcript, but that the first call traps.
fn trapped(expected: &Transcript) -> Transcript {
    let mut wrong = expected.clone();
    wrong.calls[0].outcome = Outcome::Trapped(Trap::Unreachable.into());
    wrong
}

fn refused() -> Transcript {
    Transcript {
        drops: None,
        instantiation: step(Outcome::Rejected(Phase::Compile)),
        calls: Vec::new(),
    }
}

fn step(outcome: Outcome) -> Step {
    Step {
        stacks: Vec::new(),
        outcome,
        host: Vec::new(),
        state: None,
    }
}

#[test]
fn each_row_has_a_folder_and_each_folder_a_row() {
    let bugs = KNOWN_BUGS.iter().map(|bug| bug.name);
    let rows: Vec<&str> = bugs
        .chain(KNOWN_RESULTS.iter().map(|bug| bug.name))
        .chain(KNOWN_CRASHES.iter().map(|crash| crash.name))
        .chain(UNASKED.iter().map(|bug| bug.name))
        .collect();
    let entries = std::fs::read_dir(folder()).expect("the folder is part of the repository");
    let folders: BTreeSet<String> = entries
        .map(|entry| entry.expect("a readable entry").file_name())
        .map(|name| name.into_string().expect("plain names"))
        .collect();
    assert_eq!(
        rows.iter().copied().collect::<BTreeSet<_>>(),
        folders.iter().map(String::as_str).collect()
    );
    assert_eq!(rows.len(), folders.len(), "a row is there twice");
}

#[test]
fn each_row_explains_its_case_and_no_other_of_the_engine_does() {
    for bug in KNOWN_BUGS {
        let case = case(bug.name);
        let engines: Vec<_> = case.engines.iter().map(|engine| &engine.name).collect();
        assert!(
            engines
                .iter()
                .any(|name| bug.engines.contains(&name.as_str())),
            "{engines:?}"
        );
        let difference = difference(bug, &case);
        let of_the_engine = |other: &&KnownBug| {
            let mut engines = other.engines.iter();
            engines.any(|engine| bug.engines.contains(engine))
        };
        for other in KNOWN_BUGS.iter().filter(of_the_engine) {
            let explains = (other.explains)(&difference, &case.program);
            assert_eq!(
                explains,
                other.name == bug.name,
                "{} of {}",
                other.name,
                bug.name
            );
        }
        for engine in bug.engines {
            let found = of_difference(engine, &difference, &case.program);
            assert_eq!(found, Some(bug.name));
        }
        let of_another = of_difference("another", &difference, &case.program);
        assert_eq!(of_another, None);
    }
}

/// Frames that would be as these were told, of an engine that tells the other of inlined functions.
fn swapped(frames: Frames) -> Frames {
    let inlined = match frames.inlined {
        Inlined::Merged => Inlined::Apart,
        Inlined::None | Inlined::Apart => Inlined::Merged,
    };
    let fit = match frames.fit {
        Fit::Misplaced(is, told) => Fit::Misplaced(told, is),
        Fit::Unplaced(frame) => Fit::Gone(frame),
        fit => fit,
    };
    Frames {
        there: frames.told,
        told: frames.there,
        fit,
        inlined,
    }
}

#[test]
fn no_row_explains_a_difference_that_its_bug_does_not_make() {
    for bug in KNOWN_BUGS {
        let case = case(bug.name);
        let difference = difference(bug, &case);
        let swapped = Difference {
            subject: difference.oracle.clone(),
            oracle: difference.subject.clone(),
            frames: difference.frames.clone().map(swapped),
            ..difference
        };
        assert!(!(bug.explains)(&swapped, &case.program), "{}", bug.name);
    }
}

#[test]
fn no_row_explains_the_case_beside_it() {
    for bug in KNOWN_BUGS {
        let case = case(bug.name);
        let (_, cause, instead) = NEIGHBOURS
            .iter()
            .find(|(name, ..)| *name == bug.name)
            .unwrap_or_else(|| panic!("{} has no case beside it", bug.name));
        let text = case.to_single().expect("it can be written");
        assert!(text.contains(cause), "{text}");
        let path = Path::new("beside.case.wast");
        let beside = Case::parse(&text.replace(cause, instead), path).expect("it reads");
        let difference = difference(bug, &case);
        assert!(
            !(bug.explains)(&difference, &beside.program),
            "{}",
            bug.name
        );
    }
}

/// Code looks at the epoch at the start of a loop, too, where the place that is told is that of the loop.
#[test]
fn the_look_at_the_epoch_of_a_loop_is_known_too() {
    let bug = "wasmtime-offset-of-trap-behind-epoch-check";
    let text = case(bug).to_single().expect("it can be written");
    let changes = [
        ("i32.const 65529", "i32.const 1 drop loop i32.const 65529"),
        ("drop\n  )", "drop end\n  )"),
        ("trap: 0/0 at 0x28", "trap: 0/0 at 0x2d"),
    ];
    let text = changes.iter().fold(text, |text, (old, new)| {
        assert!(text.contains(old), "{text}");
        text.replace(old, new)
    });
    let case = Case::parse(&text, Path::new("loop.case.wast")).expect("it reads");
    let Comparison::Differs(difference) = stacks_of_wasmtime(&case) else {
        panic!("no difference in {text}");
    };
    let known = of_difference("wasmtime", &difference, &case.program);
    assert_eq!(known, Some(bug));
}

/// What is found where the only call of a program gives this vector.
fn judged(program: &Program, result: u128) -> Judgement {
    let step = |values: Vec<Value>| Step {
        stacks: Vec::new(),
        outcome: Outcome::Returned(values),
        host: Vec::new(),
        state: None,
    };
    let halves = [result as u64, (result >> 64) as u64].map(Value::I64);
    let transcript = Transcript {
        drops: None,
        instantiation: step(Vec::new()),
        calls: vec![step(halves.to_vec())],
    };
    allowed::judge(program, &transcript).expect("it can be judged")
}

/// What the engine was seen to give is what the row says, and nobody allows it; a bit beside it is
/// another bug.
#[test]
fn each_wrong_result_is_known_to_the_bit() {
    for bug in KNOWN_RESULTS {
        let case = case(bug.name);
        let site = &sites(&case.program).expect("it can be read")[0];
        let gives = (bug.gives)(site).expect("the bug matters in its case");
        let finding = case.finding.as_ref().expect("a finding");
        assert_eq!(finding.seen[0].engine, bug.engine);
        assert_eq!(finding.seen[0].what, format!("{gives:032x}"));
        let judgement = judged(&case.program, gives);
        let [wrong] = &judgement.wrong[..] else {
            panic!("{}: {judgement:?}", bug.name);
        };
        assert_eq!(of_result(bug.engine, wrong), Some(bug.name));
        assert_eq!(of_result("another", wrong), None);
        let beside = judged(&case.program, gives ^ 1 << 20);
        let beside = beside.wrong.first().expect("it is not allowed either");
        assert_eq!(of_result(bug.engine, beside), None);
    }
}

#[test]
fn each_crash_has_a_case_in_its_configuration() {
    for crash in KNOWN_CRASHES {
        let case = case(crash.name);
        let subject = case
            .engines
            .iter()
            .find(|engine| engine.role == Role::Subject)
            .expect("a subject");
        let table = subject.configuration.clone().expect("a configuration");
        let configuration: Configuration = table.try_into().expect("it reads");
        assert_eq!(of_configuration(&configuration), Some(crash.name));
        assert_eq!(of_configuration(&configuration.normalised()), None);
    }
    assert_eq!(of_configuration(&Configuration::default()), None);
}

/// The row is about its case, and about none in which the call is not a tail call, or not of the host's.
#[test]
fn each_row_for_which_an_oracle_is_not_asked_has_a_case() {
    const CHANGES: &[(&str, &str, &str)] = &[
        ("wasmi-tail-call-of-host", "return_call 0", "call 0"),
        ("wasmi-tail-call-of-host", "return_call 0", "return_call 1"),
    ];
    for bug in UNASKED {
        let case = case(bug.name);
        assert_eq!(of_program(bug.engine, &case.program), Some(bug.name));
        assert_eq!(of_program("another", &case.program), None);
        let text = case.to_single().expect("it can be written");
        let changes = CHANGES.iter().filter(|(name, ..)| *name == bug.name);
        assert!(changes.clone().count() > 0, "{}", bug.name);
        for (_, cause, instead) in changes {
            assert!(text.contains(cause), "{text}");
            let path = Path::new("beside.case.wast");
            let beside = Case::parse(&text.replace(cause, instead), path).expect("it reads");
            assert_eq!(of_program(bug.engine, &beside.program), None, "{instead}");
        }
    }
}

#[test]
fn no_arbitrary_configuration_crashes() {
    for compiler in Compiler::ALL {
        for seed in 0..10_000u64 {
            let bytes = crate::bytes::of(seed, 0);
            let configuration =
                Configuration::arbitrary_of(compiler, &mut Unstructured::new(&bytes))
                    .expect("bytes enough");
            assert_eq!(of_configuration(&configuration), None);
        }
    }
}
