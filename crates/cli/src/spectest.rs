//! `assay spectest`

use crate::Verdict;
use crate::args::Spectest;
use anyhow::{Context, Result, anyhow, bail};
use assay_spectest::{File, Report, files};
use assay_targets::Lab;
use assay_wasmtime::STACK_BYTES_NEEDED;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How many failures of an engine are printed unless all are asked for.
const FAILURES_SHOWN: usize = 20;

/// What the suite came to on an engine, by proposal.
type Table = BTreeMap<String, Report>;

pub fn spectest(args: &Spectest) -> Result<Verdict> {
    let files = chosen(&args.proposal)?;
    let args = args.clone();
    // Compiled code runs on the stack of the thread that calls it.
    let thread = std::thread::Builder::new()
        .stack_size(2 * STACK_BYTES_NEEDED)
        .spawn(move || all_engines(&args, &files))
        .context("cannot start a thread")?;
    thread.join().map_err(|_| anyhow!("the suite panicked"))?
}

/// The files of these proposals, or all.
fn chosen(proposals: &[String]) -> Result<Vec<File>> {
    let all: Vec<File> = files().collect();
    let known: BTreeSet<&str> = all.iter().map(|file| &*file.proposal).collect();
    if let Some(unknown) = proposals.iter().find(|name| !known.contains(&***name)) {
        let known: Vec<&str> = known.into_iter().collect();
        bail!("no proposal {unknown:?}; there are {}", known.join(", "));
    }
    let is_chosen = |file: &File| proposals.is_empty() || proposals.contains(&file.proposal);
    Ok(all.into_iter().filter(is_chosen).collect())
}

fn all_engines(args: &Spectest, files: &[File]) -> Result<Verdict> {
    let mut say = |line: &str| eprintln!("{line}");
    let mut options = args.engines.options();
    options.canary.clone_from(&args.canary);
    let lab = Lab::open(options.lab()?, &mut say);
    let mut lab = lab.map_err(|why| anyhow!(why))?;
    let names = args.engines.engines.clone().unwrap_or_else(|| lab.names());
    let mut engines = Map::new();
    let mut verdict = Verdict::Clean;
    for name in names {
        let mut table = Table::new();
        let mut version = String::new();
        for file in files {
            let engine = lab.engine(&name, file.features)?;
            engine.version().clone_into(&mut version);
            let report = assay_spectest::run(engine, file);
            table
                .entry(file.proposal.clone())
                .or_default()
                .merge(report);
        }
        if table.values().any(|report| !report.failed.is_empty()) {
            verdict = Verdict::Findings;
        }
        let text = text(&name, &version, &table, args.all);
        if args.json {
            eprint!("{text}");
        } else {
            print!("{text}");
        }
        engines.insert(name, object(&version, &table));
    }
    if args.json {
        println!("{}", json!({ "engines": engines }));
    }
    Ok(verdict)
}

/// All proposals together.
fn total(table: &Table) -> Report {
    let mut total = Report::default();
    table
        .values()
        .for_each(|report| total.merge(report.clone()));
    total
}

fn text(engine: &str, version: &str, table: &Table, all: bool) -> String {
    let total = total(table);
    let mut lines = vec![format!("{engine} {version}")];
    let row = |name: &str, [passed, failed, known, skipped]: [String; 4]| {
        format!("  {name:37} {passed:>8} {failed:>7} {known:>6} {skipped:>8}")
    };
    let head = ["passed", "failed", "known", "skipped"].map(str::to_owned);
    lines.push(row("proposal", head));
    let reports = table.iter().map(|(name, report)| (name.as_str(), report));
    for (name, it) in reports.chain([("all", &total)]) {
        let counts = [it.passed, it.failed.len(), it.known.len(), it.skips()];
        lines.push(row(name, counts.map(|count| count.to_string())));
    }
    for (skip, count) in &total.skipped {
        lines.push(format!("  skipped {count:6}: {skip}"));
    }
    for (why, count) in causes(&total) {
        lines.push(format!("  known   {count:6}: {why}"));
    }
    let shown = if all { usize::MAX } else { FAILURES_SHOWN };
    for failure in total.failed.iter().take(shown) {
        lines.push(format!("  failed {failure}"));
    }
    let more = total.failed.len().saturating_sub(shown);
    if more > 0 {
        lines.push(format!("  and {more} more; --all prints them"));
    }
    lines.join("\n") + "\n"
}

/// How often each cause of a known failure was met.
fn causes(report: &Report) -> BTreeMap<&str, usize> {
    let mut causes = BTreeMap::new();
    for (_, why) in &report.known {
        *causes.entry(*why).or_default() += 1;
    }
    causes
}

/// What `--json` says of an engine. Keys are only ever added.
fn object(version: &str, table: &Table) -> Value {
    let proposal = |report: &Report| {
        let skipped = report.skipped.iter();
        let skipped: Map<_, _> = skipped
            .map(|(skip, count)| (skip.to_string(), json!(count)))
            .collect();
        json!({
            "passed": report.passed,
            "failed": report.failed.len(),
            "known": causes(report),
            "skipped": skipped,
        })
    };
    let total = total(table);
    let failures = total.failed.iter().map(|failure| {
        json!({
            "file": failure.file,
            "line": failure.line,
            "expected": failure.expected,
            "seen": failure.seen,
        })
    });
    let proposals = table.iter();
    let proposals: Map<_, _> = proposals
        .map(|(name, report)| (name.clone(), proposal(report)))
        .collect();
    json!({
        "version": version,
        "proposals": proposals,
        "failures": failures.collect::<Vec<_>>(),
    })
}
