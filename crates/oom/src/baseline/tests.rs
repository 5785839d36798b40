//! That each change is told, and that what has not changed is not.

use super::*;
use crate::explore::{Cost, SiteAccount, Summary};
use crate::sites::symbols::Place;

fn place(function: &str) -> Place {
    Place {
        function: format!("a::b::{function}"),
        file: "a/src/b.rs".into(),
        line: 7,
    }
}

pub(crate) fn finding(scenario: &str, function: &str, verdict: Verdict, shown: Verdict) -> Finding {
    Finding {
        scenario: scenario.into(),
        verdict,
        shown,
        site: "1".into(),
        place: place(function),
        root: "a::c".into(),
        request: "alloc of 8 bytes".into(),
        why: "it is so".into(),
        token: format!("{scenario}/nth:0/1"),
        runs: 2,
        failure: vec![place(function)],
        second_failure: Vec::new(),
        death: None,
    }
}

/// A report in which `failed` of 1,000 requests were failed.
pub(crate) fn report(scenario: &str, failed: u64, findings: Vec<Finding>) -> Report {
    let site = SiteAccount {
        scenario: scenario.into(),
        resource: "heap".into(),
        site: "1".into(),
        place: place("load"),
        within: "a::b::load".into(),
        root: "a::c".into(),
        seen: 1_000,
        failed,
        verdicts: BTreeMap::new(),
    };
    Report {
        summary: Summary {
            scenario: scenario.into(),
            heap_requests: 1_000,
            mapping_requests: 0,
            interception: String::new(),
            walk: String::new(),
            runs: failed,
            contexts: 1,
            contexts_failed: 1,
            retained: 0,
            unconfirmed: 0,
            out_of_time: false,
            fallbacks: BTreeMap::new(),
            verdicts: BTreeMap::new(),
        },
        sites: vec![site],
        findings,
        cost: Cost::default(),
    }
}

/// One scenario in which all is failed, with one leak and one abort under a second failure.
fn ordinary() -> Vec<Report> {
    let leak = finding("s", "load", Verdict::Leak, Verdict::Leak);
    let second = finding("s", "open", Verdict::Second, Verdict::Abort);
    vec![report("s", 1_000, vec![leak, second])]
}

/// What is known of it.
fn known() -> Baseline {
    let mut baseline = Baseline::default().updated(&ordinary());
    for site in &mut baseline.sites {
        site.cause = "a push before a promise".into();
    }
    baseline
}

/// What is told, beginning with what fails.
fn told(reports: &[Report]) -> Vec<(String, bool)> {
    let changes = known().compare(reports, true);
    let told = changes.iter();
    told.map(|change| (change.to_string(), change.fails()))
        .collect()
}

fn also(function: &str, verdict: Verdict, shown: Verdict) -> Vec<Report> {
    let mut reports = ordinary();
    reports[0]
        .findings
        .push(finding("s", function, verdict, shown));
    reports
}

#[test]
fn what_is_known_passes() {
    assert_eq!(told(&ordinary()), []);
}

#[test]
fn a_planted_site_fails() {
    assert_eq!(
        told(&also("save", Verdict::WrongError, Verdict::WrongError)),
        [(
            "new: wrong-error at a/src/b.rs:save; token s/nth:0/1".into(),
            true
        )]
    );
}

#[test]
fn a_worse_verdict_fails_and_a_milder_one_is_told() {
    let worse = "worse: abort at a/src/b.rs:load, which was leak; token s/nth:0/1";
    assert_eq!(
        told(&also("load", Verdict::Abort, Verdict::Abort)),
        [(worse.into(), true)]
    );
    let milder = "also, and no worse: wrong-error at a/src/b.rs:load; token s/nth:0/1";
    assert_eq!(
        told(&also("load", Verdict::WrongError, Verdict::WrongError)),
        [(milder.into(), false)]
    );
}

#[test]
fn what_took_two_failures_and_takes_one_is_worse() {
    let alone = "worse: abort at a/src/b.rs:open, which was second; token s/nth:0/1";
    assert_eq!(
        told(&also("open", Verdict::Abort, Verdict::Abort)),
        [(alone.into(), true)]
    );
    let milder = also("open", Verdict::Second, Verdict::Panic);
    assert!(!told(&milder)[0].1);
}

#[test]
fn a_fallen_share_fails_and_a_risen_one_is_told() {
    let mut reports = ordinary();
    reports[0].sites[0].failed = 999;
    let fallen = "fallen: of 1000 requests of s 999 are failed, which was 1000";
    assert_eq!(told(&reports), [(fallen.into(), true)]);
    let mut known = known();
    known.shares.insert("s".into(), 500);
    let risen = known.compare(&reports, true);
    assert!(matches!(&risen[..], [Change::Risen { .. }]), "{risen:?}");
}

#[test]
fn what_is_no_longer_needed_is_told_of_the_whole_alone() {
    let mut reports = ordinary();
    reports[0].findings.truncate(1);
    let mut known = known();
    known.shares.insert("gone".into(), 500);
    let texts = |whole| -> Vec<String> {
        let changes = known.compare(&reports, whole);
        assert!(!changes.iter().any(Change::fails));
        changes.iter().map(Change::to_string).collect()
    };
    assert_eq!(
        texts(true),
        [
            "no longer needed: second (abort) at a/src/b.rs:open",
            "no longer needed: the share of gone"
        ]
    );
    assert_eq!(texts(false), [""; 0]);
}

#[test]
fn nothing_is_known_without_a_cause() {
    let baseline = Baseline::default().updated(&ordinary());
    let changes = baseline.compare(&ordinary(), true);
    assert_eq!(changes.len(), 2);
    let open = |change: &Change| matches!(change, Change::NoCause { .. }) && change.fails();
    assert!(changes.iter().all(open), "{changes:?}");
}

#[test]
fn causes_are_kept_and_new_ones_left_open() {
    let reports = also("save", Verdict::Panic, Verdict::Panic);
    let updated = known().updated(&reports);
    let causes: Vec<_> = updated.sites.iter().map(|site| &*site.cause).collect();
    let kept = "a push before a promise";
    assert_eq!(causes, [kept, kept, ""]);
    assert!(updated.shares.is_empty());
}

#[test]
fn one_site_in_several_scenarios_is_one_finding() {
    let leak = |scenario| finding(scenario, "load", Verdict::Leak, Verdict::Leak);
    let reports = ["s", "t"].map(|name| report(name, 1_000, vec![leak(name), leak(name)]));
    let found = distinct(&reports);
    assert_eq!(found.len(), 1);
    assert_eq!((&*found[0].scenarios, found[0].runs), (&["s", "t"][..], 8));
}
