//! The half of scripts. The official suite: the standard of today, and the folders of the proposals,
//! where the scripts of those lie that are part of it by now. And one script of our own, for what
//! neither that nor generated cases show.

use assay_engine::Features;
use assay_reference::ReferenceEngine;
use assay_spectest::{File, files, run};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The standard of today.
const STANDARD: &str = "wasm-latest";

/// The proposals, each with the families of mutants that it says most of: it is asked first there,
/// since a script that fails ends the search.
const PROPOSALS: [(&str, &[&str]); 13] = [
    (
        "gc",
        &[
            "reference",
            "structures and arrays",
            "types and linking",
            "collector",
        ],
    ),
    ("exceptions", &["exceptions"]),
    ("simd", &["vector", "parametric and variable"]),
    ("relaxed-simd", &[]),
    ("bulk-memory", &["table"]),
    ("memory64", &["memory"]),
    ("multi-memory", &[]),
    ("tail-call", &[]),
    ("nontrapping-float-to-int-conversions", &["conversion"]),
    ("sign-extension-ops", &[]),
    ("wide-arithmetic", &["wide arithmetic"]),
    ("custom-page-sizes", &[]),
    ("threads", &["atomic"]),
];

/// What a script may run: many times what any needs, so that a mutant that loops comes to an end.
const FUEL: u64 = 100_000_000;

/// The scripts that are asked.
pub struct Suite {
    official: Vec<File>,
    own: File,
}

impl Suite {
    /// Reads them.
    pub fn read() -> Self {
        let asked = |file: &File| {
            file.proposal == STANDARD || PROPOSALS.iter().any(|row| row.0 == file.proposal)
        };
        Self {
            official: files().filter(asked).collect(),
            own: File {
                proposal: "own".into(),
                name: "left_out.wast".into(),
                text: include_str!("left_out.wast"),
                features: Features::all(),
            },
        }
    }

    /// The first directive that goes wrong, as `folder/file:line`, where the folders that say most
    /// of a family come first, and the standard before the others.
    pub fn first_failure(&self, family: &str) -> Option<String> {
        let says_most = |file: &File| {
            let mut rows = PROPOSALS.iter();
            rows.any(|(name, families)| *name == file.proposal && families.contains(&family))
        };
        let rank = |file: &&File| match (says_most(file), file.proposal == STANDARD) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        let mut scripts: Vec<&File> = self.official.iter().collect();
        scripts.sort_by_key(rank);
        scripts.into_iter().find_map(failure_in)
    }

    /// The same for the script of our own.
    pub fn own_failure(&self) -> Option<String> {
        failure_in(&self.own)
    }
}

/// The same for one script.
fn failure_in(file: &File) -> Option<String> {
    let engine = ReferenceEngine::new().with_features(file.features);
    let mut engine = engine.with_objects_per_collection(1).with_fuel(FUEL);
    match catch_unwind(AssertUnwindSafe(|| run(&mut engine, file))) {
        Ok(report) => {
            let first = report.failed.iter().min_by_key(|failure| failure.line)?;
            Some(format!("{}:{}", file.name, first.line))
        }
        Err(_) => Some(format!("{}: a panic", file.name)),
    }
}
