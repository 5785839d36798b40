//! The targets of the stress generators: one row of [`TARGETS`](crate::TARGETS) for each row of
//! [`STRESS`].
//!
//! A stress case is judged like a differential one, on the subject and on all engines that have the
//! features that its generator needs, and its answers are one oracle more, by which the other oracles
//! are judged as well ([`assay_checks::answer`]).

use crate::differential::{LEFT_OUT, choose_engines_with, judge_plan, make, setup_of};
use crate::differential::{Plan, case_of};
use crate::judge::{Question, ask};
use crate::report::{Discard, Report};
use crate::{Input, Lab, Target, bytes};
use arbitrary::Unstructured;
use assay_case::Case;
use assay_generators::stress::{STRESS, StressGenerator};

/// The target of a stress generator, by its number in [`STRESS`].
pub const fn target<const NUMBER: usize>() -> Target {
    Target {
        name: STRESS[NUMBER].name,
        about: STRESS[NUMBER].about,
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
    let u = &mut Unstructured::new(setup);
    let setup = choose_engines_with(lab, u, generator.needs).map_err(|_| Discard::NoOracle)?;
    let features = lab.shared_features(&setup) - LEFT_OUT;
    if let Some(feature) = (generator.needs - features).names().next() {
        return Err(Discard::SubjectLacks(feature));
    }
    let u = &mut Unstructured::new(rest);
    let (_, draft) = (generator.generate)(u, features).map_err(|_| Discard::Bytes)?;
    let plan = make(setup, generator.name, draft)?;
    Ok(Plan {
        target: generator.name,
        ..plan
    })
}

/// Judges a case that was read back, on the engines that it names.
fn replay(generator: &StressGenerator, lab: &mut Lab, case: &Case) -> Result<Report, String> {
    let question = Question {
        target: generator.name,
        setup: &setup_of(lab, case)?,
        features: case.features,
        program: &case.program,
        answers: &case.answers,
        stacks: &case.stacks,
    };
    Ok(ask(lab, &question))
}
