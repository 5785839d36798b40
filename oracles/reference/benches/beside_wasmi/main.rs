//! How fast the interpreter is beside wasmi: cases from the bytes to the fifth call, and loops.
//!
//! `cargo bench -p assay-reference --bench beside_wasmi`
//!
//! - `cases`: what the generators give at a fixed seed, made ready as in a campaign, with its fuel
//!   and its shim: decode, validate, instantiate, five calls. Only those that wasmi can run too and
//!   that import nothing, so that no adapter is measured. The aim is at most 3 times as long.
//! - `loops`: `fib`, `sieve` and `matmul`. The aim is at most 10 times as long.
//!
//! wasmi compiles all at once and counts no fuel of its own, as where it is an oracle. At the end
//! the ratios of both groups are printed, of the fastest of some rounds in which the two take turns.
#![allow(missing_docs)]

mod cases;
mod engines;

use criterion::{BenchmarkId, Criterion};
use engines::{ENGINES, Run};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How many cases the group `cases` runs one after the other.
const CASES: usize = 60;

/// A module, and the calls to make of one of its exports, with integers alone.
struct Work {
    name: String,
    wasm: Vec<u8>,
    export: &'static str,
    calls: Vec<Vec<engines::Number>>,
}

/// What is measured together, and how much longer than wasmi the interpreter may take.
struct Group {
    name: &'static str,
    aim: f64,
    /// Each is a row of its own; the works in it run one after the other.
    rows: Vec<(String, Vec<Work>)>,
}

fn main() {
    let groups = [
        Group {
            name: "cases",
            aim: 3.0,
            rows: vec![("generated".into(), cases::generated(CASES))],
        },
        Group {
            name: "loops",
            aim: 10.0,
            rows: cases::loops()
                .map(|work| (work.name.clone(), vec![work]))
                .into(),
        },
    ];
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4))
        .configure_from_args();
    for group in &groups {
        measure(&mut criterion, group);
    }
    criterion.final_summary();
    for group in &groups {
        print_ratios(group);
    }
}

fn measure(criterion: &mut Criterion, group: &Group) {
    let mut bench = criterion.benchmark_group(group.name);
    for (name, works) in &group.rows {
        check_same(works);
        for (engine, run) in ENGINES {
            let id = BenchmarkId::new(name, engine);
            bench.bench_function(id, |bencher| bencher.iter(|| run_all(run, works)));
        }
    }
    bench.finish();
}

fn run_all(run: Run, works: &[Work]) {
    for work in works {
        black_box(run(&work.wasm, work.export, &work.calls));
    }
}

/// Both do the same, so that nothing is fast by stopping early.
fn check_same(works: &[Work]) {
    for work in works {
        let [ours, theirs] = ENGINES.map(|(_, run)| run(&work.wasm, work.export, &work.calls));
        assert_eq!(ours, theirs, "{}", work.name);
    }
}

/// How many times each engine runs a row for its ratio.
const ROUNDS: usize = 15;

fn print_ratios(group: &Group) {
    for (name, works) in &group.rows {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for ((_, run), times) in ENGINES.iter().zip(&mut times) {
                let begun = Instant::now();
                run_all(*run, works);
                times.push(begun.elapsed() / works.len() as u32);
            }
        }
        let [ours, theirs] = times.map(fastest);
        println!(
            "{:6} {name:10} {:9.1} µs, wasmi {:9.1} µs: {:.2} times as long, of {} at most",
            group.name,
            ours * 1e6,
            theirs * 1e6,
            ours / theirs,
            group.aim
        );
    }
}

/// The fastest round: what else the machine does only ever adds to a time.
fn fastest(times: Vec<Duration>) -> f64 {
    times.into_iter().min().unwrap_or_default().as_secs_f64()
}
