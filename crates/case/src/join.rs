//! A case put together from header and script.

use crate::Case;
use crate::case::{Steps, is_catching};
use crate::header::{CallText, Header, HeaderStep};
use crate::modules::{Facts, Manner};
use crate::script::{Claim, Script};
use assay_engine::{Call, Features, Module, Outcome, Program, State, Step, Transcript, Value};

/// Puts a case together.
///
/// # Errors
///
/// Where header and script do not belong together.
pub(crate) fn join(header: Header, script: Script) -> Result<Case, String> {
    let steps = steps_in_order(header.steps, script.calls.len())?;
    let expected = transcript(&script, steps)?;
    let mut calls: Vec<_> = script
        .calls
        .into_iter()
        .map(|c| call(c.export, c.args))
        .collect();
    calls.extend(unreached(header.unreached, expected.as_ref())?);
    let registered = script
        .registered
        .into_iter()
        .map(|(name, wasm)| Module { name, wasm });
    let main = Module {
        name: header.main,
        wasm: script.main,
    };
    let program = Program {
        modules: registered.chain([main]).collect(),
        host: header.host.into(),
        calls,
        memories: header.memories,
        tags: header.tags,
        limits: header.limits,
    };
    let case = Case {
        target: header.target,
        seed: header.seed,
        index: header.index,
        engines: header.engines,
        features: header
            .features
            .iter()
            .map(|name| name.0)
            .collect::<Features>(),
        program,
        expected,
        finding: header.finding,
    };
    // What can be read can be written again.
    case.check().map_err(|error| error.to_string())?;
    Ok(case)
}

fn call(export: String, args: Vec<Value>) -> Call {
    let catches = is_catching(&export);
    Call {
        export,
        args,
        catches,
    }
}

/// The calls that only the header has, since the instantiation is expected to fail.
fn unreached(calls: Vec<CallText>, expected: Option<&Transcript>) -> Result<Vec<Call>, String> {
    if !calls.is_empty() && expected.is_none_or(Transcript::starts) {
        return Err("the header has unreached calls, and the script's module starts".into());
    }
    Ok(calls.into_iter().map(|c| call(c.export, c.args)).collect())
}

/// The header's steps by position: the instantiation, then each call of the script.
fn steps_in_order(steps: Vec<HeaderStep>, calls: usize) -> Result<Vec<HeaderStep>, String> {
    let mut places = vec![None; calls + 1];
    for step in steps {
        let place = step
            .call
            .map_or(Some(0), |n| usize::try_from(n).ok()?.checked_add(1));
        let name = step
            .call
            .map_or("the instantiation".into(), |n| format!("call {n}"));
        match place.and_then(|n| places.get_mut(n)) {
            None => {
                return Err(format!(
                    "the header has a step for {name}; the script has {calls} calls"
                ));
            }
            Some(Some(_)) => return Err(format!("the header has two steps for {name}")),
            Some(place) => *place = Some(step),
        }
    }
    Ok(places.into_iter().map(Option::unwrap_or_default).collect())
}

/// The expected transcript, unless nothing at all is expected.
fn transcript(script: &Script, steps: Vec<HeaderStep>) -> Result<Option<Transcript>, String> {
    let mut steps = steps.into_iter();
    let header = steps.next().unwrap_or_default();
    let is_silent =
        script.start == Claim::Nothing && script.start_slots.is_none() && header.is_empty();
    let instantiation = start(script, header)?;
    let calls = expected_calls(script, steps)?;
    if is_silent && calls.is_empty() {
        return Ok(None);
    }
    let transcript = Transcript {
        instantiation,
        calls,
    };
    if !transcript.starts() && !script.calls.is_empty() {
        return Err("the instantiation is expected to fail, and the script makes calls".into());
    }
    Ok(Some(transcript))
}

/// The step of the instantiation.
fn start(script: &Script, header: HeaderStep) -> Result<Step, String> {
    let claimed = Claimed {
        name: "the instantiation".into(),
        claim: &script.start,
        told: script.start.start_outcome(),
        slots: script.start_slots.as_deref(),
    };
    claimed.refined(header, Claim::of_start)
}

/// The steps of the calls of which anything is expected: the first ones, without a gap.
fn expected_calls(
    script: &Script,
    headers: impl Iterator<Item = HeaderStep>,
) -> Result<Vec<Step>, String> {
    let facts = Facts::of(&script.main);
    let mut steps = Vec::new();
    for (n, (call, header)) in script.calls.iter().zip(headers).enumerate() {
        if call.claim == Claim::Nothing && call.slots.is_none() && header.is_empty() {
            continue;
        }
        if steps.len() < n {
            return Err(format!(
                "something is expected of call {n}, and nothing of one before it"
            ));
        }
        let manner = facts.manner(&call.export);
        let claimed = Claimed {
            name: format!("call {n}"),
            claim: &call.claim,
            told: call
                .claim
                .call_outcome(manner != Manner::Plain, call.slots.as_deref()),
            slots: call.slots.as_deref(),
        };
        steps.push(claimed.refined(header, |outcome| Claim::of_call(outcome, &manner))?);
    }
    Ok(steps)
}

/// A step as the script has it.
struct Claimed<'a> {
    /// What it is called in messages.
    name: String,
    /// What the script says.
    claim: &'a Claim,
    /// The outcome that this alone stands for.
    told: Option<Outcome>,
    /// The slots after it.
    slots: Option<&'a [Value]>,
}

impl Claimed<'_> {
    /// The step with all that the header has to add; `claim_of` says what the script must have
    /// for an outcome.
    fn refined(
        self,
        header: HeaderStep,
        claim_of: impl Fn(&Outcome) -> Claim,
    ) -> Result<Step, String> {
        let name = &self.name;
        let outcome = match header.outcome() {
            Some(outcome) if claim_of(&outcome) == *self.claim => outcome,
            Some(outcome) => {
                return Err(format!(
                    "the header has that {name} {outcome}, the script claims otherwise"
                ));
            }
            None => self.told.ok_or_else(|| untold(name, self.claim))?,
        };
        let memories = header.memories();
        let state = match self.slots {
            Some(slots) => Some(State {
                slots: slots.to_vec(),
                memories,
            }),
            None if memories.is_empty() => None,
            None => {
                return Err(format!(
                    "the header has memories after {name}, the script no state"
                ));
            }
        };
        Ok(Step {
            outcome,
            host: header.host(),
            state,
        })
    }
}

/// Why a claim alone does not say what the outcome is.
fn untold(name: &str, claim: &Claim) -> String {
    let why = match claim {
        Claim::Nothing => "the script claims nothing of it",
        Claim::Traps(_) => "the text of its trap is not the name of one",
        Claim::Throws => "the script cannot say its tag and payload",
        _ => "the script cannot say the number of an i31",
    };
    format!("the header does not have the outcome of {name}, and {why}")
}
