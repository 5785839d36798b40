//! Where findings are kept.

use assay_case::{Case, CaseError};
use std::path::{Path, PathBuf};

/// Writes a finding to `OUT/findings/TARGET/SIGNATURE-CASE/`. Equal findings of equal cases get
/// equal paths; one that is there already is left as it is.
pub(crate) fn keep(out: &Path, signature: &str, number: u64, case: &Case) -> Result<PathBuf, CaseError> {
    let folder = out.join("findings").join(&case.target).join(format!("{}-{number}", slug(signature, &case.target)));
    if !folder.join("case.toml").exists() {
        case.write_dir(&folder)?;
    }
    Ok(folder)
}

/// A signature as part of a file's name.
fn slug(signature: &str, target: &str) -> String {
    let words = signature.strip_prefix(target).unwrap_or(signature);
    let words = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    slug.chars().take(100).collect()
}
