//! Wasmtime against other engines: see `targets/src/differential.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_targets::fuzz::differential(data));
