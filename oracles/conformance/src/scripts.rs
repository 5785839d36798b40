//! Scripts: several instances in one store, each of which may be called.

use crate::check::{Check, Failure, Group, misuse, same};
use crate::fixture::{module, object, returned};
use assay_engine::script::{Action, Source};
use assay_engine::{Engine, Features, Outcome, Phase, Resource, Script, Trap, Value};

const fn check(name: &'static str, code: fn(&mut dyn Engine) -> Result<(), Failure>) -> Check {
    Check::code(Group::Scripts, name, Features::empty(), code)
}

pub(crate) const CHECKS: &[Check] = &[
    check("instances share what they import", sharing),
    check("an instance that fails keeps what it wrote", kept),
    check(
        "nothing is done with an instance that is not there",
        missing,
    ),
    check("a module is refused, or does not link, and so on", refused),
    check("a script goes on after a trap and the end of the stack", on),
    check("values go in and out", values),
    check("a script knows nothing of the one before", fresh),
    check("a call of what is not exported is misuse", unknown),
];

fn compile(fields: &str) -> Result<Action, Failure> {
    let wasm = module("m", &format!("(module {fields})"))?.wasm;
    Ok(Action::Compile { wasm })
}

fn instantiate(fields: &str, sources: &[(&str, usize)]) -> Result<Action, Failure> {
    let wasm = module("m", &format!("(module {fields})"))?.wasm;
    let source = |&(name, instance): &(&str, usize)| Source {
        name: name.to_owned(),
        instance,
    };
    let sources = sources.iter().map(source).collect();
    Ok(Action::Instantiate { wasm, sources })
}

fn call(instance: usize, export: &str, args: &[Value]) -> Action {
    Action::Call {
        instance,
        export: export.to_owned(),
        args: args.to_vec(),
    }
}

/// The outcomes are these.
fn performs(
    engine: &mut dyn Engine,
    actions: Vec<Action>,
    expected: &[Option<Outcome>],
) -> Result<(), Failure> {
    let limits = assay_engine::Limits::default();
    let found = engine.perform(&Script { actions, limits })?;
    same("the outcomes", &found[..], expected)
}

fn done() -> Option<Outcome> {
    Some(returned(&[]))
}

fn gave(value: u32) -> Option<Outcome> {
    Some(returned(&[Value::I32(value)]))
}

const COUNTER: &str = r#"
    (memory (export "mem") 1)
    (global $n (export "g") (mut i32) (i32.const 0))
    (func (export "n") (result i32) (global.get $n))
    (func (export "byte") (result i32) (i32.load8_u (i32.const 9)))"#;

fn sharing(engine: &mut dyn Engine) -> Result<(), Failure> {
    let importer = r#"
        (import "counter" "g" (global $n (mut i32)))
        (func (export "add") (param i32)
            (global.set $n (i32.add (global.get $n) (local.get 0))))"#;
    let actions = vec![
        instantiate(COUNTER, &[])?,
        instantiate(importer, &[("counter", 0)])?,
        instantiate(importer, &[("other", 1), ("counter", 0)])?,
        call(1, "add", &[Value::I32(2)]),
        call(2, "add", &[Value::I32(3)]),
        call(0, "n", &[]),
    ];
    performs(
        engine,
        actions,
        &[done(), done(), done(), done(), done(), gave(5)],
    )
}

fn kept(engine: &mut dyn Engine) -> Result<(), Failure> {
    let failing = r#"
        (import "counter" "mem" (memory 1))
        (data (i32.const 9) "\07")
        (func $f unreachable) (start $f)"#;
    let actions = vec![
        instantiate(COUNTER, &[])?,
        instantiate(failing, &[("counter", 0)])?,
        call(0, "byte", &[]),
    ];
    let trap = Some(Outcome::Trapped(Trap::Unreachable.into()));
    performs(engine, actions, &[done(), trap, gave(7)])
}

fn missing(engine: &mut dyn Engine) -> Result<(), Failure> {
    let actions = vec![
        instantiate(r#"(func $f unreachable) (start $f)"#, &[])?,
        call(0, "f", &[]),
        instantiate("", &[("a", 0)])?,
        call(2, "f", &[]),
        // Neither a call nor a compilation makes an instance.
        call(1, "f", &[]),
        compile("")?,
        call(5, "f", &[]),
    ];
    let trap = Some(Outcome::Trapped(Trap::Unreachable.into()));
    performs(
        engine,
        actions,
        &[trap, None, None, None, None, done(), None],
    )
}

fn refused(engine: &mut dyn Engine) -> Result<(), Failure> {
    let invalid = "(func (result i32))";
    let actions = vec![
        compile(invalid)?,
        instantiate(invalid, &[])?,
        compile(r#"(import "a" "b" (func))"#)?,
        instantiate(r#"(import "a" "b" (func))"#, &[])?,
        instantiate(r#"(func (export "b") (param i32))"#, &[])?,
        instantiate(r#"(import "a" "b" (func))"#, &[("a", 4)])?,
    ];
    let rejected = |phase| Some(Outcome::Rejected(phase));
    let expected = [
        rejected(Phase::Compile),
        rejected(Phase::Compile),
        done(),
        rejected(Phase::Link),
        done(),
        rejected(Phase::Link),
    ];
    performs(engine, actions, &expected)
}

fn on(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"
        (func (export "trap") unreachable)
        (func $deep (export "deep") (call $deep))
        (func (export "seven") (result i32) (i32.const 7))"#;
    let actions = vec![
        instantiate(fields, &[])?,
        call(0, "trap", &[]),
        call(0, "deep", &[]),
        call(0, "seven", &[]),
    ];
    let expected = [
        done(),
        Some(Outcome::Trapped(Trap::Unreachable.into())),
        Some(Outcome::Exhausted(Resource::Stack)),
        gave(7),
    ];
    performs(engine, actions, &expected)
}

fn values(engine: &mut dyn Engine) -> Result<(), Failure> {
    let fields = r#"(func (export "swap") (param i32 i64) (result i64 i32)
        (local.get 1) (local.get 0))"#;
    let (small, large) = (Value::I32(u32::MAX), Value::I64(1 << 63));
    let actions = vec![instantiate(fields, &[])?, call(0, "swap", &[small, large])];
    performs(engine, actions, &[done(), Some(returned(&[large, small]))])?;
    if engine.features().contains(Features::REFERENCE_TYPES) {
        let fields = r#"(func (export "same") (param externref) (result externref)
            (local.get 0))"#;
        let actions = vec![instantiate(fields, &[])?, call(0, "same", &[object(3)])];
        performs(engine, actions, &[done(), Some(returned(&[object(3)]))])?;
    }
    Ok(())
}

fn fresh(engine: &mut dyn Engine) -> Result<(), Failure> {
    let importer = r#"(import "a" "b" (func))"#;
    let first = vec![
        instantiate(r#"(func (export "b"))"#, &[])?,
        instantiate(importer, &[("a", 0)])?,
    ];
    performs(engine, first, &[done(), done()])?;
    let second = vec![instantiate(importer, &[])?];
    performs(engine, second, &[Some(Outcome::Rejected(Phase::Link))])
}

fn unknown(engine: &mut dyn Engine) -> Result<(), Failure> {
    let actions = vec![
        instantiate(r#"(func (export "f"))"#, &[])?,
        call(0, "g", &[]),
    ];
    let limits = assay_engine::Limits::default();
    misuse("a call", engine.perform(&Script { actions, limits }))
}
