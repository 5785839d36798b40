//! What Assay does to a module before any engine sees it, and what it reads from one.
//!
//! [`prepare`] turns a module as a generator or a user made it into one that every engine can
//! run to the same end, and that the harness can look into with `i32`, `i64` and `externref`
//! alone:
//!
//! - **deterministic** ([`mod@rewrite`]): it counts its own fuel, so that all engines stop at the
//!   same instruction; NaNs are made canonical where the specification leaves their bits open
//!   (Core, section 4.3.3, "NaN Propagation"); array lengths can be bounded.
//! - **closed** ([`mod@provider`]): imported globals, memories, tables and tags come from a second
//!   module, imported functions from the deterministic host.
//! - **open to view** ([`mod@shims`]): one export that lifts arguments, lowers results, catches
//!   exceptions, and tells globals and tables.
//! - **cheap**: what nothing refers to is dropped or becomes part of that one export, since engines
//!   take longer for many small functions than for a large one.

mod groups;
pub mod info;
mod lift;
mod numbers;
mod prepare;
pub mod provider;
pub mod rewrite;
mod sections;
pub mod shims;
mod type_table;
pub mod types;
mod uses;

pub use info::{Exports, Info};
pub use prepare::{Callable, Plan, PrepareError, Prepared, Telling, prepare};
pub use types::{Signature, Type, lower, raise, wasm_features};
