//! The one JSON object that `--json` ends standard output with.

use assay_campaign::Summary;
use serde_json::{Map, Value, json};

/// The object. Keys are only ever added.
pub fn object(seed: u64, summaries: &[(&str, Summary)]) -> Value {
    let seconds: f64 = summaries.iter().map(|(_, summary)| summary.seconds).sum();
    let targets: Map<_, _> = summaries
        .iter()
        .map(|(name, summary)| ((*name).to_owned(), target(summary)))
        .collect();
    let engines: Map<_, _> = summaries
        .iter()
        .flat_map(|(_, summary)| &summary.engines)
        .map(|engine| (engine.name.clone(), engine.version.clone().into()))
        .collect();
    let missing: Map<_, _> = summaries
        .iter()
        .flat_map(|(_, summary)| &summary.missing)
        .map(|engine| (engine.name.clone(), engine.why.clone().into()))
        .collect();
    json!({ "seed": seed, "seconds": seconds, "targets": targets, "engines": engines, "missing": missing })
}

fn target(summary: &Summary) -> Value {
    let findings: Vec<_> = summary
        .findings
        .iter()
        .map(|finding| {
            json!({
                "signature": finding.signature,
                "path": finding.path,
                "case": finding.case,
                "what": finding.what,
                "kept": summary.kept.get(&finding.signature),
            })
        })
        .collect();
    json!({
        "cases": summary.stats.cases,
        "programs": summary.programs,
        "useful": summary.stats.useful,
        "comparisons": summary.stats.comparisons,
        "discards": summary.stats.discards,
        "left_out": summary.stats.left_out,
        "pairs": summary.stats.pairs,
        "features": summary.stats.features,
        "judged": summary.stats.judged,
        "generators": summary.stats.generators,
        "findings": findings,
    })
}
