//! Finds the cases below paths.

use anyhow::{Result, bail};
use assay_case::Case;
use std::path::PathBuf;

/// The cases that these paths name, in the order of their names within each.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut cases = Vec::new();
    for path in paths {
        let here = Case::find(path)?;
        if here.is_empty() {
            bail!("there is no case in {}", path.display());
        }
        cases.extend(here);
    }
    Ok(cases)
}
