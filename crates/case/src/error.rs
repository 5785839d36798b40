//! What can be wrong with a case, or with its files.

use crate::FORMAT;
use std::io;
use std::path::PathBuf;

/// Why a case could not be read or written. Each prints as one line.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The file system refused.
    #[error("{}: cannot {what}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: `read`, `write`, …
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// There is no such file, or a folder that is not a case.
    #[error("{}: there is no such file", path.display())]
    Missing {
        /// The file that a case must have.
        path: PathBuf,
    },
    /// The file is not UTF-8.
    #[error("{}:{line}:{column}: not UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The line of the first such byte, from 1.
        line: usize,
        /// Its column in characters, from 1.
        column: usize,
    },
    /// A single file without a header.
    #[error("{}: not a case: it does not begin with a header in `;;;` lines", path.display())]
    NoHeader {
        /// The file.
        path: PathBuf,
    },
    /// The file ends too early: a case is never read as a shorter one.
    #[error("{}: cut off: the line `{marker}` is missing at the end of the {part}", path.display())]
    CutOff {
        /// The file.
        path: PathBuf,
        /// `header` or `script`.
        part: &'static str,
        /// The line that every whole one ends with.
        marker: &'static str,
    },
    /// A later or unknown format.
    #[error("{}: has case format {found}; this version reads format {FORMAT}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The format that it says it has.
        found: u64,
    },
    /// The header is not what a header is: bad TOML, an unknown or a missing field, a bad value.
    #[error("{}:{line}:{column}: {what}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What is wrong there.
        what: String,
    },
    /// The script does not parse, or says what a case cannot hold.
    #[error("{}:{line}:{column}: {what}", path.display())]
    Script {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What is wrong there.
        what: String,
    },
    /// Header and script speak of different cases.
    #[error("{}: header and script disagree: {what}", path.display())]
    Disagree {
        /// The folder or file.
        path: PathBuf,
        /// Where.
        what: String,
    },
    /// The case breaks a rule of the format, so no file could hold it.
    #[error("the case cannot be written: {what}")]
    Unwritable {
        /// Which rule.
        what: String,
    },
    /// Something that is not a case stands where one was to be written.
    #[error("{}: exists and is not a case; it is left alone", path.display())]
    Occupied {
        /// The folder or file.
        path: PathBuf,
    },
}

impl CaseError {
    /// A case that breaks a rule of the format.
    pub(crate) fn unwritable(what: impl Into<String>) -> Self {
        Self::Unwritable { what: what.into() }
    }
}

/// A fault at a place of a text whose path is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong there, in one line.
    pub what: String,
}

impl Fault {
    /// A fault at byte `offset` of `text`.
    pub fn at(text: &[u8], offset: usize, what: &str) -> Self {
        let before = &text[..offset.min(text.len())];
        let line_start = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |n| n + 1);
        let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
        let column = String::from_utf8_lossy(&before[line_start..])
            .chars()
            .count()
            + 1;
        Self {
            line,
            column,
            what: one_line(what),
        }
    }
}

/// The text in one line: messages of parsers may have several.
fn one_line(text: &str) -> String {
    text.split(char::is_control)
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
