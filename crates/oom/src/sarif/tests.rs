//! That a log has the shape that the specification asks for (section 3 of SARIF 2.1.0).

use super::*;
use crate::baseline::distinct;
use crate::baseline::tests::{finding, report};
use crate::explore::Report;
use serde_json::Value;

const TOOL: Tool<'_> = Tool {
    name: "a tool",
    version: "1.0.0",
    what: "oom/stable",
};

fn reports() -> Vec<Report> {
    let mut nowhere = finding("s", "open", Verdict::Second, Verdict::Abort);
    nowhere.place.file.clear();
    nowhere.place.line = 0;
    let mut no_line = finding("s", "save", Verdict::Panic, Verdict::Panic);
    no_line.place.line = 0;
    let leak = finding("s", "load", Verdict::Leak, Verdict::Leak);
    vec![report("s", 1_000, vec![leak, nowhere, no_line])]
}

fn log(baseline: Option<&Baseline>) -> Value {
    serde_json::to_value(sarif(TOOL, &distinct(&reports()), baseline)).expect("it is JSON")
}

/// What a text must be, at each place of a log; `*` stands for each item of a list.
const TEXTS: [(&str, &[&str]); 13] = [
    ("version", &["2.1.0"]),
    (
        "$schema",
        &["https://json.schemastore.org/sarif-2.1.0.json"],
    ),
    ("runs/*/tool/driver/name", &["a tool"]),
    ("runs/*/tool/driver/version", &["1.0.0"]),
    ("runs/*/automationDetails/id", &["oom/stable/"]),
    ("runs/*/tool/driver/rules/*/id", &[]),
    ("runs/*/tool/driver/rules/*/shortDescription/text", &[]),
    (
        "runs/*/tool/driver/rules/*/defaultConfiguration/level",
        LEVELS,
    ),
    ("runs/*/results/*/ruleId", &[]),
    ("runs/*/results/*/level", LEVELS),
    ("runs/*/results/*/message/text", &[]),
    ("runs/*/results/*/partialFingerprints/site~1v1", &[]),
    (
        "runs/*/results/*/locations/*/logicalLocations/*/fullyQualifiedName",
        &[],
    ),
];

const LEVELS: &[&str] = &["none", "note", "warning", "error"];

/// In what a log is not as it must be.
fn complaints(log: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, allowed) in TEXTS {
        let found = at(log, path);
        let right = |value: &&Value| match value.as_str() {
            Some(text) => !text.is_empty() && (allowed.is_empty() || allowed.contains(&text)),
            None => false,
        };
        if found.is_empty() || !found.iter().all(right) {
            complaints.push(path.to_owned());
        }
    }
    let rules = at(log, "runs/*/tool/driver/rules/*/id");
    for result in at(log, "runs/*/results/*") {
        let index = result["ruleIndex"].as_u64().unwrap_or(u64::MAX) as usize;
        if rules.get(index) != Some(&&result["ruleId"]) {
            complaints.push("ruleIndex".into());
        }
        for location in at(result, "locations/*") {
            let Some(physical) = location.get("physicalLocation") else {
                continue;
            };
            let uri = physical["artifactLocation"]["uri"].as_str();
            if uri.is_none_or(|uri| uri.is_empty() || uri.starts_with('/') || uri.contains(' ')) {
                complaints.push("uri".into());
            }
            let region = physical.get("region");
            if region.is_some_and(|region| region["startLine"].as_u64().unwrap_or(0) < 1) {
                complaints.push("startLine".into());
            }
        }
        for suppression in at(result, "suppressions/*") {
            if suppression["kind"] != "external" || suppression["status"] != "accepted" {
                complaints.push("suppression".into());
            }
        }
    }
    complaints
}

/// What is at a path. What is missing is null, so that it is noticed.
fn at<'v>(value: &'v Value, path: &str) -> Vec<&'v Value> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let found: Vec<&Value> = match first {
        "*" => value.as_array().map(|all| all.iter().collect()),
        name => Some(vec![&value[&name.replace("~1", "/")]]),
    }
    .unwrap_or_default();
    match rest {
        "" => found,
        rest => found.into_iter().flat_map(|next| at(next, rest)).collect(),
    }
}

#[test]
fn a_log_has_the_shape_of_sarif() {
    let log = log(Some(&Baseline::default()));
    assert_eq!(complaints(&log), [""; 0], "{log:#}");
    assert_eq!(at(&log, "runs/*/results/*").len(), 3);
    assert_eq!(complaints(&serde_json::json!({})).len(), TEXTS.len());
}

/// Makes a log something else than SARIF.
type Damage = fn(&mut Value);

#[test]
fn what_is_lacking_is_noticed() {
    let damages: [(&str, Damage); 6] = [
        ("version", |log| log["version"] = "2.0.0".into()),
        ("runs/*/results/*/message/text", |log| {
            log["runs"][0]["results"][1]["message"] = Value::Null;
        }),
        ("runs/*/results/*/level", |log| {
            log["runs"][0]["results"][0]["level"] = "bad".into();
        }),
        ("ruleIndex", |log| {
            log["runs"][0]["results"][2]["ruleIndex"] = 0.into();
            log["runs"][0]["results"][2]["ruleId"] = "leak".into();
        }),
        ("uri", |log| {
            let location = &mut log["runs"][0]["results"][0]["locations"][0];
            location["physicalLocation"]["artifactLocation"]["uri"] = "/root/a.rs".into();
        }),
        ("startLine", |log| {
            let location = &mut log["runs"][0]["results"][1]["locations"][0];
            location["physicalLocation"]["region"]["startLine"] = 0.into();
        }),
    ];
    for (expected, damage) in damages {
        let mut log = log(None);
        damage(&mut log);
        assert_eq!(complaints(&log), [expected]);
    }
}

#[test]
fn what_is_known_is_suppressed_with_its_cause() {
    let mut baseline = Baseline::default().updated(&reports());
    let known = baseline.sites.iter_mut().find(|s| s.site.ends_with("load"));
    known.expect("the leak is known").cause = "a push before a promise".into();
    let log = log(Some(&baseline));
    let results = at(&log, "runs/*/results/*");
    let suppressed = |result: &&&Value| result["suppressions"] != serde_json::json!([]);
    let suppressed: Vec<_> = results.iter().filter(suppressed).collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(suppressed[0]["ruleId"], "leak");
    let text = suppressed[0]["message"]["text"].as_str();
    assert!(text.is_some_and(|text| text.ends_with("Cause: a push before a promise")));
    assert_eq!(
        suppressed[0]["suppressions"][0]["justification"],
        "a push before a promise"
    );
}

#[test]
fn every_bad_verdict_has_its_rule() {
    for verdict in Verdict::ALL {
        let has = RULES.iter().any(|(known, _)| *known == verdict);
        assert_eq!(has, verdict.is_bad(), "{verdict}");
    }
}
