//! From a run to its verdict.

use super::run::{AnyScenario, GAUGES, Run};
use crate::flight::{Failure, Phase};
use crate::plan::{Plan, Resource};
use crate::scenario::Response;
use crate::scope::Balance;
use crate::verdict::Verdict;

/// What the clean run was.
#[derive(Debug, Clone)]
pub(crate) struct Golden {
    pub(crate) digest: u64,
    pub(crate) heap: u64,
    pub(crate) mapping: u64,
    pub(crate) panics: u32,
    pub(crate) balance: Balance,
    pub(crate) gauges: [i64; GAUGES],
    /// The stack of every request, in its order.
    pub(crate) heap_stacks: Vec<u64>,
    pub(crate) mapping_stacks: Vec<u64>,
}

/// A verdict and, where it is bad, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ruling {
    pub(crate) verdict: Verdict,
    pub(crate) fallback: u32,
    pub(crate) why: String,
    /// Bytes of the heap that were kept.
    pub(crate) kept: i64,
}

impl Ruling {
    fn good(verdict: Verdict, fallback: u32) -> Self {
        Self {
            verdict,
            fallback,
            why: String::new(),
            kept: 0,
        }
    }

    pub(crate) fn bad(verdict: Verdict, why: impl Into<String>) -> Self {
        Self {
            verdict,
            fallback: 0,
            why: why.into(),
            kept: 0,
        }
    }
}

impl Golden {
    /// In what two clean runs are not the same, of all that runs are compared by.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        for resource in [Resource::Heap, Resource::Mapping] {
            let (one, two) = (self.stacks(resource), other.stacks(resource));
            if let Some(at) = one.iter().zip(two).position(|(one, two)| one != two) {
                return Some(format!(
                    "request {at} of {resource:?} comes from another stack"
                ));
            }
            if one.len() != two.len() {
                let (one, two) = (one.len(), two.len());
                return Some(format!("{one} requests of {resource:?}, then {two}"));
            }
        }
        let others = [
            ("the result", self.digest == other.digest),
            ("the number of panics", self.panics == other.panics),
            (
                "what is kept after all is dropped",
                self.balance == other.balance,
            ),
            ("a gauge", self.gauges == other.gauges),
        ];
        let (what, _) = others.iter().find(|(_, same)| !same)?;
        Some((*what).into())
    }

    /// How many requests the clean run made.
    pub(crate) fn requests(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Heap => self.heap,
            Resource::Mapping => self.mapping,
        }
    }

    /// The stacks of the clean run's requests, as far as they are known.
    pub(crate) fn stacks(&self, resource: Resource) -> &[u64] {
        match resource {
            Resource::Heap => &self.heap_stacks,
            Resource::Mapping => &self.mapping_stacks,
        }
    }

    /// Rules on a run, from what happened in it up to what it left behind. The first complaint counts.
    pub(crate) fn rule(
        &self,
        scenario: &dyn AnyScenario,
        plan: &Plan,
        run: &Run,
        first: Option<Failure>,
        panic: impl FnOnce() -> String,
    ) -> Ruling {
        match (run.panicked, run.panics > self.panics) {
            (Some(Phase::Verify), _) => {
                return Ruling::bad(Verdict::Corrupt, format!("{} while verifying", panic()));
            }
            (Some(phase), _) => {
                return Ruling::bad(Verdict::Panic, format!("{} {}", panic(), phase.words()));
            }
            (None, true) => {
                let why = format!("{}, which the subject caught", panic());
                return Ruling::bad(Verdict::Panic, why);
            }
            (None, false) => {}
        }
        if let Some(why) = self.is_unstable(plan, run, first) {
            return Ruling::bad(Verdict::Unstable, why);
        }
        if run.counts.failures == 0 {
            return Ruling::good(Verdict::Idle, 0);
        }
        let ruling = self.rule_response(scenario, run);
        if ruling.verdict.is_bad() {
            return ruling;
        }
        if let Some(complaint) = &run.complaint {
            return Ruling::bad(Verdict::Corrupt, complaint);
        }
        self.rule_balance(scenario, run).unwrap_or(ruling)
    }

    /// Whether the failure struck where the clean run says.
    fn is_unstable(&self, plan: &Plan, run: &Run, first: Option<Failure>) -> Option<String> {
        let requests = self.requests(plan.resource);
        let Some(failure) = first else {
            if run.counts.spared > 0 {
                return None;
            }
            let expected = plan.first_failure(requests)?;
            let seen = match plan.resource {
                Resource::Heap => run.counts.heap,
                Resource::Mapping => run.counts.mapping,
            };
            return Some(format!(
                "request {expected} of {requests} did not come; there were {seen}"
            ));
        };
        let stack = *self
            .stacks(plan.resource)
            .get(usize::try_from(failure.index).ok()?)?;
        (stack != failure.stack).then(|| {
            format!(
                "request {} came from {:016x}, in the clean run from {stack:016x}",
                failure.index, failure.stack
            )
        })
    }

    fn rule_response(&self, scenario: &dyn AnyScenario, run: &Run) -> Ruling {
        match &run.response {
            None => Ruling::bad(Verdict::Panic, "no result"),
            Some(Response::Exhausted) => Ruling::good(Verdict::Handled, 0),
            Some(Response::Value(digest)) if *digest == self.digest => {
                Ruling::good(Verdict::Benign, 0)
            }
            Some(Response::Value(digest)) => {
                let golden = self.digest;
                let why = format!("success, but {digest:016x} in place of {golden:016x}");
                Ruling::bad(Verdict::Swallowed, why)
            }
            Some(Response::Other(error)) => Ruling::bad(Verdict::WrongError, error),
            Some(Response::Fallback(name)) => {
                let names = scenario.fallback_names();
                match names.iter().position(|known| known == name) {
                    Some(place) => Ruling::good(Verdict::Benign, place as u32 + 1),
                    None => {
                        let why = format!("the fallback “{name}” is not a listed one");
                        Ruling::bad(Verdict::WrongError, why)
                    }
                }
            }
        }
    }

    /// What was not given back.
    fn rule_balance(&self, scenario: &dyn AnyScenario, run: &Run) -> Option<Ruling> {
        for (place, name) in scenario.gauge_names().iter().enumerate().take(GAUGES) {
            let off = run.gauges.get(place)? - self.gauges.get(place)?;
            if off != 0 {
                return Some(Ruling::bad(Verdict::Leak, format!("{name}: {off:+}")));
            }
        }
        let bytes = run.balance.bytes - self.balance.bytes;
        let blocks = run.balance.blocks - self.balance.blocks;
        let mapped = run.balance.mapped - self.balance.mapped;
        if bytes <= 0 && blocks <= 0 && mapped <= 0 {
            return None;
        }
        let mut why = format!("heap: {bytes:+} bytes in {blocks:+} blocks");
        if mapped != 0 {
            why.push_str(&format!("; mapped: {mapped:+} bytes"));
        }
        Some(Ruling {
            kept: bytes.max(mapped).max(1),
            ..Ruling::bad(Verdict::Leak, why)
        })
    }

    /// Rules on the clean run that follows one with a failure.
    pub(crate) fn rule_again(&self, run: &Run, panic: impl FnOnce() -> String) -> Option<Ruling> {
        let corrupt = |why: String| Some(Ruling::bad(Verdict::Corrupt, why));
        match &run.response {
            _ if run.panicked.is_some() || run.panics > self.panics => {
                corrupt(format!("{} in the next clean run", panic()))
            }
            Some(Response::Value(digest)) if *digest == self.digest => None,
            Some(Response::Value(digest)) => corrupt(format!(
                "the next clean run gives {digest:016x} in place of {:016x}",
                self.digest
            )),
            Some(Response::Exhausted) => {
                corrupt("the next clean run says that memory ran out".into())
            }
            Some(Response::Fallback(name)) => {
                corrupt(format!("the next clean run falls back: {name}"))
            }
            Some(Response::Other(error)) => corrupt(format!("the next clean run fails: {error}")),
            None => corrupt("the next clean run has no result".into()),
        }
    }
}
