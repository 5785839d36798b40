//! Linux.

pub(crate) mod calls;
pub(crate) mod census;
pub(crate) mod crash;
#[cfg(target_arch = "x86_64")]
mod gate;
#[cfg(target_arch = "x86_64")]
mod intercept;
pub(crate) mod memory;
pub(crate) mod modules;
pub(crate) mod process;
pub(crate) mod walk;

pub(crate) use process::say;
pub(crate) use walk::{Interrupted, know_stack};
