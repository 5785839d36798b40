//! Finds the cases below a path.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// The cases that these paths name, in the order of their names within each.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut cases = Vec::new();
    for path in paths {
        let before = cases.len();
        look(path, true, &mut cases)?;
        if cases.len() == before {
            bail!("there is no case in {}", path.display());
        }
    }
    Ok(cases)
}

fn look(path: &Path, named: bool, cases: &mut Vec<PathBuf>) -> Result<()> {
    let cannot = || format!("cannot read {}", path.display());
    if !fs::metadata(path).with_context(cannot)?.is_dir() {
        if named || path.to_string_lossy().ends_with(".case.wast") {
            cases.push(path.into());
        }
        return Ok(());
    }
    if path.join("case.toml").exists() || path.join("case.wast").exists() {
        cases.push(path.into());
        return Ok(());
    }
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).with_context(cannot)? {
        entries.push(entry.with_context(cannot)?.path());
    }
    entries.sort();
    entries
        .iter()
        .try_for_each(|entry| look(entry, false, cases))
}
