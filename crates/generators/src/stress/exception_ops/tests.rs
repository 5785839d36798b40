//! What can be said of cases without an engine.

use super::*;
use crate::stress::Sequence;
use arbitrary::Unstructured;
use assay_engine::Features;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use std::collections::{BTreeMap, BTreeSet};

/// In how many cases each corner is looked for.
const CASES: u64 = 10_000;

fn case(number: u64, features: Features) -> (Sequence<ExceptionOps>, Draft) {
    let mut bytes = [0; 2048];
    SmallRng::seed_from_u64(number).fill(&mut bytes[..]);
    let mut u = Unstructured::new(&bytes);
    Sequence::generate(&mut u, features).expect("enough bytes")
}

#[test]
fn cases_are_valid_in_whatever_features() {
    let least = Features::EXCEPTIONS | Features::REFERENCE_TYPES;
    let some = least | Features::TAIL_CALL | Features::SIMD;
    for features in [Features::WASM3, least, some] {
        let flags = assay_module::wasm_features(features);
        for number in 0..1000 {
            let (_, draft) = case(number, features);
            let mut validator = wasmparser::Validator::new_with_features(flags);
            if let Err(error) = validator.validate_all(&draft.wasm) {
                let wat = wasmprinter::print_bytes(&draft.wasm).unwrap_or_default();
                panic!("case {number} of {features:?}: {error}\n{wat}");
            }
        }
    }
}

#[test]
fn cases_come_into_all_corners_that_there_are() {
    let mut counts: BTreeMap<Corner, u32> = BTreeMap::new();
    for number in 0..CASES {
        for corner in corners(&case(number, Features::WASM3).0) {
            *counts.entry(corner).or_default() += 1;
        }
    }
    let listed: BTreeSet<Corner> = CORNERS.iter().map(|(corner, _)| *corner).collect();
    let unlisted: Vec<_> = counts.keys().filter(|it| !listed.contains(*it)).collect();
    assert!(unlisted.is_empty(), "{unlisted:?}");
    let mut never = Vec::new();
    for (corner, reason) in CORNERS {
        let count = counts.get(corner).copied().unwrap_or(0);
        let (part, case) = corner;
        println!(
            "{count:6} {part}: {case}{}",
            reason.map_or("", |_| " (unreachable)")
        );
        if (count == 0) != reason.is_some() {
            never.push(corner);
        }
    }
    let reachable = CORNERS.iter().filter(|(_, reason)| reason.is_none());
    println!(
        "{} of {} corners in {CASES} cases",
        counts.len(),
        reachable.count()
    );
    assert!(never.is_empty(), "{never:?}");
}
