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
const CASES: usize = 2000;

#[test]
fn both_do_the_same() {
    let (programs, calls, differences) = on_large_stack(|| {
        let mut lab = lab(Some(&["wasmtime", "v8", "v8-inprocess"]), None);
        let (mut programs, mut calls) = (0, 0);
        let mut differences = Vec::new();
        for number in 0.. {
            if programs == CASES {
                break;
            }
            let Some(program) = program(&lab, number) else {
                continue;
            };
            programs += 1;
            match both(&mut lab, &program) {
                Ok(compared) => calls += compared,
                Err(why) => differences.push(format!("case {number}: {why}")),
            }
        }
        (programs, calls, differences)
    });
    println!("{programs} programs, {calls} calls compared");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    // Few end before their first call.
    assert!(calls >= 2 * programs, "only {calls} calls were compared");
}

/// Case `number`, if both engines have what it was allowed: a case may be made for one alone.
fn program(lab: &Lab, number: u64) -> Option<Program> {
    match plan(lab, &Input::of(&bytes::of(SEED, number))) {
        Ok(plan) => {
            let mut oracles = lab.oracles().iter();
            let both = oracles.all(|oracle| oracle.features().contains(plan.features));
            both.then_some(plan.program)
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
    let verdict = compare(program, &[], &here, &child);
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
