//! Small programs of which it is known what they can come to.

use super::Program;

/// The outcomes of agents that return numbers.
fn check(body: &str, exports: &[&'static str], expected: &[&[u32]]) {
    let outcomes = Program::new(body, exports).outcomes();
    let expected: Vec<Vec<_>> = expected
        .iter()
        .map(|row| row.iter().copied().map(Some).collect())
        .collect();
    assert_eq!(outcomes, expected, "{body}");
}

#[test]
fn store_buffering() {
    check(
        "(func (export \"a\") (result i32)
            (i32.atomic.store (i32.const 0) (i32.const 1))
            (i32.atomic.load (i32.const 4)))
         (func (export \"b\") (result i32)
            (i32.atomic.store (i32.const 4) (i32.const 1))
            (i32.atomic.load (i32.const 0)))",
        &["a", "b"],
        &[&[0, 1], &[1, 0], &[1, 1]],
    );
}

#[test]
fn load_buffering() {
    check(
        "(func (export \"a\") (result i32)
            (i32.atomic.load (i32.const 0))
            (i32.atomic.store (i32.const 4) (i32.const 1)))
         (func (export \"b\") (result i32)
            (i32.atomic.load (i32.const 4))
            (i32.atomic.store (i32.const 0) (i32.const 1)))",
        &["a", "b"],
        &[&[0, 0], &[0, 1], &[1, 0]],
    );
}

/// What is read of the flag and of the message, as the tens and the ones.
#[test]
fn message_passing() {
    check(
        "(func (export \"a\") (result i32)
            (i32.store (i32.const 0) (i32.const 7))
            (i32.atomic.store (i32.const 4) (i32.const 1))
            (i32.const 0))
         (func (export \"b\") (result i32)
            (i32.mul (i32.const 10) (i32.atomic.load (i32.const 4)))
            (i32.add (i32.load (i32.const 0))))",
        &["a", "b"],
        &[&[0, 0], &[0, 7], &[0, 17]],
    );
}

/// The reader spins: there is no end to its schedules, but to its states.
#[test]
fn message_passing_with_a_loop() {
    check(
        "(func (export \"a\") (result i32)
            (i64.store (i32.const 0) (i64.const 7))
            (i32.atomic.store8 (i32.const 9) (i32.const 1))
            (i32.const 0))
         (func (export \"b\") (result i32)
            (loop (br_if 0 (i32.eqz (i32.atomic.load8_u (i32.const 9)))))
            (i32.load (i32.const 0)))",
        &["a", "b"],
        &[&[0, 7]],
    );
}

/// Readers of two independent writes agree on their order: never 10 and 10.
#[test]
fn independent_writes() {
    let outcomes = Program::new(
        "(func (export \"x\") (result i32)
            (i32.atomic.store (i32.const 0) (i32.const 1)) (i32.const 0))
         (func (export \"y\") (result i32)
            (i32.atomic.store (i32.const 4) (i32.const 1)) (i32.const 0))
         (func (export \"xy\") (result i32)
            (i32.mul (i32.const 10) (i32.atomic.load (i32.const 0)))
            (i32.add (i32.atomic.load (i32.const 4))))
         (func (export \"yx\") (result i32)
            (i32.mul (i32.const 10) (i32.atomic.load (i32.const 4)))
            (i32.add (i32.atomic.load (i32.const 0))))",
        &["x", "y", "xy", "yx"],
    )
    .outcomes();
    assert_eq!(outcomes.len(), 15);
    assert!(!outcomes.contains(&vec![Some(0), Some(0), Some(10), Some(10)]));
}

/// Two reads of one place never go back.
#[test]
fn coherence() {
    check(
        "(func (export \"a\") (result i32)
            (i32.store (i32.const 0) (i32.const 1)) (i32.const 0))
         (func (export \"b\") (result i32)
            (i32.mul (i32.const 10) (i32.load (i32.const 0)))
            (i32.add (i32.load (i32.const 0))))",
        &["a", "b"],
        &[&[0, 0], &[0, 1], &[0, 11]],
    );
}

/// Agents that add to a counter, so often; each returns what it saw last.
fn counter(add: &str, times: u32, agents: usize) -> Vec<u32> {
    let body = format!(
        "(func $add {add})
         (func (export \"count\") (result i32) (local i32)
            (loop
                (call $add)
                (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get 0) (i32.const {times}))))
            (i32.atomic.load (i32.const 0)))"
    );
    let outcomes = Program::new(&body, &vec!["count"; agents]).outcomes();
    // The agent that ends last has seen the last value.
    let mut last: Vec<u32> = outcomes
        .iter()
        .filter_map(|outcome| outcome.iter().flatten().copied().max())
        .collect();
    last.sort_unstable();
    last.dedup();
    last
}

const BY_RMW: &str = "(drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))";
const BY_LOAD_AND_STORE: &str = "(i32.atomic.store (i32.const 0)
    (i32.add (i32.atomic.load (i32.const 0)) (i32.const 1)))";

#[test]
fn no_update_is_lost_by_rmw() {
    assert_eq!(counter(BY_RMW, 1, 4), [4]);
    assert_eq!(counter(BY_RMW, 3, 2), [6]);
}

/// Of twice two updates two survive at least: the last of one agent follows its own first.
#[test]
fn updates_are_lost_by_load_and_store() {
    assert_eq!(counter(BY_LOAD_AND_STORE, 1, 3), [1, 2, 3]);
    assert_eq!(counter(BY_LOAD_AND_STORE, 2, 2), [2, 3, 4]);
}

/// One agent makes the memory larger, the other sees that it is.
#[test]
fn a_memory_grows_for_all() {
    check(
        "(func (export \"a\") (result i32)
            (memory.grow (i32.const 1))
            (i32.atomic.store (i32.const 0x10000) (i32.const 7)))
         (func (export \"b\") (result i32)
            (if (i32.eq (memory.size) (i32.const 1)) (then (return (i32.const 1))))
            (i32.load (i32.const 0x10000)))",
        &["a", "b"],
        &[&[1, 0], &[1, 1], &[1, 7]],
    );
}

/// Vectors and bulk operations are accesses too.
#[test]
fn wide_accesses_are_accesses() {
    check(
        "(func (export \"a\") (result i32)
            (memory.fill (i32.const 0) (i32.const 1) (i32.const 16))
            (memory.copy (i32.const 2) (i32.const 16) (i32.const 2))
            (i32.const 0))
         (func (export \"b\") (result i32)
            (i16x8.bitmask (i16x8.ne
                (v128.load (i32.const 0)) (v128.const i64x2 0 0))))",
        &["a", "b"],
        &[&[0, 0], &[0, 0xfd], &[0, 0xff]],
    );
}
