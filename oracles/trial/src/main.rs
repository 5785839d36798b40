//! Many inputs, or one module: see the documentation of the library.

use assay_trial::{Kind, Summary, input, judge, keep, module_of, run};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str = "usage: assay-trial SEED SECONDS | assay-trial FILE.wasm";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [file] => one(file),
        [seed, seconds] => match (seed.parse(), seconds.parse()) {
            (Ok(seed), Ok(seconds)) => many(seed, Duration::from_secs(seconds)),
            _ => misuse(USAGE),
        },
        _ => misuse(USAGE),
    }
}

fn misuse(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(2)
}

fn one(file: &str) -> ExitCode {
    let wasm = match std::fs::read(file) {
        Ok(wasm) => wasm,
        Err(error) => return misuse(&format!("cannot read {file}: {error}")),
    };
    match judge(file, &wasm, run) {
        Ok(summary) => {
            println!("nothing: {summary:?}");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            println!("{fault}");
            ExitCode::FAILURE
        }
    }
}

/// What the inputs of a kind came to.
#[derive(Default)]
struct Row {
    modules: u64,
    run: u64,
    calls: usize,
    returned: usize,
    hosted: usize,
    heap: u64,
    slowest: (Duration, u64),
}

impl Row {
    fn add(&mut self, summary: Summary, took: Duration, number: u64) {
        self.run += u64::from(summary.calls > 0);
        self.calls += summary.calls;
        self.returned += summary.returned;
        self.hosted += summary.hosted;
        self.heap += u64::from(summary.heap);
        self.slowest = self.slowest.max((took, number));
    }
}

fn many(seed: u64, time: Duration) -> ExitCode {
    let begun = Instant::now();
    let mut rows: BTreeMap<Kind, Row> = BTreeMap::new();
    let mut number = 0;
    let mut found = 0;
    while begun.elapsed() < time {
        if let Some(made) = module_of(&input(seed, number)) {
            let row = rows.entry(made.kind).or_default();
            row.modules += 1;
            let case = Instant::now();
            // When the stack does not suffice, the system tells this name.
            match judge(&format!("seed {seed} input {number}"), &made.wasm, run) {
                Ok(summary) => row.add(summary, case.elapsed(), number),
                Err(fault) => {
                    found += 1;
                    println!(
                        "input {number}, {}: {fault}\n  {}",
                        made.kind,
                        keep(&made.wasm)
                    );
                }
            }
        }
        number += 1;
    }
    println!(
        "{:8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}  slowest",
        "", "modules", "with calls", "calls", "returned", "of host", "with heap"
    );
    for (kind, row) in &rows {
        let Row {
            modules,
            run,
            calls,
            returned,
            hosted,
            heap,
            slowest: (took, which),
        } = row;
        println!(
            "{kind:8} {modules:>9} {run:>9} {calls:>9} {returned:>9} {hosted:>9} {heap:>9}  {took:.1?} (input {which})"
        );
    }
    println!("{found} findings in {number} inputs");
    if found == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
