//! The account of a campaign adds up, in whatever order its parts come.

use assay_campaign::{PairStats, Stats};
use assay_checks::allowed::{Account, Tally};
use assay_checks::differential::Side;
use assay_engine::{Features, Resource};
use assay_targets::{Discard, Judged, Pair, PairEnd, Report};
use std::collections::BTreeSet;

fn pair(oracle: &str, calls: usize, end: PairEnd) -> Pair {
    Pair {
        oracle: oracle.into(),
        calls,
        end,
    }
}

fn report(generator: &str, subject: &str, features: Features, pairs: Vec<Pair>) -> Report {
    Report {
        generator: generator.into(),
        subject: subject.into(),
        features,
        pairs,
        ..Report::default()
    }
}

/// Cases of all kinds: given up before they ran, useful with one or two oracles, given up halfway.
fn reports() -> Vec<Report> {
    let exhausted = PairEnd::Discarded(Discard::Exhausted(Side::Oracle, Resource::Stack));
    let lacks = PairEnd::Discarded(Discard::OracleLacks("gc".into()));
    vec![
        Report::discarded(Discard::Bytes),
        Report::discarded(Discard::NoCall),
        report("", "wasmtime", Features::GC, Vec::new()),
        report(
            "single-op",
            "wasmtime",
            Features::GC | Features::SIMD,
            vec![pair("v8", 3, PairEnd::Equal), pair("wasmi", 0, lacks)],
        ),
        report(
            "wasm-smith",
            "winch",
            Features::SIMD,
            vec![pair("wasmi", 2, exhausted.clone())],
        ),
        report(
            "wasm-smith",
            "winch",
            Features::empty(),
            vec![pair("wasmi", 0, exhausted), pair("v8", 1, PairEnd::Found)],
        ),
        report(
            "modules",
            "pulley",
            Features::GC,
            vec![pair("v8", 9, PairEnd::Equal)],
        ),
        Report {
            judged: vec![judged("wasmtime", 3, 1), judged("v8", 2, 0)],
            ..report("bare", "wasmtime", Features::SIMD, Vec::new())
        },
        Report {
            judged: vec![judged("wasmtime", 4, 0)],
            ..report("bare", "wasmtime", Features::SIMD, Vec::new())
        },
    ]
}

/// An engine of which so many results of one operator were judged.
fn judged(engine: &str, results: u64, strays: u64) -> Judged {
    let tally = Tally {
        results,
        strays,
        ..Tally::default()
    };
    let mut account = Account::default();
    account.operators.insert("F32Add".into(), tally);
    account.strays.insert("Fmadd".into(), strays);
    Judged {
        engine: engine.into(),
        account,
        discards: BTreeSet::from([Discard::KnownBug("bug".into())]),
    }
}

/// The account of these reports.
fn account<'a>(reports: impl IntoIterator<Item = &'a Report>) -> Stats {
    let mut stats = Stats::default();
    reports.into_iter().for_each(|report| stats.add(report));
    stats
}

fn merged(a: &Stats, b: &Stats) -> Stats {
    let mut sum = a.clone();
    sum.merge(b);
    sum
}

#[test]
fn an_account_counts_what_was_reported() {
    let stats = account(&reports());
    assert_eq!((stats.cases, stats.useful, stats.comparisons), (9, 6, 24));
    let discards: Vec<_> = stats
        .discards
        .iter()
        .map(|(k, n)| (k.as_str(), *n))
        .collect();
    assert_eq!(
        discards,
        [
            ("known-bug-bug", 3),
            ("no-callable-export", 1),
            ("oracle-exhausted-stack", 2),
            ("oracle-lacks-gc", 1),
            ("out-of-bytes", 1),
        ]
    );
    let generators: Vec<_> = stats
        .generators
        .iter()
        .map(|(k, n)| (k.as_str(), *n))
        .collect();
    assert_eq!(
        generators,
        [
            ("bare", 2),
            ("modules", 1),
            ("single-op", 1),
            ("wasm-smith", 2)
        ]
    );
    let wasmtime = &stats.judged["wasmtime"];
    assert_eq!(wasmtime.operators["F32Add"].results, 7);
    assert_eq!(wasmtime.operators["F32Add"].strays, 1);
    assert_eq!(wasmtime.strays["Fmadd"], 1);
    let winch = &stats.pairs["winch/wasmi"];
    assert_eq!((winch.cases, winch.useful, winch.comparisons), (2, 1, 2));
    assert_eq!(winch.discards["oracle-exhausted-stack"], 2);
    assert_eq!(winch.features["simd"], 2);
    assert_eq!(stats.pairs["wasmtime/v8"].features["gc"], 3);
}

#[test]
fn a_feature_is_judged_twice_by_two_engines_and_not_by_two_configurations() {
    let judged = |oracles: &[&str]| {
        let pairs = oracles.iter().map(|oracle| pair(oracle, 2, PairEnd::Equal));
        let report = report("", "wasmtime", Features::GC, pairs.collect());
        account([&report]).features["gc"].clone()
    };
    let gc = judged(&["v8", "reference"]);
    assert_eq!((gc.cases, gc.twice, gc.oracles["v8"]), (1, 1, 2));
    let gc = judged(&["v8", "v8-inprocess"]);
    assert_eq!((gc.cases, gc.twice, gc.oracles["v8"]), (1, 0, 4));
    let stats = account(&reports());
    assert_eq!(
        (stats.features["gc"].cases, stats.features["gc"].twice),
        (2, 0)
    );
}

#[test]
fn pairs_add_up_to_the_whole() {
    let stats = account(&reports());
    let sum = |of: fn(&PairStats) -> u64| stats.pairs.values().map(of).sum::<u64>();
    let judged: u64 = stats.judged.values().map(Account::compared).sum();
    assert_eq!(sum(|pair| pair.comparisons) + judged, stats.comparisons);
    let given_up = sum(|pair| pair.discards.values().sum());
    // The two cases that were given up before any pair ran, and what three engines were judged on.
    assert_eq!(given_up + 2 + 3, stats.discards.values().sum::<u64>());
    for (name, pair) in &stats.pairs {
        assert!(
            pair.useful <= pair.cases && pair.useful <= pair.comparisons,
            "{name}"
        );
        assert!(
            pair.features.values().all(|&n| n <= pair.comparisons),
            "{name}"
        );
    }
}

#[test]
fn merging_parts_gives_the_whole() {
    let reports = reports();
    let whole = account(&reports);
    for middle in 0..=reports.len() {
        let (a, b) = reports.split_at(middle);
        assert_eq!(merged(&account(a), &account(b)), whole, "split at {middle}");
    }
}

#[test]
fn merging_is_commutative_and_associative() {
    let parts: Vec<Stats> = reports().iter().map(|report| account([report])).collect();
    for a in &parts {
        assert_eq!(&merged(a, &Stats::default()), a);
        assert_eq!(&merged(&Stats::default(), a), a);
        for b in &parts {
            assert_eq!(merged(a, b), merged(b, a));
            for c in &parts {
                assert_eq!(merged(&merged(a, b), c), merged(a, &merged(b, c)));
            }
        }
    }
}
