//! How fast the interpreter is beside wasmi: small modules from bytes to the fifth call, and loops.
//!
//! `cargo bench -p assay-reference --bench beside_wasmi [-- ROUNDS]`
//!
//! The two take turns, so that what else the machine does falls on both; the ratio is that of the
//! medians. wasmi runs as the oracle does: all is compiled at once, and no fuel is counted. The aim is at most 3 for small modules and at most 10 for loops.
#![allow(missing_docs)]

use assay_engine::Features;
use assay_reference::{Config, Extern, Module, Store, Val};
use std::time::{Duration, Instant};

const DEFAULT_ROUNDS: usize = 15;

/// How often a small module is run in a round: the clock is too coarse for one.
const REPEATS: u32 = 50;
const CALLS: u32 = 5;

/// A text, the argument of its export `run`, and how many calls of how many instances make a
/// round.
struct Work {
    name: &'static str,
    text: &'static str,
    arg: u32,
    calls: u32,
    instances: u32,
}

const fn small(name: &'static str, text: &'static str) -> Work {
    Work {
        name,
        text,
        arg: 7,
        calls: CALLS,
        instances: REPEATS,
    }
}

const fn hot(name: &'static str, text: &'static str, arg: u32) -> Work {
    Work {
        name,
        text,
        arg,
        calls: 1,
        instances: 1,
    }
}

const WORK: [Work; 7] = [
    small("arithmetic", include_str!("arithmetic.wat")),
    small("memory", include_str!("memory.wat")),
    small("calls", include_str!("calls.wat")),
    small("floats", include_str!("floats.wat")),
    hot("fib", include_str!("fib.wat"), 24),
    hot("sieve", include_str!("sieve.wat"), 200_000),
    hot("matmul", include_str!("matmul.wat"), 60),
];

/// From the bytes to the last result.
type Run = fn(&[u8], u32, u32) -> u32;

fn main() {
    let rounds = std::env::args().find_map(|arg| arg.parse().ok());
    let rounds = rounds.unwrap_or(DEFAULT_ROUNDS);
    println!(
        "{:12} {:>6} {:>14} {:>14} {:>7}",
        "", "bytes", "reference, µs", "wasmi, µs", "ratio"
    );
    for work in WORK {
        measure(&work, rounds);
    }
}

fn measure(work: &Work, rounds: usize) {
    let wasm = wat::parse_str(work.text).expect("the text is a module");
    let engines: [Run; 2] = [reference, wasmi];
    let [ours, theirs] = engines.map(|run| run(&wasm, work.arg, work.calls));
    assert_eq!(ours, theirs, "{}", work.name);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (run, times) in engines.iter().zip(&mut times) {
            let begun = Instant::now();
            for _ in 0..work.instances {
                std::hint::black_box(run(&wasm, work.arg, work.calls));
            }
            times.push(begun.elapsed() / work.instances);
        }
    }
    let [ours, theirs] = times.map(median);
    println!(
        "{:12} {:>6} {:>14.1} {:>14.1} {:>7.2}",
        work.name,
        wasm.len(),
        ours * 1e6,
        theirs * 1e6,
        ours / theirs
    );
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}

fn reference(wasm: &[u8], arg: u32, calls: u32) -> u32 {
    let module = Module::new(wasm, Features::WASM3).expect("it is valid");
    let mut store = Store::new(Config::default());
    let instance = store.instantiate(&mut (), &module, &[]);
    let instance = instance.expect("it instantiates");
    let Some(Extern::Func(run)) = store.export(instance, "run") else {
        panic!("there is such an export");
    };
    let mut last = 0;
    for call in 0..calls {
        match store
            .invoke(&mut (), run, &[Val::I32(arg + call)])
            .as_deref()
        {
            Ok([Val::I32(result)]) => last = *result,
            other => panic!("not one i32: {other:?}"),
        }
    }
    last
}

fn wasmi(wasm: &[u8], arg: u32, calls: u32) -> u32 {
    let mut config = wasmi::Config::default();
    config.compilation_mode(wasmi::CompilationMode::Eager);
    let engine = wasmi::Engine::new(&config);
    let module = wasmi::Module::new(&engine, wasm).expect("it is valid");
    let mut store = wasmi::Store::new(&engine, ());
    let linker = wasmi::Linker::new(&engine);
    let instance = linker.instantiate_and_start(&mut store, &module);
    let instance = instance.expect("it instantiates");
    let run = instance.get_typed_func::<i32, i32>(&store, "run");
    let run = run.expect("there is such an export");
    let mut last = 0;
    for call in 0..calls {
        let arg = (arg + call).cast_signed();
        last = run.call(&mut store, arg).expect("it returns");
    }
    last.cast_unsigned()
}
