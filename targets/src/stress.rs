//! The targets of the stress generators: one row of [`TARGETS`](crate::TARGETS) for each row of
//! [`STRESS`].
//!
//! A stress case is judged like a differential one, on the subject and on all engines that have the
//! features that its generator needs, and its answers are one oracle more, by which the other oracles
//! are judged as well ([`assay_checks::answer`]).

use crate::differential::{LEFT_OUT, choose_engines_with, judge_plan, make, setup_of};
use crate::differential::{Plan, case_of};
use crate::judge::{Question, ask};
use crate::report::{Discard, Pair, PairEnd, Report};
use crate::{Input, Lab, Target, bytes};
use arbitrary::Unstructured;
use assay_case::Case;
use assay_engine::Features;
use assay_generators::stress::{STRESS, StressGenerator};

/// In how many cases in a row a program is run. Compiling is most of what a program costs, and most of what it
/// is about happens afterwards: calls in and out, collections, unwinding, on which stacks. Those who are near to
/// each other, as three ways to define functions and three to call them, take nine runs to all meet; eight
/// take a fifth to a third of the time that compiling does.
const RUNS: u64 = 8;

/// The target of a stress generator, by its number in [`STRESS`].
pub const fn target<const NUMBER: usize>() -> Target {
    Target {
        name: STRESS[NUMBER].name,
        about: STRESS[NUMBER].about,
        runs: RUNS,
        run: |lab, input| match plan(&STRESS[NUMBER], lab, input) {
            Ok(plan) => judge_plan(lab, &plan),
            Err(discard) => Report::discarded(discard),
        },
        describe: |lab, input| Some(case_of(lab, &plan(&STRESS[NUMBER], lab, input).ok()?)),
        replay: |lab, case| replay(&STRESS[NUMBER], lab, case),
    }
}

/// Makes the case of the input.
///
/// # Errors
///
/// Why there is none.
pub fn plan(generator: &StressGenerator, lab: &Lab, input: &Input<'_>) -> Result<Plan, Discard> {
    let (setup, rest) = input.bytes.split_at(bytes::SETUP.min(input.bytes.len()));
    let (embedding, rest) = rest.split_at(bytes::EMBEDDING.min(rest.len()));
    let u = &mut Unstructured::new(setup);
    let mut setup = choose_engines_with(lab, u, generator.needs).map_err(|_| Discard::NoOracle)?;
    let u = &mut Unstructured::new(embedding);
    setup.configuration = setup
        .configuration
        .embedded(u)
        .map_err(|_| Discard::Bytes)?;
    let features = lab.shared_features(&setup) - LEFT_OUT;
    if let Some(feature) = (generator.needs - features).names().next() {
        return Err(Discard::SubjectLacks(feature));
    }
    let made = (generator.name, features, rest);
    if let Some(plan) = lab.made.borrow().as_ref().and_then(|last| last.again(made)) {
        let runs = input.runs;
        return Ok(Plan {
            setup,
            runs,
            ..plan
        });
    }
    let u = &mut Unstructured::new(rest);
    let (_, draft) = (generator.generate)(u, features).map_err(|_| Discard::Bytes)?;
    let plan = Plan {
        target: generator.name,
        runs: input.runs,
        ..make(setup, generator.name, draft)?
    };
    *lab.made.borrow_mut() = Some(Made {
        features,
        bytes: rest.to_vec(),
        plan: plan.clone(),
    });
    Ok(plan)
}

/// The program that was made last, for the next case in which it is run.
pub(crate) struct Made {
    /// The features that it was allowed; it may use fewer.
    features: Features,
    bytes: Vec<u8>,
    plan: Plan,
}

impl Made {
    /// The plan, if it would be the same for this generator, these features, and these bytes.
    fn again(&self, (generator, features, bytes): (&str, Features, &[u8])) -> Option<Plan> {
        let same =
            self.plan.generator == generator && self.features == features && self.bytes == bytes;
        same.then(|| self.plan.clone())
    }
}

/// Judges a case that was read back, on the engines that it names. What shows only where code is hot, or objects
/// are collected at the right place, may take several runs.
fn replay(generator: &StressGenerator, lab: &mut Lab, case: &Case) -> Result<Report, String> {
    let setup = setup_of(lab, case)?;
    let mut again = |runs| {
        let question = Question {
            target: generator.name,
            setup: &setup,
            features: case.features,
            runs,
            program: &case.program,
            answers: &case.answers,
        };
        ask(lab, &question)
    };
    let mut report = again(RUNS as usize);
    for left in (1..RUNS as usize).rev() {
        if is_wrong(&report) {
            break;
        }
        report = again(left);
    }
    Ok(report)
}

/// Whether an engine does something wrong, known or not.
fn is_wrong(report: &Report) -> bool {
    let known = |pair: &Pair| matches!(pair.end, PairEnd::Discarded(Discard::KnownBug(_)));
    !report.findings.is_empty() || report.pairs.iter().any(known)
}
