//! What is expected of a step and has no place in the script.

use super::literal::{Literal, literals, values};
use super::stack::{HeaderStack, stacks, told};
use assay_engine::{
    HostCall, HostEffect, MemoryDigest, Outcome, Phase, Resource, Stack, Step, Stopped, Trap, Traps,
};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One step of the expected transcript. A step with nothing to say is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeaderStep {
    /// The number of the call, from 0; none for the instantiation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
    /// The outcome, where the script's line does not say all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<HeaderOutcome>,
    /// The memories after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    memories: Vec<HeaderMemory>,
    /// The call stacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    stacks: Vec<HeaderStack>,
    /// The calls of host functions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    host: Vec<HeaderHostCall>,
}

/// Mirror of [`Outcome`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum HeaderOutcome {
    Returned(Vec<Literal>),
    Trapped(Vec<Trap>),
    Threw {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<u32>,
        payload: Vec<Literal>,
    },
    Exhausted(Resource),
    Rejected(Phase),
}

/// What the generator of a case says of one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct HeaderAnswer(HeaderOutcome);

impl From<&Outcome> for HeaderAnswer {
    fn from(outcome: &Outcome) -> Self {
        Self(outcome.into())
    }
}

impl From<HeaderAnswer> for Outcome {
    fn from(answer: HeaderAnswer) -> Self {
        answer.0.into()
    }
}

/// A [`MemoryDigest`], as in `"65536 bytes, crc32 d7978eeb"`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct HeaderMemory(MemoryDigest);

impl Serialize for HeaderMemory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(MemoryDigest { bytes, crc32 }) = self;
        format!("{bytes} bytes, crc32 {crc32:08x}").serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for HeaderMemory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digest = text
            .split_once(" bytes, crc32 ")
            .and_then(|(bytes, crc32)| {
                let crc32 = u32::from_str_radix(crc32, 16).ok()?;
                Some(MemoryDigest {
                    bytes: bytes.parse().ok()?,
                    crc32,
                })
            });
        let fail = || D::Error::custom(format!("{text:?} is not like \"0 bytes, crc32 00000000\""));
        digest.map(Self).ok_or_else(fail)
    }
}

/// Mirror of [`HostCall`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderHostCall {
    import: u32,
    args: Vec<Literal>,
    effect: HeaderEffect,
}

/// Mirror of [`HostEffect`], with a word for each way to fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum HeaderEffect {
    Returned,
    Trapped,
    Threw,
    GrewFrom(u64),
    DidNotGrow,
    Called(Vec<Literal>),
    CalledInVain,
    Swallowed(Stopped),
    Again(Stopped),
    Exchanged(u64),
    OutOfBounds,
}

impl HeaderStep {
    /// What the header must say of this step; the outcome only when asked for.
    pub fn of(call: Option<usize>, step: &Step, with_outcome: bool) -> Self {
        let memories = step.state.iter().flat_map(|state| &state.memories);
        Self {
            call: call.map(|n| n as u64),
            outcome: with_outcome.then(|| HeaderOutcome::from(&step.outcome)),
            memories: memories.copied().map(HeaderMemory).collect(),
            stacks: told(&step.stacks),
            host: step.host.iter().map(HeaderHostCall::from).collect(),
        }
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.outcome.is_none()
            && self.memories.is_empty()
            && self.stacks.is_empty()
            && self.host.is_empty()
    }

    /// The outcome.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome.clone().map(Outcome::from)
    }

    /// The memories.
    pub fn memories(&self) -> Vec<MemoryDigest> {
        self.memories.iter().map(|memory| memory.0).collect()
    }

    /// The call stacks.
    pub fn stacks(&self) -> Vec<Stack> {
        stacks(self.stacks.clone())
    }

    /// The calls of host functions.
    pub fn host(self) -> Vec<HostCall> {
        self.host.into_iter().map(HostCall::from).collect()
    }
}

impl From<&Outcome> for HeaderOutcome {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Returned(values) => Self::Returned(literals(values)),
            Outcome::Trapped(traps) => Self::Trapped(traps.iter().collect()),
            Outcome::Threw { tag, payload } => Self::Threw {
                tag: *tag,
                payload: literals(payload),
            },
            Outcome::Exhausted(resource) => Self::Exhausted(*resource),
            Outcome::Rejected(phase) => Self::Rejected(*phase),
        }
    }
}

impl From<HeaderOutcome> for Outcome {
    fn from(outcome: HeaderOutcome) -> Self {
        match outcome {
            HeaderOutcome::Returned(literals) => Self::Returned(values(&literals)),
            HeaderOutcome::Trapped(traps) => Self::Trapped(Traps::any_of(&traps)),
            HeaderOutcome::Threw { tag, payload } => Self::Threw {
                tag,
                payload: values(&payload),
            },
            HeaderOutcome::Exhausted(resource) => Self::Exhausted(resource),
            HeaderOutcome::Rejected(phase) => Self::Rejected(phase),
        }
    }
}

impl From<&HostCall> for HeaderHostCall {
    fn from(call: &HostCall) -> Self {
        let effect = match &call.effect {
            HostEffect::Returned => HeaderEffect::Returned,
            HostEffect::Trapped => HeaderEffect::Trapped,
            HostEffect::Threw => HeaderEffect::Threw,
            HostEffect::Grew(Some(size)) => HeaderEffect::GrewFrom(*size),
            HostEffect::Grew(None) => HeaderEffect::DidNotGrow,
            HostEffect::Called(Some(results)) => HeaderEffect::Called(literals(results)),
            HostEffect::Called(None) => HeaderEffect::CalledInVain,
            HostEffect::Swallowed(stopped) => HeaderEffect::Swallowed(*stopped),
            HostEffect::Again(stopped) => HeaderEffect::Again(*stopped),
            HostEffect::Exchanged(Some(old)) => HeaderEffect::Exchanged(*old),
            HostEffect::Exchanged(None) => HeaderEffect::OutOfBounds,
        };
        Self {
            import: call.import,
            args: literals(&call.args),
            effect,
        }
    }
}

impl From<HeaderHostCall> for HostCall {
    fn from(call: HeaderHostCall) -> Self {
        let effect = match call.effect {
            HeaderEffect::Returned => HostEffect::Returned,
            HeaderEffect::Trapped => HostEffect::Trapped,
            HeaderEffect::Threw => HostEffect::Threw,
            HeaderEffect::GrewFrom(size) => HostEffect::Grew(Some(size)),
            HeaderEffect::DidNotGrow => HostEffect::Grew(None),
            HeaderEffect::Called(results) => HostEffect::Called(Some(values(&results))),
            HeaderEffect::CalledInVain => HostEffect::Called(None),
            HeaderEffect::Swallowed(stopped) => HostEffect::Swallowed(stopped),
            HeaderEffect::Again(stopped) => HostEffect::Again(stopped),
            HeaderEffect::Exchanged(old) => HostEffect::Exchanged(Some(old)),
            HeaderEffect::OutOfBounds => HostEffect::Exchanged(None),
        };
        Self {
            import: call.import,
            args: values(&call.args),
            effect,
        }
    }
}
