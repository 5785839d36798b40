//! Call stacks: see `crates/generators/src/stress/stacks`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_targets::fuzz::stacks(data));
