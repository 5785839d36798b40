//! Object graphs under collection: see `crates/generators/src/stress/gc_ops`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_targets::fuzz::gc_ops(data));
