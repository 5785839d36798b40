//! What an injected run costs: for each scenario the bare operation, and a run in which something failed,
//! judged, with its site known.
//!
//! `cargo bench -p assay-oom-wasmtime --bench injections -- [SCENARIO…]` prints a row for each scenario:
//! - `bare`: processor time of a run with nothing counted and nothing judged;
//! - `run`: processor time of an injected run in its child, with all that judging it takes: the same
//!   operation again on what the failure left, and a fresh clean run;
//! - `all`: the time that passes for it, with forking and with what the parent does.
//!
//! A child that dies takes its time with it, so the plans that are timed are those with good verdicts.
//! The small scenarios, which the last row sums up, are those whose bare run takes less than [`SMALL`].

use assay_oom::{Cost, Explorer, FaultAllocator, Options};
use assay_oom_wasmtime::{Row, rows, shims};
use mimalloc::MiMalloc;
use std::process::ExitCode;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: FaultAllocator<MiMalloc> = FaultAllocator::new(MiMalloc);

/// The bare cost of a small scenario, in microseconds.
const SMALL: f64 = 4.0;

/// How many runs are timed: so many that setting up does not matter.
const RUNS: u64 = 20_000;

/// What a scenario cost, in microseconds.
struct Figures {
    injected: u64,
    bare: f64,
    run: f64,
    all: f64,
}

impl Figures {
    /// `None` where no plan both failed something and ended well.
    fn of(cost: &Cost) -> Option<Self> {
        let timed = cost.timed?;
        let each = |nanoseconds: u64| nanoseconds as f64 / 1e3 / timed.runs as f64;
        Some(Self {
            injected: timed.runs,
            bare: cost.bare_nanoseconds as f64 / 1e3,
            run: each(timed.nanoseconds),
            all: each(timed.wall_nanoseconds),
        })
    }
}

fn main() -> ExitCode {
    // `cargo test` builds and runs benches too, and has no use for figures.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let chosen = |row: &&Row| {
        let mut names = arguments.iter().filter(|name| !name.starts_with("--"));
        names.clone().next().is_none() || names.any(|name| name == row.name)
    };
    let options = Options {
        shims: shims(),
        timed: RUNS,
        ..Options::default()
    };
    let explorer = match Explorer::new(options) {
        Ok(explorer) => explorer,
        Err(why) => {
            eprintln!("memory cannot be made to run out here: {why}");
            return ExitCode::FAILURE;
        }
    };
    println!("scenario                      injected  bare µs   run µs   all µs  injections/s");
    let mut small = Vec::new();
    let mut walk = String::new();
    for row in rows().filter(chosen) {
        let zygote = explorer.spawn(|| row.make());
        match zygote.and_then(|zygote| zygote.wait(Duration::from_secs(600))) {
            Err(why) => println!("{:28} {why}", row.name),
            Ok(report) => {
                walk.clone_from(&report.summary.walk);
                match Figures::of(&report.cost) {
                    None => println!("{:28} nothing to time", row.name),
                    Some(figures) => {
                        print(row.name, &figures);
                        small.extend((figures.bare < SMALL).then_some(figures));
                    }
                }
            }
        }
    }
    let mean = |what: fn(&Figures) -> f64| small.iter().map(what).sum::<f64>() / small.len() as f64;
    print(
        &format!("mean of {} small", small.len()),
        &Figures {
            injected: small.iter().map(|figures| figures.injected).sum(),
            bare: mean(|figures| figures.bare),
            run: mean(|figures| figures.run),
            all: mean(|figures| figures.all),
        },
    );
    println!("stacks are walked by {walk}");
    ExitCode::SUCCESS
}

fn print(name: &str, figures: &Figures) {
    let Figures {
        injected,
        bare,
        run,
        all,
    } = figures;
    let rate = 1e6 / all;
    println!("{name:28} {injected:9} {bare:8.1} {run:8.1} {all:8.1} {rate:13.0}");
}
