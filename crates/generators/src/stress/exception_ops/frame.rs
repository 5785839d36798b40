//! What runs: functions, their frames, and what they keep.

use super::value::{Datum, Ty};
use crate::stress::body::Body;
use crate::stress::scopes::{Blocks, Clause, Scope};
use assay_engine::OnFailure;

/// A value that a function keeps in a local.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Its name.
    pub id: u32,
    /// The type of the local.
    pub ty: Ty,
    /// The value.
    pub datum: Datum,
    /// The local.
    pub local: u32,
}

/// The type of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sig {
    /// No parameters, no results.
    Start,
    /// That of the host's function: `[externref] -> [i64]`.
    Host,
    /// `[i32 i32] -> []`
    Recursive,
    /// One of the setting's: 0 takes an `externref`, the others are [`Setting::signatures`].
    Own(u32),
}

/// How a function was entered.
#[derive(Clone, Debug)]
pub enum Entry {
    /// As the start function.
    Start,
    /// By the host, as a call of the case.
    Export,
    /// By the function below it.
    Call,
    /// By the host, which the function below it has called.
    Callback {
        /// Whether exceptions end at the host, or in the shim before it.
        caught: bool,
        /// What the host makes of a trap, and of an exception that reaches it.
        failure: OnFailure,
        /// What the host then returns.
        value: u64,
    },
    /// By the neighbour, whose function, by its number, the function below it has called.
    Neighbour(u32),
}

/// A function that has begun with the frame, and what of its run is on record.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Its number.
    pub function: u32,
    /// Where in the log it began.
    pub start: usize,
    /// Whether it would do the same again.
    pub repeats: bool,
}

/// A function that runs.
#[derive(Clone, Debug)]
pub struct Frame {
    /// How it was entered.
    pub entry: Entry,
    /// Its code.
    pub body: Body,
    /// Its blocks.
    pub scopes: Vec<Scope<u64>>,
    /// The values that it keeps.
    pub held: Vec<Held>,
    /// How much of the code was there before the first operation.
    pub prologue: usize,
    /// How many blocks have come to their ends.
    pub ended: u32,
    /// The clauses that would catch, had tail calls not replaced their functions.
    pub replaced: Vec<Clause>,
    /// The function itself, last, and before it those that it has replaced.
    pub origins: Vec<Origin>,
}

impl Blocks for Frame {
    type Below = u64;

    fn scopes(&self) -> &[Scope<u64>] {
        &self.scopes
    }

    fn parts(&mut self) -> (&mut Vec<Scope<u64>>, &mut Vec<u8>) {
        (&mut self.scopes, &mut self.body.code)
    }
}

/// How a function ended.
#[derive(Clone, Debug)]
pub enum End {
    /// With these results.
    Returned(Vec<Datum>),
    /// With this exception.
    Threw(u32),
}

/// What a function did, and will do again.
#[derive(Clone, Debug)]
pub struct Record {
    /// What it mixed into the digest.
    pub words: Vec<u64>,
    /// How it ended.
    pub end: End,
}

/// A function of the module.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its type.
    pub sig: Sig,
    /// Its arguments.
    pub args: Vec<Datum>,
    /// The name under which it is exported, if it is.
    pub export: Option<String>,
    /// Its code; empty while it runs.
    pub body: Body,
    /// What it did, where it would do that again.
    pub record: Option<Record>,
}

/// An exception.
#[derive(Clone, Debug)]
pub struct Exception {
    /// Its tag.
    pub tag: u32,
    /// Its fields.
    pub payload: Vec<Datum>,
}
