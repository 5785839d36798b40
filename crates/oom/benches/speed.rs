//! What failing memory costs: per request, off and on, and per judged run of a small operation.

use assay_oom::{
    Explorer, FaultAllocator, Options, Plan, Response, Rule, Schedule, Scope, Simple, Verdict,
    digest,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::TryReserveError;
use std::hint::black_box;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: FaultAllocator = FaultAllocator::system();

const PAIRS: u32 = 10_000_000;

/// Nanoseconds for a request and its return, the least of five tries.
fn nanoseconds(allocator: &impl GlobalAlloc) -> f64 {
    let layout = Layout::new::<[u64; 8]>();
    let tries = (0..5).map(|_| {
        let started = now();
        for _ in 0..PAIRS {
            // SAFETY: the layout is not empty, and the block is given back with it.
            #[allow(unsafe_code)]
            unsafe {
                let block = black_box(allocator.alloc(black_box(layout)));
                allocator.dealloc(block, black_box(layout));
            }
        }
        (now() - started).as_nanos() as f64 / f64::from(PAIRS)
    });
    tries.fold(f64::INFINITY, f64::min)
}

/// An operation of some microseconds and a few dozen requests.
fn operate(words: &mut Vec<Vec<u8>>) -> Result<u64, TryReserveError> {
    let mut sum = 0;
    for number in 0u64..40 {
        let mut word = Vec::new();
        word.try_reserve_exact(16 + number as usize % 32)?;
        word.extend_from_slice(&number.to_le_bytes());
        words.try_reserve(1)?;
        sum += digest(&word) % 8;
        words.push(word);
    }
    Ok(sum)
}

/// The processor time of this thread: the machine may be busy with other things.
fn now() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: fills what it is given.
    #[allow(unsafe_code)]
    unsafe {
        libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time)
    };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn main() {
    // `cargo test` builds and runs benches too, and has no use for figures.
    if std::env::args().all(|argument| argument != "--bench") {
        return;
    }
    println!("allocate and free 64 bytes:");
    println!("  the inner allocator      {:6.2} ns", nanoseconds(&System));
    println!(
        "  off                      {:6.2} ns",
        nanoseconds(&ALLOCATOR)
    );
    let scope = Scope::enter(Plan::heap(Rule::Nth(u64::MAX - 1)));
    println!(
        "  on                       {:6.2} ns",
        nanoseconds(&ALLOCATOR)
    );
    drop(scope);

    let runs = 100_000;
    let started = now();
    for _ in 0..runs {
        black_box(operate(&mut black_box(Vec::new())).is_ok());
    }
    let bare = (now() - started).as_nanos() as f64 / f64::from(runs);
    println!("a small operation, bare    {bare:6.0} ns");

    let scenario = Simple::new("small", Vec::new, operate, |result| {
        result.map_or(Response::Exhausted, |digest| Response::Value(*digest))
    });
    let schedule = Schedule {
        random: 20_000,
        per_million: 50_000,
        ..Schedule::default()
    };
    let options = Options {
        schedule,
        ..Options::default()
    };
    let report = Explorer::new(options).and_then(|explorer| explorer.explore(&scenario));
    match report {
        Err(why) => println!("cannot explore: {why}"),
        Ok(report) => {
            // Runs that found nothing to fail cost time too, and do not count.
            let idle = report.summary.verdicts.get(&Verdict::Idle).copied();
            let runs = report.summary.runs - idle.unwrap_or(0);
            let each = report.cost.nanoseconds as f64 / runs as f64;
            println!("the same, failed and judged{each:6.0} ns: {runs} injected runs");
            println!(
                "  {:.0} per second in {} children; stacks by {}",
                1e9 / each,
                report.cost.forks,
                report.summary.walk
            );
            println!("  {:?}", report.summary.verdicts);
            println!("  in all {} ms", report.cost.wall_nanoseconds / 1_000_000);
        }
    }
}
