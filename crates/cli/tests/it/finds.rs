//! Runs: the same for the same seed, and findings that replay.

use crate::common::{BUILT_IN, findings, folder, json, run, stderr, stdout, text};
use serde_json::Value;
use std::path::Path;
use std::process::Output;

/// Runs the target `differential` on the built-in engines and seed 1 into `out`.
fn campaign(out: &Path, more: &[&str]) -> Output {
    let args = [
        "run",
        "differential",
        "--seed",
        "1",
        "--engines",
        BUILT_IN,
        "--out",
    ];
    run([&args[..], &[text(out)], more].concat())
}

#[test]
fn the_same_seed_gives_the_same_json() {
    let out = folder();
    let [one, two, again] = ["1", "2", "2"].map(|jobs| {
        let output = campaign(
            out.path(),
            &[
                "--cases", "200", "--json", "--jobs", jobs, "--canary", "select",
            ],
        );
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        let mut object = json(&output);
        let seconds = object.as_object_mut().expect("an object").remove("seconds");
        assert!(seconds.is_some_and(|seconds| seconds.is_f64()));
        object.to_string()
    });
    assert_eq!(one, two, "one worker and two");
    assert_eq!(two, again, "twice the same");
}

#[test]
fn the_json_has_its_keys_and_adds_up() {
    let out = folder();
    let output = campaign(out.path(), &["--cases", "100", "--json"]);
    let text = stdout(&output);
    assert_eq!(
        text.lines().count(),
        1,
        "only JSON on standard output: {text}"
    );
    let object = json(&output);
    assert_eq!(object["seed"], 1);
    for engine in BUILT_IN.split(',') {
        assert!(object["engines"][engine].is_string(), "{engine}: {text}");
    }
    let target = &object["targets"]["differential"];
    assert_eq!(target["cases"], 100);
    assert!(target["discards"].is_object(), "{text}");
    assert!(target["findings"].is_array(), "{text}");
    for subject in ["wasmtime", "winch", "pulley"] {
        let pair = &target["pairs"][format!("{subject}/wasmi")];
        assert!(count(&pair["cases"]) > 0, "{subject}: {text}");
    }
    let pairs = target["pairs"].as_object().expect("an object");
    let compared: u64 = pairs.values().map(|pair| count(&pair["comparisons"])).sum();
    assert_eq!(compared, count(&target["comparisons"]));
    assert!(count(&target["useful"]) >= 90, "{text}");
}

fn count(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is no count"))
}

#[test]
fn a_fault_is_found_and_an_engine_without_it_passes() {
    let out = folder();
    let output = campaign(out.path(), &["--cases", "50", "--canary", "result-bit"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let found = findings(out.path());
    assert!(!found.is_empty(), "{}", stdout(&output));
    for folder in &found {
        let shown = stdout(&output);
        assert!(folder.join("case.toml").exists(), "{}", folder.display());
        assert!(folder.join("case.wast").exists(), "{}", folder.display());
        assert!(shown.contains("FINDING differential "), "{shown}");
    }
    let replay = run(["replay", text(out.path())]);
    let table = stdout(&replay);
    assert_eq!(replay.status.code(), Some(0), "{table}{}", stderr(&replay));
    let passes = table.lines().filter(|line| line.starts_with("passes"));
    assert_eq!(passes.count(), found.len(), "{table}");
    let last = table.lines().last().unwrap_or_default();
    assert!(
        last.starts_with(&format!("0 of {} fail", found.len())),
        "{table}"
    );
}

/// What engines were judged on by themselves is in the JSON, operator by operator, and adds up.
#[test]
fn the_json_says_who_was_judged_on_what() {
    let out = folder();
    let args = ["run", "nondeterminism", "--seed", "1", "--cases", "100"];
    let more = ["--engines", BUILT_IN, "--json", "--out", text(out.path())];
    let output = run([&args[..], &more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let object = json(&output);
    let target = &object["targets"]["nondeterminism"];
    let judged = target["judged"].as_object().expect("an object");
    let names: Vec<_> = judged.keys().map(String::as_str).collect();
    let mut engines: Vec<_> = BUILT_IN.split(',').collect();
    engines.sort_unstable();
    assert_eq!(names, engines);
    let sum = |account: &Value| {
        let operators = account["operators"].as_object().expect("an object");
        let results = operators.values().map(|tally| count(&tally["results"]));
        results.sum::<u64>() + count(&account["calls"])
    };
    let compared: u64 = judged.values().map(sum).sum();
    assert_eq!(compared, count(&target["comparisons"]));
}
