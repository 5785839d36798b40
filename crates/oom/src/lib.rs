//! Running out of memory everywhere: a global allocator that can fail, and an explorer that makes
//! every request of an operation fail once and judges what comes of it. For any Rust crate.
//!
//! # How
//!
//! 1. The test program takes [`FaultAllocator`] as its global allocator. Off, it costs one compare.
//! 2. What is to be explored is written as a [`Scenario`]: prepare, operate, judge, verify. Where three
//!    closures will do, [`Simple`] is one.
//! 3. [`Explorer::explore`] profiles a clean run, then runs the scenario once for each [`Plan`] of a
//!    [`Schedule`], in children forked from this process, so that a run may abort, crash or hang. It
//!    returns a [`Report`]: an account of every site, and every bad [`Verdict`] with a [`Token`] that
//!    [`Explorer::replay`] reproduces.
//!
//! ```
//! use assay_oom::{Explorer, FaultAllocator, Options, Response, Simple, Verdict, digest};
//!
//! #[global_allocator]
//! static ALLOCATOR: FaultAllocator = FaultAllocator::system();
//!
//! /// Doubles what it is given. It reserves for the first half, and forgets to for the second.
//! fn double(numbers: &mut Vec<u64>) -> Result<Vec<u64>, std::collections::TryReserveError> {
//!     let mut doubled = Vec::new();
//!     doubled.try_reserve_exact(numbers.len())?;
//!     doubled.extend_from_slice(numbers);
//!     for number in numbers {
//!         doubled.push(*number);
//!     }
//!     Ok(doubled)
//! }
//!
//! fn main() -> Result<(), assay_oom::Cannot> {
//!     // Before anything is set up, while there is one thread.
//!     let explorer = match Explorer::new(Options::default()) {
//!         Err(assay_oom::Cannot::Unavailable(_)) => return Ok(()),
//!         explorer => explorer?,
//!     };
//!     let scenario = Simple::new("double", || vec![1, 2, 3], double, |result| match result {
//!         Ok(doubled) => Response::Value(digest(doubled)),
//!         Err(_) => Response::Exhausted,
//!     });
//!     let report = explorer.explore(&scenario)?;
//!     // The reservation is handled; the push that follows aborts.
//!     assert!(report.summary.verdicts[&Verdict::Handled] > 0);
//!     assert_eq!(report.findings[0].verdict, Verdict::Abort);
//!     assert!(report.findings[0].place.function.ends_with("double"));
//!     println!("{}", report.findings[0].token);
//!     Ok(())
//! }
//! ```
//!
//! # What a verdict means
//!
//! | verdict | how it shows |
//! |---|---|
//! | handled | the scenario calls the error the one that says that memory ran out |
//! | benign | a fallback that the scenario lists by name, or the clean result all the same |
//! | wrong-error | any other error, and a fallback that is not listed |
//! | swallowed | success with another result than the clean run's |
//! | panic | the panic hook saw one, even where the subject caught it |
//! | abort | SIGABRT, or the process exits |
//! | signal | any other signal |
//! | leak | bytes or blocks of the heap, virtual memory, file descriptors or a gauge of the scenario's are off after all is dropped; memory counts when it happens twice in a row, else it is a cache (`retained`) |
//! | corrupt | [`Scenario::verify`] complains, or a fresh clean run is not clean, or either dies |
//! | hang | no end |
//! | second | one of the above, but only when a second request fails while the first failure is being handled |
//! | unstable | the request did not come, or came from elsewhere than in the clean run |
//! | idle | the plan found nothing to fail (pseudorandom plans, least sizes) |
//!
//! A bad verdict counts only when a fresh process confirms it, so it never depends on what ran before,
//! and the same exploration gives the same [`Report::lines`].
//!
//! # Virtual memory
//!
//! Plans of [`Resource::Mapping`] fail system calls (`mmap`, `mprotect`, `memfd_create`, …), however they
//! are made: the kernel hands the thread's system calls to a signal handler (System Call User Dispatch,
//! or else a seccomp filter). Where it will not, the report's `interception` says so and there are no such
//! plans. The allocator's own calls are not the subject's and are let through.
//!
//! # What is known
//!
//! A [`Baseline`] lists the bad sites that are known, each with its cause; [`Baseline::compare`] tells what is
//! new, what got worse and what is gone. [`sarif()`] tells findings to other tools.
//!
//! # Rules of the house
//!
//! - One thread: a child has only the thread that forked it. [`Explorer::explore`] refuses more.
//! - The explorer comes first: the subject's signal handlers must be installed after the explorer's, and
//!   pass on what is not theirs. [`Explorer::spawn`] sets a scenario up in a process of its own.
//! - A scenario is the same each time: no randomness, no time, no addresses in its digest. Two clean runs
//!   in a row must make the same requests from the same stacks.
//! - Frame pointers make walks cheap: build with `RUSTFLAGS=-Cforce-frame-pointers=yes`. Without them the
//!   unwinder walks, which costs microseconds for each failure and each profiled request, and no more.
//! - Debug information gives sites their names: `debug = "limited"` whole ones, `"line-tables-only"` short
//!   ones for what is inlined.
//! - Requests of other threads are neither counted nor failed.
//!
//! # Without a child
//!
//! [`Profile::judge`] judges a run in this process, for a fuzz target: a death is the fuzzer's to see.
//! [`Scope`] fails requests with no judging at all, for a unit test.

// What only platforms with full support use.
#![cfg_attr(
    any(
        feature = "elsewhere",
        not(all(target_os = "linux", target_arch = "x86_64"))
    ),
    allow(dead_code)
)]

mod alloc;
mod baseline;
mod debug;
mod explore;
mod flight;
mod hook;
mod plan;
mod sarif;
mod scenario;
mod scope;
mod sites;
mod spares;
mod sys;
mod tape;
mod verdict;

pub use alloc::FaultAllocator;
pub use baseline::{Baseline, Change, Distinct, Key, Known, distinct};
pub use debug::{Checks, Realloc};
pub use explore::{
    AnyScenario, Cannot, Cost, DeathAccount, Explorer, Finding, Judgement, Lenient, Line, Options,
    Profile, Replay, Report, Schedule, SiteAccount, Summary, Timed, Token, TokenError, Zygote,
};
pub use plan::{Plan, PlanError, Resource, Rule};
pub use sarif::{Sarif, Tool, sarif};
pub use scenario::{Response, Scenario, Simple, digest};
pub use scope::{
    Balance, Scope, Tally, intercept_system_calls, is_installed, stop_intercepting_system_calls,
};
pub use sites::names::{crate_of, without_arguments};
pub use sites::symbols::{Place, Shims};
pub use spares::Treatment;
pub use sys::Unavailable;
pub use verdict::Verdict;
