//! Counting the instructions of a program.

use super::support::{bases, call, calling, engine_in, program};
use crate::WasmtimeEngine;
use assay_engine::{Engine as _, Program, Shim, Value, names};

/// A loop of five instructions.
const LOOP: &str = "(loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))";

fn count(engine: &mut WasmtimeEngine, program: &Program) -> u64 {
    engine.count_instructions(program).expect("it runs")
}

#[test]
fn instructions_are_counted_by_another_engine() {
    let fields = format!("(func (export \"f\") (param i32) {LOOP})");
    for configuration in bases() {
        let mut engine = engine_in(configuration);
        let rounds = |n| calling(&fields, &[Value::I32(n)]);
        let ten = count(&mut engine, &rounds(10));
        let twenty = count(&mut engine, &rounds(20));
        assert_eq!(twenty - ten, 50, "five instructions a round");
        assert!(engine.spent().call.is_zero());
    }
}

/// Calls of a shim with a number: so many rounds of the loop, then a trap if it is odd. Else it
/// tells the state, at great length.
fn shimmed(numbers: &[u32]) -> Program {
    let fields = format!(
        r#"(func $work (param i32) {LOOP})
           (func (export "assay:call") (param i32) (result i32 i32)
               (if (i32.ne (local.get 0) (i32.const 0x7fffffff))
                   (then
                       (call $work (local.get 0))
                       (if (i32.and (local.get 0) (i32.const 1)) (then unreachable))))
               (call $work (i32.const 1000))
               (i32.const 0) (i32.const 9))"#
    );
    let mut program = program(&fields);
    let calls = numbers.iter();
    program.calls = calls
        .map(|&number| call(names::CALL, &[Value::I32(number)]))
        .collect();
    program.shim = Some(Shim {
        functions: vec!["work".into()],
        state: vec!["fuel".into()],
        ..Shim::default()
    });
    program
}

#[test]
fn what_tells_the_state_does_not_count() {
    for configuration in bases() {
        let mut engine = engine_in(configuration);
        let none = count(&mut engine, &shimmed(&[]));
        assert_eq!(none, 0);
        let ten = count(&mut engine, &shimmed(&[10]));
        assert!((50..100).contains(&ten), "{ten}");
        let trapping = count(&mut engine, &shimmed(&[11]));
        assert!((55..105).contains(&trapping), "{trapping}");
        let all = count(&mut engine, &shimmed(&[10, 11, 10]));
        assert_eq!(all, 2 * ten + trapping);
    }
}
