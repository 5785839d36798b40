//! The official test suite. The runner is that of `assay spectest`, so the scripts go through the
//! engine's own trait.

use assay_engine::Features;
use assay_reference::{OpcodeCoverage, ReferenceEngine};
use assay_spectest::{Report, Skip, files, run};
use std::collections::BTreeMap;

/// Operators that no script runs: the one on relaxed truncation ends before its first assertion,
/// and none is about fences or legacy exceptions. Tests of this crate do.
const NEVER_RUN: [&str; 10] = [
    "AtomicFence",
    "I32x4RelaxedTruncF32x4S",
    "I32x4RelaxedTruncF32x4U",
    "I32x4RelaxedTruncF64x2SZero",
    "I32x4RelaxedTruncF64x2UZero",
    "Try",
    "Catch",
    "Rethrow",
    "Delegate",
    "CatchAll",
];

/// Nothing fails, nothing is known to, and what is skipped never reaches any engine.
#[test]
fn the_official_suite_passes() {
    let mut proposals: BTreeMap<String, Report> = BTreeMap::new();
    for file in files() {
        let mut engine = ReferenceEngine::new().with_features(file.features);
        let report = run(&mut engine, &file);
        proposals.entry(file.proposal).or_default().merge(report);
    }
    for (name, report) in &proposals {
        println!("{name:37} {:6} passed, {:?}", report.passed, report.skipped);
    }
    let mut all = Report::default();
    proposals.into_values().for_each(|report| all.merge(report));
    assert!(all.failed.is_empty(), "{:#?}", all.failed);
    assert!(all.known.is_empty(), "{:#?}", all.known);
    let skips: Vec<Skip> = all.skipped.keys().copied().collect();
    assert_eq!(skips, [Skip::Text, Skip::Outdated]);
    assert!(
        all.passed > 139_000,
        "only {} directives passed",
        all.passed
    );
}

/// Also says which special cases the suite leaves to others.
#[test]
fn the_official_suite_runs_every_operator_but_these() {
    let mut coverage = OpcodeCoverage::default();
    for file in files() {
        let engine = ReferenceEngine::new().with_features(file.features);
        let mut engine = engine.with_coverage();
        run(&mut engine, &file);
        coverage.merge(engine.coverage().expect("it is recorded"));
    }
    for (operator, case) in coverage.missing_cases(Features::all()) {
        println!("{operator}: never {case:?}");
    }
    assert_eq!(coverage.missing(Features::all()), NEVER_RUN);
}
