//! The reference interpreter itself on trial.
//!
//! An oracle that panics, hangs or differs from itself is worth nothing, whatever it says of others.
//! So any bytes are made into a module here ([`module_of`]), the module is run with all that it
//! imports answered ([`run()`]), and [`judge`](judge()) asserts of it:
//!
//! - Nothing panics, and what validates is translated.
//! - It ends within its fuel, and in the time that so much fuel can take.
//! - Memories, tables and heap stay within their limits, counted anew at each look.
//! - It needs no more of the native stack than a small thread has, however deep the module nests
//!   and the host calls back.
//! - The same module again does the same, to the last unit of fuel.
//! - It does the same with the heap collected every few objects, in every host call and between
//!   calls, and with its operators recorded.
//!
//! All choices of a run (arguments, what the host does) come from one fixed sequence, so that a
//! finding is a module and nothing else.
//!
//! The ordinary tests try a few thousand inputs. For more:
//!
//! ```text
//! cargo run --release -p assay-trial -- SEED SECONDS    # as many as fit, and what they came to
//! cargo run --release -p assay-trial -- FILE.wasm       # one module, from a finding
//! cargo fuzz run reference                              # with libFuzzer, from fuzz/
//! ```
//!
//! This is no target of a campaign: those put a subject on trial, with oracles and calls to compare.

mod chance;
mod deep;
mod guest;
mod inputs;
mod judge;
mod log;
mod mutate;
mod run;
mod suite;

pub use inputs::{Kind, Made, input, module_of};
pub use judge::{Fault, STACK_BYTES, Summary, judge, judge_within};
pub use log::{End, Event, Log, Seen};
pub use run::{FUEL_PER_CALL, Manner, config, run};

use std::path::PathBuf;

/// Tries one input of libFuzzer.
///
/// # Panics
///
/// On a finding, as libFuzzer wants it. The module is written beside its artifacts.
pub fn fuzz(data: &[u8]) {
    let Some(made) = module_of(data) else {
        return;
    };
    if let Err(fault) = judge("input", &made.wasm, run) {
        let place = keep(&made.wasm);
        panic!("{} module: {fault}\n{place}", made.kind);
    }
}

/// Writes a module that shows something, and says where.
pub fn keep(wasm: &[u8]) -> String {
    let folder = std::env::var_os("ASSAY_FINDINGS")
        .map_or_else(|| PathBuf::from("assay-findings"), PathBuf::from);
    let path = folder.join(format!("reference-{}.wasm", std::process::id()));
    match std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, wasm)) {
        Ok(()) => format!("the module is in {}", path.display()),
        Err(why) => format!("the module cannot be written: {why}\n{wasm:02x?}"),
    }
}
