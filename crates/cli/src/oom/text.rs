//! What `assay oom` prints.

use assay_oom::{Finding, Place, Report};
use std::collections::BTreeMap;
use std::time::Duration;

/// How many frames of a stack are printed.
const FRAMES: usize = 16;

/// The head of the table.
pub fn head() -> String {
    format!(
        "{:<28} {:>6} {:>5} {:>6} {:>9} {:>8} {:>8}  verdicts\n",
        "scenario", "heap", "maps", "runs", "contexts", "µs/run", "bare µs"
    )
}

/// A scenario: its requests for memory, the runs, the contexts that were failed of those that there
/// are, the time of an injected run beside that of a bare one, and the verdicts.
pub fn row(report: &Report, bare: Duration) -> String {
    let summary = &report.summary;
    let verdicts = summary.verdicts.iter();
    let verdicts: Vec<_> = verdicts
        .map(|(verdict, runs)| format!("{verdict} {runs}"))
        .collect();
    let each = report.cost.nanoseconds as f64 / 1e3 / summary.runs.max(1) as f64;
    format!(
        "{:<28} {:>6} {:>5} {:>6} {:>9} {each:>8.1} {:>8.1}  {}{}\n",
        summary.scenario,
        summary.heap_requests,
        summary.mapping_requests,
        summary.runs,
        format!("{}/{}", summary.contexts_failed, summary.contexts),
        bare.as_nanos() as f64 / 1e3,
        verdicts.join(", "),
        if summary.out_of_time {
            " (out of time)"
        } else {
            ""
        },
    )
}

/// A finding, with the stack of what failed and of the death that followed.
pub fn finding(finding: &Finding, scenarios: &[String]) -> String {
    let shown = match finding.shown == finding.verdict {
        true => String::new(),
        false => format!(" ({})", finding.shown),
    };
    let mut text = format!(
        "\n{}{shown} at {}\n  {}; request: {}\n  token {}\n  in {}\n",
        finding.verdict,
        place(&finding.place),
        finding.why,
        finding.request,
        finding.token,
        scenarios.join(", ")
    );
    stack(&mut text, "failed", &finding.failure);
    stack(&mut text, "failed then", &finding.second_failure);
    if let Some(death) = &finding.death {
        stack(&mut text, &death.how, &death.stack);
    }
    text
}

fn stack(text: &mut String, title: &str, places: &[Place]) {
    if places.is_empty() {
        return;
    }
    *text += &format!("  {title}\n");
    for frame in places.iter().take(FRAMES) {
        *text += &format!("    {}\n", place(frame));
    }
}

fn place(place: &Place) -> String {
    format!("{} ({}:{})", place.function, place.file, place.line)
}

/// The public API, and the scenarios that cover each part of it.
pub fn api(coverage: &BTreeMap<&str, Vec<&str>>) -> String {
    let covered = coverage.values().filter(|by| !by.is_empty()).count();
    let mut text = format!("{covered} of {} paths are covered\n", coverage.len());
    for (path, by) in coverage {
        let by = match by.is_empty() {
            true => "none".into(),
            false => by.join(", "),
        };
        text += &format!("{path:<60} {by}\n");
    }
    text
}
