//! The script: modules, calls, and what they are expected to do.

mod claim;
mod read;
mod row;
mod write;

use crate::text::Pattern;
use assay_engine::{Outcome, Value};

pub(crate) use read::{parse, parse_call};
pub(crate) use write::{call_text, write};

/// The line that every whole script ends with.
pub(crate) const END: &str = ";; end";

/// What a script holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Script {
    /// The modules that are registered, with their names.
    pub registered: Vec<(String, Vec<u8>)>,
    /// The main module.
    pub main: Vec<u8>,
    /// What is claimed of its instantiation.
    pub start: Claim,
    /// The slots that are claimed after it.
    pub start_slots: Option<Vec<Value>>,
    /// The calls.
    pub calls: Vec<ScriptCall>,
}

/// One call in a script.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScriptCall {
    /// The export.
    pub export: String,
    /// Its arguments.
    pub args: Vec<Value>,
    /// What is claimed of the call.
    pub claim: Claim,
    /// The slots that are claimed after it.
    pub slots: Option<Vec<Value>>,
}

/// What a script says of a call or of an instantiation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Claim {
    /// Nothing: a bare `invoke` or `module`.
    Nothing,
    /// `assert_return`, where there is no shim.
    Returns(Vec<Pattern>),
    /// `assert_return` of a row of the shim, which tells this outcome and the slots.
    Tells(Outcome),
    /// `assert_trap` with this text.
    Traps(String),
    /// `assert_exception`.
    Throws,
    /// `assert_exhaustion`.
    Exhausts,
    /// `assert_invalid` or `assert_malformed`.
    Invalid,
    /// `assert_unlinkable`.
    Unlinkable,
}
