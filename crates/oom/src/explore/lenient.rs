//! Judging in this process for long, as a fuzz target does: what is known to end badly would end the
//! process, and with it the search for what is not known.

use super::profile::{Judgement, Profile};
use super::run::AnyScenario;
use crate::baseline::Baseline;
use crate::hook;
use crate::plan::{Plan, Resource};
use crate::sites::key;
use crate::sites::stack;
use crate::sites::symbols::{Place, Shims, Symbols};
use crate::spares::{Spares, Treatment};
use std::cell::Cell;

/// A fresh clean run, which shows what failures left behind, is made after so many runs. It costs more than
/// a run that ends at its failure.
const FRESH: u64 = 8;

/// How often a run is done again because it came by stacks that were new.
const TRIES: usize = 8;

/// Judges runs in this process, and spares what a [`Baseline`] knows.
///
/// What a failure left behind may show some runs later only: a verdict that says `corrupt` is of one of the
/// last plans, not of the last one for certain.
///
/// A plan fails nothing at a site that is known to end badly, nor anything more after a failure where only
/// a second one is known to. All else is judged as [`Profile::judge`] does it.
pub struct Lenient {
    known: Baseline,
    symbols: Symbols,
    /// As old as the process: the allocator reads it.
    spares: &'static Spares,
    runs: Cell<u64>,
}

impl Lenient {
    /// One that knows this. Its table of stacks is never given back.
    pub fn new(known: Baseline, shims: Shims) -> Self {
        Self {
            known,
            symbols: Symbols::new(shims),
            spares: Box::leak(Box::new(Spares::new())),
            runs: Cell::new(0),
        }
    }

    /// Runs the scenario under a plan, in this process, and judges it.
    pub fn judge(&self, profile: &Profile, scenario: &dyn AnyScenario, plan: &Plan) -> Judgement {
        let mut judgement = self.once(profile, scenario, plan);
        for _ in 0..TRIES {
            if judgement.verdict.is_bad() || !self.learn() {
                break;
            }
            judgement = self.once(profile, scenario, plan);
        }
        judgement
    }

    /// The requests of the clean run that are not spared, by their numbers.
    pub fn open(&self, profile: &Profile, resource: Resource) -> Vec<u64> {
        let stacks = profile.golden.stacks(resource).iter();
        let tape = profile.arena.tape(resource);
        let treated = stacks.map(|stack| {
            let known = self.spares.known(*stack);
            known.unwrap_or_else(|| self.treat(*stack, &tape.frames(*stack)))
        });
        let numbers = (0..).zip(treated);
        let open = numbers.filter(|(_, treatment)| *treatment != Treatment::Spared);
        open.map(|(number, _)| number).collect()
    }

    fn once(&self, profile: &Profile, scenario: &dyn AnyScenario, plan: &Plan) -> Judgement {
        hook::with(|hook| hook.set_spares(Some(self.spares)));
        self.runs.set(self.runs.get() + 1);
        let fresh = self.runs.get().is_multiple_of(FRESH);
        let judgement = profile.judge_with(scenario, plan, fresh);
        hook::with(|hook| hook.set_spares(None));
        judgement
    }

    /// Finds the names of the stacks that were new, and how they are to be treated.
    fn learn(&self) -> bool {
        let fresh = self.spares.take_fresh();
        for frames in &fresh {
            self.treat(stack::hash(frames), frames);
        }
        !fresh.is_empty()
    }

    /// Treats a stack by its name from now on.
    fn treat(&self, hash: u64, frames: &[u64]) -> Treatment {
        let located = self.symbols.locate(hash, frames);
        let site = key::key(&located.place, &self.symbols.request_stack(frames));
        let treatment = self.known.treatment(&site);
        self.spares.learn(hash, treatment);
        treatment
    }

    /// The stack of the first request that the last run failed, innermost first.
    pub fn first_failure(&self, profile: &Profile) -> Vec<Place> {
        let frames = profile.arena.flight.failed_frames(0);
        self.symbols.request_stack(&frames)
    }
}

impl Baseline {
    /// What may be done to a site, so that nothing happens that is known.
    pub fn treatment(&self, site: &str) -> Treatment {
        let known = || self.sites.iter().filter(|known| known.site == site);
        if known().any(|known| known.shown.is_none()) {
            return Treatment::Spared;
        }
        match known().next() {
            Some(_) => Treatment::Alone,
            None => Treatment::Fails,
        }
    }
}

impl std::fmt::Debug for Lenient {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Lenient")
            .field("known", &self.known.sites.len())
            .finish_non_exhaustive()
    }
}
