//! Exceptions that reach the host, come from it, or pass through it.

use crate::check::{Check, Failure, Group, same, trapped};
use crate::fixture::{calling, effects, function, hosted, outcomes, returned, steps, threw};
use assay_engine::{
    Action, Engine, Features, HostEffect, HostState, OnFailure, Outcome, Program, Resource, Slot,
    Trap, Value,
};

const fn check(name: &'static str, code: fn(&mut dyn Engine) -> Result<(), Failure>) -> Check {
    Check::code(Group::Exceptions, name, Features::EXCEPTIONS, code)
}

pub(crate) const CHECKS: &[Check] = &[
    check(
        "an uncaught exception has its tag and its payload",
        uncaught,
    ),
    check(
        "one exception leaves nothing behind for the next call",
        repeated,
    ),
    check(
        "what the host throws can be caught, or comes back",
        thrown_by_host,
    ),
    check("an exception passes the host on its way out", passing),
    check(
        "no handler sees a trap of the host, or through it",
        unseen_traps,
    ),
    check("no handler sees the end of the stack", unseen_exhaustion),
    check(
        "a start function may throw, but no tag is known yet",
        start_throws,
    ),
    check("the host of a start function cannot throw", host_of_start),
    Check::code(
        Group::Exceptions,
        "no handler of the legacy kind sees a trap of the host, or through it",
        Features::LEGACY_EXCEPTIONS,
        unseen_by_legacy,
    ),
];

/// A module that throws, calls a host that may throw, and catches or does not.
fn thrower(actions: &[Action], calls: &[&str]) -> Result<Program, Failure> {
    let fields = r#"
        (import "assay:host" "0" (func $host))
        (tag (export "assay:tag:0"))
        (tag $t (export "assay:tag:1") (param i32 i64))
        (tag $own)
        (func (export "host") (call $host))
        (func (export "catch") (result i32 i64)
            (block (result i32 i64)
                (try_table (catch $t 0) (call $host))
                (i32.const -1) (i64.const -1)))
        (func (export "catch-all") (result i32)
            (block
                (try_table (catch_all 0) (call $host))
                (return (i32.const 0)))
            (i32.const 1))
        (func (export "throw") (throw $t (i32.const 5) (i64.const -6)))
        (func (export "empty") (throw 0))
        (func (export "foreign") (throw $own))
        (func (export "trap") (drop (i32.div_s (i32.const 1) (i32.const 0))))
        (func $deep (export "deep") (call $deep) (call $deep))"#;
    let calls: Vec<(&str, &[Value])> = calls.iter().map(|&export| (export, &[][..])).collect();
    let mut program = hosted(calling(fields, &calls)?, &[function(&[], &[], actions)]);
    program.tags = 2;
    Ok(program)
}

const PAYLOAD: &[Value] = &[Value::I32(5), Value::I64(-6_i64 as u64)];

fn call_back(export: &str) -> Action {
    Action::Call {
        export: export.to_owned(),
        args: Vec::new(),
        failure: OnFailure::Onward,
    }
}

fn uncaught(engine: &mut dyn Engine) -> Result<(), Failure> {
    let program = thrower(&[], &["throw", "empty", "foreign"])?;
    let expected = [
        threw(Some(1), PAYLOAD),
        threw(Some(0), &[]),
        threw(None, &[]),
    ];
    same("the outcomes", &outcomes(engine, &program)?[..], &expected)
}

fn repeated(engine: &mut dyn Engine) -> Result<(), Failure> {
    let program = thrower(&[], &["throw", "catch", "throw", "host"])?;
    let uncaught = threw(Some(1), PAYLOAD);
    let nothing = returned(&[Value::I32(u32::MAX), Value::I64(u64::MAX)]);
    let expected = [uncaught.clone(), nothing, uncaught, returned(&[])];
    same("the outcomes", &outcomes(engine, &program)?[..], &expected)
}

fn thrown_by_host(engine: &mut dyn Engine) -> Result<(), Failure> {
    let throw = Action::Throw {
        tag: 1,
        params: vec![Slot::I32, Slot::I64],
    };
    let program = thrower(&[throw], &["host", "catch", "catch-all"])?;
    let mut state = HostState::new(&program.host);
    let mut payload = || state.enter(&program.host, 0, Vec::new()).1;
    let expected = [
        threw(Some(1), &payload()),
        returned(&payload()),
        returned(&[Value::I32(1)]),
    ];
    let found = steps(engine, &program)?;
    for (step, expected) in found.iter().zip(&expected) {
        same("the outcome", &step.outcome, expected)?;
        same("the effects", &effects(step)[..], &[HostEffect::Threw])?;
    }
    Ok(())
}

fn passing(engine: &mut dyn Engine) -> Result<(), Failure> {
    let program = thrower(&[call_back("throw")], &["host", "catch", "catch-all"])?;
    let expected = [
        threw(Some(1), PAYLOAD),
        returned(PAYLOAD),
        returned(&[Value::I32(1)]),
    ];
    let found = steps(engine, &program)?;
    for (step, expected) in found.iter().zip(&expected) {
        same("the outcome", &step.outcome, expected)?;
        same(
            "the effects",
            &effects(step)[..],
            &[HostEffect::Called(None)],
        )?;
    }
    Ok(())
}

/// These calls trapped, each with its trap.
fn traps_so(found: &[Outcome], traps: &[Trap]) -> Result<(), Failure> {
    let mut pairs = found.iter().zip(traps);
    pairs.try_for_each(|(found, &trap)| trapped(found, trap))
}

fn unseen_traps(engine: &mut dyn Engine) -> Result<(), Failure> {
    let actions = [Action::Trap, call_back("trap")];
    let program = thrower(&actions, &["catch-all", "catch-all", "catch", "catch"])?;
    let traps = [Trap::Host, Trap::IntegerDivideByZero];
    traps_so(&outcomes(engine, &program)?, &[traps, traps].concat())
}

fn unseen_exhaustion(engine: &mut dyn Engine) -> Result<(), Failure> {
    let program = thrower(&[call_back("deep")], &["catch-all"])?;
    let expected = Outcome::Exhausted(Resource::Stack);
    same(
        "the outcomes",
        &outcomes(engine, &program)?[..],
        &[expected],
    )
}

fn unseen_by_legacy(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"
        (import "assay:host" "0" (func $host))
        (func (export "trap") (drop (i32.div_s (i32.const 1) (i32.const 0))))
        (func (export "f") try call $host catch_all end)"#;
    let actions = [Action::Trap, call_back("trap")];
    let program = calling(fields, &[("f", &[]), ("f", &[])])?;
    let program = hosted(program, &[function(&[], &[], &actions)]);
    let traps = [Trap::Host, Trap::IntegerDivideByZero];
    traps_so(&outcomes(engine, &program)?, &traps)
}

fn start_throws(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"(tag $t (export "assay:tag:0")) (func $s (throw $t)) (start $s)"#;
    let mut program = calling(fields, &[])?;
    program.tags = 1;
    let found = engine.run(&program)?.instantiation.outcome;
    same("instantiation", &found, &threw(None, &[]))
}

fn host_of_start(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"(import "assay:host" "0" (func $host)) (tag (export "assay:tag:0"))
        (start $host)"#;
    let throw = Action::Throw {
        tag: 0,
        params: Vec::new(),
    };
    let mut program = hosted(calling(fields, &[])?, &[function(&[], &[], &[throw])]);
    program.tags = 1;
    let found = engine.run(&program)?.instantiation;
    trapped(&found.outcome, Trap::Host)?;
    same("the effects", &effects(&found)[..], &[HostEffect::Trapped])
}
