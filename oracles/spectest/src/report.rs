//! What became of directives.

use assay_engine::Features;
use std::collections::BTreeMap;
use std::fmt;

/// What became of the directives of a file, or of many.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many were as expected.
    pub passed: usize,
    /// Those that were not.
    pub failed: Vec<Failure>,
    /// Those that were not, as the table [`KNOWN`](crate::KNOWN) says, with the cause.
    pub known: Vec<(Failure, &'static str)>,
    /// How many were not asked of the engine, and why.
    pub skipped: BTreeMap<Skip, usize>,
}

/// A directive that was not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The file, as [`File::name`](crate::File::name) has it.
    pub file: String,
    /// The line at which the directive begins; 0 where the file is none that can be read.
    pub line: usize,
    /// What the script expects.
    pub expected: String,
    /// What the engine did.
    pub seen: String,
}

/// Why a directive is not asked of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// It is about the text format, of which engines get nothing.
    Text,
    /// It is about custom sections, which engines need not look into.
    CustomSection,
    /// It is about threads, which no script of an engine starts.
    Agents,
    /// The engine lacks these features.
    Lacks(Features),
    /// It asks to refuse what the engine takes by a feature that came later.
    Later,
    /// The standard has changed since, see [`OUTDATED`](crate::OUTDATED).
    Outdated,
}

impl Report {
    /// How many directives there were.
    pub fn directives(&self) -> usize {
        self.passed + self.failed.len() + self.known.len() + self.skips()
    }

    /// How many were skipped.
    pub fn skips(&self) -> usize {
        self.skipped.values().sum()
    }

    /// Counts a skip.
    pub(crate) fn skip(&mut self, skip: Skip) {
        *self.skipped.entry(skip).or_default() += 1;
    }

    /// Adds another report to this one.
    pub fn merge(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
        self.known.extend(other.known);
        for (skip, count) in other.skipped {
            *self.skipped.entry(skip).or_default() += count;
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            expected,
            seen,
        } = self;
        write!(f, "{file}:{line}: expected {expected}; {seen}")
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text format only"),
            Self::CustomSection => f.write_str("custom sections"),
            Self::Agents => f.write_str("threads"),
            Self::Lacks(features) => {
                let names: Vec<_> = features.names().collect();
                write!(f, "the engine lacks {}", names.join(", "))
            }
            Self::Later => f.write_str("a later feature allows it"),
            Self::Outdated => f.write_str("the standard has changed since"),
        }
    }
}
