//! The checks: what must hold, why that is sound, and which nondeterminism is legal.
//!
//! One file per check. Each opens with its property; each has a canary in [`faulty`] that proves
//! that it can fail.

pub mod allowed;
pub mod answer;
pub mod differential;
pub mod faulty;
pub mod lives;
mod place;
pub mod stack;

pub use differential::{Comparison, Difference, Verdict, What};
pub use faulty::{Fault, FaultyEngine};
pub use place::{Place, function_name, slot_name};
