//! `assay oom --baseline`: what is known passes, and what is not fails.

use crate::common::{folder, run, stderr, stdout, text};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;
use std::process::Output;

/// A scenario that leaks.
const SCENARIO: &str = "store-new";

fn explore(baseline: &Path, more: &[&str]) -> Output {
    let baseline = format!("--baseline={}", text(baseline));
    let args = ["oom", SCENARIO, "--json", &baseline];
    run(args.iter().chain(more))
}

/// The lines of a kind.
fn lines(output: &Output, kind: &str) -> Vec<Value> {
    let lines = stdout(output);
    let lines = lines.lines().map(serde_json::from_str);
    let mut lines: Vec<Value> = lines.map(|line| line.expect("a line of JSON")).collect();
    lines.retain(|line| line["kind"] == kind);
    lines
}

/// A baseline of changes, as somebody would write it.
fn written(build: &str, changes: &[Value], verdict: Option<&str>) -> String {
    let mut text = format!("[{build}]\n");
    for change in changes {
        let site = &change["site"];
        let verdict = verdict.map_or_else(|| change["verdict"].clone(), Value::from);
        writeln!(
            text,
            "[[{build}.sites]]\nsite = {site}\nverdict = {verdict}\ncause = \"it is known\""
        )
        .expect("a text takes it");
    }
    text
}

#[test]
fn what_is_known_passes_and_what_is_new_or_worse_or_unexplained_fails() {
    let folder = folder();
    let path = folder.path().join("baseline.toml");
    let write = |text: &str| std::fs::write(&path, text).expect("the file is written");
    // The build is told by the command, and nothing is known of it yet.
    let listed = run(["oom", SCENARIO, "--json"]);
    let build = lines(&listed, "build")[0]["build"].clone();
    let build = build.as_str().expect("a name");
    write(&written(build, &[], None));
    let new = explore(&path, &[]);
    assert_eq!(new.status.code(), Some(1), "{}", stderr(&new));
    let changes = lines(&new, "change");
    assert!(!changes.is_empty() && changes.iter().all(|change| change["change"] == "new"));
    assert!(stderr(&new).contains("new: leak at "), "{}", stderr(&new));

    let known = written(build, &changes, None);
    write(&known);
    let passes = explore(&path, &[]);
    assert_eq!(passes.status.code(), Some(0), "{}", stderr(&passes));
    assert_eq!(lines(&passes, "change"), [Value::Null; 0]);

    for (text, change) in [
        (written(build, &changes, Some("wrong-error")), "worse"),
        (known.replace("it is known", ""), "no-cause"),
    ] {
        write(&text);
        let fails = explore(&path, &[]);
        assert_eq!(fails.status.code(), Some(1), "{change}");
        let told = lines(&fails, "change");
        assert!(told.iter().all(|line| line["change"] == change), "{told:?}");
    }
}

#[test]
fn what_cannot_be_held_against_is_said_before_anything_is_explored() {
    let folder = folder();
    let path = folder.path().join("baseline.toml");
    for (text, why) in [
        (None, "baseline.toml"),
        (Some("no baseline"), "baseline.toml"),
        (Some("[another]\n"), "nothing is known of the build"),
    ] {
        if let Some(text) = text {
            std::fs::write(&path, text).expect("the file is written");
        }
        let misused = explore(&path, &[]);
        assert_eq!(misused.status.code(), Some(2), "{text:?}");
        assert!(stderr(&misused).contains(why), "{}", stderr(&misused));
        assert_eq!(stdout(&misused), "");
    }
}

#[test]
fn findings_are_told_as_sarif_and_sites_as_a_table() {
    let folder = folder();
    let path = folder.path().join("findings.sarif");
    let told = run(["oom", SCENARIO, "--sites", "--sarif", text(&path)]);
    assert_eq!(told.status.code(), Some(1), "{}", stderr(&told));
    let table = stdout(&told);
    assert!(table.starts_with("build "), "{table}");
    assert!(
        table.contains("leak ") && table.contains("; from "),
        "{table}"
    );
    let log = std::fs::read(&path).expect("the log is there");
    let log: Value = serde_json::from_slice(&log).expect("it is JSON");
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert!(
        results.iter().any(|result| result["ruleId"] == "leak"),
        "{log:#}"
    );
}
