//! Exceptions on every way: see `crates/generators/src/stress/exception_ops`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_targets::fuzz::exception_ops(data));
