//! `assay oom`.

use crate::common::{run, stderr, stdout};

#[test]
fn a_scenario_is_explored_and_its_finding_replayed() {
    let explored = run(["oom", "--json", "--jobs", "1", "store-new"]);
    assert_eq!(explored.status.code(), Some(1), "{}", stderr(&explored));
    let lines: Vec<serde_json::Value> = stdout(&explored)
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    let kind = |kind: &'static str| lines.iter().filter(move |line| line["kind"] == kind);
    let summary = kind("scenario").next().expect("a summary");
    assert_eq!(summary["contexts"], summary["contexts_failed"], "{summary}");
    // Known of Wasmtime 48: the data of a store that cannot be made is lost.
    let leak = kind("finding").find(|finding| finding["verdict"] == "leak");
    let token = leak.expect("a leak")["token"].as_str().expect("a token");
    let again = run(["oom", "replay", token]);
    let text = stdout(&again);
    assert_eq!(again.status.code(), Some(1), "{text}{}", stderr(&again));
    assert!(text.contains("leak at "), "{text}");
    assert!(!text.contains("another build"), "{text}");
}

#[test]
fn the_same_exploration_prints_the_same_lines() {
    let args = ["oom", "--json", "--seed", "3", "linker-define", "func-wrap"];
    let lines = || stdout(&run(args)).to_owned();
    let first = lines();
    assert!(first.lines().count() > 2, "{first}");
    assert_eq!(first, lines());
}

#[test]
fn scenarios_and_the_api_are_listed() {
    for (verb, name) in [("list", "store-new"), ("api", "Store::try_new")] {
        let listed = run(["oom", verb]);
        assert!(listed.status.success(), "{}", stderr(&listed));
        assert!(stdout(&listed).contains(name));
    }
}

/// Each line of the JSON that `assay oom static` prints.
fn opinion(args: &[&str]) -> Vec<serde_json::Value> {
    let printed = run(["oom", "static", "--json"].iter().chain(args));
    assert!(printed.status.success(), "{}", stderr(&printed));
    let text = stdout(&printed);
    let lines = text.lines().map(serde_json::from_str);
    lines.map(|line| line.expect("a line of JSON")).collect()
}

#[test]
fn the_second_opinion_knows_what_the_explorer_saw_abort() {
    let explored = run(["oom", "--json", "--jobs", "1", "linker-func"]);
    let folder = crate::common::folder();
    let seen = folder.path().join("seen");
    std::fs::write(&seen, &explored.stdout).expect("a file can be written");
    let lines = opinion(&["--seen", crate::common::text(&seen)]);
    let roots: Vec<_> = lines.iter().filter(|line| line["kind"] == "root").collect();
    assert_eq!(roots.len(), 2);
    for root in &roots {
        assert_ne!(root["in_binary"], 0, "{root}");
        assert_ne!(root["direct"], 0, "{root}");
        assert_eq!(root["direct_never_failed"], 0, "{root}");
        // One scenario is not all.
        assert_ne!(root["direct_never_seen"], 0, "{root}");
    }
    let stops: Vec<_> = lines.iter().filter(|line| line["kind"] == "stop").collect();
    assert!(!stops.is_empty());
    for stop in stops {
        assert_ne!(stop["in_binary"], 0, "{stop}");
    }
    assert_ne!(roots[0]["direct_failed"], 0, "{}", roots[0]);
    assert_eq!(roots[0]["no_path"], serde_json::json!([]));
    // Known of Wasmtime 48: a linker's functions are kept in vectors that cannot fail.
    let insert = lines
        .iter()
        .find(|line| line["function"] == "wasmtime::runtime::linker::Linker::func_insert");
    let insert = insert.expect("the function");
    assert_eq!(insert["direct"], true, "{insert}");
    assert_ne!(insert["verdicts"]["abort"], 0, "{insert}");
}

#[test]
fn what_is_no_program_and_no_report_is_refused() {
    let folder = crate::common::folder();
    let file = folder.path().join("file");
    std::fs::write(&file, "text\n").expect("a file can be written");
    for option in ["--binary", "--seen"] {
        let refused = run(["oom", "static", option, crate::common::text(&file)]);
        assert_eq!(refused.status.code(), Some(2), "{option}");
        assert_eq!(stderr(&refused).lines().count(), 1, "{}", stderr(&refused));
    }
}
