//! The bytes of case `index` of the run with seed `seed`.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How many bytes a case is made from: enough for every generator, and for modules of a few hundred
/// to a few thousand bytes.
const LENGTH: std::ops::RangeInclusive<usize> = 1536..=4096;

/// The bytes: a pure function of both numbers.
pub fn of(seed: u64, index: u64) -> Vec<u8> {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&index.to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(key);
    let mut bytes = vec![0; rng.random_range(LENGTH)];
    rng.fill(bytes.as_mut_slice());
    bytes
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_depend_on_both_numbers() {
        assert_eq!(super::of(1, 2), super::of(1, 2));
        assert_ne!(super::of(1, 2), super::of(2, 1));
        assert_ne!(super::of(1, 2), super::of(1, 3));
    }
}
