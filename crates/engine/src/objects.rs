//! What becomes of the objects that the host makes.
//!
//! [`Action::Fresh`](crate::Action::Fresh) makes a new object each time, which the host does not keep: what
//! WebAssembly does with it decides how long it lives. An engine whose host data is dropped in an exact way
//! tells of it ([`Transcript::drops`](crate::Transcript::drops)); JavaScript engines may collect when they
//! like, and find references where there are none any more, so they tell nothing.

use serde::{Deserialize, Serialize};

/// The number of the first object that [`Action::Fresh`](crate::Action::Fresh) makes. The numbers of one
/// run go up from here, and each stands for one object.
pub const FIRST_FRESH: u32 = 1 << 16;

/// The objects that were dropped, by their numbers, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drops {
    /// What the engine's collector finds.
    pub finds: Garbage,
    /// Those that were dropped in the run, and by a collection after the last call.
    pub collected: Vec<u32>,
    /// Those that were dropped when all was given up.
    pub given_up: Vec<u32>,
}

/// Which garbage a collector finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Garbage {
    /// All that cannot be reached.
    All,
    /// All but what is on a cycle, and what that refers to: it counts references.
    Acyclic,
    /// None: it never collects.
    None,
}

/// What becomes of the host's objects, as a generator knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lives {
    /// How many there are.
    pub made: u32,
    /// Those that can be reached after the last call.
    pub reachable: Vec<u32>,
    /// Those that cannot, but that a cycle of what cannot be reached refers to.
    pub on_cycles: Vec<u32>,
}
