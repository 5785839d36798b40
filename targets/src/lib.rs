//! The fuzz targets and the one table that lists them.
//!
//! A target takes bytes, makes a case, picks engines for it, drives them, and asks a check. The
//! driver (a campaign, libFuzzer, a test, a replay) only supplies the bytes or the case.
//!
//! To add one: a file here, a row in [`TARGETS`], and a file in `fuzz/fuzz_targets`. A test fails
//! when one of them is forgotten.

pub mod bytes;
pub mod differential;
pub mod fuzz;
mod judge;
pub mod known_bugs;
pub mod lab;
pub mod nondeterminism;
pub mod report;
pub mod stress;

pub use judge::judge;
pub use lab::{Lab, LabOptions, Missing, SUBJECTS, Setup};
pub use report::{Discard, Finding, Judged, Pair, PairEnd, Report};

use assay_case::Case;
use assay_wasmtime::Compiler;

/// A fuzz target.
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// In how many cases in a row a program is run, each time in another embedding.
    pub runs: u64,
    /// Makes a case of the input and judges it.
    pub run: fn(&mut Lab, &Input<'_>) -> Report,
    /// Makes the case of the input, and runs nothing: for a case that took its worker down.
    pub describe: fn(&Lab, &Input<'_>) -> Option<Case>,
    /// Judges a case that was read back.
    pub replay: fn(&mut Lab, &Case) -> Result<Report, String>,
}

impl Target {
    /// The bytes of case `number` of the run with seed `seed`.
    pub fn bytes(&self, seed: u64, number: u64) -> Vec<u8> {
        bytes::of_run(seed, number, self.runs)
    }

    /// The input of case `number` of a run with these bytes. Where the lab has modules, each case is one
    /// of them on one of the compilers.
    pub fn input<'a>(&self, lab: &Lab, number: u64, bytes: &'a [u8]) -> Input<'a> {
        let subjects = lab.subjects().len() as u64;
        let modules = lab.modules().len() as u64;
        if modules == 0 || subjects == 0 {
            return Input {
                runs: (self.runs - number % self.runs) as usize,
                ..Input::of(bytes)
            };
        }
        let module = number / subjects % modules;
        let compiler = lab.subjects()[(number % subjects) as usize];
        Input {
            module: Some((module as usize, compiler)),
            ..Input::of(bytes)
        }
    }
}

/// What a case is made from.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// A module of the lab, by number, and the compiler to run it on; none to generate one.
    pub module: Option<(usize, Compiler)>,
    /// In how many cases in a row the program of this one is run, this one the first.
    pub runs: usize,
}

impl<'a> Input<'a> {
    /// Only bytes.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            module: None,
            runs: 1,
        }
    }
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target {
        name: differential::NAME,
        about: "runs a module on the subject and on other engines, and compares all that can be seen",
        runs: 1,
        run: differential::run,
        describe: differential::describe,
        replay: differential::replay,
    },
    Target {
        name: nondeterminism::NAME,
        about: "runs operators whose results are open, and judges each engine by what is allowed",
        runs: 1,
        run: nondeterminism::run,
        describe: nondeterminism::describe,
        replay: nondeterminism::replay,
    },
    stress::target::<0>(),
    stress::target::<1>(),
    stress::target::<2>(),
    stress::target::<3>(),
    stress::target::<4>(),
];

/// The target of this name.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

#[cfg(test)]
mod tests {
    use super::TARGETS;
    use assay_generators::stress::STRESS;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Fuzz targets that are no targets, for they have no oracles: `oom` makes memory run out, and
    /// `reference` puts a part of Assay on trial.
    const WITHOUT_A_ROW: [&str; 2] = ["oom", "reference"];

    fn names_in(folder: &str) -> BTreeSet<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = std::fs::read_dir(&path).expect("the folder is part of the repository");
        files
            .map(|file| file.expect("a readable entry").path())
            .filter(|file| file.extension().is_some_and(|e| e == "rs"))
            .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
            .collect()
    }

    #[test]
    fn each_target_has_a_row_a_file_and_a_fuzz_target() {
        let rows: BTreeSet<String> = TARGETS
            .iter()
            .map(|target| target.name.to_owned())
            .collect();
        let mut files = names_in("../fuzz/fuzz_targets");
        for own in WITHOUT_A_ROW {
            assert!(files.remove(own), "{own} is not there");
        }
        assert_eq!(rows, files);
        // A stress generator has its file among the generators.
        let stress: BTreeSet<String> = STRESS.iter().map(|it| it.name.to_owned()).collect();
        assert!(stress.is_subset(&rows));
        assert!(rows.is_subset(&(&names_in("src") | &stress)));
    }
}
