//! Vector instructions (Core, 4.3.1 to 4.3.5 and 4.6.8, "Vector Instructions").
//!
//! A vector is a `u128`; its lane 0 is at the least significant end. All that vector instructions
//! compute without touching memory are pure functions here, one for each [`Shape`]: `unary`,
//! `binary`, `ternary`, `shift`, `splat`, `extract`, `replace`, `test` and
//! `shuffle`. The operators stand in one table (`table.rs`), which says in a row what each one
//! does with a lane; `lanes.rs` carries that over to vectors.
//!
//! The results are those of the deterministic profile: every NaN that an operator produces is the
//! positive canonical one. What else the specification allows is the matter of [`expected()`] for
//! NaNs and of [`relaxed`](super::relaxed) for relaxed operators.

mod expected;
pub(crate) mod float;
pub(crate) mod integer;
pub(crate) mod lanes;
mod table;
#[cfg(test)]
mod tests;

pub use super::expected::{Expected, LaneRule};
pub use expected::expected;
pub(crate) use lanes::shuffle;
pub use table::VectorOp;
pub(crate) use table::{binary, extract, replace, shift, splat, ternary, test, unary};

/// What an operator takes and gives. Immediates are in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `v128 -> v128`
    Unary,
    /// `v128 v128 -> v128`
    Binary,
    /// `v128 v128 v128 -> v128`
    Ternary,
    /// `v128 i32 -> v128`
    Shift,
    /// `number -> v128`
    Splat,
    /// `[lane] v128 -> number`
    Extract,
    /// `[lane] v128 number -> v128`
    Replace,
    /// `v128 -> i32`
    Test,
    /// `[16 lanes] v128 v128 -> v128`
    Shuffle,
}
