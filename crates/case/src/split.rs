//! A case taken apart into header and script.

use crate::case::Steps;
use crate::header::{CallText, FORMAT, FeatureName, Header, HeaderStep};
use crate::modules::{Facts, Manner};
use crate::script::{Claim, Script, ScriptCall};
use crate::{Case, CaseError};
use assay_engine::{Call, Outcome, Step, Transcript, Value};

/// Takes a case apart.
///
/// # Errors
///
/// See [`Case::check`].
pub(crate) fn split(case: &Case) -> Result<(Header, Script), CaseError> {
    case.check()?;
    let facts = Facts::of(&case.program.main().wasm);
    Ok((header(case, &facts), script(case, &facts)))
}

/// Whether the script can make the calls: not where the instantiation is expected to fail.
fn is_reached(case: &Case) -> bool {
    case.expected.as_ref().is_none_or(Transcript::starts)
}

fn script(case: &Case, facts: &Facts) -> Script {
    let program = &case.program;
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
        script_call(call, step, facts)
    });
    Script {
        registered: registered
            .iter()
            .map(|m| (m.name.clone(), m.wasm.clone()))
            .collect(),
        main: program.main().wasm.clone(),
        start: start.map_or(Claim::Nothing, |step| Claim::of_start(&step.outcome)),
        start_slots: start.and_then(slots),
        calls: calls.collect(),
    }
}

fn script_call(call: &Call, step: Option<&Step>, facts: &Facts) -> ScriptCall {
    let manner = facts.manner(&call.export);
    ScriptCall {
        export: call.export.clone(),
        args: call.args.clone(),
        claim: step.map_or(Claim::Nothing, |step| {
            Claim::of_call(&step.outcome, &manner)
        }),
        slots: step.and_then(slots),
    }
}

fn slots(step: &Step) -> Option<Vec<Value>> {
    step.state.as_ref().map(|state| state.slots.clone())
}

fn header(case: &Case, facts: &Facts) -> Header {
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
        unreached: unreached.iter().map(call).collect(),
        limits: program.limits,
        finding: case.finding.clone(),
        engines: case.engines.clone(),
        host: (&program.host).into(),
        steps: case
            .expected
            .as_ref()
            .map_or(Vec::new(), |t| steps(&program.calls, t, facts)),
    }
}

/// The steps of which the script does not say everything.
fn steps(calls: &[Call], expected: &Transcript, facts: &Facts) -> Vec<HeaderStep> {
    let start = &expected.instantiation;
    let told = Claim::of_start(&start.outcome).start_outcome();
    let start = HeaderStep::of(None, start, !is_told(&start.outcome, told));
    let steps = expected
        .calls
        .iter()
        .zip(calls)
        .enumerate()
        .map(|(n, (step, call))| {
            let manner = facts.manner(&call.export);
            let told = Claim::of_call(&step.outcome, &manner)
                .call_outcome(manner != Manner::Plain, slots(step).as_deref());
            HeaderStep::of(Some(n), step, !is_told(&step.outcome, told))
        });
    std::iter::once(start)
        .chain(steps)
        .filter(|step| !step.is_empty())
        .collect()
}

/// Whether the script alone tells of this outcome.
fn is_told(outcome: &Outcome, told: Option<Outcome>) -> bool {
    told.as_ref() == Some(outcome)
}
