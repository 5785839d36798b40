//! Schedules: the same gives the same.

use super::Program;
use assay_reference::Val;
use assay_reference::agents::{
    AgentEnd, AgentsError, Bound, Bounds, Random, Replay, RoundRobin, Slice, Turn,
};
use std::collections::BTreeSet;

/// Two agents that add by loads and stores, and wait for a while in between.
fn program() -> Program {
    Program::new(
        "(func (export \"add\") (result i32)
            (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
            (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const 10)))
            (i32.load (i32.const 0)))",
        &["add", "add"],
    )
}

#[test]
fn a_seed_gives_one_run_and_its_schedule_gives_it_again() {
    let program = program();
    let mut seen = BTreeSet::new();
    for seed in 0..100 {
        let ran = program.run(&mut Random::new(seed, 4)).expect("it runs");
        assert_eq!(program.run(&mut Random::new(seed, 4)), Ok(ran.clone()));
        let replayed = program.run(&mut Replay::new(ran.schedule.clone()));
        assert_eq!(replayed, Ok(ran.clone()));
        seen.insert(super::results(&ran.ends));
    }
    assert!(seen.len() > 1, "seeds make a difference");
}

fn turn(agent: usize, operations: u64) -> Turn {
    Turn {
        agent,
        slice: Slice::Operations(operations),
    }
}

#[test]
fn a_schedule_that_ends_early_leaves_agents_unfinished() {
    let ran = program().run(&mut Replay::new(vec![turn(0, 100)]));
    let ran = ran.expect("it runs");
    assert_eq!(ran.ends, [AgentEnd::Unfinished, AgentEnd::Unfinished]);
    // All up to the wait.
    assert_eq!(ran.schedule, [turn(0, 10)]);
}

#[test]
fn a_turn_that_cannot_be_taken_is_refused() {
    let refused = |turns: &[Turn]| program().run(&mut Replay::new(turns.to_vec()));
    for bad in [turn(2, 1), turn(0, 0)] {
        assert_eq!(refused(&[bad]), Err(AgentsError::Turn(bad)));
    }
    let again = turn(0, 1);
    let ended = refused(&[turn(0, 100), turn(0, 100), again]);
    assert_eq!(ended, Err(AgentsError::Turn(again)));
}

/// One scheduler can serve several runs, of any number of agents.
#[test]
fn turns_go_round() {
    let mut scheduler = RoundRobin::new(Slice::Operations(1));
    let body = "(func (export \"long\") (result i32) (drop (i32.const 0)) (i32.const 1))
        (func (export \"short\") (result i32) (i32.const 1))";
    let mut agents = |exports: &[&'static str]| -> Vec<usize> {
        let ran = Program::new(body, exports).run(&mut scheduler);
        let schedule = ran.expect("it runs").schedule;
        schedule.iter().map(|turn| turn.agent).collect()
    };
    assert_eq!(
        agents(&["short", "long", "short"]),
        [0, 1, 2, 0, 1, 2, 1, 1]
    );
    // The third would be next, but there is none.
    assert_eq!(agents(&["short"]), [0, 0]);
    assert!(agents(&[]).is_empty());
}

/// A turn to the next access begins with one.
#[test]
fn turns_can_end_before_accesses() {
    let program = program();
    let ran = program.run(&mut RoundRobin::new(Slice::ToAccess));
    let ran = ran.expect("it runs");
    assert_eq!(super::results(&ran.ends), [Some(1), Some(1)]);
    let of_first = ran.schedule.iter().filter(|turn| turn.agent == 0);
    let slices: Vec<_> = of_first.map(|turn| turn.slice).collect();
    // To the load, to the store, to the wait, to its end, to the load and to the end.
    let expected = [2, 3, 4, 1, 2, 2].map(Slice::Operations);
    assert_eq!(slices, expected);
}

#[test]
fn an_exploration_has_bounds() {
    let explored = program().explore(Bounds {
        states: 5,
        ..Bounds::default()
    });
    assert_eq!(explored.bound, Some(Bound::States));

    let mut program = Program::new(
        "(func (export \"spin\") (param i32) (result i32)
            (if (i32.atomic.load (i32.const 0)) (then (loop (br 0))))
            (i32.atomic.store (i32.const 0) (local.get 0))
            (i32.const 0))",
        &["spin", "spin"],
    );
    program.calls[1].1 = vec![Val::I32(0)];
    program.calls[0].1 = vec![Val::I32(1)];
    let explored = program.explore(Bounds::default());
    assert_eq!(explored.bound, Some(Bound::Operations));
    let outcomes: Vec<_> = explored.outcomes.into_keys().collect();
    assert_eq!(outcomes, [[Some(0), Some(0)]]);
}

/// An agent that waits for a value which never comes has no outcome, and an end.
#[test]
fn a_loop_without_end_has_no_outcome() {
    let program = Program::new(
        "(func (export \"spin\") (result i32)
            (loop (br_if 0 (i32.eqz (i32.atomic.load (i32.const 0)))))
            (i32.const 0))",
        &["spin", "spin"],
    );
    let explored = program.explore(Bounds::default());
    assert_eq!(explored.bound, None);
    assert!(explored.outcomes.is_empty());
}
