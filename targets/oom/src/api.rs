//! The public API of Wasmtime's data plane, and which scenario covers what of it.
//!
//! `api.txt` lists the public functions of Wasmtime 48 on the types of the data plane, one path to a
//! line. Left out are those of the compiler, those whose Cargo feature is off here (`debug`,
//! `call-hook`, `component-model-async`, `wave`), and those that Wasmtime hides from its docs.

use crate::rows;
use std::collections::BTreeMap;

/// The paths, each within the crate `wasmtime`.
pub fn paths() -> impl Iterator<Item = &'static str> {
    include_str!("api.txt").lines()
}

/// The scenarios that cover each path; those without any have an empty list.
pub fn coverage() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut table: BTreeMap<&str, Vec<&str>> = paths().map(|path| (path, Vec::new())).collect();
    for row in rows() {
        for path in row.covers {
            table.entry(path).or_default().push(row.name);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn scenarios_cover_only_what_there_is() {
        let known: BTreeSet<&str> = paths().collect();
        let unknown: Vec<_> = rows()
            .flat_map(|row| row.covers.iter().map(move |path| (row.name, *path)))
            .filter(|(_, path)| !known.contains(path))
            .collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn names_are_distinct_and_there_are_enough() {
        let names: BTreeSet<&str> = rows().map(|row| row.name).collect();
        assert_eq!(names.len(), rows().count());
        assert!(names.len() >= 40, "{}", names.len());
    }

    #[test]
    fn most_of_the_api_is_covered() {
        let table = coverage();
        let covered = table.values().filter(|by| !by.is_empty()).count();
        assert!(
            covered * 4 >= table.len() * 3,
            "{covered} of {}",
            table.len()
        );
    }
}
