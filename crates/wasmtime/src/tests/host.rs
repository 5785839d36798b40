//! Host functions: each action, and what is recorded of it.

use super::support::{call, calling, hosted, import, last, program, run, run_with, with_stack};
use assay_engine::{
    Action, Features, Host, HostCall, HostEffect, HostFunction, Outcome, Reference, Slot, Trap,
    Value,
};

const EXCEPTIONS: Features = Features::EXCEPTIONS;

/// A host with one function of this type that does this.
fn host(params: &[Slot], results: &[Slot], actions: &[Action]) -> Host {
    let function = HostFunction {
        label: "env.f".into(),
        params: params.to_vec(),
        results: results.to_vec(),
        actions: actions.to_vec(),
    };
    Host {
        seed: 1,
        functions: vec![function],
    }
}

/// What a host does on each call of `f`, which calls the host.
fn effects(fields: &str, host: Host, needs: Features) -> (Outcome, Vec<HostEffect>) {
    let program = hosted(tagged(calling(fields, &[])), host);
    let transcript = run_with(&program, needs);
    let effects = transcript.calls[0]
        .host
        .iter()
        .map(|call| call.effect.clone())
        .collect();
    (last(&transcript), effects)
}

fn tagged(mut program: assay_engine::Program) -> assay_engine::Program {
    program.tags = 1;
    program
}

fn calls_the_host(more: &str) -> String {
    let import = import(0);
    format!(r#"(import {import} (func $h)) (func $f (export "f") (call $h)) {more}"#)
}

#[test]
fn a_function_returns_what_the_vocabulary_says() {
    let import = import(0);
    let fields = format!(
        r#"(import {import} (func $h (param i32 i64) (result i64 i32)))
           (func (export "f") (result i64 i32) (call $h (i32.const 3) (i64.const 4)))"#
    );
    let params = [Slot::I32, Slot::I64];
    let program = hosted(
        calling(&fields, &[]),
        host(&params, &[Slot::I64, Slot::I32], &[]),
    );
    let transcript = run(&program);
    let args = vec![Value::I32(3), Value::I64(4)];
    let (_, values, _) =
        assay_engine::HostState::new(&program.host).enter(&program.host, 0, args.clone());
    assert_eq!(last(&transcript), Outcome::Returned(values));
    let recorded = HostCall {
        import: 0,
        args,
        effect: HostEffect::Returned,
    };
    assert_eq!(transcript.calls[0].host, [recorded]);
}

#[test]
fn references_pass_through_the_host() {
    let import = import(0);
    let fields = format!(
        r#"(import {import} (func $h (param externref) (result externref)))
           (func (export "f") (param externref) (result externref) (call $h (local.get 0)))
           (func (export "g") (result externref)
               (call $h (extern.convert_any (ref.i31 (i32.const 5)))))"#
    );
    let mut program = hosted(
        program(&fields),
        host(&[Slot::Extern], &[Slot::Extern], &[]),
    );
    let three = Value::Ref(Reference::Extern(3));
    program.calls.extend([call("f", &[three]), call("g", &[])]);
    let transcript = run_with(&program, Features::GC);
    assert_eq!(transcript.calls[0].host[0].args, [three]);
    assert_eq!(
        transcript.calls[1].host[0].args,
        [Value::Ref(Reference::Internal)]
    );
    for step in &transcript.calls {
        let Outcome::Returned(values) = &step.outcome else {
            panic!("{step:?}")
        };
        assert!(matches!(
            values[..],
            [Value::Ref(Reference::Null | Reference::Extern(1..=7))]
        ));
    }
}

#[test]
fn a_host_trap_is_a_trap_that_nothing_catches() {
    let trapped = Outcome::Trapped(Trap::Host.into());
    let plain = effects(
        &calls_the_host(""),
        host(&[], &[], &[Action::Trap]),
        Features::empty(),
    );
    assert_eq!(plain, (trapped.clone(), vec![HostEffect::Trapped]));
    let import = import(0);
    let catching = format!(
        r#"(import {import} (func $h))
           (func (export "f") (block $b (try_table (catch_all $b) (call $h))))"#
    );
    let caught = effects(&catching, host(&[], &[], &[Action::Trap]), EXCEPTIONS);
    assert_eq!(caught, (trapped, vec![HostEffect::Trapped]));
}

#[test]
fn the_host_throws_and_the_module_may_catch() {
    let throw = Action::Throw {
        tag: 0,
        params: vec![Slot::I32, Slot::I64],
    };
    let tag = r#"(tag $t (export "assay:tag:0") (param i32 i64))"#;
    let throwing = host(&[], &[], &[throw]);
    let (_, payload, _) = assay_engine::HostState::new(&throwing).enter(&throwing, 0, vec![]);
    let uncaught = effects(&calls_the_host(tag), throwing.clone(), EXCEPTIONS);
    let threw = Outcome::Threw {
        tag: Some(0),
        payload: payload.clone(),
    };
    assert_eq!(uncaught, (threw, vec![HostEffect::Threw]));
    let import = import(0);
    let catching = format!(
        r#"(import {import} (func $h)) {tag}
           (func (export "f") (result i32 i64) (block $b (result i32 i64)
               (try_table (catch $t $b) (call $h)) (unreachable)))"#
    );
    let caught = effects(&catching, throwing, EXCEPTIONS);
    assert_eq!(
        caught,
        (Outcome::Returned(payload), vec![HostEffect::Threw])
    );
}

#[test]
fn the_host_grows_memories_and_tables() {
    let grow = [
        Action::GrowMemory {
            memory: 0,
            pages: 2,
        },
        Action::GrowMemory {
            memory: 0,
            pages: 2,
        },
        Action::GrowTable {
            table: 0,
            elements: 5,
        },
        Action::GrowTable {
            table: 0,
            elements: 1000,
        },
    ];
    let import = import(0);
    let fields = format!(
        r#"(import {import} (func $h))
           (memory (export "assay:memory:0") 1 4) (table (export "assay:table:0") 3 9 funcref)
           (func (export "f") (result i32 i32)
               (call $h) (call $h) (call $h) (call $h) (memory.size) (table.size 0))"#
    );
    let (outcome, effects) = effects(&fields, host(&[], &[], &grow), Features::empty());
    assert_eq!(
        outcome,
        Outcome::Returned(vec![Value::I32(3), Value::I32(8)])
    );
    let sizes = [Some(1), None, Some(3), None];
    assert_eq!(effects, sizes.map(HostEffect::Grew));
}

#[test]
fn the_host_calls_back() {
    let back = Action::Call {
        export: "g".into(),
        args: vec![Value::I32(20)],
    };
    let g = r#"(func (export "g") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))"#;
    let (outcome, effects) = effects(
        &calls_the_host(g),
        host(&[], &[], &[back]),
        Features::empty(),
    );
    assert_eq!(outcome, Outcome::Returned(vec![]));
    assert_eq!(effects, [HostEffect::Called(Some(vec![Value::I32(21)]))]);
}

#[test]
fn callbacks_nest_to_their_bound() {
    with_stack(|| {
        let back = Action::Call {
            export: "f".into(),
            args: vec![],
        };
        let (outcome, effects) = effects(
            &calls_the_host(""),
            host(&[], &[], &[back]),
            Features::empty(),
        );
        assert_eq!(outcome, Outcome::Returned(vec![]));
        let called = HostEffect::Called(Some(vec![]));
        assert_eq!(effects, [called.clone(), called, HostEffect::Returned]);
    });
}

#[test]
fn what_stops_a_callee_goes_on_through_the_host() {
    with_stack(|| {
        let back = host(
            &[],
            &[],
            &[Action::Call {
                export: "g".into(),
                args: vec![],
            }],
        );
        let lost = vec![HostEffect::Called(None)];
        let traps = calls_the_host(r#"(func (export "g") unreachable)"#);
        let trapped = Outcome::Trapped(Trap::Unreachable.into());
        assert_eq!(
            effects(&traps, back.clone(), Features::empty()),
            (trapped, lost.clone())
        );
        let deep = calls_the_host(r#"(func $g (export "g") (call $g))"#);
        let exhausted = Outcome::Exhausted(assay_engine::Resource::Stack);
        assert_eq!(
            effects(&deep, back.clone(), Features::empty()),
            (exhausted, lost.clone())
        );
        let tag = r#"(tag $t (export "assay:tag:0") (param i32))"#;
        let throws = calls_the_host(&format!(
            r#"{tag} (func (export "g") (throw $t (i32.const 4)))"#
        ));
        let threw = Outcome::Threw {
            tag: Some(0),
            payload: vec![Value::I32(4)],
        };
        assert_eq!(
            effects(&throws, back.clone(), EXCEPTIONS),
            (threw, lost.clone())
        );
        let import = import(0);
        let catches = format!(
            r#"(import {import} (func $h)) {tag} (func (export "g") (throw $t (i32.const 4)))
               (func (export "f") (result i32)
                   (block $b (result i32) (try_table (catch $t $b) (call $h)) (unreachable)))"#
        );
        let caught = Outcome::Returned(vec![Value::I32(4)]);
        assert_eq!(effects(&catches, back, EXCEPTIONS), (caught, lost));
    });
}

#[test]
fn start_functions_have_no_instance_to_act_on() {
    let import = import(0);
    let fields = format!(
        r#"(import {import} (func $h)) (memory (export "assay:memory:0") 1)
           (table (export "assay:table:0") 1 funcref) (tag (export "assay:tag:0"))
           (func (export "f")) (func $s (call $h)) (start $s)"#
    );
    for (action, effect, outcome) in [
        (
            Action::GrowMemory {
                memory: 0,
                pages: 1,
            },
            HostEffect::Grew(None),
            Outcome::Returned(vec![]),
        ),
        (
            Action::GrowTable {
                table: 0,
                elements: 1,
            },
            HostEffect::Grew(None),
            Outcome::Returned(vec![]),
        ),
        (
            Action::Call {
                export: "f".into(),
                args: vec![],
            },
            HostEffect::Called(None),
            Outcome::Returned(vec![]),
        ),
        (
            Action::Throw {
                tag: 0,
                params: vec![],
            },
            HostEffect::Trapped,
            Outcome::Trapped(Trap::Host.into()),
        ),
        (
            Action::Trap,
            HostEffect::Trapped,
            Outcome::Trapped(Trap::Host.into()),
        ),
    ] {
        let program = hosted(program(&fields), host(&[], &[], &[action]));
        let transcript = run_with(&program, EXCEPTIONS);
        assert_eq!(transcript.instantiation.outcome, outcome);
        assert_eq!(transcript.instantiation.host[0].effect, effect);
    }
}
