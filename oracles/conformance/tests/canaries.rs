//! The suite catches every fault that an engine of its features can have.

use assay_conformance::canary::{Fault, FaultyEngine, missed};
use assay_conformance::{Group, examine};
use assay_wasmi::WasmiEngine;

#[test]
fn every_fault_is_caught() {
    let faults = Fault::ALL.iter().copied();
    // wasmi has no exceptions.
    let of_exceptions: Vec<_> = faults
        .filter(|fault| fault.group() == Group::Exceptions)
        .collect();
    assert_eq!(missed(&mut WasmiEngine::new()), of_exceptions);
}

#[test]
fn an_engine_that_is_only_wrapped_has_no_fault() {
    let mut engine = WasmiEngine::new();
    let report = examine(&mut FaultyEngine::new(&mut engine, None));
    assert!(report.is_clean(), "{report}");
}
