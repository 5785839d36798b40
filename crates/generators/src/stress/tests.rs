//! What holds for the cases of every family, without an engine.

use super::exception_ops::ExceptionOps;
use super::gc_ops::GcOps;
use super::gc_x_exceptions::GcXExceptions;
use super::host_calls::HostCalls;
use super::stacks::Stacks;
use super::{Family, STRESS, Sequence, Setting, find};
use crate::Draft;
use arbitrary::Unstructured;
use assay_engine::Features;
use assay_module::wasm_features;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use wasmparser::Validator;

pub fn bytes(number: u64) -> Vec<u8> {
    let mut bytes = vec![0; 2048];
    SmallRng::seed_from_u64(number).fill(&mut bytes[..]);
    bytes
}

/// The case of a number.
pub fn case<F: Family>(number: u64, features: Features) -> (Sequence<F>, Draft) {
    let bytes = bytes(number);
    Sequence::generate(&mut Unstructured::new(&bytes), features).expect("enough bytes")
}

/// The modules of a case, the main one last.
pub fn modules(draft: &Draft) -> Vec<&[u8]> {
    let bare = draft.bare.iter();
    let before = bare.flat_map(|bare| bare.before.iter().map(|module| module.wasm.as_slice()));
    before.chain([draft.wasm.as_slice()]).collect()
}

/// All modules are valid, and all calls and answers are there when it is made ready.
#[track_caller]
pub fn assert_valid(draft: &Draft, features: Features) {
    for wasm in modules(draft) {
        let mut validator = Validator::new_with_features(wasm_features(features));
        if let Err(error) = validator.validate_all(wasm) {
            let wat = wasmprinter::print_bytes(wasm).unwrap_or_default();
            panic!("{features:?}: {error}\n{wat}");
        }
    }
    let finished = draft.finish().expect("it can be made ready");
    assert_eq!(finished.left_out, Vec::<&str>::new());
    assert_eq!(finished.program.calls.len(), draft.calls.len());
    assert_eq!(finished.answers.outcomes.len(), draft.answers.len());
}

/// A case that says what cannot be becomes one that can, and stays that. The operations have names at the
/// end of the numbers.
#[track_caller]
pub fn assert_mended<F: Family>(broken: &Sequence<F>) {
    let mut broken = broken.clone();
    for (place, operation) in broken.operations.iter_mut().enumerate() {
        operation.id = u32::MAX - place as u32;
    }
    let (mended, draft) = broken.perform();
    assert_valid(&draft, draft.features);
    assert_eq!(mended.perform().0, mended, "what is mended stays");
}

/// Runs a function of a family for each.
macro_rules! each_family {
    ($check:ident) => {{
        $check::<GcOps>();
        $check::<ExceptionOps>();
        $check::<GcXExceptions>();
        $check::<Stacks>();
        $check::<HostCalls>();
        assert_eq!(STRESS.len(), 5, "there is a line for each");
    }};
}

#[test]
fn cases_are_valid_in_whatever_features() {
    fn check<F: Family>() {
        let least = find(F::NAME).expect("it is in the table").needs;
        let more = [
            Features::TAIL_CALL | Features::SIMD,
            Features::REFERENCE_TYPES | Features::TAIL_CALL,
            Features::REFERENCE_TYPES | Features::EXCEPTIONS,
            Features::REFERENCE_TYPES | Features::FUNCTION_REFERENCES,
            Features::WASM3,
        ];
        for features in [Features::empty()].into_iter().chain(more) {
            for number in 0..600 {
                let features = features | least;
                assert_valid(&case::<F>(number, features).1, features);
            }
        }
    }
    each_family!(check);
}

#[test]
fn a_case_survives_its_file() {
    fn check<F: Family>() {
        for number in 0..200 {
            let (case, draft) = case::<F>(number, Features::WASM3);
            let text = serde_json::to_string(&case).expect("it can be written");
            let back: Sequence<F> = serde_json::from_str(&text).expect("it reads back");
            assert_eq!(back, case);
            let (again, drafted) = back.perform();
            assert_eq!(again, case);
            assert_eq!(modules(&drafted), modules(&draft));
            assert_eq!(drafted.answers, draft.answers);
            assert_eq!(drafted.stacks, draft.stacks);
        }
    }
    each_family!(check);
}

#[test]
fn an_operation_that_is_not_in_the_table_is_refused() {
    fn check<F: Family>() {
        let (case, _) = case::<F>(0, Features::WASM3);
        let text = serde_json::to_string(&case).expect("it can be written");
        let back = |text: &str| serde_json::from_str::<Sequence<F>>(text);
        assert_eq!(back(&text).expect("it reads back"), case);
        let name = format!("{:?}", case.names().next().expect("it has an operation"));
        assert!(back(&text.replacen(&name, "\"no such\"", 1)).is_err());
    }
    each_family!(check);
}

#[test]
fn simpler_settings_are_smaller_and_valid() {
    fn check<F: Family>() {
        let mut tried = 0;
        for number in 0..100 {
            let (case, _) = case::<F>(number, Features::WASM3);
            for setting in case.setting.simpler() {
                assert!(setting.size() < case.setting.size());
                let operations = case.operations.clone();
                let simpler = Sequence::<F> {
                    setting,
                    operations,
                };
                assert_valid(&simpler.perform().1, Features::WASM3);
                tried += 1;
            }
        }
        assert!(tried > 100, "{tried}");
    }
    each_family!(check);
}
