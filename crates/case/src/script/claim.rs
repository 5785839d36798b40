//! Which line a script has for an outcome, and which outcome a line alone stands for.
//!
//! Two functions, and nearly inverse: where [`Claim::call_outcome`] does not give back the outcome
//! that the claim was made for, the header holds the outcome as well. A header's outcome that
//! would not be written as the line that the script has is an error.

use super::Claim;
use crate::modules::Manner;
use crate::text::Pattern;
use assay_engine::{Outcome, Phase, Resource, Trap, Traps, Value};

impl Claim {
    /// What a script says of a call with this outcome.
    pub fn of_call(outcome: &Outcome, manner: &Manner) -> Self {
        match (outcome, manner) {
            (Outcome::Returned(values), manner) => {
                let status = (*manner != Manner::Plain).then_some(Value::I32(0));
                patterns(values.iter().copied().chain(status)).map_or(Self::Nothing, Self::Returns)
            }
            (Outcome::Threw { tag, payload }, Manner::Catching { zeros }) => {
                Self::of_caught(*tag, payload, zeros.is_some())
            }
            (Outcome::Exhausted(Resource::Stack), _) => Self::Exhausts,
            (Outcome::Rejected(_), _) => Self::Nothing,
            (outcome, _) => Self::of_either(outcome),
        }
    }

    /// What a script says of an exception that a shim caught.
    fn of_caught(tag: Option<u32>, payload: &[Value], asserted: bool) -> Self {
        let is_told = match tag {
            Some(_) => status(tag).is_some(),
            None => asserted && payload.is_empty(),
        };
        match patterns(payload.iter().copied()) {
            Some(payload) if is_told => Self::Catches {
                asserted,
                tag,
                payload,
            },
            _ => Self::Nothing,
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
            claim => claim.call_outcome(false, None),
        }
    }

    /// The outcome of a call that the claim, and the slots that are claimed after it, stand for,
    /// if there is one.
    pub fn call_outcome(&self, catches: bool, slots: Option<&[Value]>) -> Option<Outcome> {
        match self {
            Self::Returns(patterns) => {
                let mut values = values(patterns)?;
                if catches && values.pop() != Some(Value::I32(0)) {
                    return None;
                }
                Some(Outcome::Returned(values))
            }
            Self::Catches { tag, payload, .. } => Some(Outcome::Threw {
                tag: *tag,
                payload: values(payload)?,
            }),
            Self::Traps(text) => {
                let trap = *Trap::ALL.iter().find(|trap| trap.text() == text)?;
                if trap == Trap::Unreachable && slots.is_some_and(is_out_of_fuel) {
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

/// The status that a catching shim returns for this tag; `None` for a tag too large to have one.
pub(super) fn status(tag: Option<u32>) -> Option<u32> {
    match tag {
        None => Some(u32::MAX),
        Some(tag) => tag.checked_add(1).filter(|&status| status != u32::MAX),
    }
}

/// The tag that a status other than 0 stands for.
pub(super) fn tag(status: u32) -> Option<u32> {
    status.checked_sub(1).filter(|_| status != u32::MAX)
}

/// Whether these slots of a state say that the fuel ran out, as in
/// [`names::OBSERVE`](assay_engine::names::OBSERVE).
fn is_out_of_fuel(slots: &[Value]) -> bool {
    matches!(slots.first(), Some(Value::I32(fuel)) if fuel.cast_signed() < 0)
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

/// What a script can say of all values; `None` when it cannot say it of one.
fn patterns(values: impl Iterator<Item = Value>) -> Option<Vec<Pattern>> {
    values.map(Pattern::of).collect()
}

/// The values, where no pattern leaves a choice.
fn values(patterns: &[Pattern]) -> Option<Vec<Value>> {
    patterns.iter().map(|pattern| pattern.value()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_engine::Reference;

    #[test]
    fn every_trap_is_told_by_its_line_alone() {
        for &trap in Trap::ALL {
            let outcome = Outcome::Trapped(trap.into());
            let claim = Claim::of_call(&outcome, &Manner::Plain);
            assert_eq!(claim, Claim::Traps(trap.text().into()));
            assert_eq!(claim.call_outcome(false, None), Some(outcome));
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
            assert_eq!(
                Claim::of_call(&outcome, &Manner::Plain).call_outcome(false, None),
                None,
                "{outcome}"
            );
        }
    }

    #[test]
    fn a_catching_call_returns_its_status_too() {
        let outcome = Outcome::Returned(vec![Value::I64(1)]);
        let claim = Claim::of_call(&outcome, &Manner::Catching { zeros: None });
        let both = [Value::I64(1), Value::I32(0)].map(Pattern::Is);
        assert_eq!(claim, Claim::Returns(both.to_vec()));
        assert_eq!(claim.call_outcome(true, None), Some(outcome));
        assert_eq!(
            Claim::Returns(vec![Pattern::Is(Value::I32(1))]).call_outcome(true, None),
            None
        );
    }

    #[test]
    fn only_a_status_tells_of_a_foreign_tag() {
        let outcome = Outcome::Threw {
            tag: None,
            payload: vec![],
        };
        let claim = |zeros| Claim::of_call(&outcome, &Manner::Catching { zeros });
        assert_eq!(claim(None), Claim::Nothing);
        assert_eq!(
            claim(Some(vec![])).call_outcome(true, None),
            Some(outcome.clone())
        );
    }

    #[test]
    fn status_and_tag_are_inverse() {
        for of in [None, Some(0), Some(1), Some(u32::MAX - 2)] {
            assert_eq!(tag(status(of).unwrap()), of);
        }
        assert_eq!(status(Some(u32::MAX - 1)), None);
        assert_eq!(status(Some(u32::MAX)), None);
    }

    #[test]
    fn the_fuel_slot_tells_fuel_from_a_trap() {
        let claim = Claim::Traps("unreachable".into());
        let fuel = Outcome::Exhausted(Resource::Fuel);
        let trap = Outcome::Trapped(Trap::Unreachable.into());
        assert_eq!(Claim::of_call(&fuel, &Manner::Plain), claim);
        assert_eq!(Claim::of_call(&trap, &Manner::Plain), claim);
        assert_eq!(
            claim.call_outcome(false, Some(&[Value::I32(u32::MAX)])),
            Some(fuel)
        );
        assert_eq!(
            claim.call_outcome(false, Some(&[Value::I32(1)])),
            Some(trap.clone())
        );
        assert_eq!(claim.call_outcome(false, None), Some(trap));
    }
}
