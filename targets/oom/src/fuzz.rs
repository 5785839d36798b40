//! The fuzz target `oom`: bytes become a configuration, a program and plans, and every run is judged.
//!
//! All happens in one process, as fuzzers want it, so what is known to end badly is spared: see
//! [`Lenient`]. What is left is a finding: an abort or a signal ends the process by itself, any other
//! bad verdict by a panic that says what to replay. `assay oom --input FILE` then explores what the
//! bytes mean, in children, with all its plans.
//!
//! What is `unstable` is none: in one process, runs before this one leave pools and caches of an engine
//! otherwise than the clean run found them.

use crate::generated::{self, GeneratedError};
use crate::{BUILD, shims};
use arbitrary::Unstructured;
use assay_generators::GENERATORS;
use assay_oom::{
    AnyScenario, Baseline, Judgement, Lenient, Place, Plan, Profile, Resource, Rule, Verdict,
    intercept_system_calls,
};
use assay_wasmtime::Configuration;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Instant;

/// What scenarios of bytes are called.
pub const NAME: &str = "input";

/// How many plans an input has. What comes before the first, compiling and what a fuzzer does with the
/// coverage of a compiler, takes as long as hundreds of them.
const PLANS: usize = 1_024;

/// How many bytes choose the configuration, the generator and the plans.
const SETUP: usize = 72;

/// The known bad sites, which are those of the explorer.
const KNOWN: &str = include_str!("../../../ci/oom-baseline.toml");

/// Makes a rule that begins with a request.
type Kind = fn(&mut ChaCha8Rng, u64) -> Rule;

/// How many plans of each kind there are of sixteen, and what they fail, beginning with a request.
const KINDS: &[(usize, Kind)] = &[
    (9, |_, first| Rule::Nth(first)),
    (3, |rng, first| Rule::Pair {
        first,
        gap: rng.random_range(0..4),
    }),
    (2, |_, first| Rule::StickyFrom(first)),
    (2, |rng, _| Rule::Random {
        seed: rng.next_u64(),
        per_million: 50_000,
    }),
];

thread_local! {
    static FUZZER: RefCell<Option<Fuzzer>> = const { RefCell::new(None) };
}

/// Runs one input of the target `oom`, and tells now and then what was done.
///
/// # Panics
///
/// On a finding, as libFuzzer wants it.
pub fn run(data: &[u8]) {
    FUZZER.with_borrow_mut(|fuzzer| {
        let fuzzer = fuzzer.get_or_insert_default();
        if let Err(unknown) = fuzzer.judge(data) {
            panic!("{unknown}");
        }
        if let Some(news) = fuzzer.news() {
            eprintln!("oom: {news}");
        }
    });
}

/// What the target remembers from input to input.
#[derive(Debug)]
pub struct Fuzzer {
    lenient: Lenient,
    /// Whether system calls can fail.
    intercepted: bool,
    began: Instant,
    /// What was done so far.
    pub account: Account,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Account {
    /// Inputs.
    pub inputs: u64,
    /// Inputs that mean a program which runs the same twice.
    pub programs: u64,
    /// Runs that were judged and in which something failed.
    pub injections: u64,
}

/// A bad verdict that nobody knew.
#[derive(Debug)]
pub struct Unknown {
    /// The verdict, and what reproduces it.
    pub judgement: Judgement,
    /// The stack of the first request that failed, innermost first.
    pub failure: Vec<Place>,
}

/// The scenario that bytes mean, and the seed of its plans.
///
/// # Errors
///
/// Where they mean none.
pub fn scenario(data: &[u8]) -> Result<(Box<dyn AnyScenario>, u64), GeneratedError> {
    let (setup, program) = data.split_at_checked(SETUP).unwrap_or((data, &[]));
    let mut setup = Unstructured::new(setup);
    let no_program = |_| GeneratedError::NoProgram;
    let seed: u64 = setup.arbitrary().map_err(no_program)?;
    let generator = setup.choose(GENERATORS).map_err(no_program)?;
    let configuration: Configuration = setup.arbitrary().map_err(no_program)?;
    let scenario = generated::from_bytes(NAME, generator, program, &configuration)?;
    Ok((scenario, seed))
}

impl Fuzzer {
    /// One that knows what is known of this build.
    ///
    /// # Panics
    ///
    /// Where the file of what is known cannot be read: it is part of the program.
    pub fn new() -> Self {
        let mut known: BTreeMap<String, Baseline> =
            toml::from_str(KNOWN).unwrap_or_else(|why| panic!("what is known: {why}"));
        Self {
            lenient: Lenient::new(known.remove(BUILD).unwrap_or_default(), shims()),
            intercepted: intercept_system_calls().is_ok(),
            began: Instant::now(),
            account: Account::default(),
        }
    }

    /// Judges one input. Nothing comes of one that means no program, or one that is never the same.
    ///
    /// # Errors
    ///
    /// What nobody knew.
    pub fn judge(&mut self, data: &[u8]) -> Result<(), Box<Unknown>> {
        self.account.inputs += 1;
        let Ok((scenario, seed)) = scenario(data) else {
            return Ok(());
        };
        let Ok(profile) = Profile::take(scenario.as_ref()) else {
            return Ok(());
        };
        self.account.programs += 1;
        for plan in self.plans(seed, &profile) {
            let judgement = self.lenient.judge(&profile, scenario.as_ref(), &plan);
            self.account.injections += u64::from(judgement.failures > 0);
            if judgement.verdict.is_bad() && judgement.verdict != Verdict::Unstable {
                let failure = self.lenient.first_failure(&profile);
                return Err(Box::new(Unknown { judgement, failure }));
            }
        }
        Ok(())
    }

    fn plans(&self, seed: u64, profile: &Profile) -> Vec<Plan> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let heap = self.lenient.open(profile, Resource::Heap);
        let mapping = match self.intercepted {
            true => self.lenient.open(profile, Resource::Mapping),
            false => Vec::new(),
        };
        let plan = |_| {
            let (resource, open) = match rng.random_ratio(1, 8) {
                true => (Resource::Mapping, &mapping),
                false => (Resource::Heap, &heap),
            };
            let first = *open.get(rng.random_range(0..open.len().max(1)))?;
            let mut ticket = rng.random_range(0..16);
            let kind = KINDS.iter().find(|(weight, _)| {
                let chosen = ticket < *weight;
                ticket = ticket.saturating_sub(*weight);
                chosen
            });
            let (_, rule) = kind?;
            Some(Plan {
                resource,
                rule: rule(&mut rng, first),
                at_least: 0,
            })
        };
        (0..PLANS).filter_map(plan).collect()
    }

    /// What was done, at inputs 1, 2, 4, 8 and so on.
    pub fn news(&self) -> Option<String> {
        let Account {
            inputs,
            programs,
            injections,
        } = self.account;
        let rate = injections as f64 / self.began.elapsed().as_secs_f64();
        inputs.is_power_of_two().then(|| {
            format!("{inputs} inputs, {programs} programs, {injections} injections, {rate:.0}/s")
        })
    }
}

impl Default for Fuzzer {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Display for Unknown {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Judgement {
            verdict,
            why,
            token,
            ..
        } = &self.judgement;
        writeln!(out, "{verdict}: {why}\n  token {token}")?;
        self.failure
            .iter()
            .try_for_each(|place| writeln!(out, "    {place}"))
    }
}
