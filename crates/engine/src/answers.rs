//! What the generator of a program knows of its run.

use crate::{Lives, Outcome, Stack};

/// What a program must come to, where its generator knows: the answers of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// What each call must come to; nothing where that is not known.
    pub outcomes: Vec<Outcome>,
    /// The call stacks that each call must have, by its number; nothing where they are not known.
    pub stacks: Vec<Vec<Stack>>,
    /// What must become of the host's objects, where it makes any.
    pub lives: Option<Lives>,
}

impl Answers {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }
}
