//! The official suite: nothing fails but what is known to.

#![cfg(feature = "v8")]

use assay_spectest::{Report, files, run};
use assay_v8::V8Engine;

#[test]
fn v8_passes_the_official_suite() {
    let mut engine = V8Engine::new();
    let mut all = Report::default();
    for file in files() {
        all.merge(run(&mut engine, &file));
    }
    println!(
        "{} passed, {} known, {} skipped",
        all.passed,
        all.known.len(),
        all.skips()
    );
    assert!(all.failed.is_empty(), "{:#?}", all.failed);
    assert!(all.passed > 138_000, "only {}", all.passed);
}
