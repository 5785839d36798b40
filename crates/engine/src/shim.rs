//! What the results of the shim mean.

use crate::{Outcome, Reference, Value};
use serde::{Deserialize, Serialize};

/// The shim of a main module: the export [`names::CALL`](crate::names::CALL), which calls any of
/// the module's functions and tells what came of it and what the state is after it.
///
/// Its arguments are the number of a function, `ints` times an `i64`, and `externs` times an
/// `externref`. Its results are, in this order:
///
/// | results | type | what |
/// |---|---|---|
/// | `results` | slots | what the function returned, or the payload of the exception that it threw; zeros and nulls behind that |
/// | 1 | `i32` | the status: 0 for "returned", `n + 1` for "threw tag `n`", -1 for "threw a tag that the module does not know" |
/// | `state.len()` | slots | the state; the first is the fuel left, an `i32`, negative exactly when it ran out |
///
/// Having told the state, it refills the fuel. A number that is negative (as [`Shim::nested`] makes
/// it) is for calls that the host makes while another call runs: these leave the fuel alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shim {
    /// How many `i64` it takes.
    pub ints: u32,
    /// How many `externref` it takes.
    pub externs: u32,
    /// How many of its results come before the status.
    pub results: u32,
    /// The functions, by number: the names that the module, or its generator, gave them.
    pub functions: Vec<String>,
    /// What the slots of the state are, in words: `fuel`, `global 2`, `table 0 size`.
    pub state: Vec<String>,
}

impl Shim {
    /// The number that calls no function: the state, and nothing else.
    pub const LOOK: u32 = 0x7fff_ffff;

    /// The number for a call that the host makes while another call runs.
    pub fn nested(number: u32) -> u32 {
        number | 0x8000_0000
    }

    /// The number in the arguments of a call.
    pub fn number(args: &[Value]) -> Option<u32> {
        match args.first() {
            Some(&Value::I32(number)) => Some(number & 0x7fff_ffff),
            _ => None,
        }
    }

    /// The arguments that call no function.
    pub fn look(&self) -> Vec<Value> {
        let mut args = vec![Value::I32(Self::LOOK)];
        args.extend((0..self.ints).map(|_| Value::I64(0)));
        args.extend((0..self.externs).map(|_| Value::Ref(Reference::Null)));
        args
    }

    /// What the results of a call mean: the outcome, and the slots of the state. `None` where they
    /// are not the shim's.
    pub fn read(&self, mut values: Vec<Value>) -> Option<(Outcome, Vec<Value>)> {
        let results = self.results as usize;
        if values.len() != results + 1 + self.state.len() {
            return None;
        }
        let state = values.split_off(results + 1);
        let Some(Value::I32(status)) = values.pop() else {
            return None;
        };
        let outcome = match status {
            0 => Outcome::Returned(values),
            u32::MAX => Outcome::Threw {
                tag: None,
                payload: Vec::new(),
            },
            status => Outcome::Threw {
                tag: Some(status - 1),
                payload: values,
            },
        };
        Some((outcome, state))
    }

    /// Whether these slots of the state say that the fuel ran out.
    pub fn is_out_of_fuel(slots: &[Value]) -> bool {
        matches!(slots.first(), Some(Value::I32(fuel)) if fuel.cast_signed() < 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shim() -> Shim {
        Shim {
            ints: 1,
            externs: 1,
            results: 1,
            functions: vec!["f".into()],
            state: vec!["fuel".into(), "global 0".into()],
        }
    }

    #[test]
    fn the_status_says_what_the_results_are() {
        let read = |status| {
            shim().read(vec![
                Value::I64(7),
                Value::I32(status),
                Value::I32(1),
                Value::I64(2),
            ])
        };
        let state = vec![Value::I32(1), Value::I64(2)];
        let payload = vec![Value::I64(7)];
        let returned = Outcome::Returned(payload.clone());
        let threw = |tag, payload| Outcome::Threw { tag, payload };
        assert_eq!(read(0), Some((returned, state.clone())));
        assert_eq!(read(3), Some((threw(Some(2), payload), state.clone())));
        assert_eq!(read(u32::MAX), Some((threw(None, vec![]), state)));
    }

    #[test]
    fn results_of_another_shape_are_not_the_shims() {
        assert_eq!(shim().read(vec![Value::I64(7), Value::I32(0)]), None);
        let statusless = vec![Value::I64(7), Value::I64(0), Value::I32(1), Value::I64(2)];
        assert_eq!(shim().read(statusless), None);
    }

    #[test]
    fn fuel_runs_out_below_zero() {
        assert!(Shim::is_out_of_fuel(&[Value::I32(u32::MAX)]));
        assert!(!Shim::is_out_of_fuel(&[Value::I32(0)]));
        assert!(!Shim::is_out_of_fuel(&[]));
    }
}
