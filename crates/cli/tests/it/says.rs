//! The verbs that only tell.

use crate::common::{BUILT_IN, assay, run, stderr, stdout};
use std::process::Stdio;

#[test]
fn list_and_doctor_name_the_engines() {
    for verb in ["list", "doctor"] {
        let output = run([verb, "--no-install"]);
        assert_eq!(output.status.code(), Some(0), "{verb}: {}", stderr(&output));
        for name in BUILT_IN.split(',').chain(["v8", "jsc"]) {
            assert!(stdout(&output).contains(name), "{verb} names no {name}");
        }
    }
}

#[test]
fn list_tells_what_a_pair_shares() {
    let output = run(["list", "--engines", BUILT_IN]);
    let text = stdout(&output);
    let pair = text.lines().find(|line| line.contains("winch/wasmi"));
    let pair = pair.unwrap_or_else(|| panic!("no such pair in {text}"));
    assert!(pair.contains("memory64"), "{pair}");
    assert!(!pair.contains("exceptions"), "{pair}");
}

#[test]
fn help_and_version() {
    for args in [&["--help"][..], &["--version"], &["run", "--help"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(stdout(&output).contains("assay"), "{args:?}");
        assert!(!stdout(&output).contains("internal"), "{args:?}");
        assert_eq!(stderr(&output), "", "{args:?}");
    }
}

#[test]
fn a_reader_may_go_away() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = assay(["list", "--engines", BUILT_IN]);
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn();
    let output = child.and_then(std::process::Child::wait_with_output);
    let output = output.expect("the command runs");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
}
