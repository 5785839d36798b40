//! What happens in a case: the model applies it, and it can be applied again.

use assay_engine::{Action, Moment, Traps, Value};

/// How a function came to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// At instantiation.
    Start,
    /// As a call of the case.
    Export,
    /// By the host, in the middle of a call.
    Callback,
    /// By an instruction, which may be a tail call.
    Call(Way, Tail),
}

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Way {
    Direct,
    Indirect,
    Reference,
}

/// Whether the function that is called takes the place of the one that calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Tail {
    No,
    Yes,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Event {
    /// The innermost function comes to this one of its marks.
    At(u32),
    /// A function begins.
    Enter(u32, Edge),
    /// A function takes the place of the innermost one.
    Replace(u32, Edge),
    /// The innermost function is gone: the host takes its place.
    Vacate,
    /// A function of the host's is called, which does this.
    Host(u32, Action),
    /// The host, which has been called, calls a function.
    CallBack(u32),
    /// The innermost function returns the digest, changed by this word.
    Return(u64),
    /// The host has returned in the place of the innermost function.
    HandOver,
    /// The innermost function mixes what it got from a call into the digest.
    Take,
    /// It mixes a word into the digest.
    Note(u64),
    /// It throws an exception with these fields.
    Throw(Vec<Value>),
    /// It throws the exception that it has kept under this number.
    Rethrow(u32),
    /// An exception leaves it.
    Unwind,
    /// It mixes the fields of the exception that it has caught into the digest.
    NotePayload,
    /// It keeps that exception.
    Keep,
    /// The exception, which has this tag, leaves the call.
    Uncaught(u32),
    /// The call traps.
    Trap(Traps),
}

/// A function, and one of its marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its number.
    pub function: u32,
    /// The mark.
    pub mark: u32,
    /// How it came to run.
    pub edge: Edge,
    /// Whether it is active no more, since it made a tail call there.
    pub gone: bool,
}

/// A stack in the model's words, the innermost function first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// When it was taken.
    pub moment: Moment,
    /// The functions.
    pub places: Vec<Place>,
}
