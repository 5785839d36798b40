//! Generators: random bytes in, programs out.
//!
//! Each generator gives a [`Draft`]: a module of certain [`Features`]
//! and calls of its exports in their own types. [`Draft::finish`] makes it ready for engines.
//!
//! To add one: a file here, with a function from bytes and features to a draft, and a row in
//! [`GENERATORS`].

pub mod calls;
mod draft;
pub mod modules;
pub mod single_op;
pub mod stress;
pub mod wasm_smith;

pub use draft::{Bare, Draft, DraftCall, Finished};

use arbitrary::{Result, Unstructured};
use assay_engine::Features;

/// A generator of drafts.
pub struct Generator {
    /// Its name.
    pub name: &'static str,
    /// How often it is chosen, relative to the others.
    pub weight: u32,
    /// Makes a draft of at most these features.
    pub generate: fn(&mut Unstructured<'_>, Features) -> Result<Draft>,
}

/// All generators that need nothing but bytes.
pub const GENERATORS: &[Generator] = &[
    Generator {
        name: "wasm-smith",
        weight: 2,
        generate: wasm_smith::generate,
    },
    Generator {
        name: "single-op",
        weight: 3,
        generate: single_op::generate,
    },
];
