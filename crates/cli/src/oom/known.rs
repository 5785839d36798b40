//! The file of what is known: a baseline for each build.

use anyhow::{Context, Result};
use assay_oom::{Baseline, Report};
use assay_oom_wasmtime::BUILD;
use std::collections::BTreeMap;
use std::path::Path;

/// What the file says of itself.
const HEAD: &str = "\
# What is known of Wasmtime when memory runs out: for each build its bad sites, each with its cause. Sections
# are rewritten by
#
#     assay oom --write-baseline FILE
#
# which keeps causes. A cause begins with the number of its entry in targets/oom/findings.md; nothing is known
# without one.

";

type Builds = BTreeMap<String, Baseline>;

/// A path for a complaint.
pub fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn read(path: &Path) -> Result<Builds> {
    let text = std::fs::read_to_string(path).with_context(|| shown(path))?;
    toml::from_str(&text).with_context(|| shown(path))
}

/// What is known of this build.
pub fn of_build(path: &Path) -> Result<Baseline> {
    let known = read(path)?.remove(BUILD);
    known.with_context(|| format!("{}: nothing is known of the build {BUILD}", shown(path)))
}

/// Makes what was found known of this build. What the file says of other builds stays.
pub fn write(path: &Path, reports: &[Report]) -> Result<()> {
    let mut builds = match path.exists() {
        true => read(path)?,
        false => Builds::new(),
    };
    let build = builds.entry(BUILD.into()).or_default();
    *build = build.updated(reports);
    let text = format!("{HEAD}{}", toml::to_string(&builds)?);
    std::fs::write(path, text).with_context(|| shown(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file that is kept beside the sources.
    const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ci/oom-baseline.toml");

    #[test]
    fn what_is_kept_is_of_both_builds_and_has_a_cause_each() {
        let builds = read(Path::new(KEPT)).expect("the file can be read");
        assert_eq!(builds.keys().collect::<Vec<_>>(), ["arc_try_new", "stable"]);
        for (build, baseline) in &builds {
            assert!(!baseline.sites.is_empty(), "{build}");
            let open: Vec<_> = baseline.without_cause().collect();
            assert!(open.is_empty(), "{build} has no cause of {open:#?}");
        }
    }

    /// The entries of the account of findings, by what they begin with.
    fn explained(cause: &str) -> bool {
        let number = cause.split(": ").next().unwrap_or_default();
        let explained = include_str!("../../../../targets/oom/findings.md").lines();
        number.parse::<u32>().is_ok()
            && explained
                .map(str::trim_start)
                .any(|line| line.starts_with(&format!("{number}. ")))
    }

    #[test]
    fn every_cause_is_explained_among_the_findings() {
        let builds = read(Path::new(KEPT)).expect("the file can be read");
        for known in builds.values().flat_map(|baseline| &baseline.sites) {
            assert!(explained(&known.cause), "{known:#?}");
        }
        assert!(!explained("0: what is not there") && !explained("nothing"));
    }

    #[test]
    fn an_entry_without_a_cause_is_noticed() {
        let text = "[[stable.sites]]\nsite = \"a.rs:new\"\nverdict = \"leak\"\ncause = \" \"\n";
        let builds: Builds = toml::from_str(text).expect("it is a baseline");
        assert_eq!(builds["stable"].without_cause().count(), 1);
        let lacking = text.replace("cause = \" \"\n", "");
        assert!(toml::from_str::<Builds>(&lacking).is_err());
    }
}
