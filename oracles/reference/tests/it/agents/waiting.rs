//! Waiting, and being woken.

use super::Program;
use assay_reference::Val;
use assay_reference::agents::{
    AgentEnd, AgentState, RoundRobin, Scheduler, Situation, Slice, Turn,
};

const STEP: Slice = Slice::Operations(1);

/// A lock at 0: 0 is open, 1 taken, 2 taken with others that may wait. It guards a plain counter at 4.
fn mutex(unlock: &str) -> Program {
    let body = format!(
        "(func $lock (local $was i32)
            (local.set $was (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1)))
            (if (local.get $was) (then
                (loop
                    (if (i32.or
                            (i32.eq (local.get $was) (i32.const 2))
                            (i32.ne (i32.const 0)
                                (i32.atomic.rmw.cmpxchg
                                    (i32.const 0) (i32.const 1) (i32.const 2))))
                        (then (drop (memory.atomic.wait32
                            (i32.const 0) (i32.const 2) (i64.const -1)))))
                    (local.tee $was
                        (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 2)))
                    (br_if 0)))))
         (func $unlock {unlock})
         (func (export \"add\") (result i32)
            (call $lock)
            (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1)))
            (i32.load (i32.const 4))
            (call $unlock))"
    );
    Program::new(&body, &["add", "add", "add"])
}

#[test]
fn a_mutex_excludes() {
    let outcomes = mutex(
        "(if (i32.ne (i32.const 1) (i32.atomic.rmw.sub (i32.const 0) (i32.const 1)))
            (then
                (i32.atomic.store (i32.const 0) (i32.const 0))
                (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))))",
    )
    .outcomes();
    assert_eq!(outcomes.len(), 6, "all orders of three: {outcomes:?}");
    for mut outcome in outcomes {
        outcome.sort_unstable();
        assert_eq!(outcome, [Some(1), Some(2), Some(3)]);
    }
}

#[test]
fn a_mutex_that_wakes_nobody_is_found() {
    let outcomes = mutex("(i32.atomic.store (i32.const 0) (i32.const 0))").outcomes();
    assert!(outcomes.contains(&vec![Some(1), Some(2), Some(3)]));
    assert!(outcomes.contains(&vec![Some(1), None, None]));
}

const WAIT: &str = "
    (func (export \"wait\") (param $place i32) (param $ns i64) (result i32)
        (memory.atomic.wait32 (local.get $place) (i32.const 0) (local.get $ns)))
    (func (export \"notify\") (param $place i32) (param $count i32) (result i32)
        (memory.atomic.notify (local.get $place) (local.get $count)))
    ;; The order in which waits have ended.
    (func (export \"ticket\") (param $ns i64) (result i32)
        (drop (memory.atomic.wait64 (i32.const 8) (i64.const 0) (local.get $ns)))
        (i32.atomic.rmw.add (i32.const 16) (i32.const 1)))
    (func (export \"set\") (result i32)
        (i32.atomic.store (i32.const 0) (i32.const 1))
        (memory.atomic.notify (i32.const 0) (i32.const 1)))";

const FOR_EVER: Val = Val::I64(u64::MAX);

fn waiting(calls: &[(&'static str, &[Val])]) -> Program {
    let mut program = Program::new(WAIT, &[]);
    program.calls = calls
        .iter()
        .map(|(export, args)| (*export, args.to_vec()))
        .collect();
    program
}

fn ends(program: &Program) -> Vec<Option<u32>> {
    let ran = program.run(&mut RoundRobin::new(Slice::Operations(100)));
    super::results(&ran.expect("it runs").ends)
}

#[test]
fn the_first_to_wait_is_the_first_to_wake() {
    let at = |place| [Val::I32(place), FOR_EVER];
    let program = waiting(&[
        ("wait", &at(0)),
        ("wait", &at(4)),
        ("wait", &at(0)),
        ("wait", &at(0)),
        ("notify", &[Val::I32(0), Val::I32(2)]),
        ("notify", &[Val::I32(64), Val::I32(2)]),
    ]);
    let expected = [Some(0), None, Some(0), None, Some(2), Some(0)];
    assert_eq!(ends(&program), expected);
}

#[test]
fn a_count_is_unsigned_and_no_more_wake_than_wait() {
    let forever = [Val::I32(0), FOR_EVER];
    let all = [Val::I32(0), Val::I32(u32::MAX)];
    let program = waiting(&[("wait", &forever), ("wait", &forever), ("notify", &all)]);
    assert_eq!(ends(&program), [Some(0), Some(0), Some(2)]);
    let none = [Val::I32(0), Val::I32(0)];
    let program = waiting(&[("wait", &forever), ("notify", &none)]);
    assert_eq!(ends(&program), [None, Some(0)]);
}

#[test]
fn a_wait_has_three_ends() {
    let program = waiting(&[("wait", &[Val::I32(0), Val::I64(100)]), ("set", &[])]);
    let expected = [
        // Notified, which the other knows; another value; over before the notification or after.
        [Some(0), Some(1)],
        [Some(1), Some(0)],
        [Some(2), Some(0)],
    ];
    assert_eq!(program.outcomes(), expected);
}

#[test]
fn waits_end_in_the_order_of_their_times() {
    let program = waiting(&[
        ("ticket", &[Val::I64(30)]),
        ("ticket", &[Val::I64(10)]),
        ("ticket", &[Val::I64(20)]),
    ]);
    let ran = program.run(&mut RoundRobin::new(STEP)).expect("it runs");
    assert_eq!(super::results(&ran.ends), [Some(2), Some(0), Some(1)]);
    assert_eq!(ran.now_ns, 30);
}

#[test]
fn who_waits_for_nobody_is_asleep() {
    let program = waiting(&[
        ("wait", &[Val::I32(0), FOR_EVER]),
        ("wait", &[Val::I32(0), Val::I64(5)]),
    ]);
    let ran = program.run(&mut RoundRobin::new(STEP)).expect("it runs");
    assert_eq!(ran.ends[0], AgentEnd::Asleep);
    assert_eq!(ran.ends[1], AgentEnd::Returned(vec![Val::I32(2)]));
    assert!(ran.is_deadlock());
    assert_eq!(program.outcomes(), [[None, Some(2)]]);
}

/// Runs all until they wait, then ends the wait of one, and notes who is ready then.
struct Impatient {
    victim: usize,
    ready: Option<Vec<bool>>,
}

impl Scheduler for Impatient {
    fn next(&mut self, situation: &Situation<'_>) -> Option<Turn> {
        let is_ready = |state: &AgentState| *state == AgentState::Ready;
        let ready: Vec<_> = situation.agents.iter().map(is_ready).collect();
        let waits = !ready.contains(&true);
        if waits && self.ready.is_none() {
            self.ready = Some(Vec::new());
            return Some(Turn {
                agent: self.victim,
                slice: Slice::Operations(0),
            });
        }
        match &mut self.ready {
            Some(noted) => {
                *noted = ready;
                None
            }
            None => Some(Turn {
                agent: ready.iter().position(|&ready| ready)?,
                slice: STEP,
            }),
        }
    }
}

/// The specification does not say how much time anything takes.
#[test]
fn a_scheduler_may_end_any_wait_that_has_a_limit() {
    let after = |victim| {
        let program = waiting(&[
            ("ticket", &[Val::I64(20)]),
            ("ticket", &[Val::I64(30)]),
            ("ticket", &[Val::I64(10)]),
        ]);
        let mut scheduler = Impatient {
            victim,
            ready: None,
        };
        let ran = program.run(&mut scheduler).expect("it runs");
        (scheduler.ready.expect("all wait once"), ran.now_ns)
    };
    assert_eq!(after(0), (vec![true, false, false], 20));
    assert_eq!(after(1), (vec![false, true, false], 30));
    assert_eq!(after(2), (vec![false, false, true], 10));
}

/// That one of two is woken and the other stays asleep needs both to wait before the value changes:
/// it is open which of them began first.
#[test]
fn who_waits_first_is_open() {
    let forever = [Val::I32(0), FOR_EVER];
    let program = waiting(&[("wait", &forever), ("wait", &forever), ("set", &[])]);
    let expected = [
        [None, Some(0), Some(1)],
        [Some(0), None, Some(1)],
        [Some(0), Some(1), Some(1)],
        [Some(1), Some(0), Some(1)],
        [Some(1), Some(1), Some(0)],
    ];
    assert_eq!(program.outcomes(), expected);
}
