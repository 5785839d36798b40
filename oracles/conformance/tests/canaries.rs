//! The suite catches every fault that an engine of its features can have.

use assay_conformance::canary::{Fault, FaultyEngine, missed};
use assay_conformance::{Group, examine};
use assay_wasmi::WasmiEngine;

#[test]
fn every_fault_is_caught() {
    let faults = Fault::ALL.iter().copied();
    // wasmi has no exceptions, and tells no stacks.
    let unseen = [Group::Exceptions, Group::Stacks];
    let unseen: Vec<_> = faults
        .filter(|fault| unseen.contains(&fault.group()))
        .collect();
    assert_eq!(missed(&mut WasmiEngine::new()), unseen);
}

#[test]
fn an_engine_that_is_only_wrapped_has_no_fault() {
    let mut engine = WasmiEngine::new();
    let report = examine(&mut FaultyEngine::new(&mut engine, None));
    assert!(report.is_clean(), "{report}");
}
