//! The row of results of a shim: an outcome and the state after it, in one line of a script.
//!
//! [`Shim::read`] says what a row means; here is the way back, and what a script may have for one.

use crate::text::Pattern;
use assay_engine::{Outcome, Reference, Shim, Value};

/// Whether the shim can return a row with this outcome, and a script can claim it.
pub(super) fn is_row(outcome: &Outcome, shim: &Shim) -> bool {
    let fits = |values: &[Value]| {
        values.len() == shim.results as usize
            && values.iter().all(|&value| Pattern::is_exact(value))
    };
    status(outcome).is_some()
        && match outcome {
            Outcome::Threw { tag: None, payload } => payload.is_empty(),
            Outcome::Returned(values)
            | Outcome::Threw {
                payload: values, ..
            } => fits(values),
            _ => false,
        }
}

/// The row for such an outcome; `zeros` is what comes before the status where there is no more to
/// tell than that.
pub(super) fn row(outcome: &Outcome, zeros: Vec<Value>, slots: &[Value]) -> Option<Vec<Value>> {
    let mut row = match outcome {
        Outcome::Threw { tag: None, .. } => zeros,
        Outcome::Returned(values)
        | Outcome::Threw {
            payload: values, ..
        } => values.clone(),
        _ => return None,
    };
    row.push(Value::I32(status(outcome)?));
    row.extend(slots);
    Some(row)
}

/// The outcome and the slots of a claimed row.
pub(super) fn read_row(
    patterns: &[Pattern],
    shim: &Shim,
) -> Result<(Outcome, Vec<Value>), &'static str> {
    let row: Option<Vec<_>> = patterns.iter().map(|pattern| pattern.value()).collect();
    let row = row.ok_or("a result that leaves a choice: the shim's are claimed exactly")?;
    let are_zeros = row.iter().take(shim.results as usize).all(|&v| is_zero(v));
    let (outcome, slots) = shim
        .read(row)
        .ok_or("the shim returns its results, an i32 for the status, and the slots of the state")?;
    if matches!(outcome, Outcome::Threw { tag: None, .. }) && !are_zeros {
        return Err("the shim returns zeros and nulls with the status -1");
    }
    Ok((outcome, slots))
}

/// The slots of a row that calls no function.
pub(super) fn read_look(patterns: &[Pattern], shim: &Shim) -> Result<Vec<Value>, &'static str> {
    match read_row(patterns, shim)? {
        (Outcome::Returned(zeros), slots) if zeros.iter().all(|&v| is_zero(v)) => Ok(slots),
        _ => Err("a look at the state returns zeros and nulls, the status 0, and the state"),
    }
}

/// The status with which the shim tells this outcome; `None` for one that it does not tell, and
/// for a tag too large to have a status.
fn status(outcome: &Outcome) -> Option<u32> {
    match outcome {
        Outcome::Returned(_) => Some(0),
        Outcome::Threw { tag: None, .. } => Some(u32::MAX),
        Outcome::Threw { tag: Some(tag), .. } => {
            tag.checked_add(1).filter(|&status| status != u32::MAX)
        }
        _ => None,
    }
}

fn is_zero(value: Value) -> bool {
    match value {
        Value::I32(_) | Value::I64(_) => value.bits() == 0,
        value => value == Value::Ref(Reference::Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shim() -> Shim {
        Shim {
            results: 1,
            state: vec!["fuel".into()],
            ..Shim::default()
        }
    }

    fn threw(tag: Option<u32>, payload: &[Value]) -> Outcome {
        let payload = payload.to_vec();
        Outcome::Threw { tag, payload }
    }

    fn read(values: &[Value]) -> Result<(Outcome, Vec<Value>), &'static str> {
        let patterns: Vec<_> = values.iter().copied().map(Pattern::Is).collect();
        read_row(&patterns, &shim())
    }

    #[test]
    fn what_is_written_as_a_row_is_read_from_it() {
        let slots = vec![Value::I32(9)];
        for outcome in [
            Outcome::Returned(vec![Value::I64(7)]),
            threw(Some(0), &[Value::I64(7)]),
            threw(Some(u32::MAX - 2), &[Value::I32(0)]),
            threw(None, &[]),
        ] {
            assert!(is_row(&outcome, &shim()), "{outcome}");
            let row = row(&outcome, vec![Value::I64(0)], &slots).unwrap();
            assert_eq!(read(&row), Ok((outcome, slots.clone())));
        }
    }

    #[test]
    fn what_the_shim_cannot_tell_is_no_row() {
        for outcome in [
            Outcome::Returned(vec![]),
            Outcome::Returned(vec![Value::Ref(Reference::I31(0))]),
            threw(Some(0), &[]),
            threw(Some(u32::MAX - 1), &[Value::I64(7)]),
            threw(Some(u32::MAX), &[Value::I64(7)]),
            threw(None, &[Value::I64(7)]),
            Outcome::Trapped(assay_engine::Trap::Unreachable.into()),
        ] {
            assert!(!is_row(&outcome, &shim()), "{outcome}");
        }
    }

    #[test]
    fn a_row_of_another_shape_is_refused() {
        let (one, slot) = (Value::I64(1), Value::I32(9));
        assert!(read(&[one, slot]).is_err());
        assert!(read(&[one, Value::I64(0), slot]).is_err());
        assert!(read(&[one, Value::I32(u32::MAX), slot]).is_err());
        let choice = [
            Pattern::AnyI31,
            Pattern::Is(Value::I32(0)),
            Pattern::Is(slot),
        ];
        assert!(read_row(&choice, &shim()).is_err());
    }

    #[test]
    fn a_look_tells_nothing_but_the_state() {
        let look = |result, status| {
            let row = [Value::I64(result), Value::I32(status), Value::I32(9)];
            read_look(&row.map(Pattern::Is), &shim())
        };
        assert_eq!(look(0, 0), Ok(vec![Value::I32(9)]));
        assert!(look(1, 0).is_err());
        assert!(look(0, 1).is_err());
        assert!(look(0, u32::MAX).is_err());
    }
}
