//! Features that depend on the machine, and the version.

use super::support::engine_in;
use crate::configuration::{Extension, WithoutIsa};
use crate::{Compiler, Configuration, VERSION};
use assay_conformance::{Group, Report, group};
use assay_engine::Features;

#[test]
fn winch_has_simd_by_the_machine() {
    let mut winch = Configuration::of(Compiler::Winch);
    assert_eq!(
        winch.features().contains(Features::SIMD),
        Extension::Avx2.is_here()
    );
    winch.without_isa = WithoutIsa::new([Extension::Sse41]);
    assert!(
        !winch.features().contains(Features::SIMD),
        "AVX2 builds on SSE4.1"
    );
    let report = Report::of(&mut engine_in(winch), group(Group::Features));
    assert!(report.is_clean(), "{report}");
}

#[test]
fn the_version_is_that_of_the_lock_file() {
    let lock: toml::Table =
        toml::from_str(include_str!("../../../../Cargo.lock")).expect("a lock file");
    let packages = lock["package"].as_array().expect("packages");
    let wasmtime = packages
        .iter()
        .find(|package| package["name"].as_str() == Some("wasmtime"));
    assert_eq!(
        wasmtime.expect("wasmtime is there")["version"].as_str(),
        Some(VERSION)
    );
}
