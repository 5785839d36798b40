//! Batches: runs plans in children, and takes down how each ended.
//!
//! A child runs plan after plan until one gets a bad verdict, or it dies. Such a verdict is believed
//! only from a child that has run nothing else, so that no verdict depends on what ran before: where
//! it was not the child's first plan, another child begins with it.

use super::Cannot;
use super::arena::{Arena, BATCH, Outcome, State};
use super::profile::Profile;
use super::report::Death;
use super::run::AnyScenario;
use crate::flight::Phase;
use crate::plan::{Plan, Resource};
use crate::sys::census::{self, Census};
use crate::sys::process::{self, Capture, Child, Ended};
use crate::sys::{calls, crash};
use crate::verdict::Verdict;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// What came of a plan.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) plan: Plan,
    pub(crate) outcome: Outcome,
    /// Of bad verdicts.
    pub(crate) bad: Option<Box<Bad>>,
}

/// What is known of a bad verdict beside its name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bad {
    pub(crate) why: String,
    /// What showed, where the verdict is `second`.
    pub(crate) shown: Option<Verdict>,
    pub(crate) death: Option<Death>,
    /// The stack of the first request that failed, and that of the second.
    pub(crate) failures: [Vec<u64>; 2],
}

/// How children are run.
pub(crate) struct Batches<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) scenario: &'a dyn AnyScenario,
    pub(crate) hang: Duration,
    pub(crate) deadline: Option<Instant>,
    pub(crate) capture: &'a Capture,
    pub(crate) stats: Stats,
}

/// What it took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stats {
    pub(crate) plans: u64,
    pub(crate) forks: u64,
    pub(crate) nanoseconds: u64,
    /// Verdicts that did not come again in a fresh child.
    pub(crate) history: u64,
    pub(crate) out_of_time: bool,
}

/// How often the parent looks at a child.
const LOOK: Duration = Duration::from_millis(20);

impl Batches<'_> {
    /// Runs all the plans, as far as time allows.
    pub(crate) fn run(&mut self, plans: &[Plan]) -> Result<Vec<Record>, Cannot> {
        let mut records = Vec::with_capacity(plans.len());
        for plans in plans.chunks(BATCH) {
            let (first, forks) = (records.len(), self.stats.forks);
            self.run_batch(plans, &mut records)?;
            // What a child held when it was stopped by a bad verdict is not known. The good ones
            // before it are counted anew, all together, and one by one if there is more.
            let counted =
                self.stats.forks == forks + 1 && self.profile.arena.state() == State::Done;
            if !counted {
                self.recount(&mut records[first..])?;
            }
        }
        Ok(records)
    }

    /// Runs all the plans, whatever the process holds afterwards.
    pub(crate) fn run_uncounted(&mut self, plans: &[Plan]) -> Result<(), Cannot> {
        let mut chunks = plans.chunks(BATCH);
        chunks.try_for_each(|plans| self.run_batch(plans, &mut Vec::with_capacity(plans.len())))
    }

    fn run_batch(&mut self, plans: &[Plan], records: &mut Vec<Record>) -> Result<(), Cannot> {
        let mut next = 0;
        let mut suspect = None;
        while next < plans.len() && !self.is_late() {
            let ended = self.child(plans, next)?;
            let arena = self.profile.arena;
            if suspect == Some(next) && arena.done() > next {
                self.stats.history += 1;
            }
            for place in next..arena.done() {
                let (Some(plan), Some(outcome)) = (plans.get(place), arena.get(place)) else {
                    break;
                };
                let bad = None;
                records.push(Record {
                    plan: *plan,
                    outcome,
                    bad,
                });
            }
            let place = arena.done().max(next);
            let fresh = place == next;
            next = place;
            if matches!(arena.state(), State::Done | State::Grown) {
                continue;
            }
            if !fresh {
                suspect = Some(place);
                continue;
            }
            if let Some(plan) = plans.get(place) {
                records.push(self.bad(plan, place, ended));
                next += 1;
            }
        }
        Ok(())
    }

    /// Runs a child from plan `first` on, to its end or its death.
    fn child(&mut self, plans: &[Plan], first: usize) -> Result<How, Cannot> {
        let arena = self.profile.arena;
        arena.flight.clear_death();
        arena.set_state(State::Running);
        arena.set_done(first);
        arena.ask_to_stop(false);
        self.capture.take().map_err(Cannot::Output)?;
        let (profile, scenario) = (self.profile, self.scenario);
        let mut child = process::fork(self.capture, || work(profile, scenario, plans, first))?;
        self.stats.forks += 1;
        let ended = self.watch(&mut child);
        self.stats.plans += arena.done().saturating_sub(first) as u64;
        self.stats.nanoseconds += arena.flight.nanoseconds.load(Relaxed);
        Ok(ended)
    }

    fn is_late(&mut self) -> bool {
        let late = self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline);
        self.stats.out_of_time |= late;
        late
    }

    /// Waits for the child's end, and brings it about where it does not come.
    fn watch(&mut self, child: &mut Child) -> How {
        let arena = self.profile.arena;
        let mut beat = arena.flight.beats();
        let mut since = Instant::now();
        let mut used = child.processor_time();
        loop {
            if let Some(ended) = child.wait(LOOK) {
                return How::Ended(ended);
            }
            if self.is_late() {
                arena.ask_to_stop(true);
            }
            let now = arena.flight.beats();
            if now != beat {
                beat = now;
                since = Instant::now();
                used = child.processor_time();
                continue;
            }
            // On a busy machine a run may wait for its turn: what counts is the time that it used,
            // and the time that passed only while it slept.
            if !child.sleeps() {
                since = Instant::now();
            }
            let slept = since.elapsed();
            let busy = match (child.processor_time(), used) {
                (Some(now), Some(before)) => now.saturating_sub(before),
                _ => slept,
            };
            if busy >= self.hang || slept >= self.hang {
                child.abort();
                if child.wait(Duration::from_millis(200)).is_none() {
                    child.kill();
                }
                return How::Hung;
            }
        }
    }

    /// The record of a plan that ended its child, which had run nothing else.
    fn bad(&mut self, plan: &Plan, place: usize, how: How) -> Record {
        let arena = self.profile.arena;
        let flight = &arena.flight;
        self.stats.plans += 1;
        let failures = [flight.failed_frames(0), flight.failed_frames(1)];
        if arena.state() == State::Stopped
            && let Some(outcome) = arena.get(place)
        {
            let death = (outcome.verdict == Verdict::Panic).then(|| Death {
                how: "panic".into(),
                output: String::new(),
                frames: flight.death.get(),
            });
            let why = flight.detail.get();
            let bad = Bad {
                why,
                shown: None,
                death,
                failures,
            };
            return record(plan, outcome, bad);
        }
        let output = self.capture.take().unwrap_or_default();
        let output = String::from_utf8_lossy(&output)
            .trim()
            .chars()
            .take(2_000)
            .collect::<String>();
        let panics = flight.panics.load(Relaxed);
        let phase = flight.phase();
        let (death, how) = death(how);
        // What happens with memory there again speaks of what the failure left behind.
        let verdict = match (death, phase) {
            (_, Phase::Verify | Phase::Again) => Verdict::Corrupt,
            (Verdict::Abort, _) if panics > 0 => Verdict::Panic,
            (verdict, _) => verdict,
        };
        let why = match panics {
            0 => format!("{how} {}", phase.words()),
            _ => format!("{} and {how} {}", flight.panic.get(), phase.words()),
        };
        let failed = [flight.failed(0), flight.failed(1)];
        let outcome = Outcome {
            verdict,
            fallback: 0,
            first: failed[0],
            failures: failed.iter().flatten().count() as u64,
            after: 0,
            retained: 0,
        };
        let death = Some(Death {
            how,
            output,
            frames: flight.death.get(),
        });
        record(
            plan,
            outcome,
            Bad {
                why,
                shown: None,
                death,
                failures,
            },
        )
    }

    /// Whether the process holds more after plans whose verdicts are good.
    fn recount(&mut self, records: &mut [Record]) -> Result<(), Cannot> {
        let good: Vec<usize> = (0..records.len())
            .filter(|place| records[*place].bad.is_none())
            .collect();
        let plans: Vec<Plan> = good.iter().map(|place| records[*place].plan).collect();
        if plans.is_empty() || self.is_late() {
            return Ok(());
        }
        let before = self.stats;
        self.child(&plans, 0)?;
        self.stats.plans = before.plans;
        if self.profile.arena.state() != State::Grown {
            return Ok(());
        }
        for place in good {
            let record = &mut records[place];
            if let Some(why) = self.grows(&record.plan)? {
                record.outcome.verdict = Verdict::Leak;
                record.bad = Some(Box::new(Bad {
                    why,
                    shown: None,
                    death: None,
                    failures: [self.profile.arena.flight.failed_frames(0), Vec::new()],
                }));
            }
        }
        Ok(())
    }

    /// Whether this plan alone makes the process hold more, each time.
    fn grows(&mut self, plan: &Plan) -> Result<Option<String>, Cannot> {
        let arena = self.profile.arena;
        let (profile, scenario) = (self.profile, self.scenario);
        arena.flight.clear_death();
        arena.set_state(State::Running);
        let mut child = process::fork(self.capture, || alone(profile, scenario, plan))?;
        self.stats.forks += 1;
        self.watch(&mut child);
        Ok((arena.state() == State::Grown).then(|| arena.flight.detail.get()))
    }
}

/// How a child ended.
#[derive(Debug, Clone, Copy)]
enum How {
    Ended(Ended),
    Hung,
}

fn death(how: How) -> (Verdict, String) {
    match how {
        How::Hung => (Verdict::Hang, "no end".into()),
        How::Ended(Ended::Exit(code)) => (Verdict::Abort, format!("exit with code {code}")),
        How::Ended(Ended::Signal(6)) => (Verdict::Abort, "abort".into()),
        How::Ended(Ended::Signal(signal)) => (Verdict::Signal, format!("signal {signal}")),
    }
}

fn record(plan: &Plan, outcome: Outcome, bad: Bad) -> Record {
    Record {
        plan: *plan,
        outcome,
        bad: Some(Box::new(bad)),
    }
}

/// What a child does first.
fn begin(profile: &Profile, plans: &[Plan]) {
    crash::record(Some(&profile.arena.flight));
    calls::forget();
    if plans.iter().any(|plan| plan.resource == Resource::Mapping) {
        // The parent has tried it: where it is refused there are no such plans.
        let _by = calls::begin();
    }
}

/// The child: runs the plans from `first` on, to the first bad verdict.
fn work(profile: &Profile, scenario: &dyn AnyScenario, plans: &[Plan], first: usize) -> i32 {
    let arena = profile.arena;
    begin(profile, plans.get(first..).unwrap_or_default());
    let held = census::take();
    let started = process::processor_time();
    let spent = || {
        let spent = process::processor_time().saturating_sub(started).as_nanos() as u64;
        arena.flight.nanoseconds.store(spent, Relaxed);
    };
    for (place, plan) in plans.iter().enumerate().skip(first) {
        if arena.must_stop() {
            break;
        }
        let (outcome, why) = profile.outcome(scenario, plan, true);
        arena.put(place, &outcome);
        if outcome.verdict.is_bad() {
            spent();
            arena.flight.detail.set(&why);
            arena.set_state(State::Stopped);
            return 0;
        }
        arena.set_done(place + 1);
    }
    spent();
    arena.set_state(match grown(held, census::take()) {
        None => State::Done,
        Some(_) => State::Grown,
    });
    0
}

/// The child that runs one plan, thrice, and counts after each.
fn alone(profile: &Profile, scenario: &dyn AnyScenario, plan: &Plan) -> i32 {
    let arena: &Arena = profile.arena;
    begin(profile, &[*plan]);
    profile.outcome(scenario, plan, true);
    let counts: [Census; 3] = std::array::from_fn(|_| {
        profile.outcome(scenario, plan, true);
        census::take()
    });
    let [one, two, three] = counts;
    arena.set_state(State::Done);
    if let (Some(why), Some(_)) = (grown(one, two), grown(two, three)) {
        arena.flight.detail.set(&why);
        arena.set_state(State::Grown);
    }
    0
}

/// What there is more of.
fn grown(before: Census, after: Census) -> Option<String> {
    let descriptors = after.descriptors - before.descriptors;
    let mapped = after.mapped - before.mapped;
    (descriptors > 0 || mapped > 0)
        .then(|| format!("file descriptors: {descriptors:+}; mapped: {mapped:+} bytes"))
}
