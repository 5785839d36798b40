//! Interpreters with a fault.

use assay_reference::Config;
use assay_trial::{End, Event, FUEL_PER_CALL, Fault, Log, STACK_BYTES, judge, judge_within, run};
use std::process::Command;
use std::time::Duration;

/// A memory and a list that grow without end, and a call of the host.
const ALL_SORTS: &str = r#"(module
    (type $list (struct (field (ref null $list))))
    (import "host" "f" (func $f (param i32)))
    (global $g (mut (ref null $list)) (ref.null $list))
    (memory (export "memory") 1)
    (func (export "grow") (result i32) 
        (drop (memory.grow (i32.const 2))) (memory.grow (i32.const 2)))
    (func (export "list") (param i32) (result i32)
        (global.set $g (struct.new $list (global.get $g)))
        (call $f (local.get 0))
        (i32.const 1))
    (func (export "heap")
        (loop (global.set $g (struct.new $list (global.get $g))) (br 0))))"#;

fn judged(run: fn(&[u8], Config) -> Log) -> Result<assay_trial::Summary, Fault> {
    let wasm = wat::parse_str(ALL_SORTS).expect("the text is a module");
    judge("canary", &wasm, run)
}

#[test]
fn without_a_fault_there_is_none() {
    let summary = judged(run).expect("no fault");
    assert!(
        summary.calls > 10 && summary.hosted > 0 && summary.heap,
        "{summary:?}"
    );
}

#[test]
fn a_panic_is_found() {
    let found = judged(|wasm, _| panic!("at {}", wasm.len()));
    assert!(
        matches!(&found, Err(Fault::Panic(text)) if text.starts_with("at ")),
        "{found:?}"
    );
}

#[test]
fn more_memory_than_was_claimed_is_found() {
    let found = judged(|wasm, config| {
        let memory_bytes = 4 * config.memory_bytes;
        run(
            wasm,
            Config {
                memory_bytes,
                ..config
            },
        )
    });
    assert!(matches!(found, Err(Fault::Limit(_))), "{found:?}");
}

#[test]
fn a_larger_heap_than_was_claimed_is_found() {
    let found = judged(|wasm, config| {
        let heap_bytes = 2 * config.heap_bytes;
        run(
            wasm,
            Config {
                heap_bytes,
                ..config
            },
        )
    });
    assert!(matches!(found, Err(Fault::Limit(_))), "{found:?}");
}

#[test]
fn more_fuel_than_was_given_is_found() {
    let found = judged(|wasm, config| {
        let fuel = Some(2 * FUEL_PER_CALL);
        run(wasm, Config { fuel, ..config })
    });
    assert!(
        matches!(found, Err(Fault::Fuel(left)) if left > FUEL_PER_CALL),
        "{found:?}"
    );
}

/// What a log says of its first call that returned something, changed.
fn changed(mut log: Log) -> Log {
    let returned = log.events.iter_mut().find_map(|event| match event {
        Event::Called(_, End::Returned(values)) if !values.is_empty() => Some(values),
        _ => None,
    });
    returned.expect("a call returns something").clear();
    log
}

#[test]
fn a_collection_that_changes_a_result_is_found() {
    let found = judged(|wasm, config| {
        let log = run(wasm, config);
        match config.objects_per_collection {
            Some(_) => changed(log),
            None => log,
        }
    });
    assert!(matches!(found, Err(Fault::Differs { .. })), "{found:?}");
}

#[test]
fn what_is_not_the_same_twice_is_found() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let found = judged(|wasm, config| {
        let log = run(wasm, config);
        match RUNS.fetch_add(1, Ordering::Relaxed) {
            1 => changed(log),
            _ => log,
        }
    });
    assert!(matches!(found, Err(Fault::Differs { .. })), "{found:?}");
}

#[test]
fn what_does_not_end_is_found() {
    let found = judge_within(Duration::from_millis(20), "canary", &[], |_, _| {
        std::thread::sleep(Duration::from_secs(5));
        Log::default()
    });
    assert_eq!(found, Err(Fault::Time));
}

#[test]
fn what_is_valid_and_not_translated_is_found() {
    let found = judged(|_, _| Log {
        events: vec![Event::Instantiated(End::Untranslated("no code".into()))],
        ..Log::default()
    });
    assert_eq!(found, Err(Fault::Refused("no code".into())));
}

/// Uses as much of the native stack as there is on the thread that judges, and more.
fn descend(depth: usize) -> usize {
    let frame = std::hint::black_box([depth; 128]);
    match depth {
        0 => frame[0],
        _ => descend(depth - 1) + frame[1],
    }
}

#[test]
#[ignore = "it takes its process down: see the next test"]
fn overflow() {
    let found = judged(|_, _| {
        let depth = 2 * STACK_BYTES / (128 * size_of::<usize>());
        Log {
            fuel_left: vec![descend(depth) as u64],
            ..Log::default()
        }
    });
    println!("survived: {found:?}");
}

#[test]
fn too_much_native_stack_ends_the_process() {
    let this = std::env::current_exe().expect("there is a program");
    let ran = Command::new(this)
        .args(["--ignored", "--exact", "canaries::overflow"])
        .output();
    let ran = ran.expect("it runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(
        !ran.status.success() && said.contains("overflowed its stack"),
        "{said}"
    );
}
