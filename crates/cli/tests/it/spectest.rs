//! `assay spectest`

use crate::common::{json, run, stderr, stdout};

/// A row of an engine's table: passed, failed, known, skipped.
fn row(text: &str, proposal: &str) -> Vec<usize> {
    let words = text.lines().map(|line| line.split_whitespace());
    let mut rows = words.filter_map(|mut words| (words.next() == Some(proposal)).then_some(words));
    let row = rows
        .next()
        .unwrap_or_else(|| panic!("no {proposal} in {text}"));
    row.map(|word| word.parse().expect("a number")).collect()
}

#[test]
fn a_table_for_each_engine() {
    let args = ["spectest", "--engine", "reference", "--engine", "wasmi"];
    let output = run(args
        .into_iter()
        .chain(["--proposal", "exceptions,multi-memory"]));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    let (reference, wasmi) = text.split_at(text.find("wasmi").expect("a second table"));
    for (engine, text) in [("reference", reference), ("wasmi", wasmi)] {
        let [passed, failed, known, skipped] = row(text, "multi-memory")[..] else {
            panic!("{text}")
        };
        assert!(passed > 900, "{engine}: {text}");
        assert_eq!([failed, known, skipped], [0; 3], "{engine}: {text}");
    }
    assert_eq!(row(reference, "exceptions")[3], 0);
    assert!(row(wasmi, "exceptions")[3] > 90);
    assert!(wasmi.contains("the engine lacks exceptions"), "{wasmi}");
}

#[test]
fn a_fault_is_printed_and_ends_with_1() {
    let args = [
        "spectest",
        "--engine",
        "pulley",
        "--proposal",
        "sign-extension-ops",
    ];
    let output = run(args.into_iter().chain(["--canary", "result-bit", "--json"]));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let table = stderr(&output);
    assert!(
        table.contains("failed sign-extension-ops/i32.wast:"),
        "{table}"
    );
    assert!(table.contains("--all prints them"), "{table}");
    let object = json(&output);
    let pulley = &object["engines"]["pulley"];
    let failures = pulley["failures"].as_array().expect("a list");
    assert!(failures.len() > 20, "{object}");
    assert_eq!(
        failures[0]["file"], "sign-extension-ops/i32.wast",
        "{object}"
    );
    let counted = &pulley["proposals"]["sign-extension-ops"]["failed"];
    assert_eq!(counted, failures.len(), "{object}");
}
