//! What a target says of one case.

use assay_case::Case;
use assay_checks::allowed::Account;
use assay_checks::differential::Side;
use assay_engine::{Features, Resource};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// What became of a case.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The generator that made it.
    pub generator: String,
    /// The engine on trial.
    pub subject: String,
    /// The features that the module was allowed.
    pub features: Features,
    /// The comparisons with each oracle. Empty when the case was given up before.
    pub pairs: Vec<Pair>,
    /// What was judged of each engine by itself, where nothing is compared.
    pub judged: Vec<Judged>,
    /// Why exports, or calls that a script makes, are not called: one entry for each.
    pub left_out: Vec<&'static str>,
    /// Why the case as a whole was given up, if it was.
    pub discard: Option<Discard>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// The time spent waiting for oracles, those in this process included.
    pub waited: Duration,
}

/// The comparison with one oracle.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The oracle.
    pub oracle: String,
    /// How many calls were compared.
    pub calls: usize,
    /// How it ended.
    pub end: PairEnd,
}

/// What was judged of one engine by itself.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// The engine, on trial or not.
    pub engine: String,
    /// The results.
    pub account: Account,
    /// Why some results were not judged, or not reported.
    pub discards: BTreeSet<Discard>,
}

/// How a comparison ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PairEnd {
    /// All was equal, to the last call.
    Equal,
    /// There is a finding.
    Found,
    /// The rest was given up.
    Discarded(Discard),
}

/// Why a case, or the rest of one, was given up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Discard {
    /// The bytes did not suffice for a case.
    Bytes,
    /// No engine on this machine can be compared with the subject.
    NoOracle,
    /// An import cannot be provided: it is of a non-null type that has no constant.
    Unprovided,
    /// The module has values that cannot be carried across the boundary.
    Uncarried,
    /// No export can be called.
    NoCall,
    /// Instantiation fails, in the same way on both sides: there was nothing to call.
    NotInstantiated,
    /// Winch refuses the module: it does not implement all that it says it does.
    SubjectUnsupported,
    /// The subject does not have a feature that the module needs, or the target leaves it out.
    SubjectLacks(String),
    /// The oracle does not have a feature that the module needs.
    OracleLacks(String),
    /// Both sides refuse the module.
    BothRejected,
    /// One side ran out of something.
    Exhausted(Side, Resource),
    /// The engine takes no one alternative of each relaxed instruction, so that a whole program
    /// cannot be compared.
    NoOneAlternative,
    /// A known bug of an engine, by its name in the table of known bugs.
    KnownBug(String),
}

impl fmt::Display for Discard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => f.write_str("out-of-bytes"),
            Self::NoOracle => f.write_str("no-oracle"),
            Self::Unprovided => f.write_str("import-without-constant"),
            Self::Uncarried => f.write_str("types-not-carried"),
            Self::NoCall => f.write_str("no-callable-export"),
            Self::NotInstantiated => f.write_str("instantiation-fails-alike"),
            Self::SubjectUnsupported => f.write_str("winch-unsupported"),
            Self::SubjectLacks(feature) => write!(f, "subject-lacks-{feature}"),
            Self::OracleLacks(feature) => write!(f, "oracle-lacks-{feature}"),
            Self::BothRejected => f.write_str("both-rejected"),
            Self::Exhausted(side, resource) => {
                let side = if *side == Side::Subject {
                    "subject"
                } else {
                    "oracle"
                };
                write!(
                    f,
                    "{side}-exhausted-{}",
                    format!("{resource:?}").to_lowercase()
                )
            }
            Self::NoOneAlternative => f.write_str("no-one-alternative"),
            Self::KnownBug(name) => write!(f, "known-bug-{name}"),
        }
    }
}

/// Something wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Equal for findings of the same cause, as far as can be told.
    pub signature: String,
    /// The case that shows it, with what was seen.
    pub case: Case,
}

impl Report {
    /// A case given up before any engine ran it.
    pub fn discarded(discard: Discard) -> Self {
        Self {
            discard: Some(discard),
            ..Self::default()
        }
    }

    /// Whether at least one call was compared with at least one oracle, or judged by itself.
    pub fn is_useful(&self) -> bool {
        let judged = |judged: &Judged| judged.account.compared() > 0;
        self.pairs.iter().any(|pair| pair.calls > 0) || self.judged.iter().any(judged)
    }
}
