//! The host script as a file that a runtime can be given.

use crate::install::cache_folder;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The files of `host/`, joined.
const SCRIPT: &str = concat!(
    include_str!("../host/wire.js"),
    include_str!("../host/values.js"),
    include_str!("../host/sums.js"),
    include_str!("../host/stacks.js"),
    include_str!("../host/functions.js"),
    include_str!("../host/main.js"),
);

/// The script's file, written where it is not there yet: in the cache folder, or else, where that
/// cannot be written, in the system's folder for temporary files.
pub(crate) fn file() -> io::Result<PathBuf> {
    let folders = cache_folder(None).into_iter().chain([std::env::temp_dir()]);
    let mut result = Err(io::ErrorKind::NotFound.into());
    for folder in folders {
        result = file_in(&folder);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// The name holds a hash of the content, so that versions of Assay do not meet; the content is
/// compared all the same, because others may write in the folder for temporary files.
fn file_in(folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join(format!("assay-host-{:016x}.mjs", fnv1a(SCRIPT.as_bytes())));
    if fs::read(&path).is_ok_and(|found| found == SCRIPT.as_bytes()) {
        return Ok(path);
    }
    fs::create_dir_all(folder)?;
    // Other processes may be doing the same: each writes a file of its own, and renaming is atomic.
    let draft = path.with_extension(format!("{}.{}", std::process::id(), crate::child::serial()));
    fs::write(&draft, SCRIPT)?;
    fs::rename(&draft, &path)?;
    Ok(path)
}

/// The hash function FNV-1a: names a file, protects nothing.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_changed_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = file_in(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), SCRIPT);
        fs::write(&path, "process.exit(1)").unwrap();
        assert_eq!(file_in(folder.path()).unwrap(), path);
        assert_eq!(fs::read_to_string(&path).unwrap(), SCRIPT);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no draft is left"
        );
    }
}
