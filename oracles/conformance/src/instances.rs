//! What may be asked of an instance, and what may not.

use crate::check::{Check, Failure, Group, misuse, same};
use crate::fixture::{NULL, calling, function, hosted, returned};
use assay_engine::{
    Engine, EngineError, Features, HostCall, HostEffect, Instance, MemoryDigest, Outcome, Program,
    Slot, Value,
};

const fn check(name: &'static str, code: fn(&mut dyn Engine) -> Result<(), Failure>) -> Check {
    Check::code(Group::Instances, name, Features::empty(), code)
}

pub(crate) const CHECKS: &[Check] = &[
    check(
        "there is an instance exactly when instantiation succeeds",
        instance,
    ),
    check("what cannot be asked is misuse, and does no harm", misuses),
    check("a program without a module is misuse", no_module),
    check("host calls are taken once", trace),
    check("instances are separate", separate),
];

/// The instance of a program that must have one.
fn with_instance<T>(
    engine: &mut dyn Engine,
    program: &Program,
    ask: impl FnOnce(&mut dyn Instance) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let started = engine.instantiate(program)?;
    same("instantiation", &started.outcome, &returned(&[]))?;
    match started.instance {
        Some(mut instance) => ask(instance.as_mut()),
        None => Err(EngineError::misuse("suite", "there is no instance").into()),
    }
}

fn instance(engine: &mut dyn Engine) -> Result<(), Failure> {
    for (fields, expected) in [
        ("", true),
        ("(func $f unreachable) (start $f)", false),
        (r#"(import "a" "b" (func))"#, false),
        ("(func (result i32))", false),
    ] {
        let program = calling(fields, &[])?;
        let started = engine.instantiate(&program)?;
        let succeeded = started.outcome == returned(&[]);
        same("whether instantiation succeeds", &succeeded, &expected)?;
        same(
            "whether there is an instance",
            &started.instance.is_some(),
            &expected,
        )?;
    }
    Ok(())
}

fn misuses(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"(global (export "g") i32 (i32.const 0)) (func (export "f") (param i32))"#;
    let calls: [(&str, &[Value]); 7] = [
        ("h", &[]),
        ("g", &[]),
        ("f", &[]),
        ("f", &[Value::I32(1), Value::I32(2)]),
        ("f", &[Value::I64(1)]),
        ("f", &[Value::F32(1)]),
        ("f", &[NULL]),
    ];
    with_instance(engine, &calling(fields, &[])?, |instance| {
        for (export, args) in calls {
            let what = format!("a call of {export:?} with {args:?}");
            misuse(&what, instance.call(export, args))?;
        }
        misuse("a digest", instance.memory(0))?;
        misuse("a memory", instance.read_memory(0))?;
        same(
            "a call",
            &instance.call("f", &[Value::I32(1)])?,
            &returned(&[]),
        )
    })
}

fn no_module(engine: &mut dyn Engine) -> Result<(), Failure> {
    let empty = Program::default();
    misuse(
        "instantiation",
        engine.instantiate(&empty).map(|it| it.outcome),
    )
}

fn trace(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"
        (import "assay:host" "0" (func $host (param i32)))
        (func (export "f") (param i32) (call $host (local.get 0)))"#;
    let program = calling(fields, &[])?;
    let program = hosted(program, &[function(&[Slot::I32], &[], &[])]);
    let host_call = |n| HostCall {
        import: 0,
        args: vec![Value::I32(n)],
        effect: HostEffect::Returned,
    };
    with_instance(engine, &program, |instance| {
        same("at first", &instance.take_host_calls()[..], &[])?;
        instance.call("f", &[Value::I32(1)])?;
        instance.call("f", &[Value::I32(2)])?;
        let both = [host_call(1), host_call(2)];
        same("after two calls", &instance.take_host_calls()[..], &both)?;
        same("once more", &instance.take_host_calls()[..], &[])?;
        instance.call("f", &[Value::I32(3)])?;
        same(
            "after another",
            &instance.take_host_calls()[..],
            &[host_call(3)],
        )
    })
}

fn separate(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"
        (memory (export "assay:memory:0") 1)
        (func (export "f") (result i32)
            (i32.load8_u (i32.const 9)) (i32.store8 (i32.const 9) (i32.const 7)))"#;
    let mut program = calling(fields, &[])?;
    program.memories = 1;
    for _ in 0..2 {
        let fresh = MemoryDigest::of(&[0; 1 << 16]);
        let outcomes = with_instance(engine, &program, |instance| {
            same("the memory", &instance.memory(0)?, &fresh)?;
            let outcomes: [Outcome; 2] = [instance.call("f", &[])?, instance.call("f", &[])?];
            same("a byte of it", &instance.read_memory(0)?.get(9), &Some(&7))?;
            Ok(outcomes)
        })?;
        same(
            "the outcomes",
            &outcomes,
            &[0, 7].map(|n| returned(&[Value::I32(n)])),
        )?;
    }
    Ok(())
}
