//! Interruption on behalf of the host.

use super::support::{calling, engine_in, hosted, import, with_stack};
use crate::{Compiler, Configuration};
use assay_engine::{Action, Host, HostFunction, Outcome, Trap, Value, drive};

/// Tells in a global whether code goes on behind the host function. It does so, up to the next place
/// where it looks, exactly where the engine has means of its own.
const TELLS: &str = r#"
    (global $on (export "on") (mut i32) (i32.const 0))
    (func $nothing)
    (func (export "f") (call $host) (global.set $on (i32.const 1)) (call $nothing)
        (global.set $on (i32.const 2)))
    (func (export "loop") (call $host) (global.set $on (i32.const 1)) (loop (br 0)))
    (func (export "told") (result i32) (global.get $on))"#;

/// Means of interruption: fuel, epochs, stacks of its own.
fn configuration(compiler: Compiler, fuel: bool, epochs: bool, stacks: bool) -> Configuration {
    let mut configuration = Configuration::of(compiler);
    configuration.code.fuel = fuel;
    configuration.code.epochs = epochs;
    configuration.entry.async_stacks = stacks;
    configuration.normalised()
}

#[test]
fn code_is_interrupted_where_it_looks_next() {
    with_stack(|| {
        let bits = |n: u32| [n & 1 != 0, n & 2 != 0, n & 4 != 0];
        for compiler in Compiler::ALL {
            for [fuel, epochs, stacks] in (0..8).map(bits) {
                let configuration = configuration(compiler, fuel, epochs, stacks);
                let goes_on = Value::I32((fuel || epochs).into());
                for export in ["f", "loop"] {
                    assert_interrupted(&configuration, export, goes_on);
                }
            }
        }
    });
}

/// The call of this export is interrupted, and the next calls are not.
fn assert_interrupted(configuration: &Configuration, export: &str, on: Value) {
    let text = format!("{configuration:?}, {export}");
    let fields = format!("(import {} (func $host)) {TELLS}", import(0));
    let mut program = calling(&fields, &[]);
    program.calls[0].export = export.to_owned();
    let call = |name: &str| super::support::call(name, &[]);
    program
        .calls
        .extend([call("told"), call("f"), call("told")]);
    let function = HostFunction {
        label: "interrupt".into(),
        params: vec![],
        results: vec![],
        actions: vec![Action::Interrupt, Action::Return],
    };
    let host = Host {
        seed: 1,
        functions: vec![function],
    };
    let run = drive(
        &mut engine_in(configuration.clone()),
        &hosted(program, host),
    );
    let outcomes: Vec<_> = run
        .expect("the engine runs it")
        .calls
        .into_iter()
        .map(|step| step.outcome)
        .collect();
    let expected = [
        Outcome::Trapped(Trap::Host.into()),
        Outcome::Returned(vec![on]),
        Outcome::Returned(vec![]),
        Outcome::Returned(vec![Value::I32(2)]),
    ];
    assert_eq!(outcomes, expected, "{text}");
}
