//! The subject: Wasmtime and its configuration space.
//!
//! [`Configuration`] is one point of that space, [`WasmtimeEngine`] runs programs in it. One
//! adapter serves Wasmtime's three ways of running code: Cranelift, Winch, and Pulley.
//!
//! WebAssembly runs on the stack of the calling thread, which must have [`STACK_BYTES_NEEDED`].

mod compiled;
pub mod configuration;
mod embedding;
mod engine;
mod futures;
mod host;
mod instance;
mod interruption;
mod limits;
mod objects;
mod script;
mod stacks;
mod trap;
mod value;

#[cfg(test)]
mod tests;

pub use compiled::Compiled;
pub use configuration::{
    Compiler, Configuration, ConfigurationError, InlineCalls, STACK_BYTES_NEEDED, WASM_STACK_BYTES,
};
pub use engine::{VERSION, WasmtimeEngine};
