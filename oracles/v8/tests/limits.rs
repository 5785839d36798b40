//! What a program may spend, and that the engine goes on after it.

#![cfg(feature = "v8")]

mod common;

use assay_engine::{Action, Engine, Limits, OnFailure, Outcome, Program, Resource, Value};
use assay_v8::V8Engine;
use common::{host, program};
use std::time::{Duration, Instant};

/// A program whose exports spend something without end, and one that does not.
fn spender() -> Program {
    let text = r#"(module
        (import "assay:host" "0" (func $host))
        (type $cell (struct (field (ref null $cell)) (field i64 i64 i64 i64)))
        (type $bytes (array i8))
        (global $all (mut (ref null $cell)) (ref.null $cell))
        (table $t 0 anyref)
        (func (export "spin") (loop (br 0)))
        (func (export "hold")
            (loop
                (global.set $all
                    (struct.new $cell (global.get $all) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)))
                (br 0)))
        (func (export "hoard") (result i32)
            (loop
                (drop (table.grow $t (array.new_default $bytes (i32.const 100000)) (i32.const 1)))
                (br 0))
            unreachable)
        (func (export "garbage") (param $n i32) (result i32)
            (loop
                (drop (array.new_default $bytes (i32.const 100000)))
                (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $n))
        (func (export "huge") (result i32)
            (array.len (array.new_default $bytes (i32.const 200000000))))
        (func $deep (export "deep") (call $deep) (call $deep))
        (func (export "call-host") (call $host))
        (func (export "seven") (result i32) (i32.const 7)))"#;
    let mut program = program(&[("m", text)]);
    program.host = host(
        &[],
        &[],
        vec![Action::Call {
            export: "spin".into(),
            args: vec![],
            failure: OnFailure::Onward,
        }],
    );
    program.limits = Limits {
        time_ms: 20_000,
        ..Limits::default()
    };
    program
}

/// Runs one call of the spender on an engine, and sees that it works after that.
fn spend(engine: &mut V8Engine, program: &Program, export: &str) -> Outcome {
    let outcome = {
        let mut started = engine.instantiate(program).unwrap();
        started
            .instance
            .as_mut()
            .unwrap()
            .call(export, &[])
            .unwrap()
    };
    let mut again = engine.instantiate(program).unwrap();
    let instance = again.instance.as_mut().unwrap();
    assert_eq!(
        instance.call("seven", &[]).unwrap(),
        Outcome::Returned(vec![Value::I32(7)])
    );
    outcome
}

#[test]
fn an_endless_loop_exhausts_the_time_also_within_a_callback() {
    let mut program = spender();
    program.limits.time_ms = 100;
    let mut engine = V8Engine::new();
    for export in ["spin", "call-host", "spin"] {
        let begun = Instant::now();
        assert_eq!(
            spend(&mut engine, &program, export),
            Outcome::Exhausted(Resource::Time)
        );
        let took = begun.elapsed();
        assert!(
            took >= Duration::from_millis(100) && took < Duration::from_secs(20),
            "{took:?}"
        );
    }
}

#[test]
fn the_time_is_for_all_calls_of_a_program_and_a_start_function_takes_from_it() {
    let mut program = spender();
    program.limits.time_ms = 100;
    let mut engine = V8Engine::new();
    let mut started = engine.instantiate(&program).unwrap();
    let instance = started.instance.as_mut().unwrap();
    let time = Outcome::Exhausted(Resource::Time);
    assert_eq!(instance.call("spin", &[]).unwrap(), time);
    assert_eq!(instance.call("seven", &[]).unwrap(), time);
    drop(started);

    let mut starting = common::program(&[("m", "(module (func $s (loop (br 0))) (start $s))")]);
    starting.limits.time_ms = 50;
    let started = engine.instantiate(&starting).unwrap();
    assert_eq!(started.outcome, time);
    assert!(started.instance.is_none());
}

#[test]
fn objects_without_end_exhaust_the_memory() {
    let program = spender();
    let mut engine = V8Engine::new();
    for export in ["hold", "hoard", "hold"] {
        let outcome = spend(&mut engine, &program, export);
        assert_eq!(outcome, Outcome::Exhausted(Resource::Memory), "{export}");
    }
}

#[test]
fn the_first_object_beyond_the_heap_is_still_allocated_and_the_engine_goes_on() {
    let outcome = spend(&mut V8Engine::new(), &spender(), "huge");
    assert_eq!(outcome, Outcome::Returned(vec![Value::I32(200_000_000)]));
}

#[test]
fn a_loop_is_stopped_soon_also_when_each_turn_takes_long() {
    let text = r#"(module
        (type $bytes (array i8))
        (func (export "f") (loop (drop (array.new_default $bytes (i32.const 100000))) (br 0))))"#;
    let mut program = program(&[("m", text)]);
    program.limits.time_ms = 100;
    let mut engine = V8Engine::new();
    let mut started = engine.instantiate(&program).unwrap();
    let begun = Instant::now();
    let outcome = started.instance.as_mut().unwrap().call("f", &[]).unwrap();
    assert_eq!(outcome, Outcome::Exhausted(Resource::Time));
    // With optimisation on it is five seconds.
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn garbage_exhausts_nothing() {
    let program = spender();
    let mut engine = V8Engine::new();
    let mut started = engine.instantiate(&program).unwrap();
    let outcome = started
        .instance
        .as_mut()
        .unwrap()
        .call("garbage", &[Value::I32(10_000)])
        .unwrap();
    assert_eq!(outcome, Outcome::Returned(vec![Value::I32(0)]));
}

#[test]
fn a_program_has_the_heap_that_its_limits_say() {
    let hold = |gc_heap_bytes| {
        let text = r#"(module
            (type $bytes (array i8))
            (table $t 0 anyref)
            (func (export "f") (param $n i32)
                (loop
                    (drop (table.grow $t (array.new_default $bytes (i32.const 1000000)) (i32.const 1)))
                    (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
        let mut program = common::program(&[("m", text)]);
        program.limits = Limits {
            gc_heap_bytes,
            ..Limits::default()
        };
        common::call(&program, "f", &[Value::I32(100)]).unwrap()
    };
    assert_eq!(hold(8 << 20), Outcome::Exhausted(Resource::Memory));
    assert_eq!(hold(256 << 20), Outcome::Returned(vec![]));
}

#[test]
fn recursion_exhausts_the_stack_of_a_thread_as_small_as_promised() {
    let run = || {
        let mut engine = V8Engine::new();
        (0..3)
            .map(|_| spend(&mut engine, &spender(), "deep"))
            .collect::<Vec<_>>()
    };
    let stack = assay_v8::THREAD_STACK_BYTES;
    let thread = std::thread::Builder::new()
        .stack_size(stack)
        .spawn(run)
        .unwrap();
    assert_eq!(
        thread.join().unwrap(),
        vec![Outcome::Exhausted(Resource::Stack); 3]
    );
}

#[test]
fn an_engine_may_move_to_another_thread_and_stand_beside_others() {
    let program = spender();
    let mut first = V8Engine::new();
    let mut second = V8Engine::new();
    assert_eq!(
        spend(&mut first, &program, "deep"),
        Outcome::Exhausted(Resource::Stack)
    );
    let mut one = first.instantiate(&program).unwrap();
    let mut two = second.instantiate(&program).unwrap();
    for of_first in [true, false, true, false] {
        let started = if of_first { &mut one } else { &mut two };
        let outcome = started
            .instance
            .as_mut()
            .unwrap()
            .call("seven", &[])
            .unwrap();
        assert_eq!(outcome, Outcome::Returned(vec![Value::I32(7)]));
    }
    drop((one, two));
    drop(first);
    let moved = std::thread::spawn(move || spend(&mut second, &spender(), "deep"));
    assert_eq!(moved.join().unwrap(), Outcome::Exhausted(Resource::Stack));
}
