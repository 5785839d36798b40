//! The checks that every adapter goes through.

use assay_conformance::examine;
use assay_engine::{Engine, Features};
use assay_wasmi::WasmiEngine;

/// What wasmi does not have.
const LACKS: Features = Features::GC
    .union(Features::FUNCTION_REFERENCES)
    .union(Features::EXCEPTIONS)
    .union(Features::LEGACY_EXCEPTIONS)
    .union(Features::THREADS);

#[test]
fn wasmi_conforms() {
    let mut engine = WasmiEngine::new();
    let report = examine(&mut engine);
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.lacks(), LACKS);
    let spent = engine.spent();
    assert!(!spent.compile.is_zero() && !spent.instantiate.is_zero() && !spent.call.is_zero());
}
