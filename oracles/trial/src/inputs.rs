//! Any bytes as a module.

use crate::{deep, mutate};
use arbitrary::{Result, Unstructured};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt;
use wasm_smith::Config;

/// How a module was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The bytes themselves.
    Raw,
    /// By `wasm-smith`, with everything on.
    Smith,
    /// A module of the official suite, changed here and there.
    Mutated,
    /// Something nested, or otherwise large in one direction.
    Deep,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw => "raw",
            Self::Smith => "smith",
            Self::Mutated => "mutated",
            Self::Deep => "deep",
        })
    }
}

type Make = fn(&mut Unstructured<'_>) -> Result<Vec<u8>>;

/// Kinds by the first byte, each as often as it stands here.
const KINDS: [(Kind, Make); 16] = {
    const RAW: (Kind, Make) = (Kind::Raw, raw);
    const DEEP: (Kind, Make) = (Kind::Deep, deep::module);
    const SMITH: (Kind, Make) = (Kind::Smith, smith);
    const MUTATED: (Kind, Make) = (Kind::Mutated, mutate::module);
    [
        RAW, DEEP, SMITH, SMITH, SMITH, SMITH, SMITH, SMITH, MUTATED, MUTATED, MUTATED, MUTATED,
        MUTATED, MUTATED, MUTATED, MUTATED,
    ]
};

/// A module, and how it was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// How.
    pub kind: Kind,
    /// The module in the binary format, which may be malformed.
    pub wasm: Vec<u8>,
}

/// The module of an input; `None` when its bytes do not suffice.
pub fn module_of(data: &[u8]) -> Option<Made> {
    let (&first, rest) = data.split_first()?;
    let (kind, make) = KINDS[usize::from(first) % KINDS.len()];
    let wasm = make(&mut Unstructured::new(rest)).ok()?;
    Some(Made { kind, wasm })
}

/// Input `number` of the run with this seed.
pub fn input(seed: u64, number: u64) -> Vec<u8> {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&number.to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(key);
    let mut bytes = vec![0; rng.random_range(64..=3072)];
    rng.fill(&mut bytes[..]);
    bytes
}

/// What every module begins with.
const HEADER: &[u8] = b"\0asm\x01\0\0\0";

fn raw(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let bytes = u.bytes(u.len())?;
    Ok(match bytes.starts_with(HEADER) {
        true => bytes.to_vec(),
        false => [HEADER, bytes].concat(),
    })
}

/// A module of all proposals that `wasm-smith` knows, without its measures against traps and
/// endless loops.
fn smith(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let config = Config {
        min_funcs: 1,
        max_funcs: 8,
        max_instructions: *u.choose(&[50, 200, 800])?,
        max_types: 12,
        max_imports: 6,
        max_globals: 8,
        max_tags: 4,
        max_memories: 3,
        max_memory32_bytes: 1 << 18,
        max_memory64_bytes: 1 << 18,
        max_tables: 3,
        max_table_elements: 1 << 10,
        max_data_segments: 4,
        max_element_segments: 4,
        export_everything: true,
        disallow_traps: u.ratio(1, 4)?,
        allow_start_export: u.ratio(1, 4)?,
        limit_arrays_in_const_exprs: u.ratio(3, 4)?,
        simd_enabled: u.arbitrary()?,
        relaxed_simd_enabled: u.arbitrary()?,
        threads_enabled: u.ratio(1, 4)?,
        memory64_enabled: u.arbitrary()?,
        wide_arithmetic_enabled: u.arbitrary()?,
        custom_page_sizes_enabled: u.arbitrary()?,
        gc_enabled: u.ratio(3, 4)?,
        exceptions_enabled: u.ratio(3, 4)?,
        ..Config::default()
    };
    Ok(wasm_smith::Module::new(config, u)?.to_bytes())
}
