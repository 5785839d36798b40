//! What could be seen of a program's run.

use crate::{Action, Drops, Outcome, Stack, Value};
use serde::{Deserialize, Serialize};

/// A program's run on one engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// Instantiation of all modules, start functions included; its outcome is
    /// `Returned([])` when all went well. Without that there are no further steps, and no state.
    pub instantiation: Step,
    /// The calls, in order. Ends early where an engine cannot go on: after its time has run out, or with
    /// the memory of the process that it runs in.
    pub calls: Vec<Step>,
    /// What became of the host's objects, where it makes any
    /// ([`Host::makes_objects`](crate::Host::makes_objects)) and the engine can tell.
    #[serde(default)]
    pub drops: Option<Drops>,
}

/// One observation: what happened, and all that could be seen after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What became of the call.
    pub outcome: Outcome,
    /// The calls of host functions that it made, in the order in which they began.
    pub host: Vec<HostCall>,
    /// The call stacks that it was asked for, in the order in which they were taken; none from an
    /// engine that has none to tell.
    #[serde(default)]
    pub stacks: Vec<Stack>,
    /// The state after it; `None` where there is no instance to look into.
    pub state: Option<State>,
}

/// The state of the main instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What the [`Shim`](crate::Shim) tells: fuel, globals, tables.
    pub slots: Vec<Value>,
    /// The memories.
    pub memories: Vec<MemoryDigest>,
}

/// The size and a hash of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryDigest {
    /// The size, in bytes.
    pub bytes: u64,
    /// The CRC-32 (that of zlib) of the whole content: every host offers it natively.
    pub crc32: u32,
}

impl MemoryDigest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.len() as u64,
            crc32: crc32fast::hash(bytes),
        }
    }
}

/// One call of a host function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCall {
    /// The index of the function in [`Host::functions`](crate::Host::functions).
    pub import: u32,
    /// Its arguments.
    pub args: Vec<Value>,
    /// What it did.
    pub effect: HostEffect,
}

/// What a host function did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostEffect {
    /// It returned.
    Returned,
    /// It trapped.
    Trapped,
    /// It threw.
    Threw,
    /// It grew a memory or a table, from this size (pages, elements); `None` when the engine
    /// refused.
    Grew(Option<u64>),
    /// It called back, and these are the results; `None` when the callee did not return, and what
    /// stopped it went on outwards.
    Called(Option<Vec<Value>>),
    /// It called back, took hold of what stopped the callee, and returned.
    Swallowed(Stopped),
    /// It called back, took hold of what stopped the callee, and let go of it again.
    Again(Stopped),
    /// It wrote to a memory, and this was there; `None` when it is out of bounds.
    Exchanged(Option<u64>),
}

/// What stopped a callee of the host, as far as the host can take hold of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopped {
    /// A trap.
    Trap,
    /// An exception.
    Exception,
}

impl Stopped {
    /// What the host can take hold of where a call comes to this, if anything.
    pub fn by(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Trapped(_) => Some(Self::Trap),
            Outcome::Threw { .. } => Some(Self::Exception),
            Outcome::Returned(_) | Outcome::Exhausted(_) | Outcome::Rejected(_) => None,
        }
    }
}

impl HostEffect {
    /// What is recorded before the action is carried out.
    pub(crate) fn of(action: &Action) -> Self {
        match action {
            Action::Return | Action::Collect | Action::Fresh => Self::Returned,
            Action::Trap | Action::Interrupt => Self::Trapped,
            Action::Throw { .. } => Self::Threw,
            Action::GrowMemory { .. } | Action::GrowTable { .. } => Self::Grew(None),
            Action::Call { .. } => Self::Called(None),
            Action::Exchange { .. } => Self::Exchanged(None),
        }
    }
}
