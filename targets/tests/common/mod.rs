//! What the tests share: labs with the engines of this machine, and the cases of a seed.

#![allow(dead_code, reason = "each test file uses a part")]

use assay_checks::Fault;
use assay_js::JsOptions;
use assay_targets::{Finding, Input, Lab, LabOptions, Report, bytes, find};
use assay_wasmtime::STACK_BYTES_NEEDED;

/// A lab of these engines; all where there is no list. What is missing is installed, as for a user.
pub fn lab(engines: Option<&[&str]>, canary: Option<Fault>) -> Lab {
    let options = LabOptions {
        engines: engines.map(|names| names.iter().map(|name| (*name).into()).collect()),
        js: JsOptions {
            install: true,
            ..JsOptions::default()
        },
        canary,
        modules: Vec::new(),
    };
    Lab::open(options, &mut |line| eprintln!("{line}")).unwrap_or_else(|why| panic!("{why}"))
}

/// Runs `test` on a thread that has the stack that subjects need.
pub fn on_large_stack<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(2 * STACK_BYTES_NEEDED)
            .spawn_scoped(scope, test)
            .expect("a thread can be started");
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Runs `worker` on as many threads as there are processors, each with such a stack, and puts
/// together what they give.
pub fn on_all_processors<T: Send>(worker: impl Fn() -> Vec<T> + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
    std::thread::scope(|scope| {
        let start = |_| scope.spawn(|| on_large_stack(&worker));
        let started: Vec<_> = (0..threads).map(start).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Vec<T>>| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        started.into_iter().flat_map(join).collect()
    })
}

/// Runs case `number` of the run of a target with seed `seed`.
pub fn run_case(lab: &mut Lab, target: &str, seed: u64, number: u64) -> Report {
    let target = find(target).expect("the target is in the table");
    (target.run)(lab, &Input::of(&bytes::of(seed, number)))
}

/// A finding in one line.
pub fn line(finding: &Finding) -> String {
    let what = finding.case.finding.as_ref();
    let what = what.map_or("", |found| found.what.as_str());
    format!("{} ({what})", finding.signature)
}
