//! How fast the fuzz target `oom` is without a fuzzer around it:
//! `cargo bench -p assay-oom-wasmtime --bench fuzz -- [SEED [INPUTS]]`.
//!
//! Inputs are random, so many mean no program: what counts are injections, each in a run that was judged,
//! in all the time that passed: reading bytes, compiling and profiling too.

use assay_oom::FaultAllocator;
use assay_oom_wasmtime::fuzz::Fuzzer;
use mimalloc::MiMalloc;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: FaultAllocator<MiMalloc> = FaultAllocator::new(MiMalloc);

fn main() -> ExitCode {
    // `cargo test` builds and runs benches too, and has no use for figures.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let mut numbers = arguments.iter().filter_map(|number| number.parse().ok());
    let seed = numbers.next().unwrap_or(1);
    let inputs = numbers.next().unwrap_or(2_048);
    let mut fuzzer = Fuzzer::new();
    for number in 0..inputs {
        let mut rng = ChaCha8Rng::seed_from_u64(seed + number);
        let mut bytes = vec![0; rng.random_range(512..4_096)];
        rng.fill(&mut bytes[..]);
        if let Err(unknown) = fuzzer.judge(&bytes) {
            println!("input {}\n{unknown}", seed + number);
            return ExitCode::FAILURE;
        }
        if let Some(news) = fuzzer.news() {
            println!("{news}");
        }
    }
    ExitCode::SUCCESS
}
