//! `assay replay`: each case in a process of its own, since it may take that down.

use crate::args::{Replay, ReplayOne};
use crate::{NOT_COMPARED, SPEAKER, Verdict, cases};
use anyhow::{Context, Result, anyhow, bail};
use assay_case::Case;
use assay_targets::{Discard, Lab, PairEnd, Report, find};
use assay_wasmtime::STACK_BYTES_NEEDED;
use std::path::Path;
use std::process::Command;

/// The verdicts.
const PASSES: &str = "passes";
const FAILS: &str = "fails";
const UNCOMPARED: &str = "uncompared";

pub fn replay(args: &Replay) -> Result<Verdict> {
    let cases = cases::find(&args.paths)?;
    let (mut failing, mut uncompared) = (0, 0);
    println!("{:10} {:14} case", "verdict", "target");
    for path in &cases {
        let case = Case::read(path)?;
        let (verdict, why) = in_process_of_its_own(path, args)?;
        println!("{verdict:10} {:14} {}", case.target, path.display());
        if !why.is_empty() {
            println!("{:26}{why}", "");
        }
        failing += usize::from(verdict == FAILS);
        uncompared += usize::from(verdict == UNCOMPARED);
    }
    println!(
        "{failing} of {} fail, {uncompared} could not be compared",
        cases.len()
    );
    Ok(if failing > 0 {
        Verdict::Findings
    } else {
        Verdict::Clean
    })
}

fn in_process_of_its_own(path: &Path, args: &Replay) -> Result<(&'static str, String)> {
    let program = std::env::current_exe().context("cannot find this program again")?;
    let mut command = Command::new(program);
    command.arg("replay-one").arg(path);
    let engines = &args.engines;
    for (flag, value) in [
        ("--node", &engines.node),
        ("--deno", &engines.deno),
        ("--bun", &engines.bun),
    ] {
        if let Some(value) = value {
            command.arg(flag).arg(value);
        }
    }
    if engines.no_install {
        command.arg("--no-install");
    }
    let output = command
        .output()
        .context("cannot start a process for the replay")?;
    let first = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    Ok(match output.status.code() {
        Some(0) => (PASSES, String::new()),
        Some(1) => (FAILS, first(&output.stdout)),
        Some(code) if code == i32::from(NOT_COMPARED) => (UNCOMPARED, first(&output.stdout)),
        Some(2) => {
            let why = first(&output.stderr);
            let why = why.strip_prefix(SPEAKER).unwrap_or(&why);
            bail!("{}: {why}", path.display())
        }
        _ => (FAILS, format!("its process ended: {}", output.status)),
    })
}

pub fn replay_one(args: &ReplayOne) -> Result<Verdict> {
    let path = args.path.clone();
    let engines = args.engines.clone();
    let thread = std::thread::Builder::new()
        .stack_size(2 * STACK_BYTES_NEEDED)
        .spawn(move || judge(&path, engines))
        .context("cannot start a thread")?;
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn judge(path: &Path, engines: crate::args::Engines) -> Result<Verdict> {
    let case = Case::read(path)?;
    let target =
        find(&case.target).ok_or_else(|| anyhow!("there is no target {:?}", case.target))?;
    let mut options = engines.options();
    options.names = Some(
        case.engines
            .iter()
            .map(|engine| engine.name.clone())
            .collect(),
    );
    let mut lab =
        Lab::open(options.lab()?, &mut |line| eprintln!("{line}")).map_err(|why| anyhow!(why))?;
    let report = (target.replay)(&mut lab, &case).map_err(|why| anyhow!(why))?;
    for finding in &report.findings {
        let what = finding.case.finding.as_ref();
        println!(
            "{}",
            what.map_or_else(|| finding.signature.clone(), |found| found.what.clone())
        );
    }
    if !report.findings.is_empty() {
        return Ok(Verdict::Findings);
    }
    Ok(verdict(&report))
}

/// Of a case without a finding: a known bug is one that is still there, and a pair that was given up
/// has not passed.
fn verdict(report: &Report) -> Verdict {
    let ends = report.pairs.iter().filter_map(|pair| match &pair.end {
        PairEnd::Discarded(discard) => Some((pair.oracle.as_str(), discard)),
        _ => None,
    });
    let judged = report.judged.iter().flat_map(|judged| {
        let discards = judged.discards.iter();
        discards.map(|discard| (judged.engine.as_str(), discard))
    });
    let whole = report.discard.iter().map(|discard| ("", discard));
    let mut verdict = Verdict::Clean;
    for (oracle, discard) in whole.chain(ends).chain(judged) {
        println!("{oracle} {discard}");
        if let Discard::KnownBug(_) = discard {
            return Verdict::Findings;
        }
        // Both sides failing alike to instantiate is a comparison, if a short one.
        if *discard != Discard::NotInstantiated {
            verdict = Verdict::Uncompared;
        }
    }
    verdict
}
