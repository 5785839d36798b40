//! Settings that say what cannot be.

use super::neighbour::{Deed, Handler};
use super::setting::Tag;
use super::value::Ty;
use super::*;
use crate::stress::tests::{assert_mended, case};

/// Too many tags with too many fields, tags of one name and several types, and types that the features do not have.
#[test]
fn any_setting_is_mended() {
    let features = Features::EXCEPTIONS | Features::REFERENCE_TYPES;
    for number in 0..1000 {
        let (mut broken, _) = case::<ExceptionOps>(number, Features::WASM3);
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
        assert_mended(&broken);
    }
}
