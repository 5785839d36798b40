//! Call stacks, by the suite that all adapters share.

mod common;

use assay_conformance::canary::{Fault, FaultyEngine};
use assay_conformance::{Group, Report, Verdict, group};
use assay_engine::{Engine, Features};
use common::{each_engine, start};

#[test]
fn all_engines_tell_their_stacks() {
    each_engine(|engine| {
        let report = Report::of(engine, group(Group::Stacks));
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.lacks(), Features::empty());
        let passed = report.verdicts().filter(|row| *row.1 == Verdict::Passed);
        assert_eq!(passed.count(), group(Group::Stacks).count());
        assert!(engine.tells().host_calls && engine.tells().traps);
    });
}

#[test]
fn faults_are_caught() {
    let faults = Fault::ALL.iter().filter(|it| it.group() == Group::Stacks);
    for &fault in faults {
        let mut engine = start("v8");
        // A wrapped engine runs call by call.
        let mut faulty = FaultyEngine::new(&mut engine, Some(fault));
        let report = Report::of(&mut faulty, group(Group::Stacks));
        assert!(!report.is_clean(), "{fault:?}");
    }
}
