//! Starts the binary, and looks at what it leaves.

use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Engines that are in every build and need nothing installed.
pub const BUILT_IN: &str = "wasmtime,winch,pulley,wasmi";

/// The command, not yet started, without a standard input to wait for.
pub fn assay<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    command.args(args).stdin(Stdio::null());
    command
}

/// Runs the command to its end.
pub fn run<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    assay(args).output().expect("the binary can be started")
}

/// A folder for one test.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Standard output as text.
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("the output is UTF-8")
}

/// Standard error as text.
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("the messages are UTF-8")
}

/// The object that standard output ends with.
pub fn json(output: &Output) -> Value {
    let text = stdout(output);
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {text}{}", stderr(output)))
}

/// All folders of findings below `out`, in order.
pub fn findings(out: &Path) -> Vec<PathBuf> {
    let folder = out.join("findings/differential");
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut all: Vec<_> = entries
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    all.sort();
    all
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("the path is UTF-8")
}
