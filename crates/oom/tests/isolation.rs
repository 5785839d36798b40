//! What the explorer does where something is not as it should be: each has its error, or its note.

use assay_oom::{
    AnyScenario, Cannot, Explorer, FaultAllocator, Options, Plan, Profile, Response, Rule,
    Schedule, Simple, Verdict,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: FaultAllocator = FaultAllocator::system();

fn explorer(change: impl FnOnce(&mut Options)) -> Explorer {
    let mut options = Options {
        hang: Duration::from_millis(300),
        ..Options::default()
    };
    change(&mut options);
    Explorer::new(options).expect("this machine can explore")
}

/// An operation without a state: so many reservations.
fn reserve(name: &str, requests: usize) -> impl AnyScenario + use<> {
    simple(name, move || {
        (0..requests).all(|_| Vec::<u8>::new().try_reserve(100).is_ok())
    })
}

/// A scenario whose operation says whether there was memory.
fn simple<F: Fn() -> bool + 'static>(name: &str, operation: F) -> impl AnyScenario + use<F> {
    Simple::new(
        name,
        || (),
        move |()| if operation() { Ok(()) } else { Err(()) },
        |result| result.map_or(Response::Exhausted, |()| Response::Value(1)),
    )
}

fn what_cannot_be_explored_has_its_error() {
    let explorer = explorer(|_| {});
    let fails = explorer.explore(&simple("fails", || false));
    assert!(matches!(fails, Err(Cannot::Fails(_))), "{fails:?}");

    let panics = explorer.explore(&simple("panics", || panic!("on purpose")));
    assert!(
        matches!(&panics, Err(Cannot::Fails(why)) if why.contains("on purpose")),
        "{panics:?}"
    );

    let count = Cell::new(0);
    let unsteady = explorer.explore(&simple("unsteady", move || {
        count.set(count.get() + 1);
        (0..count.get()).all(|_| Vec::<u8>::new().try_reserve(1).is_ok())
    }));
    assert!(
        matches!(&unsteady, Err(Cannot::Unsteady(why)) if why.contains("requests of Heap")),
        "{unsteady:?}"
    );

    let (stop, wait) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || wait.recv().is_err());
    let threads = explorer.explore(&reserve("threads", 1));
    drop(stop);
    thread.join().expect("the thread ends");
    assert!(matches!(threads, Err(Cannot::Threads(2))), "{threads:?}");
}

fn a_zygote_that_dies_takes_nobody_along() {
    let explorer = explorer(|_| {});
    let report = explorer
        .spawn(|| Box::new(reserve("good", 3)))
        .expect("a zygote");
    let report = report.wait(Duration::from_secs(60)).expect("a report");
    assert_eq!(
        (report.summary.heap_requests, report.findings.len()),
        (3, 0)
    );

    let died = explorer.spawn(|| std::process::abort()).expect("a zygote");
    let died = died.wait(Duration::from_secs(60));
    assert!(
        matches!(&died, Err(Cannot::Died { how, .. }) if how.contains("signal 6")),
        "{died:?}"
    );

    let panicked = explorer.spawn(|| panic!("in the setup")).expect("a zygote");
    let panicked = panicked.wait(Duration::from_secs(60));
    let said = |output: &str| output.contains("in the setup");
    assert!(
        matches!(&panicked, Err(Cannot::Died { output, .. }) if said(output)),
        "{panicked:?}"
    );

    let hangs = explorer.spawn(|| {
        loop {
            std::hint::spin_loop();
        }
    });
    let hangs = hangs.expect("a zygote").wait(Duration::from_millis(50));
    assert!(
        matches!(&hangs, Err(Cannot::Died { how, .. }) if how.contains("did not end")),
        "{hangs:?}"
    );

    let fails = explorer
        .spawn(|| Box::new(simple("fails", || false)))
        .expect("a zygote");
    let fails = fails.wait(Duration::from_secs(60));
    assert!(matches!(fails, Err(Cannot::Said(_))), "{fails:?}");
}

/// Several at once do not disturb each other, and a line is the same from whichever process.
fn zygotes_work_side_by_side() {
    let explorer = explorer(|_| {});
    let lines = |zygote: assay_oom::Zygote| {
        let report = zygote.wait(Duration::from_secs(60)).expect("a report");
        report.lines().collect::<Vec<_>>()
    };
    let start = |requests| {
        let zygote = explorer.spawn(move || Box::new(reserve("side", requests)));
        zygote.expect("a zygote")
    };
    let alone = [lines(start(40)), lines(start(60))];
    let (one, two) = (start(40), start(60));
    assert_eq!([lines(one), lines(two)], alone);
}

/// What a process says of some scenarios, and nothing of where it was loaded or how long it took.
fn lines() -> Vec<String> {
    let explorer = explorer(|_| {});
    let report = explorer.explore(&reserve("lines", 20)).expect("a report");
    let aborts = simple("aborts", || {
        let mut words = [String::new()];
        words[0].push_str("a word");
        words[0].len() == 6
    });
    let aborts = explorer.explore(&aborts).expect("a report");
    report.lines().chain(aborts.lines()).collect()
}

const LINES: &str = "--lines";

fn another_process_says_the_same() {
    let said = || {
        let program = std::env::current_exe().expect("this program");
        let output = std::process::Command::new(program).arg(LINES).output();
        let output = output.expect("the other process").stdout;
        String::from_utf8(output).expect("a text")
    };
    let (one, two) = (said(), said());
    assert!(one.contains("\"verdict\":\"abort\""), "{one}");
    assert_eq!(one, two);
    assert_eq!(one.lines().collect::<Vec<_>>(), lines());
}

/// What is kept once and not again is a cache, and is noted as such.
fn a_cache_is_no_leak() {
    let cache = Rc::new(RefCell::new(Vec::<u8>::new()));
    let scenario = simple("cache", move || {
        let served = Vec::<u8>::new().try_reserve(100).is_ok();
        if !served {
            let mut cache = cache.borrow_mut();
            let more = 100 - cache.len();
            return cache.try_reserve(more).is_err() && served;
        }
        served
    });
    let report = explorer(|_| {}).explore(&scenario).expect("a report");
    assert_eq!(report.findings, [], "{:#?}", report.findings);
    assert!(report.summary.retained > 0, "{:?}", report.summary);
}

/// A verdict that only came of what ran before in the same process is not believed.
fn history_is_no_verdict() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let scenario = simple("history", || {
        let served = Vec::<u8>::new().try_reserve(100).is_ok();
        if !served && RUNS.fetch_add(1, SeqCst) == 3 {
            std::process::abort();
        }
        served
    });
    let report = explorer(|_| {}).explore(&scenario).expect("a report");
    assert_eq!(report.findings, [], "{:#?}", report.findings);
    assert_eq!(report.summary.unconfirmed, 1, "{:?}", report.summary);
}

fn time_is_kept() {
    let slow = simple("slow", || {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(2) {
            std::hint::spin_loop();
        }
        (0..4_000).all(|_| Vec::<u8>::new().try_reserve(100).is_ok())
    });
    let explorer = explorer(|options| options.time = Some(Duration::from_millis(300)));
    let report = explorer.explore(&slow).expect("a report");
    let summary = &report.summary;
    assert!(summary.out_of_time && summary.runs > 0, "{summary:?}");
    assert!(
        summary.runs < 2_000 && report.findings.is_empty(),
        "{summary:?}"
    );
    assert_eq!((summary.contexts, summary.contexts_failed), (1, 1));
}

/// Who sleeps for ever uses no time, and is found out all the same.
fn a_sleeper_is_found() {
    let sleeps = simple("sleeps", || {
        let served = Vec::<u8>::new().try_reserve(100).is_ok();
        if !served {
            loop {
                std::thread::park();
            }
        }
        served
    });
    let explorer = explorer(|options| {
        options.hang = Duration::from_millis(20);
        options.schedule.random = 0;
    });
    let report = explorer.explore(&sleeps).expect("a report");
    assert_eq!(
        report.findings[0].verdict,
        Verdict::Hang,
        "{:#?}",
        report.findings
    );
    assert_eq!(report.findings.len(), 1);
}

/// A deep recursion and a subject that prints and exits: the run ends, the explorer does not.
fn other_ends_are_told() {
    let exits = simple("exits", || {
        let served = Vec::<u8>::new().try_reserve(100).is_ok();
        if !served {
            eprintln!("no memory, good-bye");
            std::process::exit(0);
        }
        served
    });
    let report = explorer(|_| {}).explore(&exits).expect("a report");
    let finding = &report.findings[0];
    assert_eq!(finding.verdict, Verdict::Abort);
    let death = finding.death.as_ref().expect("a death");
    assert_eq!(
        (death.how.as_str(), death.output.as_str()),
        ("exit with code 0", "no memory, good-bye")
    );

    #[inline(never)]
    fn deep(level: u64) -> u64 {
        let wide = std::hint::black_box([level; 64]);
        match std::hint::black_box(level) {
            u64::MAX => 0,
            level => deep(level + 1) + wide[7],
        }
    }
    let overflows = simple("overflows", || {
        Vec::<u8>::new().try_reserve(100).is_ok() || std::hint::black_box(deep(0)) == 0
    });
    let report = explorer(|_| {}).explore(&overflows).expect("a report");
    assert_eq!(
        report.findings[0].verdict,
        Verdict::Signal,
        "{:#?}",
        report.findings
    );
}

/// Requests from another stack (a signal's, as fibers have theirs) are walked without a fault, and
/// have their verdict.
fn other_stacks_are_walked() {
    static SERVED: AtomicU64 = AtomicU64::new(0);
    extern "C" fn reserve(_: i32) {
        let served = Vec::<u8>::new().try_reserve(100).is_ok();
        SERVED.store(u64::from(served), SeqCst);
    }
    let scenario = simple("stacks", || {
        const BYTES: usize = 64 * 1024;
        // SAFETY: a stack for signals that outlives the signal, and the one before is put back.
        #[allow(unsafe_code)]
        unsafe {
            let fresh = libc::mmap(
                std::ptr::null_mut(),
                BYTES,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            let stack = libc::stack_t {
                ss_sp: fresh,
                ss_flags: 0,
                ss_size: BYTES,
            };
            let mut before = std::mem::zeroed();
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = reserve as *const () as usize;
            action.sa_flags = libc::SA_ONSTACK;
            libc::sigaltstack(&raw const stack, &raw mut before);
            libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut());
            libc::raise(libc::SIGUSR1);
            libc::sigaltstack(&raw const before, std::ptr::null_mut());
            libc::munmap(fresh, BYTES);
        }
        SERVED.load(SeqCst) == 1
    });
    let explorer = explorer(|options| options.schedule.mappings = false);
    let report = explorer.explore(&scenario).expect("a report");
    assert_eq!(report.findings, [], "{:#?}", report.findings);
    assert_eq!(report.summary.heap_requests, 1);
    assert!(
        report.sites[0].place.function.ends_with("reserve"),
        "{:#?}",
        report.sites
    );
}

fn a_plan_may_name_a_site() {
    let scenario = reserve("site", 3);
    let explorer = explorer(|options| {
        options.schedule = Schedule {
            sticky: false,
            random: 0,
            sizes: Vec::new(),
            ..Schedule::default()
        };
    });
    let report = explorer.explore(&scenario).expect("a report");
    let site = u64::from_str_radix(&report.sites[0].site, 16).expect("a site");
    let profile = Profile::take(&scenario).expect("a profile");
    for (site, verdict, failures) in [(site, Verdict::Handled, 1), (site ^ 1, Verdict::Idle, 0)] {
        let judgement = profile.judge(&scenario, &Plan::heap(Rule::Site(site)));
        assert_eq!((judgement.verdict, judgement.failures), (verdict, failures));
    }
}

/// Tests that fork need a process of their own with one thread, so they have no harness.
fn main() {
    if cfg!(feature = "elsewhere") {
        let explorer = Explorer::new(Options::default());
        assert!(
            matches!(explorer, Err(Cannot::Unavailable(_))),
            "{explorer:?}"
        );
        return;
    }
    if std::env::args().any(|argument| argument == LINES) {
        lines().iter().for_each(|line| println!("{line}"));
        return;
    }
    let tests: [(&str, fn()); 11] = [
        ("errors", what_cannot_be_explored_has_its_error),
        ("zygotes", a_zygote_that_dies_takes_nobody_along),
        ("zygotes_work_side_by_side", zygotes_work_side_by_side),
        (
            "another_process_says_the_same",
            another_process_says_the_same,
        ),
        ("a_cache_is_no_leak", a_cache_is_no_leak),
        ("history_is_no_verdict", history_is_no_verdict),
        ("time_is_kept", time_is_kept),
        ("a_sleeper_is_found", a_sleeper_is_found),
        ("other_ends_are_told", other_ends_are_told),
        ("other_stacks_are_walked", other_stacks_are_walked),
        ("a_plan_may_name_a_site", a_plan_may_name_a_site),
    ];
    for (name, test) in tests {
        test();
        println!("test {name} ... ok");
    }
}
