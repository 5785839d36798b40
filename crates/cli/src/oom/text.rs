//! What `assay oom` prints.

use assay_oom::{Change, Distinct, Finding, Place, Report};
use std::collections::BTreeMap;

/// How many frames of a stack are printed.
const FRAMES: usize = 16;

/// Which build is explored, and the head of the table.
pub fn head(build: &str) -> String {
    format!(
        "build {build}\n{:<28} {:>6} {:>5} {:>6} {:>9} {:>8} {:>8}  verdicts\n",
        "scenario", "heap", "maps", "runs", "contexts", "µs/run", "bare µs"
    )
}

/// A scenario: its requests for memory, the runs, the contexts that were failed of those that there
/// are, the time of an injected run beside that of a bare one, and the verdicts.
pub fn row(report: &Report) -> String {
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
        report.cost.bare_nanoseconds as f64 / 1e3,
        verdicts.join(", "),
        if summary.out_of_time {
            " (out of time)"
        } else {
            ""
        },
    )
}

/// A finding, with the stack of what failed and of the death that followed.
pub fn finding(finding: &Finding, scenarios: &[&str]) -> String {
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

/// All findings, those that are one together.
pub fn findings(found: &[Distinct<'_>]) -> String {
    let texts = found.iter().map(|one| finding(one.finding, &one.scenarios));
    format!(
        "{} distinct findings\n{}",
        found.len(),
        texts.collect::<String>()
    )
}

/// What is not as the baseline has it: what is new in full, then a line for each change.
pub fn changes(found: &[Distinct<'_>], changes: &[Change]) -> String {
    let is_new = |one: &&Distinct<'_>| {
        changes.iter().any(|change| match change {
            Change::New { key, .. } | Change::Worse { key, .. } => *key == one.key,
            _ => false,
        })
    };
    let new: Vec<&Distinct<'_>> = found.iter().filter(is_new).collect();
    let mut text = format!("{} distinct findings, {} new\n", found.len(), new.len());
    for one in new {
        text += &finding(one.finding, &one.scenarios);
    }
    for change in changes {
        text += &format!("{change}\n");
    }
    text
}

/// What to say where sites have no files.
pub fn nameless(reports: &[Report]) -> &'static str {
    let mut sites = reports.iter().flat_map(|report| &report.sites).peekable();
    match sites.peek().is_some() && sites.all(|site| site.place.file.is_empty()) {
        true => "sites have no files: this program was built without debug information\n",
        false => "",
    }
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
