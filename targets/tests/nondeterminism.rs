//! The target `nondeterminism`: who is judged, on what, and that a finding can be replayed.

mod common;

use assay_case::Case;
use assay_checks::Fault;
use assay_checks::allowed::{Account, sites};
use assay_generators::single_op::bare_operators;
use assay_targets::nondeterminism::{NAME, plan, replay};
use assay_targets::{Input, bytes};
use common::{lab, line, on_large_stack, run_case};
use std::collections::BTreeMap;
use std::path::Path;

const SEED: u64 = 1;
const CASES: u64 = 1500;

#[test]
fn every_engine_is_judged_on_every_operator() {
    let reports = on_large_stack(|| {
        let mut lab = lab(None, None);
        let run = |number| run_case(&mut lab, NAME, SEED, number);
        (0..CASES).map(run).collect::<Vec<_>>()
    });
    let mut judged: BTreeMap<String, Account> = BTreeMap::new();
    for report in &reports {
        let why = &report.discard;
        assert!(report.is_useful() || report.generator != "bare", "{why:?}");
        for one in &report.judged {
            let account = judged.entry(one.engine.clone()).or_default();
            account.merge(&one.account);
        }
        report
            .findings
            .iter()
            .map(line)
            .for_each(|line| println!("{line}"));
    }
    for engine in ["wasmtime", "pulley", "reference", "wasmi", "v8", "jsc"] {
        let operators = &judged[engine].operators;
        let missing = bare_operators().filter(|(name, _)| !operators.contains_key(*name));
        let missing: Vec<_> = missing.map(|(name, _)| name).collect();
        assert!(missing.is_empty(), "{engine} was not judged on {missing:?}");
    }
    for engine in ["wasmtime", "pulley", "wasmi", "v8"] {
        assert!(judged[engine].calls > 0, "{engine} ran no whole program");
    }
    // Winch has vectors, and nothing relaxed.
    assert!(judged["winch"].operators.contains_key("F64x2Sqrt"));
    for (engine, account) in &judged {
        let (results, calls, strays) = (account.results(), account.calls, &account.strays);
        println!("{engine}: {results} results, {calls} calls, strays {strays:?}");
    }
}

/// Every call of every program is of the form that can be judged.
#[test]
fn every_call_can_be_read() {
    let lab = lab(Some(&["wasmtime", "reference"]), None);
    let mut read = 0;
    for number in 0..3000 {
        // The others are whole programs, of which not each can be made.
        let plan = plan(&lab, &Input::of(&bytes::of(SEED, number)));
        let Some(plan) = plan.ok().filter(|plan| plan.program.shim.is_none()) else {
            continue;
        };
        read += 1;
        let sites = sites(&plan.program).unwrap_or_else(|why| panic!("case {number}: {why}"));
        assert_eq!(sites.len(), plan.program.calls.len());
        for (site, call) in sites.iter().zip(&plan.program.calls) {
            assert_eq!(call.export.split('/').next(), Some(site.operator.as_str()));
        }
    }
    assert!(read > 2000, "only {read} programs are of single operators");
}

/// A fault that bare operators cannot show is seen in whole programs.
#[test]
fn whole_programs_are_compared() {
    let signatures = on_large_stack(|| {
        let mut lab = lab(Some(&["wasmtime", "pulley"]), Some(Fault::Fuel));
        let findings = (0..60).flat_map(|number| run_case(&mut lab, NAME, SEED, number).findings);
        findings
            .map(|finding| finding.signature)
            .collect::<Vec<_>>()
    });
    let fuel = |name: &str| format!("{NAME} {name}/reference fuel");
    let expected = ["wasmtime", "pulley"].map(fuel);
    assert!(
        signatures.iter().any(|seen| expected.contains(seen)),
        "{signatures:?}"
    );
}

#[test]
fn a_finding_is_replayed_from_its_file() {
    const ENGINES: Option<&[&str]> = Some(&["wasmtime"]);
    let text = on_large_stack(|| {
        let mut lab = lab(ENGINES, Some(Fault::NanPayload));
        let findings = (0..50).flat_map(|number| run_case(&mut lab, NAME, SEED, number).findings);
        let first = findings.into_iter().next().expect("the fault is found");
        first.case.to_single().expect("the case can be written")
    });
    let case = Case::parse(&text, Path::new("a.case.wast")).expect("the case can be read");
    let findings = |fault| {
        on_large_stack(|| {
            let report = replay(&mut lab(ENGINES, fault), &case).expect("it can be judged");
            assert!(report.is_useful());
            report.findings.len()
        })
    };
    assert!(findings(Some(Fault::NanPayload)) > 0);
    assert_eq!(findings(None), 0);
}
