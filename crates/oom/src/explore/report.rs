//! Reports: what an exploration showed, per site and per finding.

use super::batch::{Record, Stats};
use super::profile::Profile;
use super::replay::Token;
use crate::baseline::Change;
use crate::hook;
use crate::plan::{Resource, Rule};
use crate::sites::symbols::{Place, Symbols};
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

/// All that an exploration of one scenario showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The scenario as a whole.
    pub summary: Summary,
    /// Each site, in the order of their names.
    pub sites: Vec<SiteAccount>,
    /// Each distinct bad verdict: one for each context, verdict and kind of plan.
    pub findings: Vec<Finding>,
    /// What depends on the machine and the hour, and is no part of the lines.
    pub cost: Cost,
}

/// What an exploration took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// How many children were forked.
    pub forks: u64,
    /// The processor time in which children ran plans; of those that died, none.
    pub nanoseconds: u64,
    /// The processor time of one run with nothing counted and nothing judged.
    pub bare_nanoseconds: u64,
    /// How long all of it took.
    pub wall_nanoseconds: u64,
    /// What injected runs took, where it was asked for ([`Options::timed`](crate::Options::timed)).
    pub timed: Option<Timed>,
}

/// What runs in which something failed took, with all that judging them takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timed {
    /// How many there were.
    pub runs: u64,
    /// The processor time of the children.
    pub nanoseconds: u64,
    /// How long it took, with forking the children and reading what they found.
    pub wall_nanoseconds: u64,
}

/// A scenario as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Its name.
    pub scenario: String,
    /// Requests of the heap in a clean run.
    pub heap_requests: u64,
    /// System calls for virtual memory in a clean run.
    pub mapping_requests: u64,
    /// How system calls are intercepted, or why they are not.
    pub interception: String,
    /// How stacks are walked.
    pub walk: String,
    /// Runs in which something failed, or should have.
    pub runs: u64,
    /// Distinct contexts of requests, and how many of them were failed.
    pub contexts: u64,
    /// See `contexts`.
    pub contexts_failed: u64,
    /// Runs that kept memory once, but not again: caches.
    pub retained: u64,
    /// Bad verdicts that a fresh process did not confirm.
    pub unconfirmed: u64,
    /// Whether time was up before all plans were tried.
    pub out_of_time: bool,
    /// Fallbacks by name, and how often each was taken. The clean result in spite of a failure counts as
    /// `clean result`.
    pub fallbacks: BTreeMap<String, u64>,
    /// Runs by verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
}

/// A site's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteAccount {
    /// The scenario.
    pub scenario: String,
    /// What the site asks for: `heap` or `mapping`.
    pub resource: String,
    /// The site, as a plan names it.
    pub site: String,
    /// Where it is.
    pub place: Place,
    /// The function of the binary in which it is: its own, or the one that it is inlined into.
    pub within: String,
    /// The API from which it is reached.
    pub root: String,
    /// Requests in a clean run.
    pub seen: u64,
    /// How many of them were failed.
    pub failed: u64,
    /// Runs whose first failure was here, by verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
}

/// A bad verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The scenario.
    pub scenario: String,
    /// The verdict.
    pub verdict: Verdict,
    /// What showed; differs from the verdict for `second`.
    pub shown: Verdict,
    /// The site of the first failure.
    pub site: String,
    /// Where that is.
    pub place: Place,
    /// The API from which it is reached.
    pub root: String,
    /// The first request that failed: what was asked for, and how many bytes.
    pub request: String,
    /// Why.
    pub why: String,
    /// What reproduces it.
    pub token: String,
    /// How many runs showed the same.
    pub runs: u64,
    /// The stack of the first request that failed, innermost first.
    pub failure: Vec<Place>,
    /// The stack of the second.
    pub second_failure: Vec<Place>,
    /// How the process ended, or where it panicked.
    pub death: Option<DeathAccount>,
}

/// How a run ended, in raw frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Death {
    pub(crate) how: String,
    pub(crate) output: String,
    pub(crate) frames: Vec<u64>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeathAccount {
    /// In words: a signal, an exit, a panic, no end.
    pub how: String,
    /// What it printed.
    pub output: String,
    /// Its last stack, innermost first.
    pub stack: Vec<Place>,
}

/// A line of the JSON output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Line {
    /// The first, where there are several builds: which of them was explored.
    Build {
        /// Its name.
        build: String,
    },
    /// One for each scenario.
    Scenario(Summary),
    /// One for each site of a scenario.
    Site(SiteAccount),
    /// One for each finding.
    Finding(Box<Finding>),
    /// One for each change against a baseline.
    Change(Change),
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

impl Report {
    /// The report as JSON, a line for each thing. The same exploration gives the same lines, unless
    /// time was up.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let summary = std::iter::once(Line::Scenario(self.summary.clone()));
        let sites = self.sites.iter().cloned().map(Line::Site);
        let findings = self
            .findings
            .iter()
            .cloned()
            .map(|f| Line::Finding(Box::new(f)));
        let lines = summary.chain(sites).chain(findings);
        lines.map(|line| line.to_string())
    }
}

/// What a report is drawn from.
pub(crate) struct Sources<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) symbols: &'a Symbols,
    pub(crate) fallbacks: &'static [&'static str],
    pub(crate) interception: String,
    pub(crate) stats: Stats,
}

const RESOURCES: [(Resource, &str); 2] = [(Resource::Heap, "heap"), (Resource::Mapping, "mapping")];

/// Marks what shows only under a second failure: the first failure alone is fine.
pub(crate) fn mark_second(records: &mut [Record]) {
    let alone: HashMap<(Resource, u64), bool> = records
        .iter()
        .filter_map(|record| match record.plan.rule {
            Rule::Nth(n) if record.plan.at_least == 0 => {
                Some(((record.plan.resource, n), record.bad.is_none()))
            }
            _ => None,
        })
        .collect();
    for record in records {
        let (Some(bad), Some(first)) = (&mut record.bad, record.outcome.first) else {
            continue;
        };
        let fine = alone.get(&(record.plan.resource, first.index)) == Some(&true);
        if record.plan.is_repeated() && fine && record.outcome.verdict != Verdict::Unstable {
            bad.shown = Some(record.outcome.verdict);
            record.outcome.verdict = Verdict::Second;
        }
    }
}

impl Sources<'_> {
    /// Draws the report.
    pub(crate) fn report(&self, records: &[Record]) -> Report {
        Report {
            summary: self.summary(records),
            sites: RESOURCES
                .iter()
                .flat_map(|(resource, name)| self.sites(*resource, name, records))
                .collect(),
            findings: self.findings(records),
            cost: Cost {
                forks: self.stats.forks,
                nanoseconds: self.stats.nanoseconds,
                bare_nanoseconds: 0,
                wall_nanoseconds: 0,
                timed: None,
            },
        }
    }

    fn summary(&self, records: &[Record]) -> Summary {
        let golden = &self.profile.golden;
        let mut verdicts = BTreeMap::new();
        let mut fallbacks = BTreeMap::new();
        for record in records {
            *verdicts.entry(record.outcome.verdict).or_default() += 1;
            if record.outcome.verdict == Verdict::Benign {
                let place = (record.outcome.fallback as usize).checked_sub(1);
                let name = place.and_then(|place| self.fallbacks.get(place)).copied();
                *fallbacks
                    .entry(name.unwrap_or("clean result").into())
                    .or_default() += 1;
            }
        }
        let contexts = self.contexts();
        Summary {
            scenario: self.profile.name.clone(),
            heap_requests: golden.heap,
            mapping_requests: golden.mapping,
            interception: self.interception.clone(),
            walk: crate::sys::walk::method().into(),
            runs: records.len() as u64,
            contexts_failed: self.contexts_failed(records, &contexts),
            contexts: contexts.len() as u64,
            retained: records
                .iter()
                .filter(|record| record.outcome.retained > 0)
                .count() as u64,
            unconfirmed: self.stats.history,
            out_of_time: self.stats.out_of_time,
            fallbacks,
            verdicts,
        }
    }

    fn contexts(&self) -> HashSet<(Resource, u64)> {
        let contexts = RESOURCES.iter().flat_map(|(resource, _)| {
            let stacks = self.profile.golden.stacks(*resource).iter();
            stacks.map(|stack| {
                (
                    *resource,
                    self.profile.locate(self.symbols, *resource, *stack),
                )
            })
        });
        contexts
            .map(|(resource, located)| (resource, located.context))
            .collect()
    }

    fn contexts_failed(&self, records: &[Record], known: &HashSet<(Resource, u64)>) -> u64 {
        let failed: HashSet<(Resource, u64)> = records
            .iter()
            .filter_map(|record| {
                let resource = record.plan.resource;
                let stack = record.outcome.first?.stack;
                Some((
                    resource,
                    self.profile.locate(self.symbols, resource, stack).context,
                ))
            })
            .collect();
        failed.intersection(known).count() as u64
    }

    fn sites(&self, resource: Resource, name: &str, records: &[Record]) -> Vec<SiteAccount> {
        let mut sites: BTreeMap<u64, SiteAccount> = BTreeMap::new();
        let stacks = self.profile.golden.stacks(resource);
        for stack in stacks {
            self.account(&mut sites, resource, name, *stack).seen += 1;
        }
        let mut failed = HashSet::new();
        for record in records
            .iter()
            .filter(|record| record.plan.resource == resource)
        {
            let Some(first) = record.outcome.first else {
                continue;
            };
            let expected = usize::try_from(first.index)
                .ok()
                .and_then(|at| stacks.get(at));
            let account = self.account(&mut sites, resource, name, first.stack);
            if expected == Some(&first.stack) && failed.insert(first.index) {
                account.failed += 1;
            }
            *account.verdicts.entry(record.outcome.verdict).or_default() += 1;
        }
        let mut sites: Vec<_> = sites.into_values().collect();
        sites.sort_by(|one, two| (&one.place, &one.site).cmp(&(&two.place, &two.site)));
        sites
    }

    fn account<'m>(
        &self,
        sites: &'m mut BTreeMap<u64, SiteAccount>,
        resource: Resource,
        name: &str,
        stack: u64,
    ) -> &'m mut SiteAccount {
        let located = self.profile.locate(self.symbols, resource, stack);
        sites.entry(located.site).or_insert_with(|| SiteAccount {
            scenario: self.profile.name.clone(),
            resource: name.into(),
            site: format!("{:x}", located.site),
            place: located.place.clone(),
            within: located.within.clone(),
            root: located.root.clone(),
            seen: 0,
            failed: 0,
            verdicts: BTreeMap::new(),
        })
    }

    fn findings(&self, records: &[Record]) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        let mut known: HashMap<_, usize> = HashMap::new();
        for record in records {
            let Some(bad) = &record.bad else { continue };
            let stack = record.outcome.first.map_or(0, |first| first.stack);
            let key = (
                stack,
                record.outcome.verdict,
                bad.shown,
                record.plan.resource,
            );
            if let Some(finding) = known.get(&key).and_then(|place| findings.get_mut(*place)) {
                finding.runs += 1;
                continue;
            }
            known.insert(key, findings.len());
            findings.push(self.finding(record));
        }
        findings
    }

    /// One finding in full.
    pub(crate) fn finding(&self, record: &Record) -> Finding {
        let bad = record.bad.clone().unwrap_or_default();
        let stack = record.outcome.first.map_or(0, |first| first.stack);
        let [failure, second] = &bad.failures;
        let located = self.symbols.locate(stack, failure);
        Finding {
            scenario: self.profile.name.clone(),
            verdict: record.outcome.verdict,
            shown: bad.shown.unwrap_or(record.outcome.verdict),
            site: format!("{:x}", located.site),
            place: located.place.clone(),
            root: located.root.clone(),
            request: record.outcome.first.map_or_else(String::new, |first| {
                format!("{} of {} bytes", hook::kind_name(first.kind), first.bytes)
            }),
            why: bad.why,
            token: Token {
                scenario: self.profile.name.clone(),
                plan: record.plan,
                context: stack,
            }
            .to_string(),
            runs: 1,
            failure: self.symbols.request_stack(failure),
            second_failure: self.symbols.request_stack(second),
            death: bad.death.map(|death| DeathAccount {
                how: death.how,
                output: death.output,
                stack: self.symbols.stack(&death.frames),
            }),
        }
    }
}
