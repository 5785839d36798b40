//! The bytes of case `index` of the run with seed `seed`.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How many bytes a case is made from: enough for every generator, and for modules of a few hundred
/// to a few thousand bytes.
const LENGTH: std::ops::RangeInclusive<usize> = 1536..=4096;

/// How many bytes at the front choose the engines and their configuration.
pub const SETUP: usize = 128;

/// How many cases in a row, or a few more, have the same engines in the same configuration: always all
/// of a program's. Engines that have run other programs before are what embedders have, and each
/// engine takes time to make.
pub const CASES_PER_SETUP: u64 = 10;

/// How many bytes behind those choose the embedding, where a target runs each program several times.
pub const EMBEDDING: usize = 32;

/// The bytes: a pure function of both numbers.
pub fn of(seed: u64, index: u64) -> Vec<u8> {
    of_run(seed, index, 1)
}

/// The bytes where each program is run in so many cases in a row: those of such cases differ in the
/// embedding alone.
pub fn of_run(seed: u64, index: u64, runs: u64) -> Vec<u8> {
    let program = index / runs;
    let setup = program / CASES_PER_SETUP.div_ceil(runs);
    let mut rng = generator(seed, program, 0);
    let mut bytes = vec![0; rng.random_range(LENGTH)];
    rng.fill(&mut bytes[SETUP..]);
    generator(seed, setup, 1).fill(&mut bytes[..SETUP]);
    if runs > 1 {
        generator(seed, index, 2).fill(&mut bytes[SETUP..SETUP + EMBEDDING]);
    }
    bytes
}

fn generator(seed: u64, number: u64, purpose: u8) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&number.to_le_bytes());
    key[16] = purpose;
    ChaCha8Rng::from_seed(key)
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_depend_on_both_numbers() {
        assert_eq!(super::of(1, 2), super::of(1, 2));
        assert_ne!(super::of(1, 2), super::of(2, 1));
        assert_ne!(super::of(1, 2), super::of(1, 3));
    }

    #[test]
    fn neighbours_share_the_setup_and_nothing_else() {
        let [a, b, c] = [20, 29, 30].map(|index| super::of(1, index));
        assert_eq!(a[..super::SETUP], b[..super::SETUP]);
        assert_ne!(a[..super::SETUP], c[..super::SETUP]);
        assert_ne!(a[super::SETUP..1536], b[super::SETUP..1536]);
    }

    #[test]
    fn all_runs_of_a_program_share_the_setup() {
        for runs in 1..=16 {
            for program in 0..100 {
                let first = super::of_run(1, program * runs, runs);
                let last = super::of_run(1, program * runs + runs - 1, runs);
                assert_eq!(first[..super::SETUP], last[..super::SETUP], "{runs}");
            }
        }
    }

    #[test]
    fn runs_of_a_program_differ_in_the_embedding_alone() {
        let behind = super::SETUP + super::EMBEDDING;
        let [a, b, c] = [20, 24, 25].map(|index| super::of_run(1, index, 5));
        assert_eq!(a[..super::SETUP], b[..super::SETUP]);
        assert_ne!(a[super::SETUP..behind], b[super::SETUP..behind]);
        assert_eq!(a[behind..], b[behind..]);
        assert_ne!(a[behind..1536], c[behind..1536]);
    }
}
