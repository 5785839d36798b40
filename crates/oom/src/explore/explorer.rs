//! The explorer itself: profile, schedule, batches, report.

use super::arena;
use super::batch::{Batches, Record, Stats};
use super::panics;
use super::profile::Profile;
use super::replay::{Replay, Token};
use super::report::{self, Report, Sources, Timed};
use super::run::AnyScenario;
use super::schedule::Schedule;
use crate::plan::{Plan, Resource, Rule};
use crate::sites::symbols::{Located, Shims, Symbols};
use crate::sys::process::{self, Capture, Child, Ended};
use crate::sys::{Unavailable, calls, crash};
use crate::verdict::Verdict;
use std::collections::HashSet;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How an exploration is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What is tried.
    pub schedule: Schedule,
    /// A run that uses more processor time than this, or sleeps as long at one place, hangs.
    pub hang: Duration,
    /// How long a scenario may take. With a limit, verdicts are still the same each time, but not how
    /// many there are.
    pub time: Option<Duration>,
    /// Which frames only pass a request on.
    pub shims: Shims,
    /// How many runs are timed at the end ([`Cost::timed`](crate::Cost::timed)): of the plans that failed something and
    /// had good verdicts, again and again.
    pub timed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            schedule: Schedule::default(),
            hang: Duration::from_secs(2),
            time: None,
            shims: Shims::default(),
            timed: 0,
        }
    }
}

/// Why a scenario is not explored.
#[derive(Debug, thiserror::Error)]
pub enum Cannot {
    /// The program has another global allocator.
    #[error("FaultAllocator is not the global allocator of this program")]
    NoAllocator,
    /// The machine cannot.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// Other threads would not survive a fork, but their locks would.
    #[error("the process has {0} threads, and only a process of one can be forked safely")]
    Threads(usize),
    /// The operation does not succeed even when nothing fails.
    #[error("the scenario fails when memory is there: {0}")]
    Fails(String),
    /// No two clean runs in a row were the same.
    #[error("the scenario is not the same twice, so no failure can be told from chance: {0}")]
    Unsteady(String),
    /// Time was up before the plan could run.
    #[error("there was no time to run the plan")]
    NoTime,
    /// More requests than the tape holds.
    #[error("the operation makes {0} requests, which is more than can be recorded")]
    TooLarge(u64),
    /// The zygote died.
    #[error("the process that set the scenario up {how}: {output}")]
    Died {
        /// How.
        how: String,
        /// What it printed.
        output: String,
    },
    /// The zygote says so.
    #[error("{0}")]
    Said(String),
    /// A child's output is lost.
    #[error("the output of a child cannot be read")]
    Output(#[source] io::Error),
}

/// Explores scenarios.
pub struct Explorer {
    options: Options,
    symbols: Rc<Symbols>,
    capture: Capture,
}

impl Explorer {
    /// Made before anything is set up: signal handlers of the subject must come later than the
    /// explorer's. Sets `RUST_BACKTRACE=0` in this process, so that what a run does, and what it
    /// costs, does not depend on the caller's environment.
    ///
    /// # Errors
    ///
    /// When the allocator is not installed, or the platform lacks what is needed.
    pub fn new(options: Options) -> Result<Self, Cannot> {
        if !crate::is_installed() {
            return Err(Cannot::NoAllocator);
        }
        arena::arena()?;
        let capture = Capture::new()?;
        process::without_backtraces();
        crash::install();
        panics::install();
        Ok(Self {
            symbols: Rc::new(Symbols::new(options.shims.clone())),
            options,
            capture,
        })
    }

    /// Explores a scenario that is set up in this process, whose children do the running. The
    /// process must have one thread.
    ///
    /// # Errors
    ///
    /// Why it cannot be explored.
    pub fn explore(&self, scenario: &dyn AnyScenario) -> Result<Report, Cannot> {
        let started = Instant::now();
        let (profile, interception) = self.profile(scenario)?;
        self.settle(&profile);
        let bare = bare(scenario);
        let mut batches = self.batches(&profile, scenario, self.options.time);
        let schedule = &self.options.schedule;
        let mut records = Vec::new();
        // What has few requests comes first, so that time is left for it.
        for resource in [Resource::Mapping, Resource::Heap] {
            let stacks = profile.golden.stacks(resource).iter();
            let context = |stack| profile.locate(&self.symbols, resource, stack).context;
            let contexts: Vec<u64> = stacks.map(|stack| context(*stack)).collect();
            let first = batches.run(&schedule.first(resource, &contexts))?;
            let pairs = batches.run(&schedule.pairs(&first, context))?;
            records.extend(first);
            records.extend(pairs);
        }
        let alone = first_failures_alone(&records);
        records.extend(batches.run(&alone)?);
        report::mark_second(&mut records);
        let stats = batches.stats;
        let timed = self.time(&mut batches, &records)?;
        let sources = self.sources(&profile, scenario, interception, stats);
        let mut report = sources.report(&records);
        report.cost.bare_nanoseconds = bare.as_nanos() as u64;
        report.cost.timed = timed;
        report.cost.wall_nanoseconds = started.elapsed().as_nanos() as u64;
        Ok(report)
    }

    /// Runs the good plans once more, with nothing else going on.
    fn time(&self, batches: &mut Batches<'_>, records: &[Record]) -> Result<Option<Timed>, Cannot> {
        let good = records.iter().filter(|record| {
            record.bad.is_none() && record.outcome.failures > 0 && record.outcome.retained == 0
        });
        let good: Vec<Plan> = good.map(|record| record.plan).collect();
        let runs = usize::try_from(self.options.timed).unwrap_or(usize::MAX);
        if good.is_empty() || runs == 0 {
            return Ok(None);
        }
        let plans: Vec<Plan> = good.iter().copied().cycle().take(runs).collect();
        let before = batches.stats.nanoseconds;
        let started = Instant::now();
        batches.run_uncounted(&plans)?;
        Ok(Some(Timed {
            runs: self.options.timed,
            nanoseconds: batches.stats.nanoseconds - before,
            wall_nanoseconds: started.elapsed().as_nanos() as u64,
        }))
    }

    /// Sets a scenario up and explores it in a process of its own, so that this one keeps nothing of
    /// it and may have several at work at once.
    ///
    /// # Errors
    ///
    /// When this process cannot be forked.
    pub fn spawn(&self, make: impl FnOnce() -> Box<dyn AnyScenario>) -> Result<Zygote, Cannot> {
        one_thread()?;
        // Once here, and not once in each.
        self.symbols.open_program();
        let report = Capture::new()?;
        let output = Capture::new()?;
        let child = process::fork(&output, || {
            let result = self.explore_apart(make).map_err(|why| why.to_string());
            let bytes = serde_json::to_vec(&result).unwrap_or_default();
            i32::from(report.write(&bytes).is_err())
        })?;
        Ok(Zygote {
            child,
            report,
            output,
        })
    }

    /// The zygote's part. Its siblings may be at work, so it shares no memory with them.
    fn explore_apart(&self, make: impl FnOnce() -> Box<dyn AnyScenario>) -> Result<Report, Cannot> {
        arena::leave();
        arena::arena()?;
        let explorer = Self {
            options: self.options.clone(),
            symbols: Rc::clone(&self.symbols),
            capture: Capture::new()?,
        };
        explorer.explore(make().as_ref())
    }

    /// Runs one plan again, in a child, and symbolises what it shows.
    ///
    /// # Errors
    ///
    /// Why the scenario cannot be run.
    pub fn replay(&self, scenario: &dyn AnyScenario, token: &Token) -> Result<Replay, Cannot> {
        let (profile, interception) = self.profile(scenario)?;
        self.settle(&profile);
        let mut batches = self.batches(&profile, scenario, None);
        let mut records = batches.run(&[token.plan])?;
        let alone = first_failures_alone(&records);
        records.extend(batches.run(&alone)?);
        report::mark_second(&mut records);
        let stats = batches.stats;
        let record = records.first().ok_or(Cannot::NoTime)?;
        let stack = record.outcome.first.map_or(0, |first| first.stack);
        let sources = self.sources(&profile, scenario, interception, stats);
        let mut finding = sources.finding(record);
        if finding.failure.is_empty() && stack != 0 {
            let frames = profile.arena.tape(token.plan.resource).frames(stack);
            finding.failure = self.symbols.request_stack(&frames);
        }
        Ok(Replay {
            verdict: record.outcome.verdict,
            same_context: stack == token.context,
            finding,
        })
    }

    fn profile(&self, scenario: &dyn AnyScenario) -> Result<(Profile, String), Cannot> {
        one_thread()?;
        let intercepted = match self.options.schedule.mappings {
            true => calls::begin().map_err(|why| why.to_string()),
            false => Err("not asked for".into()),
        };
        // Children are forked from here, so they have it from here.
        calls::fail_releases(self.options.schedule.releases);
        let profile = Profile::take(scenario);
        calls::end();
        let interception = intercepted.map_or_else(|why| why, |by| by.name().into());
        let profile = profile?;
        // What the scenario began while it ran would not survive a fork either.
        one_thread()?;
        Ok((profile, interception))
    }

    /// Finds the sites of all stacks, by which plans name them.
    fn settle(&self, profile: &Profile) {
        for resource in [Resource::Heap, Resource::Mapping] {
            let distinct: HashSet<u64> = profile.golden.stacks(resource).iter().copied().collect();
            for stack in distinct {
                let located = profile.locate(&self.symbols, resource, stack);
                profile.arena.tape(resource).set_site(stack, located.site);
            }
        }
    }

    fn batches<'a>(
        &'a self,
        profile: &'a Profile,
        scenario: &'a dyn AnyScenario,
        time: Option<Duration>,
    ) -> Batches<'a> {
        Batches {
            profile,
            scenario,
            hang: self.options.hang,
            deadline: time.map(|time| Instant::now() + time),
            capture: &self.capture,
            stats: Stats::default(),
        }
    }

    fn sources<'a>(
        &'a self,
        profile: &'a Profile,
        scenario: &dyn AnyScenario,
        interception: String,
        stats: Stats,
    ) -> Sources<'a> {
        Sources {
            profile,
            symbols: &self.symbols,
            fallbacks: scenario.fallback_names(),
            interception,
            stats,
        }
    }
}

impl Profile {
    /// Where a recorded request came from.
    pub(crate) fn locate(&self, symbols: &Symbols, resource: Resource, stack: u64) -> Rc<Located> {
        symbols.locate_with(stack, || self.arena.tape(resource).frames(stack))
    }
}

/// The plans that tell whether trouble under several failures is there under the first alone.
fn first_failures_alone(records: &[Record]) -> Vec<Plan> {
    let single = |record: &&Record| matches!(record.plan.rule, Rule::Nth(_));
    let tried: HashSet<Plan> = records
        .iter()
        .filter(single)
        .map(|record| record.plan)
        .collect();
    let mut alone: Vec<Plan> = records
        .iter()
        .filter(|record| record.bad.is_some() && record.plan.is_repeated())
        .filter(|record| record.outcome.verdict != Verdict::Unstable)
        .filter_map(|record| {
            Some(Plan {
                rule: Rule::Nth(record.outcome.first?.index),
                at_least: 0,
                ..record.plan
            })
        })
        .filter(|plan| !tried.contains(plan))
        .collect();
    alone.sort();
    alone.dedup();
    alone
}

/// The processor time of a run with nothing counted and nothing judged.
fn bare(scenario: &dyn AnyScenario) -> Duration {
    const LONG_ENOUGH: Duration = Duration::from_millis(2);
    let started = process::processor_time();
    for runs in 1..=1_000 {
        scenario.bare();
        let spent = process::processor_time().saturating_sub(started);
        if spent >= LONG_ENOUGH || runs == 1_000 {
            return spent / runs;
        }
    }
    Duration::ZERO
}

fn one_thread() -> Result<(), Cannot> {
    match process::threads() {
        0 | 1 => Ok(()),
        many => Err(Cannot::Threads(many)),
    }
}

/// A process that explores a scenario.
#[derive(Debug)]
pub struct Zygote {
    child: Child,
    report: Capture,
    output: Capture,
}

impl Zygote {
    /// Waits for its report; after `at_most` it is killed.
    ///
    /// # Errors
    ///
    /// What it says, or how it died.
    pub fn wait(mut self, at_most: Duration) -> Result<Report, Cannot> {
        let ended = self.child.wait(at_most);
        let how = match ended {
            Some(Ended::Exit(0)) => {
                let bytes = self.report.take().map_err(Cannot::Output)?;
                let result: Result<Report, String> =
                    serde_json::from_slice(&bytes).map_err(|why| Cannot::Said(why.to_string()))?;
                return result.map_err(Cannot::Said);
            }
            Some(Ended::Exit(code)) => format!("ended with code {code}"),
            Some(Ended::Signal(signal)) => format!("died of signal {signal}"),
            None => {
                self.child.kill();
                format!("did not end within {} s", at_most.as_secs())
            }
        };
        let output = self.output.take().map_err(Cannot::Output)?;
        let output = String::from_utf8_lossy(&output).into_owned();
        Err(Cannot::Died { how, output })
    }
}

impl std::fmt::Debug for Explorer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Explorer")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
