//! wasmi, an interpreter, behind the engine trait.
//!
//! It starts in microseconds and shares nothing with a compiler, so it is the fast oracle for
//! everything but garbage collection, exceptions and threads, none of which it has.
//!
//! wasmi counts neither time nor the memory of a program: an endless loop runs for ever unless
//! the module counts fuel, and a memory grows as far as the system lets it.

mod engine;
mod host;
mod instance;
mod outcome;
mod script;
mod values;

pub use engine::WasmiEngine;
