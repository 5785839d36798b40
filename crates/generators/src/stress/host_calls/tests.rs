//! What can be said of cases without an engine.

use super::corners;
use super::setting::Signature;
use super::*;
use crate::stress::Sequence;
use crate::stress::exception_ops::value::Ty;
use arbitrary::Unstructured;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use std::collections::BTreeSet;

fn case(number: u64, features: Features) -> (Sequence<HostCalls>, Draft) {
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
    let finished = draft.finish().expect("it can be made ready");
    assert_eq!(finished.left_out, Vec::<&str>::new());
    assert_eq!(finished.answers.outcomes.len(), draft.answers.len());
}

#[test]
fn cases_are_valid_in_whatever_features() {
    let some = Features::REFERENCE_TYPES | Features::TAIL_CALL | Features::SIMD;
    for features in [Features::WASM3, Features::empty(), some] {
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
        let back: Sequence<HostCalls> = serde_json::from_str(&text).expect("it reads back");
        assert_eq!(back, case);
        assert_eq!(back.perform().1.wasm, draft.wasm);
    }
}

#[test]
fn simpler_settings_are_smaller_and_valid() {
    for number in 0..100 {
        let (case, _) = case(number, Features::WASM3);
        for setting in HostCalls::simpler(&case.setting) {
            assert!(HostCalls::size(&setting) < HostCalls::size(&case.setting));
            let operations = case.operations.clone();
            let simpler = Sequence::<HostCalls> {
                setting,
                operations,
            };
            assert_valid(&simpler.perform().1, Features::WASM3);
        }
    }
}

/// Too many functions with too many values, of types that there are not.
#[test]
fn any_setting_is_mended() {
    for number in 0..500 {
        let features = [Features::WASM3, Features::empty()][number as usize % 2];
        let (mut broken, _) = case(number, Features::WASM3);
        let all = || [Ty::ALL, Ty::ALL].concat();
        broken.setting.imports = (0..number % 9)
            .map(|_| Signature {
                params: all(),
                results: all(),
            })
            .collect();
        broken.setting.params = all();
        broken.setting.results = all();
        broken.setting.fields = all();
        broken.setting.reference = 0;
        broken.setting.features = features;
        for (place, operation) in broken.operations.iter_mut().enumerate() {
            operation.id = u32::MAX - place as u32;
        }
        let (mended, draft) = broken.perform();
        assert_valid(&draft, features);
        assert_eq!(mended.perform().0, mended, "what is mended stays");
    }
}

/// Every corner of the table is met, and nothing that is not in the table.
#[test]
fn all_corners_are_met() {
    let mut met = BTreeSet::new();
    for number in 0..6000 {
        met.extend(case(number, Features::WASM3).1.met);
    }
    let all: BTreeSet<_> = corners::all().collect();
    let missed: Vec<_> = all.difference(&met).collect();
    assert_eq!(missed, Vec::<&corners::Corner>::new());
    let unknown: Vec<_> = met.difference(&all).collect();
    assert_eq!(unknown, Vec::<&corners::Corner>::new());
}
