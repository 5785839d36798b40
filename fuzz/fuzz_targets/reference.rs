//! The reference interpreter itself on trial: see `oracles/trial/src/lib.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_trial::fuzz(data));
