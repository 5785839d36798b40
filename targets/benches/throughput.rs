//! How fast cases are compared, and where the time goes: for each pair of engines, on one thread.
//!
//! `cargo bench -p assay-targets --bench throughput [-- CASES [TARGET…] [PAIR…]]`
//!
//! The target is `differential`, or those that are named: any stress generator has one.
//!
//! *Engines* is the share of the engines in all time worked: that of the subject and of the oracle,
//! wherever it runs, and that of the harness, which makes the case, prepares and compares. An oracle
//! in a child process works while the subject does; that this process waits for it is nobody's work.
//!
//! *At best* is how many cases a second there would be if the harness cost nothing at all: no fuel,
//! no shim, no comparison. It counts the generator, the oracle, and the subject compiling the bare
//! module, as it was generated, in the configuration of the case (*bare*), instantiating it and
//! making the calls. What the subject compiles for one case and uses in the next counts for the case
//! that it was compiled for, and *bare* compiles for each.
#![allow(missing_docs)]

use assay_engine::{Engine as _, Module, Program};
use assay_generators::stress::STRESS;
use assay_targets::differential::Plan;
use assay_targets::{Discard, Input, Lab, LabOptions, Target, differential, find, stress};
use assay_wasmtime::{Compiler, Configuration, STACK_BYTES_NEEDED, WasmtimeEngine};
use std::time::{Duration, Instant};

/// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DEFAULT_CASES: u64 = 2000;
const SEED: u64 = 1;

fn main() {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    let cases = args
        .first()
        .and_then(|arg| arg.parse().ok())
        .unwrap_or(DEFAULT_CASES);
    let wanted: Vec<String> = args.into_iter().skip(1).collect();
    let bench = std::thread::Builder::new()
        .stack_size(2 * STACK_BYTES_NEEDED)
        .spawn(move || run(cases, &wanted))
        .expect("a thread can be started");
    bench.join().expect("the bench does not panic");
}

fn run(cases: u64, wanted: &[String]) {
    println!(
        "{:16} {:>6} {:>9} {:>9} {:>7} | {:>7} {:>7} | per case, µs: {:>7} {:>7} {:>7} {:>7} {:>8} {:>8} {:>7} | {:>7} {:>7}",
        "pair",
        "useful",
        "useful/s",
        "calls/s",
        "engines",
        "bytes",
        "instrs",
        "make",
        "compile",
        "inst.",
        "calls",
        "oracle",
        "(wait)",
        "rest",
        "bare",
        "at best"
    );
    let (targets, pairs): (Vec<_>, Vec<_>) = wanted.iter().partition(|name| !name.contains('/'));
    let planners = planners().filter(|planner| match targets.is_empty() {
        true => planner.target.name == differential::NAME,
        false => targets.iter().any(|target| *target == planner.target.name),
    });
    for planner in planners {
        let Target { name, runs, .. } = planner.target;
        println!("{name}, each program in {runs} cases");
        for compiler in Compiler::ALL {
            for oracle in ["reference", "wasmi", "v8", "jsc"] {
                let pair = format!("{}/{oracle}", compiler.engine_name());
                if pairs.is_empty() || pairs.contains(&&pair) {
                    measure(&planner, &pair, compiler, oracle, cases);
                }
            }
        }
    }
}

/// Makes the case of an input.
type Make = dyn Fn(&Lab, &Input<'_>) -> Result<Plan, Discard>;

/// A target that makes programs.
struct Planner {
    target: &'static Target,
    make: Box<Make>,
}

impl Planner {
    fn new(name: &str, make: impl Fn(&Lab, &Input<'_>) -> Result<Plan, Discard> + 'static) -> Self {
        Self {
            target: find(name).expect("it is a target"),
            make: Box::new(make),
        }
    }

    fn plan(&self, lab: &Lab, number: u64) -> Result<Plan, Discard> {
        let bytes = self.target.bytes(SEED, number);
        (self.make)(lab, &self.target.input(lab, number, &bytes))
    }
}

/// The targets that make programs.
fn planners() -> impl Iterator<Item = Planner> {
    let first = Planner::new(differential::NAME, differential::plan);
    let stress = STRESS.iter().map(|generator| {
        Planner::new(generator.name, |lab, input| {
            stress::plan(generator, lab, input)
        })
    });
    std::iter::once(first).chain(stress)
}

fn measure(planner: &Planner, pair: &str, compiler: Compiler, oracle: &str, cases: u64) {
    let names = vec![compiler.engine_name().to_owned(), oracle.to_owned()];
    let options = LabOptions {
        engines: Some(names),
        ..LabOptions::default()
    };
    let mut lab = match Lab::open(options, &mut |line| eprintln!("{line}")) {
        Ok(lab) => lab,
        Err(why) => return println!("{pair:16} {why}"),
    };
    let mut all = Totals::default();
    let mut sizes = Vec::new();
    let in_process = matches!(oracle, "reference" | "wasmi");
    let began = Instant::now();
    for number in 0..cases {
        let before = lab.spent();
        let at = Instant::now();
        let Ok(plan) = planner.plan(&lab, number) else {
            continue;
        };
        all.make += at.elapsed();
        let at = Instant::now();
        let report = differential::judge_plan(&mut lab, &plan);
        all.judge += at.elapsed();
        let after = lab.spent();
        all.subject_compile += after.0.compile - before.0.compile;
        all.subject_instantiate += after.0.instantiate - before.0.instantiate;
        all.subject_call += after.0.call - before.0.call;
        all.oracle += after.1.total() - before.1.total();
        all.wait += report.waited;
        if report.is_useful() {
            all.useful += 1;
            all.calls += report
                .pairs
                .iter()
                .map(|pair| pair.calls as u64)
                .sum::<u64>();
            sizes.push(number);
        }
    }
    let wall = began.elapsed();
    let bare = bare(planner, &lab, &sizes);
    let (bytes, instructions) = medians(planner, &lab, &sizes);
    all.print(pair, wall, in_process, (bytes, instructions), bare);
}

#[derive(Default)]
struct Totals {
    useful: u64,
    calls: u64,
    make: Duration,
    judge: Duration,
    subject_compile: Duration,
    subject_instantiate: Duration,
    subject_call: Duration,
    oracle: Duration,
    wait: Duration,
}

impl Totals {
    fn print(
        &self,
        pair: &str,
        wall: Duration,
        in_process: bool,
        (bytes, instructions): (u64, u64),
        bare: Duration,
    ) {
        let subject = self.subject_compile + self.subject_instantiate + self.subject_call;
        let engines = subject + self.oracle;
        // What an oracle in another process does is not this thread's time; waiting for it is.
        let not_ours = subject + if in_process { self.oracle } else { self.wait };
        let harness = self.make + self.judge.saturating_sub(not_ours);
        let share = engines.as_secs_f64() / (engines + harness).as_secs_f64();
        let each = |time: Duration| time.as_secs_f64() * 1e6 / self.useful.max(1) as f64;
        let rest = harness - self.make;
        let oracle = each(if in_process { self.oracle } else { self.wait });
        let run = each(self.subject_instantiate + self.subject_call);
        let best = 1e6 / (each(self.make) + bare.as_secs_f64() * 1e6 + run + oracle);
        println!(
            "{pair:16} {:6} {:9.0} {:9.0} {:6.1}% | {bytes:7} {instructions:7} | {:13} {:7.0} {:7.0} {:7.0} {:7.0} {:8.0} {:8.0} {:7.0} | {:7.0} {best:7.0}",
            self.useful,
            self.useful as f64 / wall.as_secs_f64(),
            self.calls as f64 / wall.as_secs_f64(),
            100.0 * share,
            "",
            each(self.make),
            each(self.subject_compile),
            each(self.subject_instantiate),
            each(self.subject_call),
            each(self.oracle),
            each(self.wait),
            each(rest),
            bare.as_secs_f64() * 1e6,
        );
    }
}

/// The mean time in which the subject compiles the bare modules, over a sample of the useful cases.
fn bare(planner: &Planner, lab: &Lab, numbers: &[u64]) -> Duration {
    let mut all = Duration::ZERO;
    let mut count = 0;
    for &number in numbers.iter().step_by(5) {
        let Ok(plan) = planner.plan(lab, number) else {
            continue;
        };
        let Ok(mut subject) = WasmtimeEngine::new("bare", plan.setup.configuration) else {
            continue;
        };
        let before = subject.spent().compile;
        let program = Program {
            modules: vec![Module {
                name: "main".into(),
                wasm: plan.draft.wasm,
            }],
            ..Program::default()
        };
        // Most do not link, having imports; they are compiled all the same.
        let _ = subject.run(&program);
        all += subject.spent().compile - before;
        count += 1;
    }
    all / count.max(1)
}

/// The median size of the modules as they were generated, and of the instructions that they
/// execute, over a sample of the useful cases.
fn medians(planner: &Planner, lab: &Lab, numbers: &[u64]) -> (u64, u64) {
    let mut sizes = Vec::new();
    let mut executed = Vec::new();
    let Ok(mut counter) = WasmtimeEngine::new("wasmtime", Configuration::of(Compiler::Cranelift))
    else {
        return (0, 0);
    };
    for &number in numbers.iter().step_by(numbers.len() / 300 + 1) {
        let Ok(plan) = planner.plan(lab, number) else {
            continue;
        };
        sizes.push(plan.original_bytes as u64);
        executed.extend(counter.count_instructions(&plan.program));
    }
    (median(sizes), median(executed))
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}
