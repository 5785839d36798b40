//! A check, and what it comes to.

use crate::fixture::{self, calling};
use assay_engine::{Engine, EngineError, Features, Outcome, Phase, Trap, Traps, Value};
use std::fmt;

/// What a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// That an engine runs what it claims, and refuses the rest.
    Features,
    /// Programs of several modules, and modules that are refused.
    Linking,
    /// Values on their way in and out.
    Values,
    /// Every trap by its kind, and the end of the stack.
    Traps,
    /// Exceptions that reach the host, or come from it.
    Exceptions,
    /// Host functions: what they do, and what is recorded of it.
    Host,
    /// Host functions that take hold of what stops a callee, write to memories, and interrupt.
    Actions,
    /// What may be asked of an instance, and what may not.
    Instances,
    /// The state that is observed between calls.
    State,
    /// Scripts of several instances.
    Scripts,
    /// Call stacks.
    Stacks,
}

/// A duty of an engine's adapter.
pub struct Check {
    /// What it is about.
    pub group: Group,
    /// What holds, in words.
    pub name: &'static str,
    /// The features without which it cannot be asked.
    pub needs: Features,
    pub(crate) body: Body,
}

/// How a check is made.
pub(crate) enum Body {
    /// By any means.
    Code(fn(&mut dyn Engine) -> Result<(), Failure>),
    /// The export `f` of a module with these fields returns these values.
    Returns(&'static str, &'static [Value]),
    /// Instantiation of a module with these fields, or else its export `f`, traps so.
    Traps(&'static str, Trap),
}

/// What a check comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The engine does what it must.
    Passed,
    /// The engine does not claim these features, all of which the check needs.
    Lacks(Features),
    /// It does something else.
    Failed(Failure),
}

/// How an engine fails a check.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Something is not what it must be.
    #[error("{what}: expected {expected}, found {found}")]
    Differs {
        /// Of what.
        what: String,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The engine itself fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A module of this crate does not parse. A fault of the suite.
    #[error("a text of the suite: {0}")]
    Text(String),
}

/// The traps that an engine may report as one: those of a row share a text or a code in some
/// engine.
const CONFUSED: &[Traps] = &[
    Traps::any_of(&[Trap::UndefinedElement, Trap::OutOfBoundsTableAccess]),
    Traps::any_of(&[Trap::UninitializedElement, Trap::IndirectCallTypeMismatch]),
    Traps::any_of(&[Trap::IntegerOverflow, Trap::InvalidConversionToInteger]),
];

impl Check {
    pub(crate) const fn code(
        group: Group,
        name: &'static str,
        needs: Features,
        code: fn(&mut dyn Engine) -> Result<(), Failure>,
    ) -> Self {
        let body = Body::Code(code);
        Self {
            group,
            name,
            needs,
            body,
        }
    }

    pub(crate) const fn returns(
        group: Group,
        name: &'static str,
        needs: Features,
        fields: &'static str,
        values: &'static [Value],
    ) -> Self {
        let body = Body::Returns(fields, values);
        Self {
            group,
            name,
            needs,
            body,
        }
    }

    pub(crate) const fn traps(
        name: &'static str,
        needs: Features,
        trap: Trap,
        fields: &'static str,
    ) -> Self {
        Self {
            group: Group::Traps,
            name,
            needs,
            body: Body::Traps(fields, trap),
        }
    }

    /// Puts an engine to the check.
    pub fn judge(&self, engine: &mut dyn Engine) -> Verdict {
        let missing = self.needs - engine.features();
        let result = if missing.is_empty() {
            self.run(engine)
        } else {
            self.run_without(engine)
        };
        match result {
            Err(failure) => Verdict::Failed(failure),
            Ok(()) if missing.is_empty() => Verdict::Passed,
            Ok(()) => Verdict::Lacks(missing),
        }
    }

    fn run(&self, engine: &mut dyn Engine) -> Result<(), Failure> {
        match self.body {
            Body::Code(code) => code(engine),
            Body::Returns(fields, values) => {
                let expected = Outcome::Returned(values.to_vec());
                same("the outcome", &outcome_of_f(engine, fields)?, &expected)
            }
            Body::Traps(fields, trap) => trapped(&outcome_of_f(engine, fields)?, trap),
        }
    }

    /// The module that needs a feature is refused where the feature is not claimed.
    fn run_without(&self, engine: &mut dyn Engine) -> Result<(), Failure> {
        match self.body {
            Body::Returns(fields, _) if self.group == Group::Features => {
                let refused = Outcome::Rejected(Phase::Compile);
                let what = "without the feature, the outcome";
                same(what, &outcome_of_f(engine, fields)?, &refused)
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Check {
    /// The group and the name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.group, self.name)
    }
}

/// The outcome of `f`, or of an instantiation that fails.
fn outcome_of_f(engine: &mut dyn Engine, fields: &str) -> Result<Outcome, Failure> {
    let transcript = engine.run(&calling(fields, &[("f", &[])])?)?;
    Ok(fixture::last(&transcript))
}

/// It trapped with this trap. A report may leave open whether it was another one that some engine
/// cannot tell from it.
pub(crate) fn trapped(found: &Outcome, trap: Trap) -> Result<(), Failure> {
    let expected = Outcome::Trapped(trap.into());
    let may_mean = |traps: Traps| {
        let row = CONFUSED.iter().find(|row| row.contains(trap)).copied();
        let row = row.unwrap_or_else(|| trap.into());
        traps.contains(trap) && traps.iter().all(|other| row.contains(other))
    };
    match found {
        Outcome::Trapped(traps) if may_mean(*traps) => Ok(()),
        _ => same("the outcome", found, &expected),
    }
}

/// Two things are equal.
pub(crate) fn same<T: PartialEq + fmt::Debug + ?Sized>(
    what: &str,
    found: &T,
    expected: &T,
) -> Result<(), Failure> {
    if found == expected {
        return Ok(());
    }
    Err(Failure::Differs {
        what: what.to_owned(),
        expected: format!("{expected:?}"),
        found: format!("{found:?}"),
    })
}

/// What was asked for breaks a rule, and the engine says so.
pub(crate) fn misuse<T: fmt::Debug>(
    what: &str,
    found: Result<T, EngineError>,
) -> Result<(), Failure> {
    match found {
        Err(EngineError::Misuse { .. }) => Ok(()),
        other => Err(Failure::Differs {
            what: what.to_owned(),
            expected: "EngineError::Misuse".to_owned(),
            found: format!("{other:?}"),
        }),
    }
}

/// What an engine made of some checks.
pub struct Report {
    engine: String,
    verdicts: Vec<(&'static Check, Verdict)>,
}

impl Report {
    /// Puts an engine through these checks.
    pub fn of(engine: &mut dyn Engine, checks: impl Iterator<Item = &'static Check>) -> Self {
        Self {
            verdicts: checks.map(|check| (check, check.judge(engine))).collect(),
            engine: engine.name().to_owned(),
        }
    }

    /// Each check and its verdict.
    pub fn verdicts(&self) -> impl Iterator<Item = (&'static Check, &Verdict)> {
        self.verdicts
            .iter()
            .map(|(check, verdict)| (*check, verdict))
    }

    /// The features for lack of which checks were not made.
    pub fn lacks(&self) -> Features {
        self.verdicts
            .iter()
            .fold(Features::empty(), |all, (_, verdict)| match verdict {
                Verdict::Lacks(features) => all | *features,
                _ => all,
            })
    }

    /// Whether no check failed.
    pub fn is_clean(&self) -> bool {
        !self
            .verdicts
            .iter()
            .any(|(_, verdict)| matches!(verdict, Verdict::Failed(_)))
    }
}

impl fmt::Display for Report {
    /// How many checks passed, and all failures.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let passed = |row: &&(_, Verdict)| row.1 == Verdict::Passed;
        let passed = self.verdicts.iter().filter(passed).count();
        let made = self.verdicts.len();
        writeln!(f, "{} passed {passed} of {made} checks", self.engine)?;
        for (check, verdict) in &self.verdicts {
            if let Verdict::Failed(failure) = verdict {
                writeln!(f, "{check}: {failure}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trap_may_be_left_open_only_within_its_row() {
        let report =
            |traps: &[Trap], trap| trapped(&Outcome::Trapped(Traps::any_of(traps)), trap).is_ok();
        let index = [Trap::UndefinedElement, Trap::OutOfBoundsTableAccess];
        assert!(report(&[Trap::Unreachable], Trap::Unreachable));
        assert!(report(&index, Trap::UndefinedElement));
        assert!(!report(&index[1..], Trap::UndefinedElement));
        assert!(!report(Trap::ALL, Trap::UndefinedElement));
        assert!(!report(&index, Trap::Unreachable));
    }
}
