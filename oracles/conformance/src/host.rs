//! Host functions: what each action does, and what is recorded of it.

use crate::check::{Check, Failure, Group, misuse, same, trapped};
use crate::fixture::{
    NULL, call, calling, effects, function, hosted, object, outcomes, returned, steps,
};
use assay_engine::{
    Action, Engine, Features, HostCall, HostEffect, HostState, OnFailure, Outcome, Program,
    Reference, Resource, Slot, Step, Trap, Value,
};

const fn check(name: &'static str, code: fn(&mut dyn Engine) -> Result<(), Failure>) -> Check {
    Check::code(Group::Host, name, Features::empty(), code)
}

pub(crate) const CHECKS: &[Check] = &[
    check("a function gives what the vocabulary says", values),
    Check::code(
        Group::Host,
        "references pass through the host",
        Features::REFERENCE_TYPES,
        references,
    ),
    Check::code(
        Group::Host,
        "the host makes objects",
        Features::REFERENCE_TYPES,
        makes,
    ),
    Check::code(
        Group::Host,
        "the host sees that a reference is internal",
        Features::GC,
        internal,
    ),
    Check::code(
        Group::Host,
        "a collection keeps what is held",
        Features::GC,
        collects,
    ),
    check("a trap of the host is one of its own", traps),
    check("a memory grows until it is refused", grows_memory),
    check("a table grows until it is refused", grows_table),
    Check::code(
        Group::Host,
        "64-bit memories and tables grow, too",
        Features::MEMORY64,
        grows_wide,
    ),
    check("actions take turns", turns),
    check("a callback records the results", calls_back),
    check("callbacks are two levels deep and no deeper", nests),
    check("what stops a callee goes on outwards", goes_on),
    check("an action on what is not exported is misuse", missing),
    check("there is no instance while start functions run", start),
];

/// A module whose export `f` calls the host function, and other exports for the host.
const CALLER: &str = r#"
    (import "assay:host" "0" (func $host (param i32) (result i32)))
    (memory (export "assay:memory:0") 1 3)
    (table (export "assay:table:0") 2 5 funcref)
    (func (export "f") (param i32) (result i32) (call $host (local.get 0)))
    (func (export "size") (result i32 i32) memory.size table.size)
    (func (export "add") (param i32 i64) (result i64 i32)
        (i64.add (local.get 1) (i64.const 1)) (i32.add (local.get 0) (i32.const 1)))
    (func (export "trap") unreachable)
    (func $deep (export "deep") (call $deep) (call $deep))"#;

/// Calls of exports of [`CALLER`], whose host does this.
fn caller(actions: &[Action], exports: &[&str]) -> Result<Program, Failure> {
    let mut program = calling(CALLER, &[])?;
    program.calls = exports
        .iter()
        .map(|&export| match export {
            "f" => call("f", &[Value::I32(5)]),
            other => call(other, &[]),
        })
        .collect();
    let host = function(&[Slot::I32], &[Slot::I32], actions);
    Ok(hosted(program, &[host]))
}

fn call_back(export: &str, args: &[Value]) -> Action {
    Action::Call {
        export: export.to_owned(),
        args: args.to_vec(),
        failure: OnFailure::Onward,
    }
}

/// The effects of all host calls in some steps.
fn all_effects(steps: &[Step]) -> Vec<HostEffect> {
    steps.iter().flat_map(effects).collect()
}

/// Each call returns and records what [`HostState`] says, by function, number and arguments.
fn as_the_vocabulary_says(
    engine: &mut dyn Engine,
    program: &Program,
    index_of: impl Fn(&str) -> usize,
) -> Result<(), Failure> {
    let mut state = HostState::new(&program.host);
    let found = steps(engine, program)?;
    for (call, step) in program.calls.iter().zip(&found) {
        let index = index_of(&call.export);
        let (_, values, _) = state.enter(&program.host, index, call.args.clone());
        same(&call.export, &step.outcome, &Outcome::Returned(values))?;
        same("the host calls", &step.host, &state.take_trace())?;
    }
    Ok(())
}

fn values(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"
        (import "assay:host" "0" (func $two (param i32 i64) (result i64 i32)))
        (import "assay:host" "1" (func $one (param i32) (result i64)))
        (import "assay:host" "2" (func $none))
        (export "two" (func $two)) (export "none" (func $none))
        (func (export "one") (param i32) (result i64) (call $one (local.get 0)))"#;
    let mut program = calling(fields, &[])?;
    for n in 0..20_u32 {
        let word = n.wrapping_mul(0x9e37_79b9);
        let wide = u64::from(word) << n | u64::from(n);
        program.calls.extend([
            call("two", &[Value::I32(word), Value::I64(wide)]),
            call("one", &[Value::I32(n)]),
            call("none", &[]),
        ]);
    }
    let host = [
        function(&[Slot::I32, Slot::I64], &[Slot::I64, Slot::I32], &[]),
        function(&[Slot::I32], &[Slot::I64], &[Action::Return]),
        function(&[], &[], &[]),
    ];
    let program = hosted(program, &host);
    let names = ["two", "one", "none"];
    as_the_vocabulary_says(engine, &program, |export| {
        names
            .iter()
            .position(|name| *name == export)
            .unwrap_or_default()
    })
}

fn references(engine: &mut dyn Engine) -> Result<(), Failure> {
    references_of(engine, &[])
}

/// New ones, each of which has its number, and others between them.
fn makes(engine: &mut dyn Engine) -> Result<(), Failure> {
    references_of(engine, &[Action::Fresh, Action::Return, Action::Fresh])
}

fn references_of(engine: &mut dyn Engine, actions: &[Action]) -> Result<(), Failure> {
    let fields = r#"
        (import "assay:host" "0" (func $host (param externref) (result externref i32)))
        (func (export "f") (param externref) (result externref i32) (call $host (local.get 0)))"#;
    let mut program = calling(fields, &[])?;
    for _ in 0..10 {
        let values = [NULL, object(0), object(7)];
        program
            .calls
            .extend(values.map(|value| call("f", &[value])));
    }
    let host = function(&[Slot::Extern], &[Slot::Extern, Slot::I32], actions);
    as_the_vocabulary_says(engine, &hosted(program, &[host]), |_| 0)
}

fn internal(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"
        (import "assay:host" "0" (func $host (param externref)))
        (func (export "f") (call $host (extern.convert_any (ref.i31 (i32.const 5)))))"#;
    let program = calling(fields, &[("f", &[])])?;
    let program = hosted(program, &[function(&[Slot::Extern], &[], &[])]);
    let seen: Vec<_> = steps(engine, &program)?
        .into_iter()
        .flat_map(|step| step.host)
        .flat_map(|call| call.args)
        .collect();
    same(
        "the arguments",
        &seen[..],
        &[Value::Ref(Reference::Internal)],
    )
}

/// An object that only a local holds, one that only another object holds, and one that nobody does.
fn collects(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"
        (import "assay:host" "0" (func $host))
        (type $box (struct (field i32) (field (ref null $box))))
        (func (export "f") (result i32)
            (local $box (ref null $box))
            (local.set $box (struct.new $box (i32.const 5)
                (struct.new $box (i32.const 7) (ref.null $box))))
            (drop (struct.new $box (i32.const 9) (ref.null $box)))
            (call $host)
            (i32.add
                (struct.get $box 0 (local.get $box))
                (struct.get $box 0 (struct.get $box 1 (local.get $box)))))"#;
    let program = calling(fields, &[("f", &[]), ("f", &[])])?;
    let program = hosted(program, &[function(&[], &[], &[Action::Collect])]);
    for step in steps(engine, &program)? {
        same("the outcome", &step.outcome, &returned(&[Value::I32(12)]))?;
        same("the effects", &effects(&step)[..], &[HostEffect::Returned])?;
    }
    Ok(())
}

fn traps(engine: &mut dyn Engine) -> Result<(), Failure> {
    let program = caller(&[Action::Trap, Action::Return], &["f", "f", "f"])?;
    let found = steps(engine, &program)?;
    trapped(&found[0].outcome, Trap::Host)?;
    trapped(&found[2].outcome, Trap::Host)?;
    let expected = [
        HostEffect::Trapped,
        HostEffect::Returned,
        HostEffect::Trapped,
    ];
    same("the effects", &all_effects(&found)[..], &expected)
}

fn grows_memory(engine: &mut dyn Engine) -> Result<(), Failure> {
    let grow = Action::GrowMemory {
        memory: 0,
        pages: 2,
    };
    let found = steps(engine, &caller(&[grow], &["f", "f", "size"])?)?;
    let expected = [Some(1), None].map(HostEffect::Grew);
    same("the effects", &all_effects(&found)[..], &expected)?;
    same(
        "the sizes",
        &found[2].outcome,
        &returned(&[3, 2].map(Value::I32)),
    )
}

fn grows_table(engine: &mut dyn Engine) -> Result<(), Failure> {
    let grow = Action::GrowTable {
        table: 0,
        elements: 3,
    };
    let found = steps(engine, &caller(&[grow], &["f", "f", "size"])?)?;
    let expected = [Some(2), None].map(HostEffect::Grew);
    same("the effects", &all_effects(&found)[..], &expected)?;
    same(
        "the sizes",
        &found[2].outcome,
        &returned(&[1, 5].map(Value::I32)),
    )
}

fn grows_wide(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"
        (import "assay:host" "0" (func $host))
        (memory (export "assay:memory:0") i64 1 2)
        (table (export "assay:table:0") i64 1 3 funcref)
        (func (export "f") (call $host))"#;
    let memory = Action::GrowMemory {
        memory: 0,
        pages: 1,
    };
    let table = Action::GrowTable {
        table: 0,
        elements: 2,
    };
    let actions = [memory.clone(), memory, table.clone(), table];
    let program = calling(fields, &[("f", &[][..]); 4])?;
    let found = steps(engine, &hosted(program, &[function(&[], &[], &actions)]))?;
    let expected = [Some(1), None, Some(1), None].map(HostEffect::Grew);
    same("the effects", &all_effects(&found)[..], &expected)
}

fn turns(engine: &mut dyn Engine) -> Result<(), Failure> {
    let actions = [
        Action::GrowMemory {
            memory: 0,
            pages: 0,
        },
        Action::Return,
        call_back("size", &[]),
    ];
    let found = steps(engine, &caller(&actions, &["f"; 4])?)?;
    let sizes = [1, 2].map(Value::I32).to_vec();
    let expected = [
        HostEffect::Grew(Some(1)),
        HostEffect::Returned,
        HostEffect::Called(Some(sizes)),
        HostEffect::Grew(Some(1)),
    ];
    same("the effects", &all_effects(&found)[..], &expected)
}

fn calls_back(engine: &mut dyn Engine) -> Result<(), Failure> {
    let add = call_back("add", &[Value::I32(7), Value::I64(8)]);
    let program = caller(&[add], &["f"])?;
    let found = steps(engine, &program)?;
    let results = vec![Value::I64(9), Value::I32(8)];
    let expected = HostCall {
        import: 0,
        args: vec![Value::I32(5)],
        effect: HostEffect::Called(Some(results)),
    };
    same("the host calls", &found[0].host[..], &[expected])?;
    // What the host function itself returns does not depend on it.
    let (_, values, _) = HostState::new(&program.host).enter(&program.host, 0, vec![Value::I32(5)]);
    same("the outcome", &found[0].outcome, &Outcome::Returned(values))
}

fn nests(engine: &mut dyn Engine) -> Result<(), Failure> {
    let program = caller(&[call_back("f", &[Value::I32(9)])], &["f"])?;
    let found = steps(engine, &program)?;
    let shape: Vec<_> = found[0]
        .host
        .iter()
        .map(|call| {
            (
                call.args.clone(),
                matches!(call.effect, HostEffect::Called(Some(_))),
            )
        })
        .collect();
    let args = |n| vec![Value::I32(n)];
    let expected = [(args(5), true), (args(9), true), (args(9), false)];
    same("who called back", &shape[..], &expected)?;
    let deepest = found[0].host.last().map(|call| &call.effect);
    same("the deepest effect", &deepest, &Some(&HostEffect::Returned))
}

fn goes_on(engine: &mut dyn Engine) -> Result<(), Failure> {
    let lost = HostEffect::Called(None);
    let found = steps(engine, &caller(&[call_back("trap", &[])], &["f"])?)?;
    trapped(&found[0].outcome, Trap::Unreachable)?;
    same(
        "the effects",
        &effects(&found[0])[..],
        std::slice::from_ref(&lost),
    )?;

    let found = steps(engine, &caller(&[call_back("deep", &[])], &["f"])?)?;
    same(
        "the outcome",
        &found[0].outcome,
        &Outcome::Exhausted(Resource::Stack),
    )?;
    same(
        "the effects",
        &effects(&found[0])[..],
        std::slice::from_ref(&lost),
    )?;

    let again = [call_back("f", &[Value::I32(9)]), Action::Trap];
    let found = steps(engine, &caller(&again, &["f"])?)?;
    trapped(&found[0].outcome, Trap::Host)?;
    same(
        "the effects",
        &effects(&found[0])[..],
        &[lost, HostEffect::Trapped],
    )
}

fn missing(engine: &mut dyn Engine) -> Result<(), Failure> {
    for action in [
        Action::GrowMemory {
            memory: 1,
            pages: 1,
        },
        Action::GrowTable {
            table: 1,
            elements: 1,
        },
        call_back("nowhere", &[]),
        call_back("assay:memory:0", &[]),
        call_back("f", &[]),
        call_back("f", &[Value::I64(1)]),
    ] {
        let program = caller(std::slice::from_ref(&action), &["f"])?;
        misuse(&format!("{action:?}"), engine.run(&program))?;
        // It fails for the one program only.
        same(
            "afterwards",
            &outcomes(engine, &caller(&[], &["f"])?)?.len(),
            &1,
        )?;
    }
    Ok(())
}

fn start(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"
        (import "assay:host" "0" (func $host))
        (memory (export "assay:memory:0") 1)
        (table (export "assay:table:0") 1 funcref)
        (func (export "f"))
        (func $start (call $host) (call $host) (call $host) (call $host))
        (start $start)"#;
    let actions = [
        Action::GrowMemory {
            memory: 0,
            pages: 1,
        },
        Action::GrowTable {
            table: 0,
            elements: 1,
        },
        call_back("f", &[]),
        Action::Return,
    ];
    let program = hosted(calling(fields, &[])?, &[function(&[], &[], &actions)]);
    let found = engine.run(&program)?.instantiation;
    same("instantiation", &found.outcome, &returned(&[]))?;
    let expected = [
        HostEffect::Grew(None),
        HostEffect::Grew(None),
        HostEffect::Called(None),
        HostEffect::Returned,
    ];
    same("the effects", &effects(&found)[..], &expected)?;

    let program = hosted(
        calling(fields, &[])?,
        &[function(&[], &[], &[Action::Trap])],
    );
    let found = engine.run(&program)?.instantiation;
    trapped(&found.outcome, Trap::Host)?;
    same("the effects", &effects(&found)[..], &[HostEffect::Trapped])
}
