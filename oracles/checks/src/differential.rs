//! Two engines that run the same program must do the same.
//!
//! **Property.** For instantiation and for each call: the outcome with its values, the trap, the
//! tag and payload of an exception; then fuel, globals, sizes and kinds of the elements of tables,
//! size and content of memories; then the host calls with their arguments and effects. All bit for
//! bit.
//!
//! **Why it is sound.** WebAssembly is deterministic but for what the specification lists in
//! appendix A.2 ("Profiles") and Core section 4.2 ("Runtime Structure"), and a program here has
//! none of it left, except as follows.
//!
//! **Legal nondeterminism**
//! - *NaN bits* (Core 4.3.3, "NaN Propagation"): made canonical inside the module, so that none is
//!   left to compare around. One remains: the payload of an exception that reaches the host
//!   uncaught, where JavaScript reads `f32` and `f64` as numbers and may change a NaN's bits (JS
//!   API, section "ToJSValue"). There any NaN equals any other of its type.
//! - *Exhaustion* of stack, memory or time (Core A.3, "Implementation Limitations"): ends the comparison
//!   with a discard that names the side and the resource, but where the answer to the call says that any
//!   engine is exhausted; it never equals a trap. So does Wasmtime's own fuel where a configuration
//!   counts it: it pays for a bulk instruction by its length before it looks at bounds. The fuel that is
//!   compared is counted by the module, and must run out at the same instruction.
//! - *Growth* (Core 4.6, `memory.grow` and `table.grow` may fail): declared maxima are small, so
//!   that no engine has reason to refuse; a refusal shows as a difference.
//! - *Relaxed SIMD* (Core 4.3, "Numerics": relaxed operations): not generated for a differential
//!   case; the check [`allowed`](crate::allowed) judges them, and NaN bits.
//! - *Which trap* (Core 4.6): an engine that reports several traps by one text is compared by the
//!   set of them, see [`Traps`](assay_engine::Traps).
//! - *Which of several reasons to trap* (Core 4.2.2, "Results", where there is one `trap` and no
//!   kinds of it): a bulk instruction on arrays may have more than one reason at once, and engines
//!   look for them in different orders. In a program that has such an instruction, all its reasons
//!   are one trap, see `differential/reasons.rs`.

mod reasons;

use crate::{Place, slot_name};
use assay_engine::{
    Fit, Frame, HostCall, Inlined, MemoryDigest, Outcome, Phase, Program, Resource, State, Step,
    Transcript, Value,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a comparison came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many calls were compared, each with all state after it.
    pub calls: usize,
    /// How the comparison ended.
    pub end: Comparison,
}

/// How a comparison ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// All was equal.
    Equal,
    /// Something differs.
    Differs(Difference),
    /// One side ran out of something other than fuel: nothing after it is comparable.
    Exhausted(Side, Resource),
    /// Both sides refused the module.
    BothRejected,
}

/// Which of two engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The engine under test.
    Subject,
    /// The engine that it is compared with.
    Oracle,
}

/// The first thing that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// When it was seen.
    pub place: Place,
    /// What differs.
    pub what: What,
    /// What the subject did.
    pub subject: String,
    /// What the oracle did.
    pub oracle: String,
    /// The stack of which a frame differs.
    pub frames: Option<Frames>,
}

/// The frames of a stack, the innermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frames {
    /// Those that there are, and those that are gone.
    pub there: Vec<Frame>,
    /// Those that were told.
    pub told: Vec<Frame>,
    /// How these fit those.
    pub fit: Fit,
    /// What the engine says that it tells of functions that were inlined.
    pub inlined: Inlined,
}

/// Kinds of differences.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// One returned, the other trapped, threw, …
    Outcome,
    /// One side refuses the module.
    Rejection(Phase),
    /// A result, by its slot.
    Result(usize),
    /// The trap.
    Trap,
    /// The tag of an exception.
    Tag,
    /// A field of an exception, by its slot.
    Payload(usize),
    /// Fuel, a global, the size or the elements of a table: see [`slot_name`].
    Slot(String),
    /// The size of a memory.
    MemorySize(u32),
    /// The content of a memory.
    Memory(u32),
    /// A host call, by its number within the step.
    HostCall(usize),
    /// The number of host calls.
    HostCalls,
    /// What became of an object of the host's.
    Lives,
    /// The number of call stacks, or when they were taken.
    Stacks,
    /// A frame that is active is not in a stack, by the stack's number within the step; so are the
    /// next ones.
    FrameMissing(usize),
    /// A frame that is not active is in a stack.
    FrameExtra(usize),
    /// The function of a frame.
    FrameFunction(usize),
    /// The module of a frame.
    FrameModule(usize),
    /// Where in its module a frame is.
    FrameOffset(usize),
    /// Where a frame is, into whose function others were inlined, is not told.
    FrameUnplaced(usize),
    /// A frame that is gone by a tail call is in a stack, of an engine that inlines functions.
    FrameGone(usize),
    /// The number of values, of memories or of steps: a fault of an adapter.
    Shape,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outcome => f.write_str("outcome"),
            Self::Rejection(phase) => write!(f, "rejection at {phase:?}"),
            Self::Result(n) => write!(f, "result slot {n}"),
            Self::Trap => f.write_str("trap"),
            Self::Tag => f.write_str("tag"),
            Self::Payload(n) => write!(f, "payload slot {n}"),
            Self::Slot(name) => f.write_str(name),
            Self::MemorySize(n) => write!(f, "size of memory {n}"),
            Self::Memory(n) => write!(f, "memory {n}"),
            Self::HostCall(n) => write!(f, "host call {n}"),
            Self::HostCalls => f.write_str("number of host calls"),
            Self::Lives => f.write_str("the life of an object"),
            Self::Stacks => f.write_str("number of stacks"),
            Self::FrameMissing(n) => write!(f, "stack {n}, in which a frame is missing,"),
            Self::FrameExtra(n) => write!(f, "stack {n}, in which a frame is too many,"),
            Self::FrameFunction(n) => write!(f, "the function of a frame of stack {n}"),
            Self::FrameModule(n) => write!(f, "the module of a frame of stack {n}"),
            Self::FrameOffset(n) => write!(f, "the offset of a frame of stack {n}"),
            Self::FrameUnplaced(n) => {
                write!(f, "stack {n}, in which a frame is that has no offset,")
            }
            Self::FrameGone(n) => write!(f, "stack {n}, in which a frame is that is gone,"),
            Self::Shape => f.write_str("shape of the transcript"),
        }
    }
}

impl What {
    /// The kind without numbers: what findings are grouped by.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Outcome => "outcome",
            Self::Rejection(_) => "rejection",
            Self::Result(_) => "result",
            Self::Trap => "trap",
            Self::Tag => "tag",
            Self::Payload(_) => "payload",
            Self::Slot(name) if name == "fuel" => "fuel",
            Self::Slot(name) if name.starts_with("global") => "global",
            Self::Slot(_) => "table",
            Self::MemorySize(_) => "memory-size",
            Self::Memory(_) => "memory",
            Self::HostCall(_) | Self::HostCalls => "host-calls",
            Self::Lives => "lives",
            Self::Stacks => "stacks",
            Self::FrameMissing(_) => "frame-missing",
            Self::FrameExtra(_) => "frame-extra",
            Self::FrameFunction(_) => "frame-function",
            Self::FrameModule(_) => "frame-module",
            Self::FrameOffset(..) => "frame-offset",
            Self::FrameUnplaced(..) => "frame-unplaced",
            Self::FrameGone(..) => "frame-gone",
            Self::Shape => "shape",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} after {}: subject {}; oracle {}",
            self.what, self.place, self.subject, self.oracle
        )
    }
}

/// What differs, and what either side did.
pub(crate) type Differ = Result<(), (What, String, String)>;

/// Compares what two engines did with a program. Where the answers to its calls are known, exhaustion that
/// is the answer is an outcome like any other.
pub fn compare(
    program: &Program,
    answers: &[Outcome],
    subject: &Transcript,
    oracle: &Transcript,
) -> Verdict {
    let mut calls = 0;
    let end = compare_steps(program, answers, subject, oracle, &mut calls);
    Verdict { calls, end }
}

fn compare_steps(
    program: &Program,
    answers: &[Outcome],
    subject: &Transcript,
    oracle: &Transcript,
    calls: &mut usize,
) -> Comparison {
    let (a, b) = (&subject.instantiation, &oracle.instantiation);
    if matches!(
        (&a.outcome, &b.outcome),
        (Outcome::Rejected(_), Outcome::Rejected(_))
    ) {
        return Comparison::BothRejected;
    }
    if let Some(end) = compare_step(program, Place::Instantiation, None, a, b) {
        return end;
    }
    for (n, (a, b)) in subject.calls.iter().zip(&oracle.calls).enumerate() {
        if let Some(end) = compare_step(program, Place::Call(n), answers.get(n), a, b) {
            return end;
        }
        *calls += 1;
    }
    if subject.calls.len() != oracle.calls.len() {
        let (side, shorter) = match subject.calls.len() < oracle.calls.len() {
            true => (Side::Subject, subject),
            false => (Side::Oracle, oracle),
        };
        if let Some(resource) = ran_out(shorter.calls.last()) {
            return Comparison::Exhausted(side, resource);
        }
        let place = Place::Call(subject.calls.len().min(oracle.calls.len()));
        let count = |transcript: &Transcript| format!("{} calls", transcript.calls.len());
        return differs(place, (What::Shape, count(subject), count(oracle)));
    }
    Comparison::Equal
}

fn differs(place: Place, (what, subject, oracle): (What, String, String)) -> Comparison {
    Comparison::Differs(Difference {
        place,
        what,
        subject,
        oracle,
        frames: None,
    })
}

/// What the engine ran out of in a step, if it did; fuel is the module's.
pub(crate) fn ran_out(step: Option<&Step>) -> Option<Resource> {
    match step?.outcome {
        Outcome::Exhausted(resource) if resource != Resource::Fuel => Some(resource),
        _ => None,
    }
}

fn compare_step(
    program: &Program,
    place: Place,
    answer: Option<&Outcome>,
    a: &Step,
    b: &Step,
) -> Option<Comparison> {
    for (side, step) in [(Side::Subject, a), (Side::Oracle, b)] {
        if let Some(resource) = ran_out(Some(step))
            && answer != Some(&step.outcome)
        {
            return Some(Comparison::Exhausted(side, resource));
        }
    }
    let result = outcomes(program, &a.outcome, &b.outcome)
        .and_then(|()| states(program, a.state.as_ref(), b.state.as_ref()))
        .and_then(|()| host_calls(&a.host, &b.host));
    result.err().map(|difference| differs(place, difference))
}

/// Compares two outcomes of the same call.
pub(crate) fn outcomes(program: &Program, a: &Outcome, b: &Outcome) -> Differ {
    let both = |what| Err((what, a.to_string(), b.to_string()));
    match (a, b) {
        (Outcome::Returned(x), Outcome::Returned(y)) => values(x, y, What::Result, false),
        (Outcome::Trapped(x), Outcome::Trapped(y)) if x.agree(*y) => Ok(()),
        (Outcome::Trapped(x), Outcome::Trapped(y)) if reasons::at_once(program, *x, *y) => Ok(()),
        (Outcome::Trapped(_), Outcome::Trapped(_)) => both(What::Trap),
        (Outcome::Threw { tag: x, payload: p }, Outcome::Threw { tag: y, payload: q }) => {
            if x == y {
                // Floats are only seen as such in payloads that the host read; lowered ones are bits.
                values(p, q, What::Payload, true)
            } else {
                both(What::Tag)
            }
        }
        (Outcome::Exhausted(x), Outcome::Exhausted(y)) if x == y => Ok(()),
        (Outcome::Rejected(phase), _) | (_, Outcome::Rejected(phase)) => {
            both(What::Rejection(*phase))
        }
        _ => both(What::Outcome),
    }
}

fn values(a: &[Value], b: &[Value], what: fn(usize) -> What, any_nan: bool) -> Differ {
    if a.len() != b.len() {
        return Err((
            What::Shape,
            format!("{} values", a.len()),
            format!("{} values", b.len()),
        ));
    }
    for (n, (x, y)) in a.iter().zip(b).enumerate() {
        let nans = any_nan
            && x.is_nan()
            && y.is_nan()
            && std::mem::discriminant(x) == std::mem::discriminant(y);
        if x != y && !nans {
            return Err((what(n), x.to_string(), y.to_string()));
        }
    }
    Ok(())
}

fn states(program: &Program, a: Option<&State>, b: Option<&State>) -> Differ {
    let (a, b) = match (a, b) {
        (Some(a), Some(b)) => (a, b),
        (None, None) => return Ok(()),
        (a, b) => {
            let has = |state: Option<&State>| {
                if state.is_some() {
                    "has a state"
                } else {
                    "has no state"
                }
            };
            return Err((What::Shape, has(a).into(), has(b).into()));
        }
    };
    values(&a.slots, &b.slots, What::Result, false).map_err(|(what, x, y)| match what {
        What::Result(slot) => (What::Slot(slot_name(program, slot)), x, y),
        other => (other, x, y),
    })?;
    if a.memories.len() != b.memories.len() {
        let count = |state: &State| format!("{} memories", state.memories.len());
        return Err((What::Shape, count(a), count(b)));
    }
    (0u32..)
        .zip(a.memories.iter().zip(&b.memories))
        .try_for_each(|(n, (x, y))| memories(n, x, y))
}

fn memories(n: u32, a: &MemoryDigest, b: &MemoryDigest) -> Differ {
    if a.bytes != b.bytes {
        return Err((
            What::MemorySize(n),
            format!("{} bytes", a.bytes),
            format!("{} bytes", b.bytes),
        ));
    }
    if a.crc32 != b.crc32 {
        let hash = |digest: &MemoryDigest| format!("CRC-32 {:#010x}", digest.crc32);
        return Err((What::Memory(n), hash(a), hash(b)));
    }
    Ok(())
}

fn host_calls(a: &[HostCall], b: &[HostCall]) -> Differ {
    for (n, (x, y)) in a.iter().zip(b).enumerate() {
        if x != y {
            return Err((What::HostCall(n), format!("{x:?}"), format!("{y:?}")));
        }
    }
    if a.len() != b.len() {
        return Err((What::HostCalls, a.len().to_string(), b.len().to_string()));
    }
    Ok(())
}

/// The first byte at which two memories differ, in words; for a report once digests differ.
pub fn first_byte(subject: &[u8], oracle: &[u8]) -> Option<(String, String)> {
    let at = subject.iter().zip(oracle).position(|(a, b)| a != b)?;
    let show = |bytes: &[u8]| {
        let end = (at + 16).min(bytes.len());
        let hex: Vec<_> = bytes[at..end]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("at {at:#x}: {}", hex.join(" "))
    };
    Some((show(subject), show(oracle)))
}
