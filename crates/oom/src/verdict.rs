//! Verdicts: what a library made of a failure.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What came of a run in which memory ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The error that says that memory ran out.
    Handled,
    /// A specified fallback, listed by name, or the clean result all the same.
    Benign,
    /// The plan found nothing to fail: no verdict on the subject.
    Idle,
    /// An error, but not the one that says so.
    WrongError,
    /// Success, yet the result differs from the clean one.
    Swallowed,
    /// A panic, caught by the subject or not.
    Panic,
    /// The process ended itself.
    Abort,
    /// A signal ended the process.
    Signal,
    /// Something was not given back after all was dropped.
    Leak,
    /// What was there before no longer works, though memory is there again.
    Corrupt,
    /// No end.
    Hang,
    /// Trouble only when a second request fails too.
    Second,
    /// The failure did not strike where the clean run said it would.
    Unstable,
}

impl Verdict {
    /// All verdicts.
    pub const ALL: [Self; 13] = [
        Self::Handled,
        Self::Benign,
        Self::Idle,
        Self::WrongError,
        Self::Swallowed,
        Self::Panic,
        Self::Abort,
        Self::Signal,
        Self::Leak,
        Self::Corrupt,
        Self::Hang,
        Self::Second,
        Self::Unstable,
    ];

    /// What shows in bad verdicts, the mildest first.
    ///
    /// First what can be lived with: a run that could not be judged, an error that does not say what it
    /// is, something that stays behind. Then what ends the work, but so that everybody knows: a panic
    /// ends a thread, an abort the process, and a hang has to be noticed from outside. Worst is
    /// what nobody is told of: a result that is wrong, a state in which all later results may be, and
    /// a signal, behind which stands memory that was read or written as it must not be.
    pub const BY_SEVERITY: [Self; 9] = [
        Self::Unstable,
        Self::WrongError,
        Self::Leak,
        Self::Panic,
        Self::Abort,
        Self::Hang,
        Self::Swallowed,
        Self::Corrupt,
        Self::Signal,
    ];

    /// Whether it speaks against the subject (or, unstable, keeps anybody from speaking for it).
    pub const fn is_bad(self) -> bool {
        !matches!(self, Self::Handled | Self::Benign | Self::Idle)
    }

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::Benign => "benign",
            Self::Idle => "idle",
            Self::WrongError => "wrong-error",
            Self::Swallowed => "swallowed",
            Self::Panic => "panic",
            Self::Abort => "abort",
            Self::Signal => "signal",
            Self::Leak => "leak",
            Self::Corrupt => "corrupt",
            Self::Hang => "hang",
            Self::Second => "second",
            Self::Unstable => "unstable",
        }
    }

    pub(crate) fn code(self) -> u32 {
        Self::ALL
            .iter()
            .position(|other| *other == self)
            .unwrap_or(0) as u32
            + 1
    }

    /// `None` for the code of no verdict, 0.
    pub(crate) fn from_code(code: u32) -> Option<Self> {
        Self::ALL
            .get(usize::try_from(code.checked_sub(1)?).ok()?)
            .copied()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_can_show_has_its_severity() {
        for verdict in Verdict::ALL {
            // `second` says when it shows, and something else is what shows.
            let shows = verdict.is_bad() && verdict != Verdict::Second;
            assert_eq!(Verdict::BY_SEVERITY.contains(&verdict), shows, "{verdict}");
        }
    }
}
