//! Whole modules from the crate `wasm-smith`, bounded so that every engine can run them to the
//! same end.
//!
//! Features are those that the chosen engines share, and of these each case switches a random
//! subset off (swarm testing: Groce et al., ISSTA 2012), since modules that use less of
//! everything use more of each.

use crate::calls;
use crate::draft::{Draft, telling};
use arbitrary::{Result, Unstructured};
use assay_engine::Features;
use assay_module::{Exports, Info};
use wasm_smith::{Config, Module};

/// Memories are at most this large, in bytes: they are hashed after every call.
const MAX_MEMORY_BYTES: u64 = 2 << 16;
/// Tables are at most this long.
const MAX_TABLE_ELEMENTS: u64 = 64;
/// How many calls a case makes.
const CALLS: std::ops::RangeInclusive<usize> = 30..=44;
/// How often a module is asked for.
const ATTEMPTS: usize = 4;
/// Array lengths are masked with this.
const ARRAY_MASK: i32 = 0xff;

/// Generates a module of these features, and calls of its exports.
///
/// # Errors
///
/// When the bytes do not suffice.
pub fn generate(u: &mut Unstructured<'_>, features: Features) -> Result<Draft> {
    let features = swarm(u, features)?;
    let (wasm, info) = module(u, features)?;
    let mut draft = Draft {
        wasm,
        features,
        exports: Exports::Defined,
        array_mask: Some(ARRAY_MASK),
        fuse: u.ratio(3, 4)?,
        state: telling(u)?,
        ..Draft::default()
    };
    draft.calls = calls::choose(u, &info, draft.exports, CALLS)?;
    calls::choose_host(u, &info, &mut draft)?;
    draft.info = Some(info);
    Ok(draft)
}

/// A module and what it declares. Where chance gives no module, or one that defines no function, it
/// is asked again.
fn module(u: &mut Unstructured<'_>, features: Features) -> Result<(Vec<u8>, Info)> {
    for _ in 0..ATTEMPTS {
        let Ok(module) = Module::new(config(u, features)?, u) else {
            continue;
        };
        let wasm = module.to_bytes();
        let info = Info::read(&wasm).map_err(|_| arbitrary::Error::IncorrectFormat)?;
        if !info.callable(Exports::Defined).is_empty() {
            return Ok((wasm, info));
        }
    }
    Err(arbitrary::Error::IncorrectFormat)
}

/// Switches each feature off with a chance of one in four.
fn swarm(u: &mut Unstructured<'_>, features: Features) -> Result<Features> {
    let mut kept = features;
    for feature in features.iter() {
        if u.ratio(1, 4)? {
            kept -= feature;
        }
    }
    Ok(kept.without_orphans())
}

/// The bounds: small modules, since compiling them is what a case costs, with enough in them to
/// be worth it.
fn config(u: &mut Unstructured<'_>, features: Features) -> Result<Config> {
    let on = |feature| features.contains(feature);
    // Half of the modules avoid traps, and so run on to interesting places. Of the others, few may
    // trap while they are instantiated: no call of those is ever compared.
    let calm: bool = u.arbitrary()?;
    let start = u.ratio(1, 10)?;
    let segments = if calm || start { 3 } else { 0 };
    // A function and a type cost an engine more than many instructions.
    let functions = *u.choose(&[1, 1, 1, 2, 3])?;
    let instructions = u.int_in_range(60..=144)? / functions;
    let many = |feature, n| if on(feature) { n } else { 1 };
    Ok(Config {
        min_funcs: 1,
        max_funcs: functions,
        max_instructions: instructions,
        min_types: 1,
        max_types: u.int_in_range(1..=4)?,
        max_globals: 6,
        max_imports: *u.choose(&[0, 0, 0, 2, 4])?,
        max_tags: 4,
        max_data_segments: segments,
        max_element_segments: segments,
        max_elements: 16,
        max_values: 6,
        max_exports: 0,
        max_memories: many(Features::MULTI_MEMORY, 2),
        max_memory32_bytes: MAX_MEMORY_BYTES,
        max_memory64_bytes: MAX_MEMORY_BYTES.into(),
        memory_max_size_required: true,
        max_tables: many(Features::REFERENCE_TYPES, 3),
        max_table_elements: MAX_TABLE_ELEMENTS,
        table_max_size_required: true,
        disallow_traps: calm,
        allow_start_export: start,
        limit_arrays_in_const_exprs: true,
        simd_enabled: on(Features::SIMD),
        relaxed_simd_enabled: on(Features::RELAXED_SIMD),
        reference_types_enabled: on(Features::REFERENCE_TYPES),
        tail_call_enabled: on(Features::TAIL_CALL),
        memory64_enabled: on(Features::MEMORY64),
        gc_enabled: on(Features::GC),
        exceptions_enabled: on(Features::EXCEPTIONS),
        threads_enabled: false,
        wide_arithmetic_enabled: on(Features::WIDE_ARITHMETIC),
        custom_page_sizes_enabled: on(Features::CUSTOM_PAGE_SIZES),
        extended_const_enabled: on(Features::EXTENDED_CONST),
        custom_descriptors_enabled: false,
        shared_everything_threads_enabled: false,
        ..Config::default()
    })
}
