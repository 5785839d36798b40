//! Cases of a stress generator, and what an engine makes of them.

#![allow(dead_code, reason = "each test uses a part")]

use arbitrary::Unstructured;
use assay_checks::answer::judge;
use assay_checks::differential::Side;
use assay_checks::{Comparison, Difference};
use assay_engine::{Engine, Features};
use assay_generators::Draft;
use assay_generators::stress::{StressCase, StressGenerator};
use rand::{RngExt, SeedableRng, rngs::SmallRng};

/// How many bytes a case is made from.
const BYTES: usize = 2048;

/// The bytes of case `number`.
pub fn bytes(number: u64) -> Vec<u8> {
    let mut rng = SmallRng::seed_from_u64(number);
    let mut bytes = vec![0; BYTES];
    rng.fill(&mut bytes[..]);
    bytes
}

/// Case `number` of a generator.
pub fn case(generator: &StressGenerator, number: u64) -> (Box<dyn StressCase>, Draft) {
    let bytes = bytes(number);
    let mut u = Unstructured::new(&bytes);
    (generator.generate)(&mut u, Features::WASM3).expect("enough bytes")
}

/// Runs a case and judges it by its answer: how many calls agree, and what differs then, if
/// anything does.
pub fn run(engine: &mut dyn Engine, draft: &Draft) -> (usize, Option<Difference>) {
    let finished = draft.finish().expect("a stress case can be made ready");
    assert_eq!(
        finished.answers.outcomes.len(),
        finished.program.calls.len()
    );
    let transcript = engine
        .run(&finished.program)
        .expect("the engine does not fail");
    let verdict = judge(
        &finished.program,
        &finished.answers,
        &transcript,
        Side::Subject,
    );
    let difference = match verdict.end {
        Comparison::Differs(difference) => Some(difference),
        Comparison::Equal => None,
        other => panic!("{other:?}"),
    };
    (verdict.calls, difference)
}
