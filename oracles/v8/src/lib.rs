//! V8 in this process.
//!
//! The crate is empty without its cargo feature `v8`: the build script of the crate `v8` downloads
//! a library from a site that not every machine reaches. [`AVAILABLE`] tells which it is.
//!
//! # What the calling thread needs
//!
//! V8 runs on the caller's stack. A program has exhausted it when the thread's stack, counted from
//! its base, has [`STACK_BYTES`]: what the caller itself has on it counts too. V8's compilers and
//! collectors go beyond that, so a thread needs a stack of [`THREAD_STACK_BYTES`]; the 2 MiB that
//! Rust gives to a thread are enough. An engine may move from thread to thread.
//!
//! # What the limits mean here
//!
//! The time is that of V8, for all steps of a program together. The heap of garbage-collected
//! objects is bounded, but for the one object that is the first to pass the bound, which V8 still
//! allocates. Memories and tables are bounded by their types alone.

/// Whether the crate was built with V8.
pub const AVAILABLE: bool = cfg!(feature = "v8");

/// The size of a thread's stack at which a program has exhausted it.
pub const STACK_BYTES: usize = 984 << 10;

/// The stack that a thread needs to call the engine.
pub const THREAD_STACK_BYTES: usize = STACK_BYTES + (512 << 10);

#[cfg(feature = "v8")]
mod engine;
#[cfg(feature = "v8")]
mod host;
#[cfg(feature = "v8")]
mod instance;
#[cfg(feature = "v8")]
mod realm;
#[cfg(feature = "v8")]
mod script;
#[cfg(feature = "v8")]
mod stacks;
#[cfg(feature = "v8")]
mod texts;
#[cfg(feature = "v8")]
mod thrown;
#[cfg(feature = "v8")]
mod values;
#[cfg(feature = "v8")]
mod vm;
#[cfg(feature = "v8")]
mod watchdog;

#[cfg(feature = "v8")]
pub use engine::V8Engine;
