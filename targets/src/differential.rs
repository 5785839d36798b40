//! The target `differential`: a module on the subject and on other engines.
//!
//! The engines are chosen first: a compiler of the subject with an arbitrary configuration, and
//! any of the oracles that are here. Then a module is generated with the features that they
//! share, so that hardly any case is lost.

use crate::judge::{Question, ask, judge, record};
use crate::report::{Discard, Pair, PairEnd, Report};
use crate::{Input, Lab, Setup, bytes};
use arbitrary::{Result, Unstructured};
use assay_case::{Case, Role};
use assay_engine::{Answers, Features, Program};
use assay_generators::{Draft, Finished, GENERATORS, Generator, modules};
use assay_module::{PrepareError, Telling};
use assay_wasmtime::{Compiler, Configuration};
use std::collections::BTreeSet;

/// The name of the target.
pub const NAME: &str = "differential";

/// What a differential case never has: their results are sets, or they need a scheduler.
pub(crate) const LEFT_OUT: Features = Features::RELAXED_SIMD
    .union(Features::THREADS)
    .union(Features::LEGACY_EXCEPTIONS);

/// A case before it is run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The target.
    pub target: &'static str,
    /// The engines.
    pub setup: Setup,
    /// The generator of the module.
    pub generator: &'static str,
    /// The features that the module was allowed.
    pub features: Features,
    /// In how many cases in a row the program is run, this one the first.
    pub runs: usize,
    /// What was generated.
    pub draft: Draft,
    /// What is run.
    pub program: Program,
    /// What must come of it, where the generator knows.
    pub answers: Answers,
    /// Why exports, or calls that a script makes, are not called: one entry for each.
    pub left_out: Vec<&'static str>,
    /// The size of the module before it was made ready.
    pub original_bytes: usize,
}

/// Makes a case of the input and judges it.
pub fn run(lab: &mut Lab, input: &Input<'_>) -> Report {
    match plan(lab, input) {
        Ok(plan) => judge_plan(lab, &plan),
        Err(discard) => Report::discarded(discard),
    }
}

/// Judges a case. Where something is found, the case is made ready once more in the way that says
/// most, and if that shows as much, of every pair, that is what is reported.
pub fn judge_plan(lab: &mut Lab, plan: &Plan) -> Report {
    let question = plan.question(&plan.program);
    let mut report = ask(lab, &question);
    if !report.findings.is_empty()
        && let Some(open) = in_the_open(&plan.draft)
    {
        let question = Question {
            runs: 1,
            answers: &open.answers,
            ..plan.question(&open.program)
        };
        let again = ask(lab, &question);
        if shows_all(&again, &report) {
            report.findings = again.findings;
        }
    }
    report.generator = plan.generator.into();
    report.left_out.clone_from(&plan.left_out);
    report
}

impl Plan {
    /// What is asked of the engines about a form of the program.
    fn question<'a>(&'a self, program: &'a Program) -> Question<'a> {
        Question {
            target: self.target,
            setup: &self.setup,
            features: self.features,
            runs: self.runs,
            program,
            answers: &self.answers,
        }
    }
}

/// Whether a report finds something wherever another one does.
fn shows_all(report: &Report, other: &Report) -> bool {
    let found = |pair: &&Pair| pair.end == PairEnd::Found;
    let pairs = |report: &Report| -> BTreeSet<String> {
        let found = report.pairs.iter().filter(found);
        found.map(|pair| pair.oracle.clone()).collect()
    };
    report.findings.len() >= other.findings.len() && pairs(report).is_superset(&pairs(other))
}

/// The program with its functions as they are, and its state slot by slot; `None` where that is
/// how it was run.
fn in_the_open(draft: &Draft) -> Option<Finished> {
    let open = Draft {
        fuse: false,
        state: Telling::Slots,
        ..draft.clone()
    };
    let hidden = draft.fuse || draft.state != Telling::Slots;
    hidden.then(|| open.finish().ok())?
}

/// Makes the case of the input, and runs nothing.
pub fn describe(lab: &Lab, input: &Input<'_>) -> Option<Case> {
    Some(case_of(lab, &plan(lab, input).ok()?))
}

/// The case of a plan, without a finding.
pub(crate) fn case_of(lab: &Lab, plan: &Plan) -> Case {
    Case {
        target: plan.target.into(),
        answers: plan.answers.clone(),
        ..record(lab, &plan.setup, plan.features, &plan.program)
    }
}

/// Makes the case of the input.
///
/// # Errors
///
/// Why there is none.
pub fn plan(lab: &Lab, input: &Input<'_>) -> std::result::Result<Plan, Discard> {
    let mut u = Unstructured::new(input.bytes);
    match input.module {
        Some((number, compiler)) => plan_module(lab, &mut u, number, compiler),
        None => plan_generated(lab, input.bytes),
    }
}

fn plan_generated(lab: &Lab, bytes: &[u8]) -> std::result::Result<Plan, Discard> {
    let (setup, rest) = bytes.split_at(bytes::SETUP.min(bytes.len()));
    let setup = choose_engines(lab, &mut Unstructured::new(setup)).map_err(|_| Discard::Bytes)?;
    let u = &mut Unstructured::new(rest);
    if setup.oracles.is_empty() {
        return Err(Discard::NoOracle);
    }
    let generator = choose_generator(u).map_err(|_| Discard::Bytes)?;
    let features = lab.shared_features(&setup) - LEFT_OUT;
    let draft = (generator.generate)(u, features).map_err(|_| Discard::Bytes)?;
    make(setup, generator.name, draft)
}

/// A module of the user on one compiler in the default configuration, with every oracle; those that
/// lack a feature it needs are named as such when it is judged.
fn plan_module(
    lab: &Lab,
    u: &mut Unstructured<'_>,
    number: usize,
    compiler: Compiler,
) -> std::result::Result<Plan, Discard> {
    let found = lab.modules().get(number).ok_or(Discard::NoCall)?;
    let draft = modules::draft(u, found).map_err(|_| Discard::Bytes)?;
    let configuration = Configuration::of(compiler);
    let features = draft.features;
    if let Some(feature) = ((features - configuration.features()) | (features & LEFT_OUT))
        .names()
        .next()
    {
        return Err(Discard::SubjectLacks(feature));
    }
    let oracles = (0..lab.oracles().len()).collect();
    make(
        Setup {
            configuration,
            oracles,
        },
        "modules",
        draft,
    )
}

/// Makes a draft ready for these engines.
pub(crate) fn make(
    setup: Setup,
    generator: &'static str,
    draft: Draft,
) -> std::result::Result<Plan, Discard> {
    let (features, original_bytes) = (draft.features, draft.wasm.len());
    let finished = draft.finish().map_err(|error| match error {
        PrepareError::Unprovided(_) => Discard::Unprovided,
        PrepareError::Carry(_) | PrepareError::Malformed(_) => Discard::Uncarried,
    })?;
    if finished.program.calls.is_empty() {
        return Err(Discard::NoCall);
    }
    Ok(Plan {
        target: NAME,
        setup,
        generator,
        features,
        runs: 1,
        draft,
        program: finished.program,
        answers: finished.answers,
        left_out: finished.left_out,
        original_bytes,
    })
}

/// Chooses a subject, its configuration, and oracles: the reference interpreter always, and any of
/// the others, at least one if there is one.
pub(crate) fn choose_engines(lab: &Lab, u: &mut Unstructured<'_>) -> Result<Setup> {
    choose_engines_with(lab, u, Features::empty())
}

/// As [`choose_engines`], of those that have certain features.
pub(crate) fn choose_engines_with(
    lab: &Lab,
    u: &mut Unstructured<'_>,
    needs: Features,
) -> Result<Setup> {
    let subjects = lab.subjects().iter().copied();
    let subjects = subjects.filter(|&it| Configuration::of(it).features().contains(needs));
    let compiler = *u.choose(&subjects.collect::<Vec<_>>())?;
    let configuration = Configuration::arbitrary_of(compiler, u)?;
    let (mut oracles, others): (Vec<usize>, Vec<usize>) = (0..lab.oracles().len())
        .filter(|&index| lab.oracles()[index].features().contains(needs))
        .partition(|&index| lab.oracles()[index].name() == assay_reference::NAME);
    if !others.is_empty() {
        let mask = u.int_in_range(1..=(1u32 << others.len()) - 1)?;
        let chosen = others.iter().enumerate();
        oracles.extend(chosen.filter(|(i, _)| mask & 1 << i != 0).map(|(_, &o)| o));
    }
    Ok(Setup {
        configuration,
        oracles,
    })
}

fn choose_generator(u: &mut Unstructured<'_>) -> Result<&'static Generator> {
    let total: u32 = GENERATORS.iter().map(|generator| generator.weight).sum();
    let mut ticket = u.int_in_range(0..=total - 1)?;
    for generator in GENERATORS {
        match ticket.checked_sub(generator.weight) {
            Some(rest) => ticket = rest,
            None => return Ok(generator),
        }
    }
    Err(arbitrary::Error::NotEnoughData)
}

/// Judges a case that was read back, on the engines that it names.
///
/// # Errors
///
/// In one line, where an engine is not here or its configuration does not read.
pub fn replay(lab: &mut Lab, case: &Case) -> std::result::Result<Report, String> {
    let setup = setup_of(lab, case)?;
    Ok(judge(lab, &setup, case.features, &case.program))
}

/// The engines that a case names.
///
/// # Errors
///
/// In one line, where an engine is not here or its configuration does not read.
pub(crate) fn setup_of(lab: &Lab, case: &Case) -> std::result::Result<Setup, String> {
    let mut configuration = None;
    let mut oracles = Vec::new();
    for engine in &case.engines {
        match engine.role {
            Role::Subject => configuration = Some(lab.configuration_of(engine)?),
            Role::Oracle => oracles.push(
                lab.oracles()
                    .iter()
                    .position(|oracle| oracle.name() == engine.name)
                    .ok_or_else(|| format!("the engine {} is not here", engine.name))?,
            ),
        }
    }
    let configuration = configuration.ok_or("the case names no subject")?;
    Ok(Setup {
        configuration,
        oracles,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(found: &[&str]) -> Report {
        let case = Case::new(NAME, Features::empty(), Program::default());
        let finding = |_: &&str| crate::Finding {
            signature: String::new(),
            case: case.clone(),
        };
        let pair = |oracle: &&str| Pair {
            oracle: (*oracle).into(),
            calls: 1,
            end: PairEnd::Found,
        };
        Report {
            findings: found.iter().map(finding).collect(),
            pairs: found.iter().map(pair).collect(),
            ..Report::default()
        }
    }

    #[test]
    fn a_second_look_replaces_only_what_it_shows_as_well() {
        let both = report(&["v8", "wasmi"]);
        assert!(shows_all(&both, &both));
        assert!(shows_all(&both, &report(&["wasmi"])));
        assert!(!shows_all(&report(&["wasmi"]), &both));
        assert!(!shows_all(&report(&["jsc"]), &report(&["wasmi"])));
        assert!(!shows_all(&report(&[]), &report(&["wasmi"])));
    }
}
