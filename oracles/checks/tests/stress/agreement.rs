//! The models say what the reference interpreter does.

use crate::common::{case, run};
use assay_engine::Outcome;
use assay_generators::stress::STRESS;
use assay_reference::ReferenceEngine;

/// How many cases of each generator are run.
const CASES: u64 = 10_000;

/// The interpreter collects at every object, so that what is unreachable is gone at once.
#[test]
fn models_and_the_interpreter_agree() {
    for generator in STRESS {
        let mut engine = ReferenceEngine::new().with_objects_per_collection(1);
        let (mut calls, mut returned, mut bytes) = (0, 0, 0);
        for number in 0..CASES {
            let (_, draft) = case(generator, number);
            let (agreed, difference) = run(&mut engine, &draft);
            if let Some(difference) = difference {
                let wat = wasmprinter::print_bytes(&draft.wasm).unwrap_or_default();
                panic!("{} case {number}: {difference}\n{wat}", generator.name);
            }
            calls += agreed;
            bytes += draft.wasm.len();
            let answers = draft.answers.iter();
            returned += answers
                .filter(|it| matches!(it, Outcome::Returned(_)))
                .count();
        }
        println!(
            "{}: {CASES} cases of {} bytes, {calls} calls, {returned} of which return",
            generator.name,
            bytes as u64 / CASES,
        );
        assert!(returned > 0 && returned < calls, "all calls end alike");
    }
}
