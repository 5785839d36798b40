//! What can be said of cases without an engine.

use super::matching::Types;
use super::other::{Declared, Other};
use super::*;
use crate::stress::Sequence;
use arbitrary::Unstructured;
use assay_engine::Features;
use rand::{RngExt, SeedableRng, rngs::SmallRng};

const LEAST: Features = Features::GC
    .union(Features::FUNCTION_REFERENCES)
    .union(Features::REFERENCE_TYPES);

fn case(number: u64, features: Features) -> (Sequence<GcOps>, Draft) {
    let mut bytes = [0; 2048];
    SmallRng::seed_from_u64(number).fill(&mut bytes[..]);
    let mut u = Unstructured::new(&bytes);
    Sequence::generate(&mut u, features).expect("enough bytes")
}

/// All modules of a case, the main one last.
fn modules(draft: &Draft) -> impl Iterator<Item = &[u8]> {
    let before = draft.bare.iter().flat_map(|bare| &bare.before);
    before
        .map(|module| &module.wasm[..])
        .chain([&draft.wasm[..]])
}

#[test]
fn all_modules_are_valid_in_whatever_features() {
    for features in [Features::WASM3, LEAST] {
        let (mut second, mut third) = (0, 0);
        for number in 0..1000 {
            let (_, draft) = case(number, features);
            let flags = assay_module::wasm_features(features);
            for wasm in modules(&draft) {
                let mut validator = wasmparser::Validator::new_with_features(flags);
                if let Err(error) = validator.validate_all(wasm) {
                    let wat = wasmprinter::print_bytes(wasm).unwrap_or_default();
                    panic!("{features:?}: {error}\n{wat}");
                }
            }
            second += usize::from(modules(&draft).count() > 1);
            third += usize::from(modules(&draft).count() > 2);
        }
        assert!(second > 100 && second < 250, "{second}");
        assert!(third > 10, "{third}");
    }
}

/// One list of the types of two modules says that they are the same.
#[test]
fn what_another_module_declares_is_the_same_type() {
    let mut moved = 0;
    for number in 0..300 {
        let (case, _) = case(number, Features::WASM3);
        let mut defs = case.setting.types.clone();
        let types = Types::new(&mut defs);
        let other = Other {
            order: number as u32 % 6,
            pads: number % 2 == 0,
            ..Other::default()
        };
        let declared = Declared::new(&types, types.all(), &other);
        let count = types.len();
        let theirs = declared
            .defs
            .iter()
            .map(|def| def.renumbered(|ty| ty + count));
        let mut both: Vec<_> = defs.iter().cloned().chain(theirs).collect();
        let both = Types::new(&mut both);
        for ty in types.all() {
            let there = count + declared.number(ty);
            assert_eq!(both.canonical(there), types.canonical(ty), "case {number}");
            moved += usize::from(declared.number(ty) != ty);
        }
    }
    assert!(moved > 300, "{moved}");
}
