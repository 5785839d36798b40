//! Which instructions have run, and which of their special cases.
//!
//! A store that is [asked to](crate::Config::coverage) counts each operator by the name that the
//! decoder `wasmparser` gives it: how often it ran, how it ended, and which [`Way`] it went. What
//! is counted is what the program ran: `block`, `nop` and the like count when the flow of control
//! passes them, though the machine has no operation for them. (Behind a branch that lands on an
//! `end` which others follow, the last one counts.)
//!
//! [`OpcodeCoverage::missing`] and [`OpcodeCoverage::missing_cases`] say what has never been hit.

mod cases;
mod operators;

pub(crate) use operators::{DELEGATE, END, NONE, TRY, TRY_TABLE, number_of};

use crate::machine::Stop;
use assay_engine::{Features, Resource, Trap};
use operators::OPERATORS;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which of several ways an operator went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// A branch was taken, the `then` part of an `if`, the first operand of a `select`, a label of
    /// the list of a `br_table`; a `ref.test`, `ref.cast` or `ref.is_null` said yes; a `delegate`
    /// handed an exception on.
    Taken,
    /// The other way.
    NotTaken,
    /// The operand of a cast was null; counts beside the other two.
    Null,
    /// A `br_table` went to its default label.
    Default,
    /// All of an access, or of a range, was in bounds.
    Within,
    /// It began in bounds and ended beyond.
    Straddling,
    /// It began beyond the end.
    Beyond,
    /// A `memory.grow` or `table.grow` had room by the type; counts also where there is a limit then.
    Granted,
    /// The type did not allow it.
    Refused,
    /// A compare-exchange found what it expected.
    Equal,
    /// It found something else.
    Unequal,
    /// A clause `catch` caught.
    Catch,
    /// A clause `catch_ref` caught.
    CatchRef,
    /// A clause `catch_all` caught.
    CatchAll,
    /// A clause `catch_all_ref` caught.
    CatchAllRef,
    /// No clause caught an exception that came by.
    Passed,
}

impl Way {
    /// How `len` items from `start` lie in a list of `size`.
    pub(crate) fn of_range(start: Option<u64>, len: u64, size: u64) -> Self {
        let end = start.and_then(|start| start.checked_add(len));
        if end.is_some_and(|end| end <= size) {
            Self::Within
        } else if start.is_some_and(|start| start < size) {
            Self::Straddling
        } else {
            Self::Beyond
        }
    }
}

/// What one operator has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorCoverage {
    /// How often it began.
    pub runs: u64,
    /// How often it threw: itself, or the host function that it called.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub thrown: u64,
    /// How often it trapped, by trap.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub traps: BTreeMap<Trap, u64>,
    /// How often it ran into a limit other than that of fuel.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exhausted: BTreeMap<Resource, u64>,
    /// How often it went each way.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ways: BTreeMap<Way, u64>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Adds to a count.
fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

/// Adds counts to others.
fn add_all<K: Copy + Ord>(counts: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
    for (&key, &count) in more {
        add(counts.entry(key).or_default(), count);
    }
}

impl OperatorCoverage {
    /// How often it gave a result, or let the flow of control go on.
    pub fn results(&self) -> u64 {
        let others = self.traps.values().chain(self.exhausted.values());
        let others = others.fold(self.thrown, |sum, &count| sum.saturating_add(count));
        self.runs.saturating_sub(others)
    }

    fn merge(&mut self, other: &Self) {
        add(&mut self.runs, other.runs);
        add(&mut self.thrown, other.thrown);
        add_all(&mut self.traps, &other.traps);
        add_all(&mut self.exhausted, &other.exhausted);
        add_all(&mut self.ways, &other.ways);
    }
}

/// A special case of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// It goes this way.
    Way(Way),
    /// It ends in this trap.
    Trap(Trap),
}

/// What the operators of any number of programs have done, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OpcodeCoverage {
    /// Those that ran.
    pub operators: BTreeMap<String, OperatorCoverage>,
}

impl OpcodeCoverage {
    /// Adds what others have done.
    pub fn merge(&mut self, other: &Self) {
        for (name, theirs) in &other.operators {
            match self.operators.get_mut(name) {
                Some(ours) => ours.merge(theirs),
                None => _ = self.operators.insert(name.clone(), theirs.clone()),
            }
        }
    }

    /// What an operator has done, if it ran.
    pub fn get(&self, operator: &str) -> Option<&OperatorCoverage> {
        self.operators.get(operator)
    }

    /// The operators that a module with these features may contain, and that never ran.
    pub fn missing(&self, features: Features) -> Vec<&'static str> {
        operators::operators(features)
            .filter(|name| self.get(name).is_none_or(|found| found.runs == 0))
            .collect()
    }

    /// The special cases of those operators that never were.
    pub fn missing_cases(&self, features: Features) -> Vec<(&'static str, Case)> {
        let mut missing = Vec::new();
        for name in operators::operators(features) {
            let (ways, traps) = cases::cases(name);
            let found = self.get(name);
            let went = |way: &Way| found.is_some_and(|found| found.ways.contains_key(way));
            let trapped = |trap: &Trap| found.is_some_and(|found| found.traps.contains_key(trap));
            let ways = ways.iter().filter(|way| !went(way));
            let traps = traps.iter().filter(|trap| !trapped(trap));
            missing.extend(ways.map(|&way| (name, Case::Way(way))));
            missing.extend(traps.map(|&trap| (name, Case::Trap(trap))));
        }
        missing
    }
}

/// What a store writes into while it runs.
#[derive(Debug)]
pub(crate) struct Recorder(Vec<OperatorCoverage>);

impl Recorder {
    pub fn new() -> Self {
        Self(vec![OperatorCoverage::default(); OPERATORS.len()])
    }

    /// An operator runs.
    pub fn ran(&mut self, number: u16) {
        if let Some(operator) = self.0.get_mut(number as usize) {
            add(&mut operator.runs, 1);
        }
    }

    /// An operator goes this way.
    pub fn went(&mut self, number: u16, way: Way) {
        if let Some(operator) = self.0.get_mut(number as usize) {
            add(operator.ways.entry(way).or_default(), 1);
        }
    }

    /// An operator has stopped so. Fuel ends between operators.
    pub fn stopped(&mut self, number: u16, stop: &Stop) {
        let Some(operator) = self.0.get_mut(number as usize) else {
            return;
        };
        let count = match stop {
            Stop::Trap(trap) => operator.traps.entry(*trap).or_default(),
            Stop::Exception(_) => &mut operator.thrown,
            Stop::Exhausted(resource) if *resource != Resource::Fuel => {
                operator.exhausted.entry(*resource).or_default()
            }
            _ => return,
        };
        add(count, 1);
    }

    /// All that has been recorded.
    pub fn coverage(&self) -> OpcodeCoverage {
        let all = OPERATORS.iter().zip(&self.0);
        let ran = all.filter(|(_, found)| **found != OperatorCoverage::default());
        let operators = ran.map(|((_, name), found)| ((*name).to_owned(), found.clone()));
        OpcodeCoverage {
            operators: operators.collect(),
        }
    }
}
