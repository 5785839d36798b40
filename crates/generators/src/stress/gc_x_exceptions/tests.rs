//! What can be said of cases without an engine.

use super::setting::Place;
use super::value::{Storage, Ty};
use super::*;
use crate::stress::Sequence;
use arbitrary::Unstructured;
use assay_engine::Features;
use rand::{RngExt, SeedableRng, rngs::SmallRng};

const LEAST: Features = Features::GC
    .union(Features::FUNCTION_REFERENCES)
    .union(Features::REFERENCE_TYPES)
    .union(Features::EXCEPTIONS);

fn case(number: u64, features: Features) -> (Sequence<GcXExceptions>, Draft) {
    let mut bytes = [0; 2048];
    SmallRng::seed_from_u64(number).fill(&mut bytes[..]);
    let mut u = Unstructured::new(&bytes);
    Sequence::generate(&mut u, features).expect("enough bytes")
}

#[track_caller]
fn assert_valid(draft: &Draft, features: Features) {
    let flags = assay_module::wasm_features(features);
    let mut validator = wasmparser::Validator::new_with_features(flags);
    if let Err(error) = validator.validate_all(&draft.wasm) {
        let wat = wasmprinter::print_bytes(&draft.wasm).unwrap_or_default();
        panic!("{features:?}: {error}\n{wat}");
    }
}

#[test]
fn cases_are_valid_in_whatever_features() {
    for features in [Features::WASM3, LEAST] {
        for number in 0..1000 {
            assert_valid(&case(number, features).1, features);
        }
    }
}

#[test]
fn a_case_survives_its_file() {
    for number in 0..200 {
        let (case, draft) = case(number, Features::WASM3);
        let text = serde_json::to_string(&case).expect("it can be written");
        let back: Sequence<GcXExceptions> = serde_json::from_str(&text).expect("it reads back");
        assert_eq!(back, case);
        assert_eq!(back.perform().1.wasm, draft.wasm);
    }
}

#[test]
fn simpler_settings_are_smaller_and_valid() {
    for number in 0..100 {
        let (case, _) = case(number, Features::WASM3);
        let simpler = GcXExceptions::simpler(&case.setting);
        assert!(!simpler.is_empty());
        for setting in simpler {
            assert!(GcXExceptions::size(&setting) < GcXExceptions::size(&case.setting));
            let operations = case.operations.clone();
            let simpler = Sequence::<GcXExceptions> {
                setting,
                operations,
            };
            assert_valid(&simpler.perform().1, Features::WASM3);
        }
    }
}

/// Too many types, tags, fields and places, none of them, names of operations at the end of the numbers,
/// and types that the features do not have.
#[test]
fn any_setting_is_mended() {
    for number in 0..1000 {
        let (mut broken, _) = case(number, Features::WASM3);
        let all: Vec<Ty> = Ty::NUMBERS.into_iter().chain(Ty::REFERENCES).collect();
        let count = number as usize % 8;
        let fields = all.iter().copied().map(Storage::Value).collect();
        broken.setting.nodes = vec![fields; count];
        broken.setting.tags = (0..count).map(|skip| all[skip..].to_vec()).collect();
        broken.setting.signatures = vec![all; 7 - count];
        broken.setting.globals = vec![Place::Object; 7 - count];
        broken.setting.tables = vec![Place::Exception; count];
        broken.setting.reference = 0;
        if number % 2 == 0 {
            broken.setting.features = LEAST;
        }
        for (place, operation) in broken.operations.iter_mut().enumerate() {
            operation.id = u32::MAX - place as u32;
        }
        let (mended, draft) = broken.perform();
        assert_valid(&draft, broken.setting.features);
        assert_eq!(mended.perform().0, mended, "what is mended stays");
    }
}
