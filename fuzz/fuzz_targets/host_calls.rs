//! Calls of the host's functions: see `crates/generators/src/stress/host_calls`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_targets::fuzz::host_calls(data));
