//! The checks that every adapter goes through.

#![cfg(feature = "v8")]

use assay_conformance::canary::missed;
use assay_conformance::examine;
use assay_engine::{Engine, Features};
use assay_v8::V8Engine;

#[test]
fn v8_conforms() {
    let mut engine = V8Engine::new();
    let report = examine(&mut engine);
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.lacks(), Features::CUSTOM_PAGE_SIZES);
    let spent = engine.spent();
    assert!(!spent.compile.is_zero() && !spent.instantiate.is_zero() && !spent.call.is_zero());
}

#[test]
fn every_fault_is_caught() {
    assert_eq!(missed(&mut V8Engine::new()), []);
}
