//! The official suite on every engine: nothing fails but what is known to, and all of that does.

mod common;

use assay_spectest::{Report, files, run};
use assay_targets::Lab;

/// How many directives even the engine with the fewest features passes.
const PASSED_AT_LEAST: usize = 125_000;

#[test]
fn every_engine_passes_but_where_it_is_known_to_fail() {
    common::on_large_stack(|| {
        let mut lab = common::lab(None, None);
        for name in lab.names() {
            passes(&mut lab, &name);
        }
    });
}

fn passes(lab: &mut Lab, name: &str) {
    let mut all = Report::default();
    for file in files() {
        let engine = lab.engine(name, file.features);
        all.merge(run(engine.expect("it is of this lab"), &file));
    }
    let (known, skips) = (all.known.len(), all.skips());
    println!(
        "{name}: {} passed, {known} known, {skips} skipped",
        all.passed
    );
    assert!(all.failed.is_empty(), "{name}: {:#?}", all.failed);
    assert!(all.passed > PASSED_AT_LEAST, "{name}: only {}", all.passed);
}
