//! A case taken apart into header and script.

use crate::case::Steps;
use crate::header::{CallText, FORMAT, FeatureName, Header, HeaderAnswer, HeaderStep, told};
use crate::script::{Claim, Script, ScriptCall};
use crate::{Case, CaseError};
use assay_engine::{Call, Outcome, Shim, Step, Transcript, Value};

/// Takes a case apart.
///
/// # Errors
///
/// See [`Case::check`].
pub(crate) fn split(case: &Case) -> Result<(Header, Script), CaseError> {
    case.check()?;
    Ok((header(case), script(case)))
}

/// Whether the script can make the calls: not where the instantiation is expected to fail.
fn is_reached(case: &Case) -> bool {
    case.expected.as_ref().is_none_or(Transcript::starts)
}

fn script(case: &Case) -> Script {
    let program = &case.program;
    let shim = program.shim.as_ref();
    let registered = &program.modules[..program.modules.len() - 1];
    let start = case
        .expected
        .as_ref()
        .map(|expected| &expected.instantiation);
    let reached = if is_reached(case) {
        &program.calls[..]
    } else {
        &[]
    };
    let calls = reached.iter().enumerate().map(|(n, call)| {
        let step = case
            .expected
            .as_ref()
            .and_then(|expected| expected.calls.get(n));
        script_call(call, step, shim)
    });
    Script {
        registered: registered
            .iter()
            .map(|m| (m.name.clone(), m.wasm.clone()))
            .collect(),
        main: program.main().wasm.clone(),
        start: start.map_or(Claim::Nothing, |step| Claim::of_start(&step.outcome)),
        start_slots: start.and_then(|step| slots(step, shim)),
        calls: calls.collect(),
    }
}

fn script_call(call: &Call, step: Option<&Step>, shim: Option<&Shim>) -> ScriptCall {
    ScriptCall {
        export: call.export.clone(),
        args: call.args.clone(),
        claim: step.map_or(Claim::Nothing, |step| claim(step, shim)),
        slots: step.and_then(|step| slots(step, shim)),
    }
}

fn claim(step: &Step, shim: Option<&Shim>) -> Claim {
    Claim::of_call(&step.outcome, step.state.is_some(), shim)
}

/// The slots that the script has: without a shim, it says nothing of the state.
fn slots(step: &Step, shim: Option<&Shim>) -> Option<Vec<Value>> {
    let state = shim.and(step.state.as_ref());
    state.map(|state| state.slots.clone())
}

fn header(case: &Case) -> Header {
    let program = &case.program;
    let unreached = if is_reached(case) {
        &[]
    } else {
        &program.calls[..]
    };
    let call = |call: &Call| CallText {
        export: call.export.clone(),
        args: call.args.clone(),
    };
    Header {
        format: FORMAT,
        target: case.target.clone(),
        seed: case.seed,
        index: case.index,
        main: program.main().name.clone(),
        features: case.features.iter().map(FeatureName).collect(),
        memories: program.memories,
        tags: program.tags,
        stacks: program.stacks,
        answer_stacks: case
            .answers
            .stacks
            .iter()
            .map(|stacks| told(stacks))
            .collect(),
        unreached: unreached.iter().map(call).collect(),
        limits: program.limits,
        shim: program.shim.clone(),
        answers: case
            .answers
            .outcomes
            .iter()
            .map(HeaderAnswer::from)
            .collect(),
        lives: case.answers.lives.clone(),
        finding: case.finding.clone(),
        engines: case.engines.clone(),
        host: (&program.host).into(),
        steps: case
            .expected
            .as_ref()
            .map_or(Vec::new(), |t| steps(t, program.shim.as_ref())),
    }
}

/// The steps of which the script does not say everything.
fn steps(expected: &Transcript, shim: Option<&Shim>) -> Vec<HeaderStep> {
    let calls = expected.calls.iter().enumerate().map(|(n, step)| {
        let told = claim(step, shim).call_outcome(slots(step, shim).as_deref());
        HeaderStep::of(Some(n), step, !is_told(&step.outcome, told))
    });
    std::iter::once(start(expected, shim))
        .chain(calls)
        .filter(|step| !step.is_empty())
        .collect()
}

/// What the header says of the instantiation. Where neither it nor the script had a word for
/// anything, it gives the outcome, for otherwise nothing would be expected at all.
fn start(expected: &Transcript, shim: Option<&Shim>) -> HeaderStep {
    let step = &expected.instantiation;
    let claim = Claim::of_start(&step.outcome);
    let with_outcome = !is_told(&step.outcome, claim.start_outcome());
    let header = HeaderStep::of(None, step, with_outcome);
    let is_silent = claim == Claim::Nothing && slots(step, shim).is_none();
    if is_silent && header.is_empty() && expected.calls.is_empty() {
        return HeaderStep::of(None, step, true);
    }
    header
}

/// Whether the script alone tells of this outcome.
fn is_told(outcome: &Outcome, told: Option<Outcome>) -> bool {
    told.as_ref() == Some(outcome)
}
