//! The subject: Wasmtime and its configuration space.
