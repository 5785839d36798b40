//! What becomes of objects: those that the host makes, and those of WebAssembly.
//!
//! [`Action::Fresh`](crate::Action::Fresh) makes a new object each time, which the host does not keep: what
//! WebAssembly does with it decides how long it lives. An engine whose host data is dropped in an exact way
//! tells of it ([`Transcript::drops`](crate::Transcript::drops)); JavaScript engines may collect when they
//! like, and find references where there are none any more, so they tell nothing. How many objects of
//! WebAssembly's are alive only an engine tells that can count them.

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
    /// How many structures and arrays that collection has left, where the engine can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alive: Option<u32>,
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

/// What becomes of objects, as a generator knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lives {
    /// How many objects the host makes.
    pub made: u32,
    /// Those of them that can be reached after the last call.
    pub reachable: Vec<u32>,
    /// How many structures and arrays can be reached then, where the generator counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alive: Option<u32>,
    /// Those of the host's that cannot, but that a cycle of what cannot be reached refers to.
    pub on_cycles: Vec<u32>,
}
