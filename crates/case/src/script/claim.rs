//! Which line a script has for an outcome, and which outcome a line alone stands for.
//!
//! Two functions, and nearly inverse: where [`Claim::call_outcome`] does not give back the outcome
//! that the claim was made for, the header holds the outcome as well. A header's outcome that
//! would not be written as the line that the script has is an error.

use super::{Claim, row};
use crate::text::Pattern;
use assay_engine::{Outcome, Phase, Resource, Shim, Trap, Traps, Value};

impl Claim {
    /// What a script says of a call with this outcome; `observed` where there is a state after it.
    pub fn of_call(outcome: &Outcome, observed: bool, shim: Option<&Shim>) -> Self {
        match (outcome, shim) {
            (outcome, Some(shim)) if observed && row::is_row(outcome, shim) => {
                Self::Tells(outcome.clone())
            }
            (Outcome::Returned(values), None) => {
                let patterns = values.iter().copied().map(Pattern::of);
                patterns
                    .collect::<Option<_>>()
                    .map_or(Self::Nothing, Self::Returns)
            }
            (Outcome::Exhausted(Resource::Stack), _) => Self::Exhausts,
            (Outcome::Returned(_) | Outcome::Rejected(_), _) => Self::Nothing,
            (outcome, _) => Self::of_either(outcome),
        }
    }

    /// What a script says of an instantiation with this outcome.
    pub fn of_start(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Rejected(Phase::Compile) => Self::Invalid,
            Outcome::Rejected(Phase::Link) => Self::Unlinkable,
            outcome => Self::of_either(outcome),
        }
    }

    /// What calls and instantiations have in common.
    fn of_either(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Trapped(traps) => Self::Traps(trap_text(*traps).into()),
            Outcome::Threw { .. } => Self::Throws,
            Outcome::Exhausted(Resource::Fuel) => Self::Traps(Trap::Unreachable.text().into()),
            _ => Self::Nothing,
        }
    }

    /// The outcome of an instantiation that the claim alone stands for, if there is one.
    pub fn start_outcome(&self) -> Option<Outcome> {
        match self {
            Self::Nothing => Some(Outcome::Returned(Vec::new())),
            claim => claim.call_outcome(None),
        }
    }

    /// The outcome of a call that the claim, and the slots that are claimed after it, stand for,
    /// if there is one.
    pub fn call_outcome(&self, slots: Option<&[Value]>) -> Option<Outcome> {
        match self {
            Self::Returns(patterns) => {
                let values = patterns.iter().map(|pattern| pattern.value());
                Some(Outcome::Returned(values.collect::<Option<_>>()?))
            }
            Self::Tells(outcome) => Some(outcome.clone()),
            Self::Traps(text) => {
                let trap = *Trap::ALL.iter().find(|trap| trap.text() == text)?;
                if trap == Trap::Unreachable && slots.is_some_and(Shim::is_out_of_fuel) {
                    return Some(Outcome::Exhausted(Resource::Fuel));
                }
                Some(Outcome::Trapped(trap.into()))
            }
            Self::Exhausts => Some(Outcome::Exhausted(Resource::Stack)),
            Self::Invalid => Some(Outcome::Rejected(Phase::Compile)),
            Self::Unlinkable => Some(Outcome::Rejected(Phase::Link)),
            Self::Nothing | Self::Throws => None,
        }
    }
}

/// The text of the one trap. Of several, only that of no trap in particular is true: runners
/// compare beginnings.
fn trap_text(traps: Traps) -> &'static str {
    let mut all = traps.iter();
    match (all.next(), all.next()) {
        (Some(trap), None) => trap.text(),
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_engine::Reference;

    fn plain(outcome: &Outcome) -> Claim {
        Claim::of_call(outcome, true, None)
    }

    #[test]
    fn every_trap_is_told_by_its_line_alone() {
        for &trap in Trap::ALL {
            let outcome = Outcome::Trapped(trap.into());
            let claim = plain(&outcome);
            assert_eq!(claim, Claim::Traps(trap.text().into()));
            assert_eq!(claim.call_outcome(None), Some(outcome));
        }
    }

    #[test]
    fn a_line_that_leaves_a_choice_stands_for_no_outcome() {
        let either = Traps::any_of(&[Trap::UninitializedElement, Trap::IndirectCallTypeMismatch]);
        for outcome in [
            Outcome::Trapped(either),
            Outcome::Threw {
                tag: Some(0),
                payload: vec![],
            },
            Outcome::Exhausted(Resource::Time),
            Outcome::Returned(vec![Value::Ref(Reference::I31(1))]),
            Outcome::Returned(vec![Value::Ref(Reference::Exn)]),
        ] {
            assert_eq!(plain(&outcome).call_outcome(None), None, "{outcome}");
        }
    }

    #[test]
    fn the_shim_tells_what_came_of_a_call_only_with_the_state() {
        let shim = Shim {
            results: 1,
            ..Shim::default()
        };
        let values = vec![Value::I64(1)];
        let returned = Outcome::Returned(values.clone());
        let threw = Outcome::Threw {
            tag: Some(0),
            payload: values,
        };
        for (outcome, untold) in [(returned, Claim::Nothing), (threw, Claim::Throws)] {
            let claim = |observed| Claim::of_call(&outcome, observed, Some(&shim));
            assert_eq!(claim(true), Claim::Tells(outcome.clone()));
            assert_eq!(claim(true).call_outcome(None), Some(outcome.clone()));
            assert_eq!(claim(false), untold);
        }
    }

    #[test]
    fn the_fuel_slot_tells_fuel_from_a_trap() {
        let claim = Claim::Traps("unreachable".into());
        let fuel = Outcome::Exhausted(Resource::Fuel);
        let trap = Outcome::Trapped(Trap::Unreachable.into());
        assert_eq!(plain(&fuel), claim);
        assert_eq!(plain(&trap), claim);
        let after = |fuel: u32| claim.call_outcome(Some(&[Value::I32(fuel)]));
        assert_eq!(after(u32::MAX), Some(fuel));
        assert_eq!(after(1), Some(trap.clone()));
        assert_eq!(claim.call_outcome(None), Some(trap));
    }
}
