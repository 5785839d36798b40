//! Operators whose results are open, on every engine: see `targets/src/nondeterminism.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_targets::fuzz::nondeterminism(data));
