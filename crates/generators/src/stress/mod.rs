//! Stress generators: sequences of operations that carry their own answer.
//!
//! A stress case is a typed [`Sequence`]: a setting (types, tables, tags: what the operations find)
//! and a list of operations. Each operation is a row of an operation table: its name, what it
//! needs, what it gives, how often it is drawn, and one function that does three things at once:
//! it chooses operands among what is there, does to the *model* what the specification says, and
//! emits the instructions. So there is no moment at which the answer of a case is unknown, and a
//! case can be judged with one engine alone.
//!
//! - **Generation** draws rows by weight, and leaves out those that find nothing to work on.
//! - **Repair** performs a list again. An operand names the operation that gave it; where that one is
//!   gone, the nearest that fits takes its place, and an operation that finds none goes as well. So
//!   *any* list of operations, in any setting, means a valid module, with its answer.
//! - **Mutation** ([`Sequence`]'s [`mutatis`] mutator, [`Mutator`]) and **shrinking** ([`shrink()`]) therefore
//!   change lists freely and repair.
//!
//! # To add one
//!
//! A folder here with a [`Family`] ([`Setting`], model, operation table), and a row in [`STRESS`].
//! [`Sequence::generate`], repair, mutation, shrinking, the tests of the table and the target come
//! with it.

mod body;
mod case;
mod choices;
mod digest;
pub mod exception_ops;
pub mod gc_ops;
pub mod gc_x_exceptions;
mod host;
pub mod host_calls;
mod mutate;
mod naming;
mod numbers;
mod parts;
mod scopes;
mod sequence;
mod setting;
mod shrink;
pub mod stacks;
#[cfg(test)]
mod tests;

pub use case::StressCase;
pub use choices::Choices;
pub use mutate::Mutator;
pub use sequence::{Family, Operation, Row, Sequence};
pub use setting::{Change, Setting};
pub use shrink::shrink;

use crate::Draft;
use arbitrary::{Result, Unstructured};
use assay_engine::Features;

/// A case, and its draft.
pub type Made = (Box<dyn StressCase>, Draft);

/// A generator of cases that carry their answer.
pub struct StressGenerator {
    /// Its name, which is that of its target.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// The features without which there is no case.
    pub needs: Features,
    /// Makes a case of at most these features, with its draft.
    pub generate: fn(&mut Unstructured<'_>, Features) -> Result<Made>,
    /// The names of its operations.
    pub operations: fn() -> Vec<&'static str>,
}

impl StressGenerator {
    /// The row of a family.
    const fn of<F: Family>(about: &'static str, needs: Features) -> Self {
        Self {
            name: F::NAME,
            about,
            needs,
            generate: |u, features| {
                let (case, draft) = Sequence::<F>::generate(u, features)?;
                Ok((Box::new(case), draft))
            },
            operations: || F::TABLE.iter().map(|row| row.name).collect(),
        }
    }
}

/// All stress generators.
pub const STRESS: &[StressGenerator] = &[
    StressGenerator::of::<gc_ops::GcOps>(
        "object graphs under collection, with all instructions of garbage collection",
        Features::GC
            .union(Features::FUNCTION_REFERENCES)
            .union(Features::REFERENCE_TYPES),
    ),
    StressGenerator::of::<exception_ops::ExceptionOps>(
        "exceptions on every way: blocks, calls of all kinds, the host, thrown again from where they were kept",
        Features::EXCEPTIONS.union(Features::REFERENCE_TYPES),
    ),
    StressGenerator::of::<gc_x_exceptions::GcXExceptions>(
        "object graphs that exceptions pass by, or alone keep alive, under collection",
        Features::GC
            .union(Features::FUNCTION_REFERENCES)
            .union(Features::REFERENCE_TYPES)
            .union(Features::EXCEPTIONS),
    ),
    StressGenerator::of::<stacks::Stacks>(
        "call stacks: which functions are active, and where, at host calls, traps and uncaught exceptions",
        Features::empty(),
    ),
    StressGenerator::of::<host_calls::HostCalls>(
        "functions of the host's, called in all ways, and what they do: call back, catch, grow, interrupt",
        Features::empty(),
    ),
];

/// The stress generator of this name.
pub fn find(name: &str) -> Option<&'static StressGenerator> {
    STRESS.iter().find(|generator| generator.name == name)
}
