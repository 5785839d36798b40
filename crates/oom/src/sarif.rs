//! SARIF 2.1.0, the format in which tools of static analysis tell their results, and which code hosts
//! and editors show.
//!
//! A result is a distinct finding: its rule is the verdict, its location the site. What a baseline knows
//! is a suppressed result.

use crate::baseline::{Baseline, Distinct};
use crate::verdict::Verdict;
use serde::Serialize;
use std::collections::BTreeMap;

/// A log: what a file of SARIF holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sarif {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

/// Whose log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool<'a> {
    /// The tool.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// What was explored, as a path: results are compared with those of the same.
    pub what: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Driven,
    automation_details: Id,
    results: Vec<Found>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Id {
    id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Driven {
    driver: Driver,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Driver {
    name: String,
    version: String,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
    default_configuration: Level,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Level {
    level: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Message {
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    // An empty list says that there is none; leaving it out would say that nobody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressions: Option<Vec<Suppression>>,
    properties: Properties,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<Physical>,
    logical_locations: [Logical; 1],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Properties {
    token: String,
    shown: Verdict,
    request: String,
    root: String,
    runs: u64,
    scenarios: Vec<String>,
}

/// The rules: bad verdicts, and what each says.
const RULES: [(Verdict, &str); 10] = [
    (
        Verdict::WrongError,
        "The error is not the one that says that memory ran out",
    ),
    (
        Verdict::Swallowed,
        "Success, with another result than when memory is there",
    ),
    (Verdict::Panic, "A panic when memory runs out"),
    (
        Verdict::Abort,
        "The process ends itself when memory runs out",
    ),
    (
        Verdict::Signal,
        "A signal ends the process when memory runs out",
    ),
    (
        Verdict::Leak,
        "Something is not given back after memory ran out",
    ),
    (
        Verdict::Corrupt,
        "What was there before does not work after memory ran out",
    ),
    (Verdict::Hang, "No end when memory runs out"),
    (
        Verdict::Second,
        "Trouble when a second request fails while a first failure is handled",
    ),
    (
        Verdict::Unstable,
        "A request that did not come where the clean run made it",
    ),
];

/// The log of findings. With a baseline, what it knows the cause of is suppressed.
pub fn sarif(tool: Tool<'_>, found: &[Distinct<'_>], baseline: Option<&Baseline>) -> Sarif {
    let rules = RULES.iter().map(|(verdict, text)| Rule {
        id: verdict.name(),
        short_description: message(*text),
        default_configuration: Level {
            level: level(*verdict),
        },
    });
    let results = found.iter().map(|one| result(one, baseline));
    Sarif {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Driven {
                driver: Driver {
                    name: tool.name.into(),
                    version: tool.version.into(),
                    rules: rules.collect(),
                },
            },
            automation_details: Id {
                id: format!("{}/", tool.what),
            },
            results: results.collect(),
        }],
    }
}

/// An error where work is lost or state is wrong, a warning for what can be lived with.
const fn level(shown: Verdict) -> &'static str {
    match shown {
        Verdict::Unstable | Verdict::WrongError | Verdict::Leak => "warning",
        _ => "error",
    }
}

fn message(text: impl Into<String>) -> Message {
    Message { text: text.into() }
}

fn result(one: &Distinct<'_>, baseline: Option<&Baseline>) -> Found {
    let Distinct { key, finding, .. } = one;
    let rule = RULES
        .iter()
        .position(|(verdict, _)| *verdict == key.verdict);
    let cause = baseline.and_then(|baseline| baseline.cause(key));
    let cause = cause.filter(|cause| !cause.is_empty());
    let text = match cause {
        Some(cause) => format!("{key}: {}. Cause: {cause}", finding.why),
        None => format!("{key}: {}", finding.why),
    };
    Found {
        rule_id: key.verdict.name(),
        rule_index: rule.unwrap_or_default(),
        level: level(key.shown),
        message: message(text),
        locations: [location(one)],
        partial_fingerprints: BTreeMap::from([("site/v1", key.to_string())]),
        suppressions: baseline.map(|_| {
            let known = cause.map(|cause| Suppression {
                kind: "external",
                status: "accepted",
                justification: cause.into(),
            });
            known.into_iter().collect()
        }),
        properties: Properties {
            token: finding.token.clone(),
            shown: key.shown,
            request: finding.request.clone(),
            root: finding.root.clone(),
            runs: one.runs,
            scenarios: one.scenarios.iter().map(|&name| name.into()).collect(),
        },
    }
}

fn location(one: &Distinct<'_>) -> Location {
    let place = &one.finding.place;
    let region = (place.line > 0).then_some(Region {
        start_line: place.line,
    });
    let physical = (!place.file.is_empty()).then(|| Physical {
        artifact_location: Artifact {
            uri: place.file.clone(),
        },
        region,
    });
    Location {
        physical_location: physical,
        logical_locations: [Logical {
            fully_qualified_name: place.function.clone(),
            kind: "function",
        }],
    }
}

#[cfg(test)]
mod tests;
