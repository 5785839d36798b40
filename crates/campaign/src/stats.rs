//! What a campaign has done, in numbers that add up.

use assay_checks::allowed::Account;
use assay_targets::{Pair, PairEnd, Report};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The account of any number of cases. Adding two is commutative.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Cases begun.
    pub cases: u64,
    /// Cases of which at least one call was compared.
    pub useful: u64,
    /// Calls compared, counted once per pair of engines.
    pub comparisons: u64,
    /// Cases, and rests of cases, that were given up, by reason.
    pub discards: BTreeMap<String, u64>,
    /// Pairs of engines, as `SUBJECT/ORACLE`.
    pub pairs: BTreeMap<String, PairStats>,
    /// Features that modules were allowed, and who judged these.
    #[serde(default)]
    pub features: BTreeMap<String, FeatureStats>,
    /// Exports, and calls that scripts make, that were not called, by reason.
    #[serde(default)]
    pub left_out: BTreeMap<String, u64>,
    /// What was judged of engines by themselves, by engine.
    #[serde(default)]
    pub judged: BTreeMap<String, Account>,
    /// Cases by generator.
    pub generators: BTreeMap<String, u64>,
}

/// The account of one pair of engines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairStats {
    /// Cases that both ran.
    pub cases: u64,
    /// Of these, cases with at least one call compared.
    pub useful: u64,
    /// Calls compared.
    pub comparisons: u64,
    /// Cases, and rests of cases, that were given up, by reason.
    pub discards: BTreeMap<String, u64>,
    /// Calls compared in modules that were allowed a feature, by feature.
    pub features: BTreeMap<String, u64>,
}

/// The account of one feature, over all subjects: cases whose modules were allowed it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureStats {
    /// Cases of which an oracle compared at least one call.
    pub cases: u64,
    /// Of these, cases of which two or more independent oracles did.
    pub twice: u64,
    /// Calls compared, by oracle. Configurations of one engine, such as `v8` and `v8-inprocess`,
    /// are one oracle here: the name up to the hyphen.
    pub oracles: BTreeMap<String, u64>,
}

impl FeatureStats {
    fn add(&mut self, pairs: &[Pair]) {
        let mut oracles = BTreeSet::new();
        for pair in pairs.iter().filter(|pair| pair.calls > 0) {
            let oracle = independent(&pair.oracle);
            oracles.insert(oracle);
            *self.oracles.entry(oracle.to_owned()).or_default() += pair.calls as u64;
        }
        self.cases += u64::from(!oracles.is_empty());
        self.twice += u64::from(oracles.len() > 1);
    }

    fn merge(&mut self, other: &Self) {
        self.cases += other.cases;
        self.twice += other.twice;
        merge(&mut self.oracles, &other.oracles);
    }
}

/// The engine of which an oracle is a configuration.
fn independent(oracle: &str) -> &str {
    oracle.split('-').next().unwrap_or(oracle)
}

impl Stats {
    /// Adds one case.
    pub fn add(&mut self, report: &Report) {
        self.cases += 1;
        self.useful += u64::from(report.is_useful());
        *self.generators.entry(report.generator.clone()).or_default() +=
            u64::from(!report.generator.is_empty());
        self.generators.retain(|_, count| *count > 0);
        for why in &report.left_out {
            *self.left_out.entry((*why).to_owned()).or_default() += 1;
        }
        if let Some(discard) = &report.discard {
            *self.discards.entry(discard.to_string()).or_default() += 1;
        }
        for judged in &report.judged {
            self.comparisons += judged.account.compared();
            let account = self.judged.entry(judged.engine.clone()).or_default();
            account.merge(&judged.account);
            for discard in &judged.discards {
                *self.discards.entry(discard.to_string()).or_default() += 1;
            }
        }
        for pair in &report.pairs {
            let calls = pair.calls as u64;
            self.comparisons += calls;
            let stats = self
                .pairs
                .entry(format!("{}/{}", report.subject, pair.oracle))
                .or_default();
            stats.cases += 1;
            stats.useful += u64::from(calls > 0);
            stats.comparisons += calls;
            for feature in report.features.names() {
                *stats.features.entry(feature).or_default() += calls;
            }
            if let PairEnd::Discarded(discard) = &pair.end {
                *stats.discards.entry(discard.to_string()).or_default() += 1;
                *self.discards.entry(discard.to_string()).or_default() += 1;
            }
        }
        if report.pairs.iter().any(|pair| pair.calls > 0) {
            for feature in report.features.names() {
                self.features.entry(feature).or_default().add(&report.pairs);
            }
        }
    }

    /// Adds another account.
    pub fn merge(&mut self, other: &Self) {
        self.cases += other.cases;
        self.useful += other.useful;
        self.comparisons += other.comparisons;
        merge(&mut self.discards, &other.discards);
        merge(&mut self.left_out, &other.left_out);
        merge(&mut self.generators, &other.generators);
        for (name, theirs) in &other.features {
            self.features.entry(name.clone()).or_default().merge(theirs);
        }
        for (engine, theirs) in &other.judged {
            self.judged.entry(engine.clone()).or_default().merge(theirs);
        }
        for (name, theirs) in &other.pairs {
            let ours = self.pairs.entry(name.clone()).or_default();
            ours.cases += theirs.cases;
            ours.useful += theirs.useful;
            ours.comparisons += theirs.comparisons;
            merge(&mut ours.discards, &theirs.discards);
            merge(&mut ours.features, &theirs.features);
        }
    }
}

fn merge(ours: &mut BTreeMap<String, u64>, theirs: &BTreeMap<String, u64>) {
    for (key, count) in theirs {
        *ours.entry(key.clone()).or_default() += count;
    }
}
