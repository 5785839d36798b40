//! Settings that say what cannot be.

use super::setting::Place;
use super::value::{Storage, Ty};
use super::*;
use crate::stress::tests::{assert_mended, case};
use assay_engine::Features;

const LEAST: Features = Features::GC
    .union(Features::FUNCTION_REFERENCES)
    .union(Features::REFERENCE_TYPES)
    .union(Features::EXCEPTIONS);

/// Too many types, tags, fields and places, none of them,
/// and types that the features do not have.
#[test]
fn any_setting_is_mended() {
    for number in 0..1000 {
        let (mut broken, _) = case::<GcXExceptions>(number, Features::WASM3);
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
        assert_mended(&broken);
    }
}
