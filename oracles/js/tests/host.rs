//! Host functions: every action, and equality with [`HostState`], which the host script follows.

mod common;

use assay_engine::{
    Action, Engine, HostCall, HostEffect, HostState, OnFailure, Outcome, Program, Reference, Shim,
    Slot, Trap, Value, drive,
};
use common::*;

const ALL: [Slot; 3] = [Slot::I32, Slot::I64, Slot::Extern];

fn returns(state: &mut HostState, program: &Program, index: usize, args: &[Value]) -> Vec<Value> {
    let (action, values, _) = state.enter(&program.host, index, args.to_vec());
    assert_eq!(action, Action::Return);
    values
}

/// What the specification of the host in Rust says, call for call, the host script must say.
#[test]
fn values_are_those_of_host_state() {
    let wat = r#"(module
        (import "assay:host" "0" (func $all (param i32 i64 externref) (result i32 i64 externref)))
        (import "assay:host" "1" (func $one (param externref) (result i64)))
        (import "assay:host" "2" (func $none))
        (func (export "all") (param i32 i64 externref) (result i32 i64 externref)
            (call $all (local.get 0) (local.get 1) (local.get 2)))
        (func (export "one") (param externref) (result i64) (call $one (local.get 0)))
        (func (export "internal") (result i64)
            (call $one (extern.convert_any (ref.i31 (i32.const 5)))))
        (func (export "none") (call $none)))"#;
    let mut program = program(wat);
    program.host = host(&[
        (&ALL, &ALL, &[]),
        (&[Slot::Extern], &[Slot::I64], &[Action::Return]),
        (&[], &[], &[]),
    ]);
    let references = [
        NULL,
        Value::Ref(Reference::Extern(0)),
        Value::Ref(Reference::Extern(6)),
    ];
    for n in 0..200u64 {
        let word = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let args = [
            Value::I32(word as u32),
            Value::I64(word.rotate_left(n as u32)),
            references[n as usize % 3],
        ];
        program.calls.push(call("all", &args));
        program.calls.push(call("one", &args[2..]));
    }
    program.calls.push(call("internal", &[]));
    program.calls.push(call("none", &[]));

    let mut state = HostState::new(&program.host);
    let expected: Vec<_> = program
        .calls
        .iter()
        .map(|call| {
            let (index, args) = match call.export.as_str() {
                "all" => (0, call.args.clone()),
                "one" => (1, call.args.clone()),
                "internal" => (1, vec![Value::Ref(Reference::Internal)]),
                _ => (2, vec![]),
            };
            let values = returns(&mut state, &program, index, &args);
            (Outcome::Returned(values), state.take_trace())
        })
        .collect();
    each_engine(|engine| {
        let calls = engine.run(&program).unwrap().calls;
        let found: Vec<_> = calls
            .into_iter()
            .map(|step| (step.outcome, step.host))
            .collect();
        assert_eq!(found, expected, "{}", engine.name());
    });
}

/// A module whose function `f` calls host function 0, catching everything that can be caught.
fn catching(fields: &str) -> String {
    format!(
        r#"(module
        (import "assay:host" "0" (func $host (param i32) (result i32)))
        (import "assay:host" "1" (func $other))
        (tag $t (export "assay:tag:0") (param i32 i64))
        (memory (export "assay:memory:0") 1 3)
        (memory (export "assay:memory:1") i64 1 3)
        (table (export "assay:table:0") 2 5 externref)
        (table (export "assay:table:1") i64 2 5 funcref)
        (global $caught (mut i32) (i32.const 0))
        (func (export "caught") (result i32) (global.get $caught))
        (func (export "table size") (result i32) (table.size 0))
        (func (export "f") (param i32) (result i32)
            (block $all
                (try_table (catch_all $all)
                    (return (call $host (local.get 0)))
                )
            )
            (global.set $caught (i32.add (global.get $caught) (i32.const 1)))
            (i32.const -1))
        (func (export "bare") (param i32) (result i32) (call $host (local.get 0)))
        (func (export "add") (param i32 i64) (result i64 i32)
            (i64.add (local.get 1) (i64.const 1)) (i32.add (local.get 0) (i32.const 1)))
        (func (export "trap") unreachable)
        (func $deep (export "deep") (call $deep))
        (func (export "throw") (throw $t (i32.const 1) (i64.const 2)))
        (func (export "again") (result i32) (call $host (i32.const 5)))
        {fields})"#
    )
}

fn with_actions(actions: &[Action]) -> Program {
    let mut program = program(&catching(""));
    program.host = host(&[(&[Slot::I32], &[Slot::I32], actions), (&[], &[], &[])]);
    program.memories = 2;
    program.tags = 1;
    program
}

fn callback(export: &str, args: &[Value]) -> Action {
    Action::Call {
        export: export.into(),
        args: args.to_vec(),
        failure: OnFailure::Onward,
    }
}

/// A run of `calls` on each engine, which must be the same by steps as in one frame.
fn run(actions: &[Action], calls: &[&str], check: impl Fn(&str, &[assay_engine::Step])) {
    let mut program = with_actions(actions);
    program.calls = calls.iter().map(|export| call(export, &[i32(3)])).collect();
    each_engine(|engine| {
        let transcript = engine.run(&program).unwrap();
        assert_eq!(
            transcript,
            drive(engine, &program).unwrap(),
            "{}",
            engine.name()
        );
        check(engine.name(), &transcript.calls);
    });
}

#[test]
fn a_host_trap_cannot_be_caught() {
    run(
        &[Action::Trap, Action::Return],
        &["f", "f", "bare", "caught"],
        |name, calls| {
            for step in [&calls[0], &calls[2]] {
                assert_eq!(step.outcome, Outcome::Trapped(Trap::Host.into()), "{name}");
                assert_eq!(step.host[0].effect, HostEffect::Trapped);
            }
            assert!(matches!(calls[1].outcome, Outcome::Returned(_)));
            assert_eq!(
                calls[3].outcome,
                returned(&[i32(0)]),
                "{name}: nothing was caught"
            );
        },
    );
}

#[test]
fn a_thrown_tag_is_caught_or_comes_out_with_the_values_of_host_state() {
    let throw = Action::Throw {
        tag: 0,
        params: vec![Slot::I32, Slot::I64],
    };
    let program = with_actions(std::slice::from_ref(&throw));
    let mut state = HostState::new(&program.host);
    let payloads: Vec<_> = (0..2)
        .map(|_| state.enter(&program.host, 0, vec![i32(3)]).1)
        .collect();
    run(&[throw], &["f", "bare", "caught"], |name, calls| {
        assert_eq!(calls[0].outcome, returned(&[i32(-1)]), "{name}");
        assert_eq!(
            calls[2].outcome,
            returned(&[i32(1)]),
            "{name}: one was caught"
        );
        assert_eq!(calls[0].host[0].effect, HostEffect::Threw);
        let threw = Outcome::Threw {
            tag: Some(0),
            payload: payloads[1].clone(),
        };
        assert_eq!(calls[1].outcome, threw, "{name}");
    });
}

#[test]
fn memories_and_tables_grow_up_to_their_limits() {
    let actions = [
        Action::GrowMemory {
            memory: 0,
            pages: 1,
        },
        Action::GrowMemory {
            memory: 1,
            pages: 2,
        },
        Action::GrowMemory {
            memory: 1,
            pages: 1,
        },
        Action::GrowTable {
            table: 0,
            elements: 3,
        },
        Action::GrowTable {
            table: 0,
            elements: 1,
        },
        Action::GrowTable {
            table: 1,
            elements: 1,
        },
    ];
    let calls = ["f", "f", "f", "f", "f", "f", "table size"];
    run(&actions, &calls, |name, calls| {
        let effects: Vec<_> = calls[..6]
            .iter()
            .map(|step| step.host[0].effect.clone())
            .collect();
        let expected = [Some(1), Some(1), None, Some(2), None, Some(2)].map(HostEffect::Grew);
        assert_eq!(effects, expected, "{name}");
        let last = calls[6].state.as_ref().unwrap();
        let sizes: Vec<_> = last
            .memories
            .iter()
            .map(|memory| memory.bytes >> 16)
            .collect();
        assert_eq!(sizes, [2, 3], "{name}");
        assert_eq!(calls[6].outcome, returned(&[i32(5)]), "{name}");
        assert!(
            calls
                .iter()
                .all(|step| matches!(step.outcome, Outcome::Returned(_)))
        );
    });
}

#[test]
fn callbacks_return_trap_throw_and_are_bounded() {
    let add = [i32(7), i64(8)];
    let actions = [
        callback("add", &add),
        callback("trap", &[]),
        callback("throw", &[]),
    ];
    run(&actions, &["f", "f", "f"], |name, calls| {
        let effects: Vec<_> = calls
            .iter()
            .map(|step| step.host[0].effect.clone())
            .collect();
        let results = vec![i64(9), i32(8)];
        let expected = [Some(results), None, None].map(HostEffect::Called);
        assert_eq!(effects, expected, "{name}");
        assert!(matches!(calls[0].outcome, Outcome::Returned(_)), "{name}");
        assert_eq!(
            calls[1].outcome,
            Outcome::Trapped(Trap::Unreachable.into()),
            "{name}"
        );
        assert_eq!(
            calls[2].outcome,
            returned(&[i32(-1)]),
            "{name}: the handler has it"
        );
    });
    // Each callback calls the host again, which calls back, until the bound.
    run(&[callback("again", &[])], &["f"], |name, calls| {
        let effects: Vec<_> = calls[0].host.iter().map(|host| &host.effect).collect();
        assert_eq!(effects.len(), 3, "{name}");
        let called = |effect: &HostEffect| matches!(effect, HostEffect::Called(Some(_)));
        assert!(
            called(effects[0]) && called(effects[1]),
            "{name}: {effects:?}"
        );
        assert_eq!(*effects[2], HostEffect::Returned, "{name}");
    });
}

/// What the shim gives to the host while another call runs is no state of that call: the trace has
/// the row as it came.
#[test]
fn a_callback_of_the_shim_is_recorded_with_its_whole_row() {
    let wat = r#"(module
        (import "assay:host" "0" (func $host))
        (func (export "assay:call") (param $number i32) (param i64) (result i64 i32 i32 i64)
            (if (i32.eqz (local.get $number)) (then (call $host)))
            (local.get 1) (i32.const 0) (i32.const 9) (i64.extend_i32_s (local.get $number))))"#;
    let mut program = program(wat);
    program.shim = shim(1, 1, &["fuel", "number"]);
    let nested = through_shim(Shim::nested(1), &[i64(5)]);
    program.host = host(&[(&[], &[], &[callback(&nested.export, &nested.args)])]);
    program.calls = vec![through_shim(0, &[i64(4)])];
    let row = vec![i64(5), i32(0), i32(9), i64(i64::from(i32::MIN) + 1)];
    each_engine(|engine| {
        let transcript = engine.run(&program).unwrap();
        assert_eq!(transcript, drive(engine, &program).unwrap());
        let step = &transcript.calls[0];
        assert_eq!(step.outcome, returned(&[i64(4)]), "{}", engine.name());
        assert_eq!(step.state.as_ref().unwrap().slots, [i32(9), i64(0)]);
        assert_eq!(step.host.len(), 1);
        assert_eq!(step.host[0].effect, HostEffect::Called(Some(row.clone())));
    });
}

#[test]
fn exhaustion_below_the_host_cannot_be_caught() {
    run(&[callback("deep", &[])], &["f"], |name, calls| {
        let stack = Outcome::Exhausted(assay_engine::Resource::Stack);
        assert_eq!(calls[0].outcome, stack, "{name}");
    });
}

/// Before there is an instance the host cannot act on it.
#[test]
fn start_functions_meet_a_host_without_an_instance() {
    let fields = r#"(func $start (drop (call $host (i32.const 0))))
        (start $start)"#;
    let grew = HostEffect::Grew(None);
    let cases = [
        (
            callback("trap", &[]),
            HostEffect::Called(None),
            returned(&[]),
        ),
        (
            Action::GrowMemory {
                memory: 0,
                pages: 1,
            },
            grew.clone(),
            returned(&[]),
        ),
        (
            Action::GrowTable {
                table: 0,
                elements: 1,
            },
            grew,
            returned(&[]),
        ),
        (Action::Collect, HostEffect::Returned, returned(&[])),
        (Action::Fresh, HostEffect::Returned, returned(&[])),
        (
            Action::Trap,
            HostEffect::Trapped,
            Outcome::Trapped(Trap::Host.into()),
        ),
        (
            Action::Throw {
                tag: 0,
                params: vec![Slot::I32, Slot::I64],
            },
            HostEffect::Trapped,
            Outcome::Trapped(Trap::Host.into()),
        ),
    ];
    each_engine(|engine| {
        for (action, effect, outcome) in &cases {
            let mut program = with_actions(std::slice::from_ref(action));
            program.modules = vec![module("main", &catching(fields))];
            let step = engine.run(&program).unwrap().instantiation;
            let host = [HostCall {
                import: 0,
                args: vec![i32(0)],
                effect: effect.clone(),
            }];
            assert_eq!(step.host, host, "{}: {action:?}", engine.name());
            assert_eq!(step.outcome, *outcome, "{}: {action:?}", engine.name());
        }
    });
}
