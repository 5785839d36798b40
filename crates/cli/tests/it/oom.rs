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
