//! The one place that reads what a JavaScript engine says.
//!
//! The text is the error's class and message, exact. Two things are taken out of it before, by
//! the host script: JavaScriptCore's ` (evaluating '…')` with an expression of the host script's
//! own, and, where the text as it is has no row, each run of digits, written `#` here.
//!
//! Not in the tables are the classes `CompileError`, `LinkError` and, while instantiating,
//! `TypeError`, which say all by themselves; a row comes before its class.

mod jsc;
#[cfg(test)]
mod tests;
mod v8;

pub(crate) use jsc::JSC;
pub use v8::V8;

use assay_engine::{Outcome, Resource, Trap, Traps};

/// What a text means.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The class and the message.
    pub text: &'static str,
    /// What it means.
    pub means: Meaning,
}

/// See [`Row`].
#[derive(Clone, Copy, Debug)]
pub enum Meaning {
    /// One of these traps.
    Traps(&'static [Trap]),
    /// A limit of the engine.
    Exhausted(Resource),
}

impl Meaning {
    /// The outcome that it is.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Traps(traps) => Outcome::Trapped(Traps::any_of(traps)),
            Self::Exhausted(resource) => Outcome::Exhausted(resource),
        }
    }

    /// Whether it is that the engine ran out of something.
    pub(crate) fn exhausts(self) -> bool {
        matches!(self, Self::Exhausted(_))
    }
}

const fn trap(text: &'static str, traps: &'static [Trap]) -> Row {
    Row {
        text,
        means: Meaning::Traps(traps),
    }
}

const fn exhausted(text: &'static str, resource: Resource) -> Row {
    Row {
        text,
        means: Meaning::Exhausted(resource),
    }
}

/// What V8 prints as it ends the process because the heap is full: between these two stands which
/// allocation or collection it was.
const V8_HEAP: (&str, &str) = ("FATAL ERROR: ", " - JavaScript heap out of memory");

/// Whether a process that printed this ended because its heap was full.
pub(crate) fn heap_was_full(stderr: &str) -> bool {
    let (start, end) = V8_HEAP;
    stderr
        .lines()
        .any(|line| line.starts_with(start) && line.ends_with(end))
}
