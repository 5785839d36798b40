//! The fixed sequence that all choices of a run come from.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    pub fn new() -> Self {
        Self(ChaCha8Rng::seed_from_u64(0))
    }

    /// A number below `count`, which is not 0.
    pub fn below(&mut self, count: usize) -> usize {
        self.0.random_range(0..count.max(1))
    }

    /// Bits of a number: small ones, extreme ones, any.
    pub fn bits(&mut self) -> u64 {
        match self.below(4) {
            0 => self.below(70_000) as u64,
            1 => (self.below(16) as u64).wrapping_sub(8),
            2 => 1 << self.below(64),
            _ => self.0.random(),
        }
    }
}
