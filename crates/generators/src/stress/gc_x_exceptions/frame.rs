//! What runs: functions, their frames, and what they keep.

use super::corners::Place;
use super::value::{Datum, Ty};
use crate::stress::body::Body;
use crate::stress::scopes::{Blocks, Clause, Kind, Scope};

/// Something that a clause has caught while a value was there.
#[derive(Clone, Copy, Debug)]
pub struct Caught {
    /// The clause.
    pub kind: Kind,
    /// The place of its block among those of its function.
    pub scope: usize,
    /// Whether the block has ended.
    pub is_over: bool,
}

/// A value that a function keeps, in a local or on the stack.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Its name.
    pub id: u32,
    /// Its static type.
    pub ty: Ty,
    /// The value.
    pub datum: Datum,
    /// The local.
    pub local: u32,
    /// Where it was when something was caught.
    pub place: Place,
    /// How many collections there had been when it came here.
    pub since: u32,
    /// What was last caught.
    pub caught: Option<Caught>,
}

/// The type of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sig {
    /// `[externref] -> [i64 externref]`
    Export,
    /// `[i32 eqref] -> []`
    Recursive,
    /// One of [`Setting::signatures`].
    Own(u32),
}

/// How a function was entered.
#[derive(Clone, Debug)]
pub enum Entry {
    /// By the host, as a call of the case.
    Export,
    /// By the function below it.
    Call,
    /// By the host, which the function below it has called.
    Callback {
        /// Whether exceptions end at the host.
        caught: bool,
        /// What the host then returns.
        value: u64,
    },
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
    /// Its blocks.
    pub scopes: Vec<Scope<Held>>,
    /// The values that it keeps.
    pub held: Vec<Held>,
    /// Where it has taken the place of others by tail calls, the clauses around those calls.
    pub replaced: Option<Vec<Clause>>,
}

impl Blocks for Frame {
    type Below = Held;

    fn scopes(&self) -> &[Scope<Held>] {
        &self.scopes
    }

    fn parts(&mut self) -> (&mut Vec<Scope<Held>>, &mut Vec<u8>) {
        (&mut self.scopes, &mut self.body.code)
    }
}

impl Frame {
    /// All that it keeps.
    pub fn kept(&self) -> impl Iterator<Item = &Held> {
        let below = self.scopes.iter().filter_map(|scope| scope.below.as_ref());
        self.held.iter().chain(below)
    }

    /// The same, to change it.
    pub fn kept_mut(&mut self) -> impl Iterator<Item = &mut Held> {
        let below = self.scopes.iter_mut();
        let below = below.filter_map(|scope| scope.below.as_mut());
        self.held.iter_mut().chain(below)
    }
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
