//! A few scenarios, explored: that each request for memory is failed, that most are handled, and that
//! a fallback shows as one.

use assay_oom::{Explorer, FaultAllocator, Options, Report, Schedule, Verdict};
use assay_oom_wasmtime::find;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: FaultAllocator = FaultAllocator::system();

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
    for name in [
        "store-new",
        "instance-new",
        "call-typed",
        "trap-unreachable",
    ] {
        let summary = explore(&explorer, name).summary;
        assert_eq!(summary.contexts_failed, summary.contexts, "{summary:?}");
        if summary.heap_requests > 0 {
            assert!(
                summary.verdicts.contains_key(&Verdict::Handled),
                "{summary:?}"
            );
        }
        println!("test {name} ... ok");
    }
    let summary = explore(&explorer, "memory-grow-guest").summary;
    assert!(summary.fallbacks.contains_key("memory.grow"), "{summary:?}");
    println!("test memory-grow-guest ... ok");
}
