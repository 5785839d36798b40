//! The half of generated cases: the subject runs each one once, and the reference interpreter once
//! more for each mutant.

use crate::common::{lab, on_all_processors};
use assay_checks::differential::{Comparison, compare};
use assay_engine::{Engine, Program, Transcript};
use assay_reference::ReferenceEngine;
use assay_targets::differential::plan;
use assay_targets::{Input, bytes};
use std::sync::atomic::{AtomicU64, Ordering};

/// The seed of all cases here.
const SEED: u64 = 1;

/// How many cases there are at most for a mutant.
const CASES: u64 = 2000;

/// How long the interpreter may take for a case, so that a mutant that loops comes to an end: many
/// times what it needs.
const TIME_MS: u32 = 20;

/// Who is compared. The subject has every feature of a differential case.
const ENGINES: &[&str] = &["wasmtime", "reference"];

/// A case that the subject has run.
pub struct Prepared {
    number: u64,
    program: Program,
    subject: Transcript,
}

/// Runs all cases on the subject.
pub fn prepare() -> Vec<Prepared> {
    let next = AtomicU64::new(0);
    let worker = || {
        let mut lab = lab(Some(ENGINES), None);
        let mut cases = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= CASES {
                return cases;
            }
            let bytes = bytes::of(SEED, number);
            let Ok(plan) = plan(&lab, &Input::of(&bytes)) else {
                continue;
            };
            let subject = lab.subject(&plan.setup.configuration);
            let subject = subject.and_then(|subject| subject.run(&plan.program));
            let mut program = plan.program;
            program.limits.time_ms = TIME_MS;
            cases.push(Prepared {
                number,
                program,
                subject: subject.expect("the subject runs every case"),
            });
        }
    };
    let mut cases = on_all_processors(worker);
    cases.sort_by_key(|case| case.number);
    cases
}

/// The first case in which the interpreter differs from the subject, and in what.
pub fn first_difference(cases: &[Prepared]) -> Option<String> {
    let mut engine = ReferenceEngine::new().with_objects_per_collection(1);
    cases.iter().find_map(|case| {
        let what = match engine.run(&case.program) {
            Ok(transcript) => match compare(&case.program, &[], &case.subject, &transcript).end {
                Comparison::Differs(difference) => difference.what.kind(),
                _ => return None,
            },
            Err(_) => "crashed",
        };
        let pair = ENGINES.join("/");
        Some(format!("case {} {pair} {what}", case.number))
    })
}
