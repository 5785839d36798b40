//! What can be said of cases without an engine.

use super::neighbour::{Deed, Handler};
use super::setting::Tag;
use super::value::Ty;
use super::*;
use crate::stress::Sequence;
use arbitrary::Unstructured;
use assay_engine::Features;
use rand::{RngExt, SeedableRng, rngs::SmallRng};

fn case(number: u64, features: Features) -> (Sequence<ExceptionOps>, Draft) {
    let mut bytes = [0; 2048];
    SmallRng::seed_from_u64(number).fill(&mut bytes[..]);
    let mut u = Unstructured::new(&bytes);
    Sequence::generate(&mut u, features).expect("enough bytes")
}

#[track_caller]
fn assert_valid(draft: &Draft, features: Features) {
    let flags = assay_module::wasm_features(features);
    let before = draft.bare.iter().flat_map(|bare| &bare.before);
    for wasm in before.map(|module| &module.wasm).chain([&draft.wasm]) {
        let mut validator = wasmparser::Validator::new_with_features(flags);
        if let Err(error) = validator.validate_all(wasm) {
            let wat = wasmprinter::print_bytes(wasm).unwrap_or_default();
            panic!("{features:?}: {error}\n{wat}");
        }
    }
}

#[test]
fn cases_are_valid_in_whatever_features() {
    let least = Features::EXCEPTIONS | Features::REFERENCE_TYPES;
    let some = least | Features::TAIL_CALL | Features::SIMD;
    for features in [Features::WASM3, least, some] {
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
        let back: Sequence<ExceptionOps> = serde_json::from_str(&text).expect("it reads back");
        assert_eq!(back, case);
        assert_eq!(back.perform().1.wasm, draft.wasm);
    }
}

#[test]
fn simpler_settings_are_smaller_and_valid() {
    for number in 0..100 {
        let (case, _) = case(number, Features::WASM3);
        let simpler = ExceptionOps::simpler(&case.setting);
        assert!(!simpler.is_empty());
        for setting in simpler {
            assert!(ExceptionOps::size(&setting) < ExceptionOps::size(&case.setting));
            let operations = case.operations.clone();
            let simpler = Sequence::<ExceptionOps> {
                setting,
                operations,
            };
            assert_valid(&simpler.perform().1, Features::WASM3);
        }
    }
}

/// Too many tags with too many fields, tags of one name and several types, names of operations at the
/// end of the numbers, and types that the features do not have.
#[test]
fn any_setting_is_mended() {
    let features = Features::EXCEPTIONS | Features::REFERENCE_TYPES;
    for number in 0..1000 {
        let (mut broken, _) = case(number, Features::WASM3);
        let tags = (0..number % 10).map(|tag| Tag {
            fields: Ty::ALL.into_iter().skip(tag as usize).collect(),
            import: (tag % 3 != 0).then_some(tag as u32 / 4),
        });
        broken.setting.tags = tags.collect();
        broken.setting.results = Ty::ALL.to_vec();
        broken.setting.signatures = vec![Ty::ALL.to_vec(); 5];
        broken.setting.globals = u32::MAX;
        broken.setting.reference = 0;
        broken.setting.uncaught = true;
        broken
            .setting
            .neighbour
            .extend(Handler::ALL.map(|handler| Deed::Call { handler, tag: 9 }));
        if number % 2 == 0 {
            broken.setting.features = features;
        }
        for (place, operation) in broken.operations.iter_mut().enumerate() {
            operation.id = u32::MAX - place as u32;
        }
        let (mended, draft) = broken.perform();
        assert_valid(&draft, broken.setting.features);
        assert_eq!(mended.perform().0, mended, "what is mended stays");
    }
}
