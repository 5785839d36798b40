//! The account of a campaign adds up, in whatever order its parts come.

use assay_campaign::{PairStats, Stats};
use assay_checks::differential::Side;
use assay_engine::{Features, Resource};
use assay_targets::{Discard, Pair, PairEnd, Report};

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
    ]
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
    assert_eq!((stats.cases, stats.useful, stats.comparisons), (7, 4, 15));
    let discards: Vec<_> = stats
        .discards
        .iter()
        .map(|(k, n)| (k.as_str(), *n))
        .collect();
    assert_eq!(
        discards,
        [
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
        [("modules", 1), ("single-op", 1), ("wasm-smith", 2)]
    );
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
    assert_eq!(sum(|pair| pair.comparisons), stats.comparisons);
    let given_up = sum(|pair| pair.discards.values().sum());
    // The two cases that were given up before any pair ran.
    assert_eq!(given_up + 2, stats.discards.values().sum::<u64>());
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
