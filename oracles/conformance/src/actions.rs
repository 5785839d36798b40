//! Host functions that take hold of what stops a callee, write to memories, and interrupt.

use crate::check::{Check, Failure, Group, same, trapped};
use crate::fixture::{call, calling, effects, function, hosted, returned, steps, threw};
use assay_engine::{
    Action, Engine, Features, HostEffect, HostState, OnFailure, Outcome, Program, Resource, Slot,
    Step, Stopped, Trap, Value,
};

const fn check(name: &'static str, code: fn(&mut dyn Engine) -> Result<(), Failure>) -> Check {
    Check::code(Group::Actions, name, Features::empty(), code)
}

const fn throwing(name: &'static str, code: fn(&mut dyn Engine) -> Result<(), Failure>) -> Check {
    Check::code(Group::Actions, name, Features::EXCEPTIONS, code)
}

pub(crate) const CHECKS: &[Check] = &[
    check("the host swallows a trap", swallows_traps),
    check("a trap that the host lets go of traps again", traps_again),
    check("what is exhausted is never swallowed", never_swallows),
    check("what is swallowed within a callback stays there", within),
    throwing("the host swallows an exception", swallows_exceptions),
    throwing(
        "an exception that the host lets go of is the same one",
        throws_again,
    ),
    check("the host exchanges bytes of a memory", exchanges),
    Check::code(
        Group::Actions,
        "and of a 64-bit one",
        Features::MEMORY64,
        exchanges_wide,
    ),
    check("nothing is exchanged out of bounds", out_of_bounds),
    check("an interruption is the host's trap", interrupts),
    throwing("no handler sees an interruption", unseen),
    check("an interruption ends with what swallows it", swallowed),
];

fn back(export: &str, failure: OnFailure) -> Action {
    Action::Call {
        export: export.to_owned(),
        args: Vec::new(),
        failure,
    }
}

/// A module whose export `f` calls the host function and then a function that does nothing, with a
/// host that does this each time in turn. `f` tells what the host returned.
fn caller(fields: &str, actions: &[Action], exports: &[&str]) -> Result<Program, Failure> {
    let fields = format!(
        r#"(import "assay:host" "0" (func $host (result i64)))
        (func $nothing)
        (func $f (export "f") (result i64) (call $host) (call $nothing))
        (func (export "trap") (result i32) (i32.div_u (i32.const 1) (i32.const 0)))
        {fields}"#
    );
    let mut program = calling(&fields, &[])?;
    program.calls = exports.iter().map(|&export| call(export, &[])).collect();
    Ok(hosted(program, &[function(&[], &[Slot::I64], actions)]))
}

/// What the host returns at each of its calls.
fn words(program: &Program, count: usize) -> Vec<Value> {
    let mut state = HostState::new(&program.host);
    let calls = (0..count).flat_map(|_| state.enter(&program.host, 0, Vec::new()).1);
    calls.collect()
}

/// The steps gave these outcomes, and each host call had one of these effects, in order.
fn all(found: &[Step], outcomes: &[Outcome], expected: &[HostEffect]) -> Result<(), Failure> {
    let found_effects: Vec<_> = found.iter().flat_map(effects).collect();
    same("the effects", &found_effects[..], expected)?;
    let found: Vec<_> = found.iter().map(|step| step.outcome.clone()).collect();
    same("the outcomes", &found[..], outcomes)
}

fn swallows_traps(engine: &mut dyn Engine) -> Result<(), Failure> {
    let actions = [back("trap", OnFailure::Swallow), Action::Trap];
    let program = caller("", &actions, &["f", "f", "f"])?;
    let found = steps(engine, &program)?;
    let words = words(&program, 3);
    let swallowed = HostEffect::Swallowed(Stopped::Trap);
    all(
        &found,
        &[
            returned(&words[..1]),
            Outcome::Trapped(Trap::Host.into()),
            returned(&words[2..]),
        ],
        &[swallowed.clone(), HostEffect::Trapped, swallowed],
    )
}

fn traps_again(engine: &mut dyn Engine) -> Result<(), Failure> {
    let program = caller("", &[back("trap", OnFailure::Again)], &["f", "f"])?;
    let found = steps(engine, &program)?;
    let divided = Outcome::Trapped(Trap::IntegerDivideByZero.into());
    let again = HostEffect::Again(Stopped::Trap);
    all(&found, &[divided.clone(), divided], &[again.clone(), again])
}

fn never_swallows(engine: &mut dyn Engine) -> Result<(), Failure> {
    for failure in OnFailure::ALL {
        let deep = r#"(func $deep (export "deep") (call $deep) (call $deep))"#;
        let program = caller(deep, &[back("deep", failure)], &["f"])?;
        let found = steps(engine, &program)?;
        all(
            &found,
            &[Outcome::Exhausted(Resource::Stack)],
            &[HostEffect::Called(None)],
        )?;
    }
    Ok(())
}

/// The host swallows in the callback of a callback; further outwards all goes well.
fn within(engine: &mut dyn Engine) -> Result<(), Failure> {
    let actions = [
        back("f", OnFailure::Onward),
        back("trap", OnFailure::Swallow),
    ];
    let program = caller("", &actions, &["f"])?;
    let found = steps(engine, &program)?;
    let words = words(&program, 2);
    all(
        &found,
        &[returned(&words[..1])],
        &[
            HostEffect::Called(Some(words[1..].to_vec())),
            HostEffect::Swallowed(Stopped::Trap),
        ],
    )
}

/// Exports that throw, and one that calls the host within a handler of all and one of a tag.
const THROWING: &str = r#"
    (tag $empty (export "assay:tag:0"))
    (tag $t (export "assay:tag:1") (param i32 i64))
    (tag $foreign (param i32))
    (func (export "throw") (throw $t (i32.const 5) (i64.const -6)))
    (func (export "throw foreign") (throw $foreign (i32.const 7)))
    (func (export "catch") (result i32 i64)
        (block $caught (result i32 i64)
            (drop (try_table (result i64) (catch $t $caught) (call $f)))
            (i32.const 0) (i64.const 0)))
    (func (export "catch all") (result i64)
        (block $caught
            (try_table (catch_all $caught) (return (call $f))))
        (i64.const -1))
    (func (export "catch foreign") (result i32)
        (block $caught (result i32)
            (drop (try_table (result i64) (catch $foreign $caught) (call $f)))
            (i32.const -1)))"#;

fn thrower(actions: &[Action], exports: &[&str]) -> Result<Program, Failure> {
    let mut program = caller(THROWING, actions, exports)?;
    program.tags = 2;
    Ok(program)
}

fn swallows_exceptions(engine: &mut dyn Engine) -> Result<(), Failure> {
    let actions = [
        back("throw", OnFailure::Swallow),
        back("throw foreign", OnFailure::Swallow),
    ];
    let program = thrower(&actions, &["f", "catch all", "f"])?;
    let found = steps(engine, &program)?;
    let words = words(&program, 3);
    let swallowed = HostEffect::Swallowed(Stopped::Exception);
    all(
        &found,
        &[0, 1, 2].map(|n| returned(&words[n..=n])),
        &[swallowed.clone(), swallowed.clone(), swallowed],
    )
}

fn throws_again(engine: &mut dyn Engine) -> Result<(), Failure> {
    let payload = [Value::I32(5), Value::I64(-6_i64 as u64)];
    let actions = [back("throw", OnFailure::Again)];
    let program = thrower(&actions, &["f", "catch", "catch all"])?;
    let again = HostEffect::Again(Stopped::Exception);
    all(
        &steps(engine, &program)?,
        &[
            threw(Some(1), &payload),
            returned(&payload),
            returned(&[Value::I64(u64::MAX)]),
        ],
        &[again.clone(), again.clone(), again.clone()],
    )?;
    let actions = [back("throw foreign", OnFailure::Again)];
    let program = thrower(&actions, &["catch foreign", "f"])?;
    all(
        &steps(engine, &program)?,
        &[returned(&[Value::I32(7)]), threw(None, &[])],
        &[again.clone(), again],
    )
}

fn exchange(address: u32, value: u64) -> Action {
    Action::Exchange {
        memory: 0,
        address,
        value,
    }
}

const NEW: u64 = 0xfedc_ba98_7654_3210;

fn exchanges(engine: &mut dyn Engine) -> Result<(), Failure> {
    exchanges_in(engine, "")
}

fn exchanges_wide(engine: &mut dyn Engine) -> Result<(), Failure> {
    exchanges_in(engine, "i64")
}

/// Reads what the module wrote, writes what the module reads, both at the very end too.
fn exchanges_in(engine: &mut dyn Engine, width: &str) -> Result<(), Failure> {
    let ty = if width.is_empty() { "i32" } else { width };
    let fields = format!(
        r#"(memory (export "assay:memory:0") {width} 1 1)
        (data ({ty}.const 3) "\01\02\03\04\05\06\07\08")
        (func (export "read") (result i64 i64)
            (i64.load ({ty}.const 3)) (i64.load ({ty}.const 65528)))"#
    );
    let actions = [exchange(3, NEW), exchange(3, 0), exchange(65528, u64::MAX)];
    let mut program = caller(&fields, &actions, &["f", "read", "f", "f", "read"])?;
    program.memories = 1;
    let found = steps(engine, &program)?;
    let words = words(&program, 3);
    all(
        &found,
        &[
            returned(&words[..1]),
            returned(&[Value::I64(NEW), Value::I64(0)]),
            returned(&words[1..2]),
            returned(&words[2..]),
            returned(&[Value::I64(0), Value::I64(u64::MAX)]),
        ],
        &[0x0807_0605_0403_0201, NEW, 0].map(|old| HostEffect::Exchanged(Some(old))),
    )
}

/// Behind the last byte, across it, and far out; and in bounds once the memory has grown.
fn out_of_bounds(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"(memory (export "assay:memory:0") 1 2)
        (func (export "grow") (result i32) (memory.grow (i32.const 1)))"#;
    let last = exchange(65529, NEW);
    let actions = [
        exchange(65536, NEW),
        last.clone(),
        exchange(u32::MAX, NEW),
        last,
    ];
    let program = caller(fields, &actions, &["f", "f", "f", "grow", "f"])?;
    let found = steps(engine, &program)?;
    let effects: Vec<_> = found.iter().flat_map(effects).collect();
    let expected = [None, None, None, Some(0)].map(HostEffect::Exchanged);
    same("the effects", &effects[..], &expected)
}

fn interrupts(engine: &mut dyn Engine) -> Result<(), Failure> {
    let actions = [Action::Interrupt, Action::Return];
    let program = caller("", &actions, &["f", "f", "f", "f"])?;
    let found = steps(engine, &program)?;
    let words = words(&program, 4);
    trapped(&found[0].outcome, Trap::Host)?;
    same("afterwards", &found[1].outcome, &returned(&words[1..2]))?;
    trapped(&found[2].outcome, Trap::Host)?;
    same("afterwards", &found[3].outcome, &returned(&words[3..]))?;
    let effects: Vec<_> = found.iter().flat_map(effects).collect();
    let (trapped, returned) = (HostEffect::Trapped, HostEffect::Returned);
    let expected = [trapped.clone(), returned.clone(), trapped, returned];
    same("the effects", &effects[..], &expected)
}

fn unseen(engine: &mut dyn Engine) -> Result<(), Failure> {
    let program = thrower(&[Action::Interrupt], &["catch all", "catch"])?;
    let found = steps(engine, &program)?;
    trapped(&found[0].outcome, Trap::Host)?;
    trapped(&found[1].outcome, Trap::Host)
}

/// A callback is interrupted; the host goes on where it swallows that, and else does not.
fn swallowed(engine: &mut dyn Engine) -> Result<(), Failure> {
    for failure in OnFailure::ALL {
        let actions = [back("f", failure), Action::Interrupt, Action::Return];
        let program = caller("", &actions, &["f", "f"])?;
        let found = steps(engine, &program)?;
        let words = words(&program, 3);
        let trapped = Outcome::Trapped(Trap::Host.into());
        let first = match failure {
            OnFailure::Swallow => returned(&words[..1]),
            OnFailure::Onward | OnFailure::Again => trapped,
        };
        all(
            &found,
            &[first, returned(&words[2..])],
            &[
                failure.effect(Stopped::Trap),
                HostEffect::Trapped,
                HostEffect::Returned,
            ],
        )?;
    }
    Ok(())
}
