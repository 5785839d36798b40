//! The checks that every adapter goes through.

use assay_conformance::examine;
use assay_engine::{Engine, Features};
use assay_reference::ReferenceEngine;

#[test]
fn the_reference_conforms() {
    let mut engine = ReferenceEngine::new();
    let report = examine(&mut engine);
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.lacks(), Features::empty());
    let spent = engine.spent();
    assert!(!spent.compile.is_zero() && !spent.instantiate.is_zero() && !spent.call.is_zero());
}

#[test]
fn the_engine_records_what_its_programs_run() {
    let mut engine = ReferenceEngine::new();
    assert!(engine.coverage().is_none());
    engine = engine.with_coverage();
    assert!(examine(&mut engine).is_clean());
    let coverage = engine.coverage().cloned().unwrap_or_default();
    for operator in ["I32Add", "Call", "StructNew", "ThrowRef", "ReturnCall"] {
        let ran = coverage.get(operator).map_or(0, |found| found.runs);
        assert!(ran > 0, "{operator}: {:?}", coverage.operators.keys());
    }
}
