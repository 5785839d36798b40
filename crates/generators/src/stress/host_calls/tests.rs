//! Settings that say what cannot be, and corners.

use super::corners;
use super::setting::Signature;
use super::*;
use crate::stress::exception_ops::value::Ty;
use crate::stress::tests::{assert_mended, case};
use std::collections::BTreeSet;

/// Too many functions with too many values, of types that there are not.
#[test]
fn any_setting_is_mended() {
    for number in 0..500 {
        let features = [Features::WASM3, Features::empty()][number as usize % 2];
        let (mut broken, _) = case::<HostCalls>(number, Features::WASM3);
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
        assert_mended(&broken);
    }
}

/// Every corner of the table is met, and nothing that is not in the table.
#[test]
fn all_corners_are_met() {
    let mut met = BTreeSet::new();
    for number in 0..6000 {
        met.extend(case::<HostCalls>(number, Features::WASM3).1.met);
    }
    let all: BTreeSet<_> = corners::all().collect();
    let missed: Vec<_> = all.difference(&met).collect();
    assert_eq!(missed, Vec::<&corners::Corner>::new());
    let unknown: Vec<_> = met.difference(&all).collect();
    assert_eq!(unknown, Vec::<&corners::Corner>::new());
}
