//! A few hundred cases on all engines.

mod common;

use assay_targets::Report;
use common::{lab, line, on_large_stack, run_case};
use std::collections::BTreeMap;

const SEED: u64 = 1;
const CASES: u64 = 300;

#[test]
fn cases_are_useful_on_all_engines() {
    let (reports, missing) = on_large_stack(|| {
        let mut lab = lab(None, None);
        let reports: Vec<_> = (0..CASES)
            .map(|number| run_case(&mut lab, "differential", SEED, number))
            .collect();
        (reports, lab.missing().to_vec())
    });
    print(&reports);
    for oracle in ["v8", "jsc"] {
        let why = missing.iter().find(|missing| missing.name == oracle);
        assert!(why.is_none(), "{oracle} is missing: {why:?}");
    }
    every_pair_is_compared(&reports);
    nearly_all_are_useful(&reports);
    no_finding_is_ours(&reports);
}

fn nearly_all_are_useful(reports: &[Report]) {
    let useful = reports.iter().filter(|report| report.is_useful()).count();
    assert!(
        useful * 10 >= reports.len() * 9,
        "only {useful} of {} cases are useful",
        reports.len()
    );
}

fn every_pair_is_compared(reports: &[Report]) {
    for subject in ["wasmtime", "winch", "pulley"] {
        for oracle in ["reference", "wasmi", "v8", "jsc"] {
            let compared = reports.iter().any(|report| {
                report.subject == subject
                    && report
                        .pairs
                        .iter()
                        .any(|pair| pair.oracle == oracle && pair.calls > 0)
            });
            assert!(compared, "{subject}/{oracle} was not compared");
        }
    }
}

/// Differences may be real; a broken rule of the vocabulary, or a text without a row, may not.
fn no_finding_is_ours(reports: &[Report]) {
    let ours: Vec<_> = reports
        .iter()
        .flat_map(|report| &report.findings)
        .filter(|finding| {
            finding.signature.ends_with(" was misused")
                || finding.signature.ends_with(" said something unknown")
        })
        .map(line)
        .collect();
    assert!(ours.is_empty(), "{}", ours.join("\n"));
}

fn print(reports: &[Report]) {
    let mut discards: BTreeMap<String, usize> = BTreeMap::new();
    for report in reports {
        if let Some(discard) = &report.discard {
            *discards.entry(discard.to_string()).or_default() += 1;
        }
        for finding in &report.findings {
            println!("{}", line(finding));
        }
    }
    println!("given up: {discards:?}");
}
