//! Memory runs out in Wasmtime: see `targets/oom/src/fuzz.rs`.
#![no_main]

#[global_allocator]
static ALLOCATOR: assay_oom::FaultAllocator = assay_oom::FaultAllocator::system();

libfuzzer_sys::fuzz_target!(|data: &[u8]| assay_oom_wasmtime::fuzz::run(data));
