//! What the host's functions of every adapter do, in JavaScript.

mod common;

use assay_conformance::{Group, Report, group};
use common::each_engine;

#[test]
fn host_functions_conform() {
    each_engine(|engine| {
        let report = Report::of(engine, group(Group::Actions));
        assert!(report.is_clean(), "{report}");
    });
}
