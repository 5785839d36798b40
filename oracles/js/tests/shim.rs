//! The rows of the shim: what they say of the outcome and of the state.

mod common;

use assay_engine::{Engine, EngineError, Outcome, Program, Resource, Shim, Trap, Value, drive};
use common::rich::*;
use common::*;

/// JavaScriptCore's words for an access out of bounds stand for other traps too.
fn one_trap(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Trapped(traps) if traps.contains(Trap::OutOfBoundsMemoryAccess) => {
            Outcome::Trapped(Trap::OutOfBoundsMemoryAccess.into())
        }
        outcome => outcome,
    }
}

/// What `drive` does with an instance, `run` does in one frame.
#[test]
fn a_frame_gives_what_the_steps_give() {
    let program = rich();
    let threw = |tag, payload: &[Value]| Outcome::Threw {
        tag,
        payload: payload.to_vec(),
    };
    let told = |fuel| vec![i32(fuel), i64(-3), NULL];
    // The outcome, and the fuel where there is a state.
    let expected = [
        (returned(&[i64(0), NULL]), Some(10)),
        (
            Outcome::Trapped(Trap::OutOfBoundsMemoryAccess.into()),
            Some(10),
        ),
        (returned(&[i64(1), NULL]), Some(10)),
        (returned(&[i64(0), NULL]), Some(10)),
        (threw(Some(0), &[i64(11), NULL]), Some(10)),
        (threw(Some(0xffff_fffd), &[i64(12), NULL]), Some(10)),
        (threw(None, &[]), Some(10)),
        (Outcome::Exhausted(Resource::Fuel), Some(-1)),
        (Outcome::Trapped(Trap::Unreachable.into()), Some(10)),
        (threw(Some(0), &[i64(-9), i32(8)]), Some(10)),
        (Outcome::Exhausted(Resource::Stack), None),
        (returned(&[i64(0), NULL]), Some(10)),
    ]
    .map(|(outcome, fuel)| (outcome, fuel.map(told)));
    each_engine(|engine| {
        let name = engine.name().to_owned();
        let transcript = engine.run(&program).unwrap();
        assert_eq!(transcript, drive(engine, &program).unwrap(), "{name}");
        let first = transcript.instantiation.state.unwrap();
        assert_eq!(first.slots, told(10), "{name}");
        let found: Vec<_> = transcript
            .calls
            .into_iter()
            .map(|step| (one_trap(step.outcome), step.state.map(|state| state.slots)))
            .collect();
        assert_eq!(found, expected, "{name}");
    });
}

/// Without a shim the same calls are plain: their rows are whole, and the memories are all of the
/// state.
#[test]
fn without_a_shim_a_row_is_what_was_returned() {
    let mut program = rich();
    program.shim = None;
    program.calls = vec![
        rich_call(STATUS, 1, 11),
        call("plain", &[]),
        rich_call(WRITE, 70, 7),
        rich_call(TRAP, 0, 0),
    ];
    let row = |result, status| returned(&[i64(result), NULL, i32(status), i32(10), i64(-3), NULL]);
    let trapped = Outcome::Trapped(Trap::Unreachable.into());
    let expected = [row(11, 1), returned(&[]), row(0, 0), trapped];
    each_engine(|engine| {
        let transcript = engine.run(&program).unwrap();
        assert_eq!(transcript, drive(engine, &program).unwrap());
        for (step, expected) in transcript.calls.iter().zip(&expected) {
            assert_eq!(step.outcome, *expected, "{}", engine.name());
            let state = step.state.as_ref().unwrap();
            assert_eq!((state.slots.len(), state.memories.len()), (0, 2));
        }
        assert_eq!(transcript.calls.len(), expected.len());
    });
}

/// `rich`, with one thing changed.
fn rich_but(change: impl FnOnce(&mut Program)) -> Program {
    let mut program = rich();
    change(&mut program);
    program
}

fn change_shim(change: impl FnOnce(&mut Shim)) -> Program {
    rich_but(|program| change(program.shim.as_mut().expect("it has a shim")))
}

/// A program whose shim has no results and one slot of state, and does this to give its row.
fn with_shim_body(body: &str) -> Program {
    let mut program = program(&format!(
        r#"(module (func (export "assay:call") (param i32) (result i32 i32) {body}))"#
    ));
    program.shim = shim(0, 0, &["fuel"]);
    program
}

#[test]
fn a_broken_rule_is_told_and_the_next_program_runs() {
    let good = rich();
    let mut shimless = program(r#"(module (func (export "f")))"#);
    shimless.shim = shim(0, 0, &[]);
    let cases = [
        (
            rich_but(|program| program.calls = vec![call("no such export", &[])]),
            "no such export",
        ),
        (
            rich_but(|program| program.calls = vec![call("plain", &[])]),
            "a call gave no status",
        ),
        (rich_but(|program| program.memories = 3), "assay:memory:2"),
        (shimless, "assay:call"),
        (
            change_shim(|shim| shim.results += 1),
            "a call gave no status",
        ),
        (
            change_shim(|shim| shim.state.truncate(2)),
            "a call gave no status",
        ),
        (
            // As long as it should be, but with an `i64` where the status is.
            change_shim(|shim| {
                shim.results = 0;
                shim.state.resize(5, String::new());
            }),
            "a call gave no status",
        ),
        (with_shim_body("unreachable"), "cannot observe"),
        (
            with_shim_body("(i32.const 1) (i32.const 10)"),
            "cannot observe",
        ),
    ];
    each_engine(|engine| {
        for (bad, text) in &cases {
            for error in [engine.run(bad).err(), drive(engine, bad).err()] {
                match error {
                    Some(EngineError::Misuse { what, .. }) => {
                        assert!(what.contains(text), "{what}")
                    }
                    other => panic!("{}: {other:?} for {text}", engine.name()),
                }
            }
        }
        assert!(engine.run(&good).is_ok());
    });
}
