//! What can be said of cases without an engine.

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
