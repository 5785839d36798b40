//! A case of any family, for those who do not care which.

use super::{Family, Sequence, shrink};
use crate::Draft;
use mutatis::Session;
use std::fmt::Debug;

/// A case of a stress generator, repaired: all its operations can be performed.
pub trait StressCase: Debug {
    /// The names of its operations, in order.
    fn names(&self) -> Vec<&'static str>;

    /// The module, the calls and the answers.
    fn draft(&self) -> Draft;

    /// The smallest case that can be reached from this one and still `shows` what it does; see
    /// [`shrink()`].
    fn shrunk(&self, shows: &mut dyn FnMut(&Draft) -> bool) -> Box<dyn StressCase>;

    /// The case after so many changes, repaired after each. The same seed gives the same.
    fn mutated(&self, seed: u64, changes: u32) -> Box<dyn StressCase>;

    /// The case with only those of its operations whose places `keeps` takes, repaired.
    fn with_only(&self, keeps: &mut dyn FnMut(usize) -> bool) -> Box<dyn StressCase>;
}

impl<F: Family> StressCase for Sequence<F> {
    fn names(&self) -> Vec<&'static str> {
        Self::names(self).collect()
    }

    fn draft(&self) -> Draft {
        self.perform().1
    }

    fn shrunk(&self, shows: &mut dyn FnMut(&Draft) -> bool) -> Box<dyn StressCase> {
        Box::new(shrink(self, shows))
    }

    fn mutated(&self, seed: u64, changes: u32) -> Box<dyn StressCase> {
        let mut session = Session::new().seed(seed);
        let mut case = self.clone();
        for _ in 0..changes {
            // There is always something to put in.
            if session.mutate(&mut case).is_err() {
                break;
            }
        }
        Box::new(case)
    }

    fn with_only(&self, keeps: &mut dyn FnMut(usize) -> bool) -> Box<dyn StressCase> {
        let mut case = self.clone();
        let mut place = 0..;
        case.operations
            .retain(|_| place.next().is_some_and(&mut *keeps));
        Box::new(case.perform().0)
    }
}
