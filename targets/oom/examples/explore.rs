//! Explores scenarios, all or those named, and prints what came of them.
//!
//!     cargo run --release -p assay-oom-wasmtime --example explore -- [--api] [--json FILE] [NAME…]
//!
//! For each scenario: its requests (heap and mappings), the runs, the contexts that were failed, the
//! time of an injected run beside that of a bare one, and the verdicts. Then each distinct bad verdict
//! with the place of the failed request, why, and a token.

use assay_oom::{Explorer, FaultAllocator, Finding, Options, Plan, Profile, Report};
use assay_oom_wasmtime::{Row, api, rows};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: FaultAllocator = FaultAllocator::system();

/// How long a scenario may take.
const AT_MOST: Duration = Duration::from_secs(600);

/// How many clean runs are timed.
const BARE_RUNS: u32 = 300;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut json = None;
    let mut names = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--api" => {
                print_api();
                return Ok(());
            }
            "--json" => json = arguments.next().map(File::create).transpose()?,
            _ => names.push(argument),
        }
    }
    let explorer = Explorer::new(Options::default())?;
    let mut distinct: BTreeMap<String, (Finding, Vec<String>)> = BTreeMap::new();
    println!(
        "{:<28} {:>6} {:>5} {:>6} {:>9} {:>8} {:>8}  verdicts",
        "scenario", "heap", "maps", "runs", "contexts", "µs/run", "bare µs"
    );
    for row in rows().filter(|row| names.is_empty() || names.iter().any(|name| name == row.name)) {
        match explore(&explorer, row) {
            Ok((report, bare)) => {
                print(&report, bare);
                if let Some(file) = &mut json {
                    for line in report.lines() {
                        writeln!(file, "{line}")?;
                    }
                }
                for finding in report.findings {
                    let key = key(&finding);
                    let known = distinct.entry(key).or_insert_with(|| (finding, Vec::new()));
                    if known.1.last().map(String::as_str) != Some(row.name) {
                        known.1.push(row.name.into());
                    }
                }
            }
            Err(why) => println!("{:<28} {why}", row.name),
        }
    }
    println!("\n{} distinct findings", distinct.len());
    for (finding, scenarios) in distinct.values() {
        print_finding(finding, scenarios);
    }
    Ok(())
}

/// Findings are the same when verdict and place are.
fn key(finding: &Finding) -> String {
    let place = &finding.place;
    let what = (finding.verdict, finding.shown);
    format!("{what:?} {} {}", place.function, place.file)
}

fn explore(
    explorer: &Explorer,
    row: &Row,
) -> Result<(Report, Duration), Box<dyn std::error::Error>> {
    let (mut reader, mut writer) = io::pipe()?;
    let zygote = explorer.spawn(|| {
        let scenario = row.make();
        let nanoseconds = match Profile::take(scenario.as_ref()) {
            Ok(profile) => {
                let started = Instant::now();
                for _ in 0..BARE_RUNS {
                    profile.judge(scenario.as_ref(), &Plan::CLEAN);
                }
                started.elapsed().as_nanos() as u64 / u64::from(BARE_RUNS)
            }
            Err(_) => 0,
        };
        // What cannot be told is 0.
        drop(writer.write_all(&nanoseconds.to_le_bytes()));
        scenario
    })?;
    drop(writer);
    let report = zygote.wait(AT_MOST)?;
    let mut bytes = [0; 8];
    reader.read_exact(&mut bytes)?;
    Ok((report, Duration::from_nanos(u64::from_le_bytes(bytes))))
}

fn print(report: &Report, bare: Duration) {
    let summary = &report.summary;
    let verdicts: Vec<_> = summary
        .verdicts
        .iter()
        .map(|(verdict, runs)| format!("{verdict} {runs}"))
        .collect();
    let micros = report.cost.nanoseconds as f64 / 1e3 / summary.runs.max(1) as f64;
    println!(
        "{:<28} {:>6} {:>5} {:>6} {:>9} {:>8.1} {:>8.1}  {}{}",
        summary.scenario,
        summary.heap_requests,
        summary.mapping_requests,
        summary.runs,
        format!("{}/{}", summary.contexts_failed, summary.contexts),
        micros,
        bare.as_nanos() as f64 / 1e3,
        verdicts.join(", "),
        if summary.out_of_time {
            " (out of time)"
        } else {
            ""
        },
    );
}

fn print_finding(finding: &Finding, scenarios: &[String]) {
    println!(
        "\n{} ({}) at {} ({}:{})",
        finding.verdict,
        finding.shown,
        finding.place.function,
        finding.place.file,
        finding.place.line
    );
    println!("  {}; request: {}", finding.why, finding.request);
    println!("  token {}", finding.token);
    println!("  in {}", scenarios.join(", "));
    for place in finding.failure.iter().take(30) {
        println!("    {} ({}:{})", place.function, place.file, place.line);
    }
    if !finding.second_failure.is_empty() {
        println!("   second:");
        for place in finding.second_failure.iter().take(14) {
            println!("    {} ({}:{})", place.function, place.file, place.line);
        }
    }
    if let Some(death) = &finding.death {
        println!("   death: {}", death.how);
        for place in death.stack.iter().take(16) {
            println!("    {} ({}:{})", place.function, place.file, place.line);
        }
    }
}

fn print_api() {
    let table = api::coverage();
    let covered = table.values().filter(|by| !by.is_empty()).count();
    println!("{covered} of {} paths are covered", table.len());
    for (path, by) in table {
        match by.is_empty() {
            true => println!("{path:<60} none"),
            false => println!("{path:<60} {}", by.join(", ")),
        }
    }
}
