//! The host: every action, the identity of references, callbacks.

#![cfg(feature = "v8")]

mod common;

use assay_engine::{
    Action, EngineError, HostCall, HostEffect, Outcome, Program, Resource, Slot, Trap, Value,
};
use common::{NULL, Ran, host, object, program, run};

const VOID: &[Slot] = &[];

/// A module whose export `f` calls the host function, which takes and gives these slots.
fn caller(actions: Vec<Action>) -> Program {
    let text = r#"(module
        (import "assay:host" "0" (func $host (param i32) (result i32)))
        (memory (export "assay:memory:0") 1 3)
        (table (export "assay:table:0") 2 5 externref)
        (func (export "f") (param i32) (result i32) (call $host (local.get 0)))
        (func (export "size") (result i32 i32) memory.size table.size)
        (func (export "trap") unreachable)
        (func $deep (export "deep") (call $deep) (call $deep)))"#;
    let mut program = program(&[("m", text)]);
    program.host = host(&[Slot::I32], &[Slot::I32], actions);
    program
}

fn one(actions: Vec<Action>) -> Ran {
    run(&caller(actions), &[("f", &[Value::I32(5)])])
        .unwrap()
        .remove(0)
}

fn effects(host: &[HostCall]) -> Vec<HostEffect> {
    host.iter().map(|call| call.effect.clone()).collect()
}

fn call_back(export: &str) -> Action {
    let args = if export == "f" {
        vec![Value::I32(9)]
    } else {
        vec![]
    };
    Action::Call {
        export: export.into(),
        args,
    }
}

#[test]
fn returns_a_value_that_depends_on_the_arguments() {
    let ran = one(vec![]);
    let Outcome::Returned(first) = &ran.outcome else {
        panic!("{ran:?}")
    };
    let expected = HostCall {
        import: 0,
        args: vec![Value::I32(5)],
        effect: HostEffect::Returned,
    };
    assert_eq!(ran.host, [expected]);
    let other = run(&caller(vec![]), &[("f", &[Value::I32(6)])]).unwrap();
    assert_ne!(other[0].outcome, Outcome::Returned(first.clone()));
}

#[test]
fn traps() {
    let ran = one(vec![Action::Trap]);
    assert_eq!(ran.outcome, Outcome::Trapped(Trap::Host.into()));
    assert_eq!(effects(&ran.host), [HostEffect::Trapped]);
}

/// A module whose host function throws tag 1, and that catches or does not.
fn thrower(actions: Vec<Action>) -> Program {
    let text = r#"(module
        (import "assay:host" "0" (func $host))
        (tag (export "assay:tag:0"))
        (tag $t (export "assay:tag:1") (param i32 i64))
        (func (export "let-it") (call $host))
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
        (func (export "foreign") (throw $own))
        (tag $own))"#;
    let mut program = program(&[("m", text)]);
    program.host = host(VOID, VOID, actions);
    program.tags = 2;
    program
}

#[test]
fn throws_what_the_module_can_catch() {
    let throw = Action::Throw {
        tag: 1,
        params: vec![Slot::I32, Slot::I64],
    };
    let calls: [(&str, &[Value]); 3] = [("let-it", &[]), ("catch", &[]), ("catch-all", &[])];
    let ran = run(&thrower(vec![throw]), &calls).unwrap();
    let Outcome::Threw {
        tag: Some(1),
        payload,
    } = &ran[0].outcome
    else {
        panic!("{ran:?}")
    };
    assert!(
        matches!(payload[..], [Value::I32(_), Value::I64(_)]),
        "{payload:?}"
    );
    assert_eq!(effects(&ran[0].host), [HostEffect::Threw]);
    assert!(matches!(&ran[1].outcome, Outcome::Returned(caught) if caught != payload));
    assert_eq!(ran[2].outcome, Outcome::Returned(vec![Value::I32(1)]));
}

#[test]
fn no_handler_catches_a_host_trap_nor_any_other_that_passes_the_host() {
    // V8 refuses a module that has handlers of both kinds.
    let handlers = [
        "(func (export \"f\") (try_table (catch_all 0) (call $host)))",
        "(func (export \"f\") try call $host catch_all end)",
    ];
    let bad = "(func (export \"bad\") (drop (i32.div_s (i32.const 1) (i32.const 0))))";
    for handler in handlers {
        let text = format!(r#"(module (import "assay:host" "0" (func $host)) {bad} {handler})"#);
        let mut program = program(&[("m", &text)]);
        program.host = host(VOID, VOID, vec![Action::Trap, call_back("bad")]);
        let ran = run(&program, &[("f", &[]), ("f", &[])]).unwrap();
        let outcomes: Vec<_> = ran.into_iter().map(|ran| ran.outcome).collect();
        let traps = [Trap::Host, Trap::IntegerDivideByZero];
        assert_eq!(
            outcomes,
            traps.map(|trap| Outcome::Trapped(trap.into())),
            "{handler}"
        );
    }
}

#[test]
fn uncaught_exceptions_have_their_tag_and_payload() {
    let ran = run(&thrower(vec![]), &[("throw", &[]), ("foreign", &[])]).unwrap();
    let payload = vec![Value::I32(5), Value::I64(-6i64 as u64)];
    assert_eq!(
        ran[0].outcome,
        Outcome::Threw {
            tag: Some(1),
            payload
        }
    );
    assert_eq!(
        ran[1].outcome,
        Outcome::Threw {
            tag: None,
            payload: vec![]
        }
    );
}

#[test]
fn an_exception_passes_the_host_on_its_way_out() {
    let ran = run(
        &thrower(vec![call_back("throw")]),
        &[("let-it", &[]), ("catch", &[])],
    )
    .unwrap();
    let payload = vec![Value::I32(5), Value::I64(-6i64 as u64)];
    assert_eq!(
        ran[0].outcome,
        Outcome::Threw {
            tag: Some(1),
            payload: payload.clone()
        }
    );
    assert_eq!(effects(&ran[0].host), [HostEffect::Called(None)]);
    assert_eq!(ran[1].outcome, Outcome::Returned(payload));
}

#[test]
fn a_throw_of_a_start_function_is_a_host_trap() {
    let text = r#"(module (import "assay:host" "0" (func $host)) (tag (export "assay:tag:0")) (start $host))"#;
    let mut program = program(&[("m", text)]);
    program.host = host(
        VOID,
        VOID,
        vec![Action::Throw {
            tag: 0,
            params: vec![],
        }],
    );
    let mut engine = assay_v8::V8Engine::new();
    let started = assay_engine::Engine::instantiate(&mut engine, &program).unwrap();
    assert_eq!(started.outcome, Outcome::Trapped(Trap::Host.into()));
    assert_eq!(effects(&started.host), [HostEffect::Trapped]);
}

#[test]
fn grows_64_bit_memories_and_tables() {
    let text = r#"(module
        (import "assay:host" "0" (func $host))
        (memory (export "assay:memory:0") i64 1 2)
        (table (export "assay:table:0") i64 1 3 funcref)
        (func (export "f") (call $host)))"#;
    let mut program = program(&[("m", text)]);
    let memory = Action::GrowMemory {
        memory: 0,
        pages: 1,
    };
    let table = Action::GrowTable {
        table: 0,
        elements: 2,
    };
    program.host = host(
        VOID,
        VOID,
        vec![memory.clone(), memory, table.clone(), table],
    );
    let ran = run(&program, &[("f", &[][..]); 4]).unwrap();
    let grown: Vec<_> = ran.iter().flat_map(|ran| effects(&ran.host)).collect();
    assert_eq!(grown, [Some(1), None, Some(1), None].map(HostEffect::Grew));
}

#[test]
fn grows_a_memory_until_refused() {
    let program = caller(vec![Action::GrowMemory {
        memory: 0,
        pages: 2,
    }]);
    let f = ("f", &[Value::I32(0)][..]);
    let ran = run(&program, &[f, f, ("size", &[])]).unwrap();
    assert_eq!(effects(&ran[0].host), [HostEffect::Grew(Some(1))]);
    assert_eq!(effects(&ran[1].host), [HostEffect::Grew(None)]);
    assert_eq!(
        ran[2].outcome,
        Outcome::Returned(vec![Value::I32(3), Value::I32(2)])
    );
}

#[test]
fn grows_a_table_until_refused() {
    let program = caller(vec![Action::GrowTable {
        table: 0,
        elements: 3,
    }]);
    let f = ("f", &[Value::I32(0)][..]);
    let ran = run(&program, &[f, f, ("size", &[])]).unwrap();
    assert_eq!(effects(&ran[0].host), [HostEffect::Grew(Some(2))]);
    assert_eq!(effects(&ran[1].host), [HostEffect::Grew(None)]);
    assert_eq!(
        ran[2].outcome,
        Outcome::Returned(vec![Value::I32(1), Value::I32(5)])
    );
}

#[test]
fn calls_back_and_records_the_results() {
    let ran = one(vec![call_back("size")]);
    assert!(matches!(ran.outcome, Outcome::Returned(_)));
    let results = vec![Value::I32(1), Value::I32(2)];
    assert_eq!(effects(&ran.host), [HostEffect::Called(Some(results))]);
}

#[test]
fn calls_back_two_levels_deep_and_no_deeper() {
    let ran = one(vec![call_back("f")]);
    assert!(matches!(ran.outcome, Outcome::Returned(_)));
    let effects = effects(&ran.host);
    assert_eq!(effects.len(), 3, "{effects:?}");
    assert!(matches!(effects[0], HostEffect::Called(Some(_))));
    assert!(matches!(effects[1], HostEffect::Called(Some(_))));
    assert_eq!(effects[2], HostEffect::Returned);
}

#[test]
fn what_stops_a_callee_goes_on_outwards() {
    let cases = [
        ("trap", Outcome::Trapped(Trap::Unreachable.into())),
        ("deep", Outcome::Exhausted(Resource::Stack)),
    ];
    for (export, outcome) in cases {
        let ran = one(vec![call_back(export)]);
        assert_eq!(ran.outcome, outcome);
        assert_eq!(effects(&ran.host), [HostEffect::Called(None)]);
    }
    let ran = one(vec![call_back("f"), Action::Trap]);
    assert_eq!(ran.outcome, Outcome::Trapped(Trap::Host.into()));
    assert_eq!(
        effects(&ran.host),
        [HostEffect::Called(None), HostEffect::Trapped]
    );
}

#[test]
fn a_missing_export_is_misuse() {
    for action in [
        Action::GrowMemory {
            memory: 1,
            pages: 1,
        },
        Action::GrowTable {
            table: 1,
            elements: 1,
        },
        Action::Call {
            export: "nowhere".into(),
            args: vec![],
        },
        Action::Call {
            export: "f".into(),
            args: vec![],
        },
        Action::Call {
            export: "f".into(),
            args: vec![Value::I64(1)],
        },
    ] {
        let failed = run(&caller(vec![action]), &[("f", &[Value::I32(5)])]);
        assert!(
            matches!(failed, Err(EngineError::Misuse { .. })),
            "{failed:?}"
        );
    }
}

#[test]
fn there_is_no_instance_while_start_functions_run() {
    let text = r#"(module
        (import "assay:host" "0" (func $host))
        (memory (export "assay:memory:0") 1)
        (table (export "assay:table:0") 1 funcref)
        (func $start (call $host) (call $host) (call $host))
        (func (export "f"))
        (start $start))"#;
    let mut program = program(&[("m", text)]);
    let actions = vec![
        Action::GrowMemory {
            memory: 0,
            pages: 1,
        },
        Action::GrowTable {
            table: 0,
            elements: 1,
        },
        call_back("f"),
    ];
    program.host = host(VOID, VOID, actions);
    let mut engine = assay_v8::V8Engine::new();
    let started = assay_engine::Engine::instantiate(&mut engine, &program).unwrap();
    assert_eq!(started.outcome, Outcome::Returned(vec![]));
    let expected = [
        HostEffect::Grew(None),
        HostEffect::Grew(None),
        HostEffect::Called(None),
    ];
    assert_eq!(effects(&started.host), expected);
}

#[test]
fn references_keep_their_number_and_their_identity() {
    let text = r#"(module
        (import "assay:host" "0" (func $host (param externref) (result externref)))
        (elem declare func 0)
        (global $g (mut externref) (ref.null extern))
        (func (export "id") (param externref) (result externref) (local.get 0))
        (func (export "keep") (param externref) (result externref)
            (global.get $g) (global.set $g (local.get 0)))
        (func (export "null") (param externref) (result i32) (ref.is_null (local.get 0)))
        (func (export "host") (param externref) (result externref) (call $host (local.get 0)))
        (func (export "func") (result funcref) (ref.func 0)))"#;
    let mut program = program(&[("m", text)]);
    program.host = host(&[Slot::Extern], &[Slot::Extern], vec![]);
    let ran = run(
        &program,
        &[
            ("id", &[object(7)]),
            ("id", &[NULL]),
            ("keep", &[object(1)]),
            ("keep", &[object(2)]),
            ("null", &[NULL]),
            ("null", &[object(0)]),
            ("host", &[object(3)]),
            ("func", &[]),
        ],
    )
    .unwrap();
    let returned = |value| Outcome::Returned(vec![value]);
    let outcomes: Vec<_> = ran.iter().map(|ran| ran.outcome.clone()).collect();
    assert_eq!(outcomes[..2], [returned(object(7)), returned(NULL)]);
    assert_eq!(outcomes[2..4], [returned(NULL), returned(object(1))]);
    assert_eq!(
        outcomes[4..6],
        [returned(Value::I32(1)), returned(Value::I32(0))]
    );
    assert_eq!(ran[6].host[0].args, [object(3)]);
    assert_eq!(
        outcomes[7],
        returned(Value::Ref(assay_engine::Reference::Func))
    );
}
