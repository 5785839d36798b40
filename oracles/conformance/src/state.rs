//! The state that is observed between calls, and the shim that tells it.

use crate::check::{Check, Failure, Group, same, trapped};
use crate::fixture::{call, calling, effects, function, hosted, returned, threw};
use assay_engine::{
    Call, Engine, Features, HostEffect, MemoryDigest, Outcome, Program, Resource, Shim, Slot,
    State, Step, Transcript, Trap, Value, drive, names,
};

const fn check(name: &'static str, code: fn(&mut dyn Engine) -> Result<(), Failure>) -> Check {
    Check::code(Group::State, name, Features::empty(), code)
}

pub(crate) const CHECKS: &[Check] = &[
    check("a shim tells outcome and state in one row", shim),
    check(
        "without a shim the memories are observed all the same",
        no_shim,
    ),
    check("the content of a memory can be had after any call", content),
    check(
        "a program runs in steps as it runs at once, and again",
        again,
    ),
];

/// Bytes in a page.
const PAGE: usize = 1 << 16;

/// The functions of [`SHIMMED`], by number.
const GROW: u32 = 0;
const BURN: u32 = 1;
const KEEP: u32 = 2;
const THROW: u32 = 3;
const FOREIGN: u32 = 4;
const TRAP: u32 = 5;

const FUNCTIONS: [&str; 6] = ["grow", "burn", "keep", "throw", "foreign", "trap"];

/// A module as preparation makes it: one export for all calls, which takes one unit of fuel for
/// each and gives a result, the status, the fuel left and a global.
const SHIMMED: &str = r#"
    (import "assay:host" "0" (func $host (param i32)))
    (memory (export "assay:memory:0") 1 4)
    (global $fuel (mut i32) (i32.const 9))
    (global $kept (mut i64) (i64.const 0))
    (func $grow (result i64)
        (call $host (i32.const 1))
        (i32.store8 (i32.const 10) (i32.const 1))
        (i64.extend_i32_u (memory.grow (i32.const 1))))
    (func $burn (global.set $fuel (i32.const -1)) unreachable)
    (func (export "assay:call") (param $what i32) (param $x i64) (result i64 i32 i32 i64)
        (local $result i64) (local $status i32) (local $left i32)
        (if (i32.lt_u (local.get $what) (i32.const 6))
            (then (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))))
        (block $done (block $trap (block $foreign (block $throw (block $keep (block $burn (block $grow
            (br_table $grow $burn $keep $throw $foreign $trap $done (local.get $what)))
            (local.set $result (call $grow)) (br $done))
            (call $burn) (br $done))
            (global.set $kept (local.get $x)) (br $done))
            (local.set $result (local.get $x)) (local.set $status (i32.const 2)) (br $done))
            (local.set $status (i32.const -1)) (br $done))
            unreachable)
        (local.set $left (global.get $fuel))
        (global.set $fuel (i32.const 9))
        (local.get $result) (local.get $status) (local.get $left) (global.get $kept))"#;

/// A program of [`SHIMMED`] that makes these calls.
fn shimmed(calls: &[(u32, u64)]) -> Result<Program, Failure> {
    let mut program = hosted(calling(SHIMMED, &[])?, &[function(&[Slot::I32], &[], &[])]);
    let shim_call =
        |&(number, x): &(u32, u64)| call(names::CALL, &[Value::I32(number), Value::I64(x)]);
    program.calls = calls.iter().map(shim_call).collect::<Vec<Call>>();
    program.memories = 1;
    program.shim = Some(Shim {
        ints: 1,
        externs: 0,
        results: 1,
        functions: FUNCTIONS.map(str::to_owned).to_vec(),
        state: vec!["fuel".to_owned(), "global 1".to_owned()],
    });
    Ok(program)
}

/// The state of [`SHIMMED`]: the fuel, the global, and how often the memory has grown.
fn state(fuel: i32, kept: u64, grown: usize) -> Option<State> {
    Some(State {
        slots: vec![Value::I32(fuel.cast_unsigned()), Value::I64(kept)],
        memories: vec![MemoryDigest::of(&memory(grown))],
    })
}

fn memory(grown: usize) -> Vec<u8> {
    let mut bytes = vec![0; PAGE * (grown + 1)];
    bytes[10] = u8::from(grown > 0);
    bytes
}

fn shim(engine: &mut dyn Engine) -> Result<(), Failure> {
    let calls = [
        (GROW, 0),
        (KEEP, 5),
        (BURN, 0),
        (THROW, 7),
        (FOREIGN, 0),
        (TRAP, 0),
        (GROW, 0),
    ];
    let zero = Value::I64(0);
    let expected = [
        (returned(&[Value::I64(1)]), state(8, 0, 1)),
        (returned(&[zero]), state(8, 5, 1)),
        (Outcome::Exhausted(Resource::Fuel), state(-1, 5, 1)),
        (threw(Some(1), &[Value::I64(7)]), state(8, 5, 1)),
        (threw(None, &[]), state(8, 5, 1)),
        (Outcome::Trapped(Trap::Unreachable.into()), state(8, 5, 1)),
        (returned(&[Value::I64(2)]), state(8, 5, 2)),
    ];
    let found = engine.run(&shimmed(&calls)?)?;
    same(
        "instantiation",
        &found.instantiation.outcome,
        &returned(&[]),
    )?;
    same(
        "the state at first",
        &found.instantiation.state,
        &state(9, 0, 0),
    )?;
    same("the number of steps", &found.calls.len(), &expected.len())?;
    for (step, (outcome, state)) in found.calls.iter().zip(&expected) {
        match outcome {
            Outcome::Trapped(_) => trapped(&step.outcome, Trap::Unreachable)?,
            _ => same("the outcome", &step.outcome, outcome)?,
        }
        same(&format!("the state after {outcome}"), &step.state, state)?;
    }
    host_calls(&found)
}

/// The host calls of a step are those of the call that made them.
fn host_calls(transcript: &Transcript) -> Result<(), Failure> {
    let counts: Vec<_> = transcript
        .calls
        .iter()
        .map(|step| step.host.len())
        .collect();
    same(
        "the host calls by step",
        &counts[..],
        &[1, 0, 0, 0, 0, 0, 1],
    )?;
    same(
        "an effect",
        &effects(&transcript.calls[0])[..],
        &[HostEffect::Returned],
    )
}

fn no_shim(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"
        (memory (export "assay:memory:0") 0 1)
        (func (export "f") (drop (memory.grow (i32.const 1))) (i32.store (i32.const 4) (i32.const 5)))"#;
    let mut program = calling(fields, &[("f", &[])])?;
    program.memories = 1;
    let found = engine.run(&program)?;
    let mut bytes = vec![0; PAGE];
    bytes[4] = 5;
    let digests = |step: &Step| {
        step.state
            .clone()
            .map(|state| (state.slots, state.memories))
    };
    let expected = |bytes: &[u8]| Some((Vec::new(), vec![MemoryDigest::of(bytes)]));
    same("before", &digests(&found.instantiation), &expected(&[]))?;
    let after: Vec<_> = found.calls.iter().map(digests).collect();
    same("after", &after[..], &[expected(&bytes)])
}

fn content(engine: &mut dyn Engine) -> Result<(), Failure> {
    let program = shimmed(&[(GROW, 0), (KEEP, 1), (GROW, 0)])?;
    for (after, grown) in [(None, 0), (Some(0), 1), (Some(1), 1), (Some(2), 2)] {
        let found = engine.memory_after(&program, after, 0)?;
        let what = format!("whether the memory is as it must be after call {after:?}");
        same(&what, &(found == memory(grown)), &true)?;
    }
    Ok(())
}

fn again(engine: &mut dyn Engine) -> Result<(), Failure> {
    let program = shimmed(&[(GROW, 0), (TRAP, 0), (THROW, 3)])?;
    let first = engine.run(&program)?;
    same("the steps", &drive(engine, &program)?, &first)?;
    same("the second run", &engine.run(&program)?, &first)
}
