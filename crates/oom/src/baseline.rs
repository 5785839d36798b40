//! Baselines: the bad sites that are known, so that a new one stands out.
//!
//! A *site* here is what has one name in every build: a file and a function ([`Finding::key`]).
//! Findings of one site with one verdict are one ([`distinct`]). A [`Baseline`] lists them, each with
//! its cause, beside the share of requests that were failed; [`Baseline::compare`] tells in what reports
//! differ from it:
//!
//! | change | fails |
//! |---|---|
//! | new | yes: a bad verdict at a site without one |
//! | worse | yes: a worse verdict ([`Verdict::BY_SEVERITY`]) than any that is known of the site; trouble by one failure is worse than the same trouble by two |
//! | no cause | yes: it is known, but nobody wrote down why |
//! | fallen | yes: fewer of a scenario's requests are failed |
//! | also | no: another verdict, and no worse one, at a known site |
//! | stale | no: what is known no longer shows |
//! | risen | no: more of a scenario's requests are failed |
//! | gone | no: there is no such scenario any more |

use crate::explore::{Finding, Report};
use crate::sites;
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What makes findings one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The verdict.
    pub verdict: Verdict,
    /// What showed; differs from the verdict for `second`.
    pub shown: Verdict,
    /// The site's name.
    pub site: String,
}

/// Findings that are one.
#[derive(Debug, Clone)]
pub struct Distinct<'a> {
    /// What they have in common.
    pub key: Key,
    /// The first of them.
    pub finding: &'a Finding,
    /// The scenarios that show it, in the order of their reports.
    pub scenarios: Vec<&'a str>,
    /// How many runs showed it.
    pub runs: u64,
}

/// The known bad sites of one build, and how much of it was tried.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The share of its requests that was failed, in thousandths, for each scenario in which that is not all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shares: BTreeMap<String, u64>,
    /// What is known, in the order of the sites.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<Known>,
}

/// A bad verdict that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The site's name.
    pub site: String,
    /// The verdict.
    pub verdict: Verdict,
    /// What showed, where that is not the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Verdict>,
    /// Its cause, in one line.
    pub cause: String,
}

/// In what reports differ from a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// A bad site that is not known.
    New {
        /// What showed.
        #[serde(flatten)]
        key: Key,
        /// What reproduces it.
        token: String,
    },
    /// A known site with a worse verdict.
    Worse {
        /// What showed.
        #[serde(flatten)]
        key: Key,
        /// What reproduces it.
        token: String,
        /// The worst that was known.
        was: Verdict,
    },
    /// It is known, but not why it is so.
    NoCause {
        /// What showed.
        #[serde(flatten)]
        key: Key,
    },
    /// Fewer requests are failed.
    Fallen {
        /// The scenario.
        scenario: String,
        /// The share that is failed, in thousandths.
        share: u64,
        /// What it was.
        was: u64,
    },
    /// Another verdict at a known site, and no worse one.
    Also {
        /// What showed.
        #[serde(flatten)]
        key: Key,
        /// What reproduces it.
        token: String,
    },
    /// What is known no longer shows.
    Stale {
        /// What showed.
        #[serde(flatten)]
        key: Key,
    },
    /// More requests are failed.
    Risen {
        /// The scenario.
        scenario: String,
        /// The share that is failed, in thousandths.
        share: u64,
        /// What it was.
        was: u64,
    },
    /// There is no such scenario any more.
    Gone {
        /// The scenario.
        scenario: String,
    },
}

/// The findings of reports, those that are one together, in the order of their verdicts and sites.
pub fn distinct(reports: &[Report]) -> Vec<Distinct<'_>> {
    let mut found: BTreeMap<Key, Distinct<'_>> = BTreeMap::new();
    for finding in reports.iter().flat_map(|report| &report.findings) {
        let key = Key {
            verdict: finding.verdict,
            shown: finding.shown,
            site: finding.key(),
        };
        let one = found.entry(key.clone()).or_insert_with(|| Distinct {
            key,
            finding,
            scenarios: Vec::new(),
            runs: 0,
        });
        one.runs += finding.runs;
        if one.scenarios.last() != Some(&finding.scenario.as_str()) {
            one.scenarios.push(&finding.scenario);
        }
    }
    found.into_values().collect()
}

impl Finding {
    /// The name of its site, the same in every build: the file from its package on, and the function's own
    /// name, as in `wasmtime/src/engine.rs:new`.
    pub fn key(&self) -> String {
        sites::key::key(&self.place, &self.failure)
    }
}

impl Baseline {
    /// In what the reports differ from what is known: what fails first. Only where they are of the `whole`,
    /// of all scenarios, does what they lack say anything.
    pub fn compare(&self, reports: &[Report], whole: bool) -> Vec<Change> {
        let found = distinct(reports);
        let mut changes: Vec<Change> = found.iter().filter_map(|one| self.judge(one)).collect();
        let shares = reports.iter().filter_map(|report| self.share(report));
        changes.extend(shares);
        if whole {
            changes.extend(self.stale(&found));
            changes.extend(self.gone(reports));
        }
        changes.sort_by_key(|change| !change.fails());
        changes
    }

    /// What to know from now on. Causes that are known are kept, and new ones left open.
    #[must_use]
    pub fn updated(&self, reports: &[Report]) -> Self {
        let known = |one: Distinct<'_>| Known {
            cause: self.cause(&one.key).unwrap_or_default().into(),
            site: one.key.site,
            verdict: one.key.verdict,
            shown: (one.key.shown != one.key.verdict).then_some(one.key.shown),
        };
        let mut sites: Vec<Known> = distinct(reports).into_iter().map(known).collect();
        sites.sort_by(|one, two| one.site.cmp(&two.site));
        let shares = reports.iter().filter(|report| share(report) < ALL);
        let shares = shares.map(|report| (report.summary.scenario.clone(), share(report)));
        Self {
            shares: shares.collect(),
            sites,
        }
    }

    /// What is known without a cause.
    pub fn without_cause(&self) -> impl Iterator<Item = &Known> {
        let open = |known: &&Known| known.cause.trim().is_empty();
        self.sites.iter().filter(open)
    }

    /// The cause of what is known; empty where nobody wrote it down.
    pub fn cause(&self, key: &Key) -> Option<&str> {
        let known = self.sites.iter().find(|known| known.key() == *key)?;
        Some(known.cause.trim())
    }

    fn judge(&self, one: &Distinct<'_>) -> Option<Change> {
        let (key, token) = (one.key.clone(), one.finding.token.clone());
        match self.cause(&key) {
            Some("") => return Some(Change::NoCause { key }),
            Some(_) => return None,
            None => {}
        }
        let of_site = self.sites.iter().filter(|known| known.site == key.site);
        let worst = of_site.map(Known::key).max_by_key(Key::severity);
        Some(match worst {
            None => Change::New { key, token },
            Some(worst) if key.severity() > worst.severity() => Change::Worse {
                key,
                token,
                was: worst.verdict,
            },
            Some(_) => Change::Also { key, token },
        })
    }

    fn share(&self, report: &Report) -> Option<Change> {
        let scenario = report.summary.scenario.clone();
        let was = self.shares.get(&scenario).copied().unwrap_or(ALL);
        let share = share(report);
        if share < was {
            return Some(Change::Fallen {
                scenario,
                share,
                was,
            });
        }
        (share > was).then_some(Change::Risen {
            scenario,
            share,
            was,
        })
    }

    fn stale(&self, found: &[Distinct<'_>]) -> Vec<Change> {
        let keys = self.sites.iter().map(Known::key);
        let stale = keys.filter(|key| found.iter().all(|one| one.key != *key));
        stale.map(|key| Change::Stale { key }).collect()
    }

    fn gone(&self, reports: &[Report]) -> Vec<Change> {
        let is_there = |name: &str| reports.iter().any(|r| r.summary.scenario == name);
        let gone = self.shares.keys().filter(|name| !is_there(name));
        let gone = gone.map(|name| Change::Gone {
            scenario: name.clone(),
        });
        gone.collect()
    }
}

/// The share of a scenario in which every request is failed.
const ALL: u64 = 1_000;

/// The share of a scenario's requests that were failed, in thousandths, rounded down: all is only all.
fn share(report: &Report) -> u64 {
    let sites = report.sites.iter();
    let (seen, failed) = sites.fold((0, 0), |(seen, failed), site| {
        (seen + site.seen, failed + site.failed)
    });
    match seen {
        0 => ALL,
        _ => failed * ALL / seen,
    }
}

impl Known {
    fn key(&self) -> Key {
        Key {
            verdict: self.verdict,
            shown: self.shown.unwrap_or(self.verdict),
            site: self.site.clone(),
        }
    }
}

impl Key {
    /// How bad it is.
    pub fn severity(&self) -> impl Ord + use<> {
        let mut order = Verdict::BY_SEVERITY.iter();
        let place = order.position(|verdict| *verdict == self.shown);
        (place, self.verdict != Verdict::Second)
    }
}

impl Change {
    /// Whether it speaks against what was explored.
    pub const fn fails(&self) -> bool {
        matches!(
            self,
            Self::New { .. } | Self::Worse { .. } | Self::NoCause { .. } | Self::Fallen { .. }
        )
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.verdict)?;
        if self.shown != self.verdict {
            write!(out, " ({})", self.shown)?;
        }
        write!(out, " at {}", self.site)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New { key, token } => write!(out, "new: {key}; token {token}"),
            Self::Worse { key, token, was } => {
                write!(out, "worse: {key}, which was {was}; token {token}")
            }
            Self::NoCause { key } => write!(out, "no cause is written down: {key}"),
            Self::Fallen {
                scenario,
                share,
                was,
            } => write!(
                out,
                "fallen: of 1000 requests of {scenario} {share} are failed, which was {was}"
            ),
            Self::Also { key, token } => write!(out, "also, and no worse: {key}; token {token}"),
            Self::Stale { key } => write!(out, "no longer needed: {key}"),
            Self::Risen {
                scenario,
                share,
                was,
            } => write!(
                out,
                "risen: of 1000 requests of {scenario} {share} are failed, which was {was}"
            ),
            Self::Gone { scenario } => {
                write!(out, "no longer needed: the share of {scenario}")
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
