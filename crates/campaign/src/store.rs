//! Where findings are kept.

use assay_case::{Case, CaseError};
use std::path::{Path, PathBuf};

/// Writes a finding to `OUT/findings/TARGET/SIGNATURE-CASE/`. Equal findings of equal cases get
/// equal paths; one that is there already is left as it is.
pub(crate) fn keep(
    out: &Path,
    signature: &str,
    number: u64,
    case: &Case,
) -> Result<PathBuf, StoreError> {
    let all = out.join("findings").join(&case.target);
    let folder = all.join(format!("{}-{number}", slug(signature, &case.target)));
    if !folder.join("case.toml").exists() {
        std::fs::create_dir_all(&all)?;
        case.write_dir(&folder)?;
    }
    Ok(folder)
}

/// Why a finding is not on disk.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("cannot make its folder: {0}")]
    Folder(#[from] std::io::Error),
    #[error(transparent)]
    Case(#[from] CaseError),
}

/// A signature as part of a file's name.
fn slug(signature: &str, target: &str) -> String {
    let words = signature.strip_prefix(target).unwrap_or(signature);
    let words = words
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    slug.chars().take(100).collect()
}
