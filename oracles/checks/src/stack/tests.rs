//! Each kind of difference is seen, and nothing else is.

use super::judge;
use crate::differential::{Comparison, Side, What};
use crate::faulty::{Fault, FaultyEngine, spoil_stacks};
use assay_engine::{
    Call, Engine, Frame, Host, HostFunction, Inlined, Module, Moment, Outcome, Program, Stack,
    Step, Tells, Transcript, Trap,
};
use assay_reference::ReferenceEngine;

fn frame(module: u32, function: u32, offset: u32) -> Frame {
    Frame {
        module: Some(module),
        function,
        offset: Some(offset),
        gone: false,
    }
}

fn stack(moment: Moment, frames: &[Frame]) -> Stack {
    let frames = frames.to_vec();
    Stack { moment, frames }
}

/// What a stack is that of a trap in function 3, which two instances call by way of each other.
fn frames() -> Vec<Frame> {
    vec![
        frame(1, 3, 10),
        frame(0, 0, 20),
        frame(1, 5, 30),
        frame(0, 7, 40),
        frame(1, 9, 50),
    ]
}

/// The transcript of one call that told these stacks.
fn telling(stacks: &[Stack]) -> Transcript {
    let step = |outcome, stacks: &[Stack]| Step {
        outcome,
        host: Vec::new(),
        stacks: stacks.to_vec(),
        state: None,
    };
    Transcript {
        drops: None,
        instantiation: step(Outcome::Returned(Vec::new()), &[]),
        calls: vec![step(Outcome::Trapped(Trap::Unreachable.into()), stacks)],
    }
}

fn judged(answer: &[Stack], told: &[Stack], tells: Tells) -> Option<What> {
    let verdict = judge(&[answer.to_vec()], &telling(told), tells, Side::Subject);
    match verdict.end {
        Comparison::Differs(difference) => Some(difference.what),
        _ => None,
    }
}

/// What differs when these frames are told of [`frames`].
fn told(told: &[Frame], tells: Tells) -> Option<What> {
    let of = |frames: &[Frame]| [stack(Moment::Trap, frames)];
    judged(&of(&frames()), &of(told), tells)
}

/// The frames, changed.
fn but(change: impl FnOnce(&mut Vec<Frame>)) -> Vec<Frame> {
    let mut changed = frames();
    change(&mut changed);
    changed
}

#[test]
fn each_kind_of_difference_is_seen() {
    let all = |frames: &[Frame]| told(frames, Tells::ALL);
    assert_eq!(all(&frames()), None);
    for at in 0..5 {
        let without = but(|frames| {
            frames.remove(at);
        });
        assert_eq!(all(&without), Some(What::FrameMissing(0)), "{at}");
        let with = but(|frames| frames.insert(at, frame(1, 4, 5)));
        assert_eq!(all(&with), Some(What::FrameExtra(0)), "{at}");
        let other = but(|frames| frames[at].function = 6);
        assert_eq!(all(&other), Some(What::FrameFunction(0)), "{at}");
        let other = but(|frames| frames[at].module = Some(2));
        assert_eq!(all(&other), Some(What::FrameModule(0)), "{at}");
        let untold = but(|frames| frames[at].module = None);
        assert_eq!(all(&untold), Some(What::FrameModule(0)), "{at}");
        let other = but(|frames| frames[at].offset = Some(1));
        assert!(matches!(all(&other), Some(What::FrameOffset(0))), "{at}");
        let untold = but(|frames| frames[at].offset = None);
        assert!(matches!(all(&untold), Some(What::FrameOffset(0))), "{at}");
    }
    assert_eq!(all(&[]), Some(What::FrameMissing(0)));
}

#[test]
fn a_moment_must_be_told_where_the_engine_tells_it() {
    let whole = [
        stack(Moment::HostCall, &frames()),
        stack(Moment::Trap, &frames()[1..]),
    ];
    assert_eq!(judged(&whole, &whole, Tells::ALL), None);
    for wrong in [
        &[][..],
        &whole[..1],
        &whole[1..],
        &[whole.clone(), whole.clone()].concat(),
    ] {
        assert_eq!(judged(&whole, wrong, Tells::ALL), Some(What::Stacks));
    }
    let no_traps = Tells {
        traps: false,
        ..Tells::ALL
    };
    assert_eq!(judged(&whole, &whole[..1], no_traps), None);
    assert_eq!(judged(&whole, &whole, no_traps), Some(What::Stacks));
    assert_eq!(judged(&whole, &[], Tells::NOTHING), None);
    assert_eq!(
        judged(&whole, &whole[..1], Tells::NOTHING),
        Some(What::Stacks)
    );
}

#[test]
fn what_need_not_be_told_is_compared_where_it_is() {
    let tells = Tells {
        modules: false,
        offsets: false,
        ..Tells::ALL
    };
    let bare = but(|frames| {
        for frame in frames {
            (frame.module, frame.offset) = (None, None);
        }
    });
    assert_eq!(told(&bare, tells), None);
    assert_eq!(told(&bare[1..], tells), Some(What::FrameMissing(0)));
    let other = but(|frames| frames[2].offset = Some(1));
    assert!(matches!(told(&other, tells), Some(What::FrameOffset(0))));
    let other = but(|frames| frames[2].module = Some(2));
    assert_eq!(told(&other, tells), Some(What::FrameModule(0)));
}

#[test]
fn a_deep_stack_is_told_to_its_limit() {
    let tells = Tells {
        frames: 3,
        ..Tells::ALL
    };
    assert_eq!(told(&frames()[..3], tells), None);
    assert_eq!(told(&frames(), tells), Some(What::FrameExtra(0)));
    assert_eq!(told(&frames()[..2], tells), Some(What::FrameMissing(0)));
    assert_eq!(told(&frames()[1..4], tells), Some(What::FrameMissing(0)));
    let with = but(|frames| frames.insert(1, frame(1, 4, 5)));
    assert_eq!(told(&with[..3], tells), Some(What::FrameExtra(0)));
}

/// What is wrong with inlined functions does not hide what else is.
#[test]
fn frames_of_inlined_functions_differ_only_where_nothing_else_does() {
    let there = but(|frames| frames[1].gone = true);
    let tells = Tells {
        inlined: Inlined::Apart,
        ..Tells::ALL
    };
    let kept = stack(Moment::HostCall, &frames());
    let kinds = |second: &[Frame]| {
        let answer = [stack(Moment::HostCall, &there), stack(Moment::Trap, &there)];
        let told = [kept.clone(), stack(Moment::Trap, second)];
        judged(&answer, &told, tells).map(|what| what.kind())
    };
    let right = but(|frames| {
        frames.remove(1);
    });
    assert_eq!(kinds(&right), Some("frame-gone"));
    assert_eq!(kinds(&frames()), Some("frame-gone"));
    assert_eq!(kinds(&right[1..]), Some("frame-missing"));
    let tells = Tells {
        inlined: Inlined::Merged,
        ..Tells::ALL
    };
    let there = [stack(Moment::Trap, &[frame(0, 1, 10), frame(0, 2, 20)])];
    let told = |offset| {
        let frame = Frame {
            offset,
            ..frame(0, 2, 20)
        };
        let told = [stack(Moment::Trap, &[frame])];
        judged(&there, &told, tells).map(|what| what.kind())
    };
    assert_eq!(told(Some(10)), None);
    assert_eq!(told(None), Some("frame-unplaced"));
    assert_eq!(told(Some(20)), Some("frame-offset"));
}

#[test]
fn the_engine_on_the_other_side_is_named_as_such() {
    let answer = [vec![stack(Moment::Trap, &frames())]];
    let wrong = telling(&[stack(Moment::Trap, &frames()[1..])]);
    let verdict = judge(&answer, &wrong, Tells::ALL, Side::Oracle);
    let Comparison::Differs(difference) = verdict.end else {
        panic!("a frame is missing: {verdict:?}");
    };
    assert!(
        difference.subject.contains("function 3 at 0xa"),
        "{difference}"
    );
    assert!(
        !difference.oracle.contains("function 3 at 0xa"),
        "{difference}"
    );
}

/// A program in which a function calls the host, and then another that traps; and its stacks.
fn program() -> (Program, Vec<Vec<Stack>>) {
    let wasm = wat::parse_str(
        r#"(module (import "assay:host" "0" (func))
            (func (export "f") call 0 call 2)
            (func unreachable))"#,
    );
    let program = Program {
        modules: vec![Module {
            name: "main".into(),
            wasm: wasm.expect("a module"),
        }],
        host: Host {
            seed: 0,
            functions: vec![HostFunction {
                label: "host".into(),
                params: Vec::new(),
                results: Vec::new(),
                actions: Vec::new(),
            }],
        },
        calls: vec![Call {
            export: "f".into(),
            args: Vec::new(),
        }],
        stacks: true,
        ..Program::default()
    };
    let at = program.main().wasm.windows(5);
    let body = at.clone().position(|it| it == [0x10, 0, 0x10, 2, 0x0b]);
    let call = u32::try_from(body.expect("the first body")).expect("a small module");
    // Two calls, the end, the size of the next body, and that it has no locals.
    let traps = call + 7;
    let stacks = vec![
        stack(Moment::HostCall, &[frame(0, 1, call)]),
        stack(Moment::Trap, &[frame(0, 2, traps), frame(0, 1, call + 2)]),
    ];
    (program, vec![stacks])
}

fn end(engine: &mut dyn Engine) -> Option<What> {
    let (program, answers) = program();
    let transcript = engine.run(&program).expect("it runs");
    match judge(&answers, &transcript, engine.tells(), Side::Subject).end {
        Comparison::Differs(difference) => Some(difference.what),
        _ => None,
    }
}

#[test]
fn canaries_are_caught() {
    assert_eq!(end(&mut ReferenceEngine::new()), None);
    for (fault, what) in [
        (Fault::FrameMissing, "frame-missing"),
        (Fault::FrameOffset, "frame-offset"),
        (Fault::FrameKept, "frame-extra"),
        (Fault::StackUntold, "stacks"),
    ] {
        let mut engine = FaultyEngine::new(Box::new(ReferenceEngine::new()), fault);
        let kind = end(&mut engine).map(|found| found.kind());
        assert_eq!(kind, Some(what), "{}", fault.name());
    }
}

#[test]
fn a_canary_of_stacks_changes_every_stack() {
    for fault in [Fault::FrameMissing, Fault::FrameOffset, Fault::FrameKept] {
        let mut stacks = vec![stack(Moment::Trap, &frames()); 2];
        spoil_stacks(&mut stacks, fault);
        assert_eq!(stacks.len(), 2);
        assert!(
            stacks.iter().all(|it| it.frames != frames()),
            "{}",
            fault.name()
        );
    }
}
