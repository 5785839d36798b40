//! The vocabulary of Assay.
//!
//! An [`Engine`] runs a [`Program`] (modules, a [`Host`], calls) and gives a [`Transcript`]: the
//! [`Outcome`] of instantiation and of each call, with the [`State`] and the host calls that
//! could be seen after it. Everything here is plain data that two engines can be compared by;
//! nothing knows any particular engine.
//!
//! # The integer boundary
//!
//! JavaScript engines cannot pass a `v128` and may change the bits of a NaN, so programs
//! normally cross the boundary between module and host with `i32`, `i64` and `externref` only:
//! the crate `assay-module` adds a [`Shim`] to the module that lifts and lowers everything
//! else. All engines run the same shim, hence the same module. The names of what it exports are
//! in [`names`]; what the slots mean is the shim's business, and engines only carry them.

mod answers;
mod drive;
mod engine;
mod features;
mod host;
pub mod names;
mod objects;
mod outcome;
mod program;
pub mod script;
mod shim;
mod stack;
mod transcript;
mod value;

pub use answers::Answers;
pub use drive::{drive, drive_guarded, guarded};
pub use engine::{Engine, EngineError, Instance, Instantiated, Spent};
pub use features::Features;
pub use host::{Action, Host, HostFunction, HostState, MAX_CALLBACK_DEPTH, OnFailure};
pub use objects::{Drops, FIRST_FRESH, Garbage, Lives};
pub use outcome::{Outcome, Phase, Resource, Trap, Traps};
pub use program::{Call, Limits, Module, Program};
pub use script::Script;
pub use shim::Shim;
pub use stack::{Fit, Frame, Inlined, Moment, Stack, Tells};
pub use transcript::{HostCall, HostEffect, MemoryDigest, State, Step, Stopped, Transcript};
pub use value::{Reference, Slot, Value};
