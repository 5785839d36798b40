//! Where in a run something was seen, in words.

use assay_engine::{Program, Shim};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A point of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// After instantiation.
    Instantiation,
    /// After call number `n`, from 0.
    Call(usize),
    /// After the last call, and when all is given up.
    End,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instantiation => f.write_str("instantiation"),
            Self::Call(n) => write!(f, "call {n}"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// The function that call `call` of a program is of, by number and name, as `2:I32Add/1`.
pub fn function_name(program: &Program, call: usize) -> Option<String> {
    let number = Shim::number(&program.calls.get(call)?.args)?;
    let name = program.shim.as_ref()?.functions.get(number as usize)?;
    Some(format!("{number}:{name}"))
}

/// What slot `slot` of the state tells: `fuel`, `global 2`, `table 0 size`, …
pub fn slot_name(program: &Program, slot: usize) -> String {
    let shim = program.shim.as_ref();
    shim.and_then(|shim| shim.state.get(slot).cloned())
        .unwrap_or_else(|| format!("slot {slot}"))
}
