//! A case put together from header and script.

use crate::Case;
use crate::case::{Steps, is_observed};
use crate::header::{CallText, Header, HeaderStep, stacks};
use crate::script::{Claim, Script};
use assay_engine::{
    Answers, Call, Features, Module, Outcome, Program, Shim, State, Step, Transcript, Value,
};

/// Puts a case together.
///
/// # Errors
///
/// Where header and script do not belong together.
pub(crate) fn join(header: Header, script: Script) -> Result<Case, String> {
    let steps = steps_in_order(header.steps, script.calls.len())?;
    let expected = transcript(&script, steps, header.shim.as_ref())?;
    let mut calls: Vec<_> = script
        .calls
        .into_iter()
        .map(|c| Call {
            export: c.export,
            args: c.args,
        })
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
        stacks: header.stacks,
        modules: registered.chain([main]).collect(),
        host: header.host.into(),
        calls,
        shim: header.shim,
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
        answers: Answers {
            outcomes: header.answers.into_iter().map(Outcome::from).collect(),
            stacks: header.answer_stacks.into_iter().map(stacks).collect(),
            lives: header.lives,
        },
        expected,
        finding: header.finding,
    };
    // What can be read can be written again.
    case.check().map_err(|error| error.to_string())?;
    Ok(case)
}

/// The calls that only the header has, since the instantiation is expected to fail.
fn unreached(calls: Vec<CallText>, expected: Option<&Transcript>) -> Result<Vec<Call>, String> {
    if !calls.is_empty() && expected.is_none_or(Transcript::starts) {
        return Err("the header has unreached calls, and the script's module starts".into());
    }
    let call = |CallText { export, args }| Call { export, args };
    Ok(calls.into_iter().map(call).collect())
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
fn transcript(
    script: &Script,
    steps: Vec<HeaderStep>,
    shim: Option<&Shim>,
) -> Result<Option<Transcript>, String> {
    let mut steps = steps.into_iter();
    let header = steps.next().unwrap_or_default();
    let is_silent =
        script.start == Claim::Nothing && script.start_slots.is_none() && header.is_empty();
    let start = Claimed {
        call: None,
        claim: &script.start,
        slots: script.start_slots.as_deref(),
        shim,
    };
    let instantiation = start.refined(header)?;
    let calls = expected_calls(script, steps, shim)?;
    if is_silent && calls.is_empty() {
        return Ok(None);
    }
    let transcript = Transcript {
        drops: None,
        instantiation,
        calls,
    };
    if !transcript.starts() && !script.calls.is_empty() {
        return Err("the instantiation is expected to fail, and the script makes calls".into());
    }
    Ok(Some(transcript))
}

/// The steps of the calls of which anything is expected: the first ones, without a gap.
fn expected_calls(
    script: &Script,
    headers: impl Iterator<Item = HeaderStep>,
    shim: Option<&Shim>,
) -> Result<Vec<Step>, String> {
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
        let claimed = Claimed {
            call: Some(n),
            claim: &call.claim,
            slots: call.slots.as_deref(),
            shim,
        };
        steps.push(claimed.refined(header)?);
    }
    Ok(steps)
}

/// A step as the script has it.
struct Claimed<'a> {
    /// The number of the call; none for the instantiation.
    call: Option<usize>,
    /// What the script says.
    claim: &'a Claim,
    /// The slots after it.
    slots: Option<&'a [Value]>,
    /// What makes rows of outcomes and slots.
    shim: Option<&'a Shim>,
}

impl Claimed<'_> {
    /// The step with all that the header has to add.
    fn refined(&self, header: HeaderStep) -> Result<Step, String> {
        let name = self.name();
        let outcome = match header.outcome() {
            Some(outcome) if self.claim_of(&outcome) == *self.claim => outcome,
            Some(outcome) => {
                return Err(format!(
                    "the header has that {name} {outcome}, the script claims otherwise"
                ));
            }
            None => self.told().ok_or_else(|| untold(&name, self.claim))?,
        };
        let memories = header.memories();
        let state = match self.slots_after(&outcome) {
            Some(slots) => Some(State { slots, memories }),
            None if memories.is_empty() => None,
            None => {
                return Err(format!(
                    "the header has memories after {name}, and there is no state"
                ));
            }
        };
        Ok(Step {
            stacks: header.stacks(),
            outcome,
            host: header.host(),
            state,
        })
    }

    /// What it is called in messages.
    fn name(&self) -> String {
        self.call
            .map_or("the instantiation".into(), |n| format!("call {n}"))
    }

    /// What the script must say of this outcome.
    fn claim_of(&self, outcome: &Outcome) -> Claim {
        match self.call {
            None => Claim::of_start(outcome),
            Some(_) => Claim::of_call(outcome, self.slots.is_some(), self.shim),
        }
    }

    /// The outcome that the script alone stands for.
    fn told(&self) -> Option<Outcome> {
        match self.call {
            None => self.claim.start_outcome(),
            Some(_) => self.claim.call_outcome(self.slots),
        }
    }

    /// The slots, where there is a state at all. Without a shim there is one wherever the driver
    /// looks for one, and it has none.
    fn slots_after(&self, outcome: &Outcome) -> Option<Vec<Value>> {
        if self.shim.is_some() {
            return self.slots.map(<[Value]>::to_vec);
        }
        let observed = match self.call {
            None => matches!(outcome, Outcome::Returned(_)),
            Some(_) => is_observed(outcome),
        };
        observed.then(Vec::new)
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
