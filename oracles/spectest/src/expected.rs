//! What a directive expects of an outcome.

use crate::patterns::all_match;
use assay_engine::{Outcome, Phase, Resource, Trap, Traps};
use std::fmt;
use wast::WastRet;

/// What a directive expects.
#[derive(Debug)]
pub(crate) enum Expected<'a> {
    /// That the module is accepted, the instance made, or the call returns.
    Success,
    /// That the module is refused before anything is linked.
    Refused,
    /// That the imports do not match.
    Unlinkable,
    /// A trap of this name.
    Trap(&'a str),
    /// That the stack ends.
    Exhaustion,
    /// An exception that nothing catches.
    Exception,
    /// These results.
    Results(Vec<WastRet<'a>>),
}

impl Expected<'_> {
    /// Whether an outcome is as expected; its values are those of the script's own types.
    pub fn is(&self, outcome: &Outcome) -> bool {
        match (self, outcome) {
            (Self::Success, Outcome::Returned(_))
            | (Self::Refused, Outcome::Rejected(Phase::Compile))
            | (Self::Unlinkable, Outcome::Rejected(Phase::Link))
            | (Self::Exhaustion, Outcome::Exhausted(Resource::Stack))
            | (Self::Exception, Outcome::Threw { .. }) => true,
            (Self::Trap(name), Outcome::Trapped(traps)) => traps.agree(named(name)),
            (Self::Results(expected), Outcome::Returned(values)) => all_match(values, expected),
            _ => false,
        }
    }
}

/// The traps that a script may mean by a name. It says more than the kind at times, such as the
/// index of an element or the sort of a null reference, and at times less.
fn named(name: &str) -> Traps {
    let is_meant = |trap: &&Trap| {
        let text = trap.text();
        let null = **trap == Trap::NullReference && name.starts_with("null ");
        null || name.starts_with(text) || text.starts_with(name)
    };
    let meant: Vec<Trap> = Trap::ALL.iter().filter(is_meant).copied().collect();
    Traps::any_of(&meant)
}

impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.write_str("success"),
            Self::Refused => f.write_str("that the module is refused"),
            Self::Unlinkable => f.write_str("that the imports do not match"),
            Self::Trap(name) => write!(f, "the trap {name:?}"),
            Self::Exhaustion => f.write_str("that the stack ends"),
            Self::Exception => f.write_str("an exception"),
            Self::Results(results) => {
                let cores = results.iter().map(|result| match result {
                    WastRet::Core(core) => format!("{core:?}"),
                    other => format!("{other:?}"),
                });
                write!(f, "({})", cores.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_traps() {
        let cases = [
            ("undefined element 7", &[Trap::UndefinedElement][..]),
            ("null array reference", &[Trap::NullReference]),
            (
                "out of bounds table access",
                &[Trap::OutOfBoundsTableAccess],
            ),
            (
                "integer",
                &[Trap::IntegerDivideByZero, Trap::IntegerOverflow],
            ),
            ("no such trap", &[]),
        ];
        for (name, traps) in cases {
            assert_eq!(named(name), Traps::any_of(traps), "{name}");
        }
    }
}
