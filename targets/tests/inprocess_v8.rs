//! The same programs on V8 in a child process and on V8 in this one.
//!
//! The two are different versions of V8, so that only features count that both have; and what
//! crosses their boundaries is integers and external references in both.
#![cfg(feature = "v8")]

mod common;

use assay_checks::Comparison;
use assay_checks::differential::compare;
use assay_engine::{Engine, Program};
use assay_targets::differential::plan;
use assay_targets::{Discard, Input, Lab, bytes};
use common::{lab, on_large_stack};

const SEED: u64 = 1;
const CASES: u64 = 2000;

#[test]
fn both_do_the_same() {
    let (compared, differences) = on_large_stack(|| {
        let mut lab = lab(Some(&["wasmtime", "v8", "v8-inprocess"]), None);
        let mut compared = 0;
        let mut differences = Vec::new();
        for number in 0..CASES {
            let Some(program) = program(&lab, number) else {
                continue;
            };
            match both(&mut lab, &program) {
                Ok(calls) => compared += calls,
                Err(why) => differences.push(format!("case {number}: {why}")),
            }
        }
        (compared, differences)
    });
    println!("{compared} calls compared");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(
        compared >= CASES as usize,
        "only {compared} calls were compared"
    );
}

/// Case `number`, made for both engines.
fn program(lab: &Lab, number: u64) -> Option<Program> {
    let both = (0..lab.oracles().len()).collect();
    let bytes = bytes::of(SEED, number);
    match plan(lab, &Input::of(&bytes)) {
        // The plan may have chosen one of the two, and then what only that one runs.
        Ok(plan) if plan.setup.oracles == both => Some(plan.program),
        Ok(plan) => {
            let lacking = lab
                .oracles()
                .iter()
                .any(|oracle| !oracle.features().contains(plan.features));
            (!lacking).then_some(plan.program)
        }
        Err(Discard::Bytes | Discard::NoCall | Discard::Unprovided | Discard::Uncarried) => None,
        Err(other) => panic!("case {number}: {other}"),
    }
}

/// Runs the program on both, and gives the number of calls compared.
fn both(lab: &mut Lab, program: &Program) -> Result<usize, String> {
    let [child, here] = ["v8", "v8-inprocess"].map(|name| {
        lab.oracles()
            .iter()
            .position(|oracle| oracle.name() == name)
            .expect("the lab was opened with it")
    });
    let mut run = |oracle| {
        let engine: &mut dyn Engine = lab.oracle_mut(oracle).expect("it is an oracle");
        engine.run(program).map_err(|error| error.to_string())
    };
    let (child, here) = (run(child)?, run(here)?);
    let verdict = compare(program, &here, &child);
    match verdict.end {
        Comparison::Equal => Ok(verdict.calls),
        Comparison::Exhausted(side, resource) => {
            println!("{side:?} exhausted {resource:?}");
            Ok(verdict.calls)
        }
        Comparison::BothRejected => Err("both refuse the module".into()),
        Comparison::Differs(difference) => Err(difference.to_string()),
    }
}
