//! A few scenarios, explored: that each request for memory is failed, that failures are handled, that a
//! fallback shows as one, and, as canaries, that what this version of Wasmtime is known to do wrong
//! (`findings.md`) shows.

use assay_oom::{Explorer, FaultAllocator, Options, Report, Schedule, Verdict};
use assay_oom_wasmtime::find;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: FaultAllocator = FaultAllocator::system();

/// Scenarios in which each request is failed, with what at least one run must show, and why.
const EXPECTED: [(&str, Verdict, &str); 8] = [
    ("linker-define", Verdict::Handled, ""),
    ("instance-new", Verdict::Handled, ""),
    ("func-wrap", Verdict::Handled, ""),
    ("trap-unreachable", Verdict::Handled, ""),
    ("store-new", Verdict::Leak, "host data alive"),
    ("module-deserialize", Verdict::Leak, "unwind tables"),
    ("instance-new", Verdict::Corrupt, "while verifying"),
    ("exception-guest", Verdict::Corrupt, "is pending"),
];

/// Scenarios that must fall back, and how.
const FALLBACKS: [(&str, &str); 3] = [
    ("memory-grow-guest", "memory.grow"),
    ("memory-grow", "Memory::grow"),
    ("trap-unreachable", "backtrace"),
];

fn explore(explorer: &Explorer, name: &str) -> Report {
    let row = find(name).expect("a scenario of this name");
    let zygote = explorer.spawn(|| row.make()).expect("a process of its own");
    zygote.wait(Duration::from_secs(300)).expect("a report")
}

fn main() {
    let schedule = Schedule {
        random: 4,
        pairs: 1,
        ..Schedule::default()
    };
    let options = Options {
        schedule,
        ..Options::default()
    };
    let explorer = Explorer::new(options).expect("this machine can explore");
    for (name, verdict, why) in EXPECTED {
        let report = explore(&explorer, name);
        let summary = &report.summary;
        assert_eq!(summary.contexts_failed, summary.contexts, "{summary:?}");
        assert!(summary.verdicts.contains_key(&verdict), "{summary:?}");
        if verdict.is_bad() {
            let mut findings = report.findings.iter();
            let shown = findings.any(|f| f.verdict == verdict && f.why.contains(why));
            assert!(shown, "{name}: {:#?}", report.findings);
        }
        println!("test {name}: {verdict} ... ok");
    }
    for (name, fallback) in FALLBACKS {
        let summary = explore(&explorer, name).summary;
        // Mappings are intercepted only where the kernel lets them be.
        let possible = summary.mapping_requests > 0 || fallback == "backtrace";
        let shown = summary.fallbacks.contains_key(fallback);
        assert!(shown || !possible, "{summary:?}");
        println!("test {name}: {fallback} ... ok");
    }
}
