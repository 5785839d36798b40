//! The profile: what a scenario does when nothing fails; and judging single runs in this process.

use super::arena::{Arena, Outcome, arena};
use super::judge::{Golden, Ruling};
use super::panics;
use super::run::sealed::Hidden;
use super::run::{AnyScenario, Run};
use super::{Cannot, Token};
use crate::plan::{Plan, Resource};
use crate::scenario::Response;
use crate::tape::REQUESTS;
use crate::verdict::Verdict;

/// How many clean runs a scenario gets to become steady: caches fill, lazy statics are made.
const WARM_UP: usize = 10;

/// What a scenario does when nothing fails.
///
/// It also judges runs in this process, without a child: a fuzz target's way, where a death is the
/// fuzzer's to see. [`Explorer`](crate::Explorer) isolates runs.
///
/// ```
/// use assay_oom::{FaultAllocator, Plan, Profile, Resource, Response, Rule, Simple, Verdict};
///
/// #[global_allocator]
/// static ALLOCATOR: FaultAllocator = FaultAllocator::system();
///
/// let scenario = Simple::new(
///     "reserve",
///     Vec::<u8>::new,
///     |vec| vec.try_reserve(100),
///     |result| result.map_or(Response::Exhausted, |()| Response::Value(0)),
/// );
/// let profile = Profile::take(&scenario)?;
/// assert_eq!(profile.requests(Resource::Heap), 1);
/// let judgement = profile.judge(&scenario, &Plan::heap(Rule::Nth(0)));
/// assert_eq!(judgement.verdict, Verdict::Handled);
/// # Ok::<(), assay_oom::Cannot>(())
/// ```
pub struct Profile {
    pub(crate) golden: Golden,
    pub(crate) arena: &'static Arena,
    pub(crate) name: String,
}

/// The verdict on one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, where it is bad.
    pub why: String,
    /// How many requests failed.
    pub failures: u64,
    /// What reproduces it.
    pub token: Token,
}

impl Profile {
    /// Runs the scenario until two runs agree.
    ///
    /// # Errors
    ///
    /// When the allocator is not installed, the platform has no shared memory, the scenario fails
    /// without a reason, or no two runs agree.
    pub fn take(scenario: &dyn AnyScenario) -> Result<Self, Cannot> {
        if !crate::is_installed() {
            return Err(Cannot::NoAllocator);
        }
        let arena = arena()?;
        panics::install();
        let mut last = clean(scenario, arena)?;
        let mut difference = String::new();
        for _ in 0..WARM_UP {
            let golden = clean(scenario, arena)?;
            match last.difference(&golden) {
                Some(found) => difference = found,
                None => {
                    return Ok(Self {
                        golden,
                        arena,
                        name: scenario.title().into(),
                    });
                }
            }
            last = golden;
        }
        Err(Cannot::Unsteady(difference))
    }

    /// How many requests the operation makes.
    pub fn requests(&self, resource: Resource) -> u64 {
        self.golden.requests(resource)
    }

    /// Runs the scenario under a plan, in this process, and judges it. The scenario must be the one
    /// that was profiled.
    pub fn judge(&self, scenario: &dyn AnyScenario, plan: &Plan) -> Judgement {
        self.judge_with(scenario, plan, true)
    }

    /// As [`judge`](Self::judge); a fresh clean run afterwards is made only where it is asked for.
    pub(crate) fn judge_with(
        &self,
        scenario: &dyn AnyScenario,
        plan: &Plan,
        fresh: bool,
    ) -> Judgement {
        let (outcome, why) = self.outcome(scenario, plan, fresh);
        Judgement {
            verdict: outcome.verdict,
            why,
            failures: outcome.failures,
            token: Token {
                scenario: self.name.clone(),
                plan: *plan,
                context: outcome.first.map_or(0, |failure| failure.stack),
            },
        }
    }

    /// As [`judge`](Self::judge): a leak of memory counts when it happens again. What is kept once
    /// and not again is a cache.
    pub(crate) fn outcome(
        &self,
        scenario: &dyn AnyScenario,
        plan: &Plan,
        fresh: bool,
    ) -> (Outcome, String) {
        let (mut outcome, ruling) = self.once(scenario, plan, fresh);
        if ruling.kept == 0 {
            return (outcome, ruling.why);
        }
        let (again, second) = self.once(scenario, plan, fresh);
        if second.kept > 0 {
            return (outcome, ruling.why);
        }
        outcome = again;
        outcome.retained = ruling.kept;
        (outcome, second.why)
    }

    fn once(&self, scenario: &dyn AnyScenario, plan: &Plan, fresh: bool) -> (Outcome, Ruling) {
        let flight = &self.arena.flight;
        let panic = || flight.panic.get();
        let run = run(scenario, self.arena, plan, false, false);
        let first = flight.failed(0);
        let mut ruling = self.golden.rule(scenario, plan, &run, first, panic);
        if fresh && !ruling.verdict.is_bad() && run.counts.failures > 0 {
            let again = self::run(scenario, self.arena, &Plan::CLEAN, false, true);
            if let Some(corrupt) = self.golden.rule_again(&again, panic) {
                ruling = corrupt;
            }
        }
        let outcome = Outcome {
            verdict: ruling.verdict,
            fallback: ruling.fallback,
            first,
            failures: run.counts.failures,
            after: run.counts.after,
            retained: 0,
        };
        (outcome, ruling)
    }
}

fn run(
    scenario: &dyn AnyScenario,
    arena: &'static Arena,
    plan: &Plan,
    record: bool,
    again: bool,
) -> Run {
    scenario.run(Hidden {
        arena,
        plan,
        record,
        again,
    })
}

/// One clean run, recorded.
fn clean(scenario: &dyn AnyScenario, arena: &'static Arena) -> Result<Golden, Cannot> {
    arena.tape(Resource::Heap).rewind();
    arena.tape(Resource::Mapping).rewind();
    let run = run(scenario, arena, &Plan::CLEAN, true, false);
    let digest = match run.response {
        Some(Response::Value(digest)) => digest,
        Some(response) => return Err(Cannot::Fails(format!("{response:?}"))),
        None => return Err(Cannot::Fails(arena.flight.panic.get())),
    };
    if run.counts.heap.max(run.counts.mapping) > REQUESTS as u64 {
        return Err(Cannot::TooLarge(run.counts.heap.max(run.counts.mapping)));
    }
    Ok(Golden {
        digest,
        heap: run.counts.heap,
        mapping: run.counts.mapping,
        panics: run.panics,
        balance: run.balance,
        gauges: run.gauges,
        heap_stacks: arena.tape(Resource::Heap).requests(),
        mapping_stacks: arena.tape(Resource::Mapping).requests(),
    })
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Profile")
            .field("scenario", &self.name)
            .field("heap", &self.golden.heap)
            .field("mapping", &self.golden.mapping)
            .finish_non_exhaustive()
    }
}
