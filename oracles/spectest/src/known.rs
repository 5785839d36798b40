//! What engines are known to do otherwise than the suite says.

use std::collections::BTreeMap;

/// Directives that fail on some engines.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The engines, by name.
    pub engines: &'static [&'static str],
    /// The file, as [`File::name`](crate::File::name) has it.
    pub file: &'static str,
    /// The lines at which the directives begin.
    pub lines: &'static [usize],
    /// The cause.
    pub why: &'static str,
}

/// All that is known.
pub const KNOWN: &[Known] = &[];

/// The lines of a file that are known to fail on an engine, and why.
pub(crate) fn lines(engine: &str, file: &str) -> BTreeMap<usize, &'static str> {
    let rows = KNOWN.iter();
    let rows = rows.filter(|row| row.engines.contains(&engine) && row.file == file);
    rows.flat_map(|row| row.lines.iter().map(|&line| (line, row.why)))
        .collect()
}
