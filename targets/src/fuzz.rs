//! The drivers' side of libFuzzer: one function per target.
//!
//! A finding is written as a case, since libFuzzer's own artifact is worth nothing once a generator
//! has changed; then the process ends as libFuzzer expects it of a finding.

use crate::{Input, Lab, LabOptions, Target, find};
use std::cell::RefCell;
use std::path::{Path, PathBuf};

thread_local! {
    /// The engines, opened at the first input.
    static LAB: RefCell<Option<Lab>> = const { RefCell::new(None) };
}

/// Runs one input of the target `differential`.
///
/// # Panics
///
/// On a finding, as libFuzzer wants it.
pub fn differential(data: &[u8]) {
    run("differential", data);
}

/// Runs one input of the target `nondeterminism`.
///
/// # Panics
///
/// On a finding, as libFuzzer wants it.
pub fn nondeterminism(data: &[u8]) {
    run("nondeterminism", data);
}

/// Runs one input of the target `gc_ops`.
///
/// # Panics
///
/// On a finding, as libFuzzer wants it.
pub fn gc_ops(data: &[u8]) {
    run("gc_ops", data);
}

/// Runs one input of the target `exception_ops`.
///
/// # Panics
///
/// On a finding, as libFuzzer wants it.
pub fn exception_ops(data: &[u8]) {
    run("exception_ops", data);
}

/// Runs one input of the target `gc_x_exceptions`.
///
/// # Panics
///
/// On a finding, as libFuzzer wants it.
pub fn gc_x_exceptions(data: &[u8]) {
    run("gc_x_exceptions", data);
}

/// Runs one input of the target `stacks`.
///
/// # Panics
///
/// On a finding, as libFuzzer wants it.
pub fn stacks(data: &[u8]) {
    run("stacks", data);
}

/// Runs one input of the target `host_calls`.
///
/// # Panics
///
/// On a finding, as libFuzzer wants it.
pub fn host_calls(data: &[u8]) {
    run("host_calls", data);
}

fn run(name: &str, data: &[u8]) {
    let target: &Target = find(name).expect("the fuzz target is in the table");
    LAB.with_borrow_mut(|lab| {
        let lab = lab.get_or_insert_with(|| {
            let say = &mut |line: &str| eprintln!("{line}");
            Lab::open(LabOptions::default(), say).unwrap_or_else(|why| panic!("no engines: {why}"))
        });
        let report = (target.run)(lab, &Input::of(data));
        if let Some(finding) = report.findings.first() {
            let place = keep(&finding.case);
            panic!("{}: {}\n{place}", finding.signature, finding.case.summary());
        }
    });
}

/// Writes the case beside libFuzzer's artifacts, and says where.
fn keep(case: &assay_case::Case) -> String {
    let folder = std::env::var_os("ASSAY_FINDINGS")
        .map_or_else(|| PathBuf::from("assay-findings"), PathBuf::from);
    match write(case, &folder) {
        Ok(path) => format!("the case is in {}", path.display()),
        Err(why) => format!(
            "the case cannot be written: {why}\n{}",
            case.to_wast().unwrap_or_default()
        ),
    }
}

fn write(case: &assay_case::Case, folder: &Path) -> Result<PathBuf, String> {
    let path = folder.join(format!("{}-{}", case.target, std::process::id()));
    std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    case.write_dir(&path).map_err(|error| error.to_string())?;
    Ok(path)
}
