//! The case format: a WebAssembly script beside a TOML header.
