//! Objects that exceptions pass by, or alone keep alive: see `crates/generators/src/stress/gc_x_exceptions`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_targets::fuzz::gc_x_exceptions(data));
