//! What runs: functions, their frames, and the calls that they wait for.

use crate::stress::body::Body;
use crate::stress::exception_ops::value::{Datum, Ty};
use crate::stress::exception_ops::world::Held;
use assay_engine::OnFailure;

/// The type of a function of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sig {
    /// No parameters, no results.
    Plain,
    /// That of what the host calls.
    Export,
    /// That of an import.
    Import(u32),
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
        /// What the host does where it fails.
        failure: OnFailure,
        /// What the host returns.
        values: Vec<Datum>,
    },
}

/// What is around a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Nothing.
    None,
    /// A handler of the tag.
    Tag,
    /// A handler of all exceptions.
    All,
}

/// A call that is under way.
#[derive(Clone, Debug)]
pub struct Site {
    /// The name of what it gives.
    pub id: u32,
    /// What is around it.
    pub guard: Guard,
    /// The types of what it gives.
    pub results: Vec<Ty>,
}

/// A function that runs.
#[derive(Clone, Debug)]
pub struct Frame {
    /// How it was entered.
    pub entry: Entry,
    /// Its number.
    pub function: u32,
    /// Its code.
    pub body: Body,
    /// The values that it keeps.
    pub held: Vec<Held>,
    /// The call that it waits for.
    pub site: Option<Site>,
}

/// A function of the module.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its type.
    pub sig: Sig,
    /// The name under which it is exported, if it is.
    pub export: Option<String>,
    /// Its code; empty while it runs.
    pub body: Body,
}
