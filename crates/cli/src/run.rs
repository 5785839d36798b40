//! `assay run`

use crate::args::Run;
use crate::show::Printer;
use crate::{Verdict, json};
use anyhow::{Context, Result, bail};
use assay_campaign::{Budget, EngineOptions, Options, Summary, supervise};
use assay_targets::{TARGETS, differential, find};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How long a target runs unless told.
const DEFAULT_TIME: Duration = Duration::from_secs(60);

pub fn run(args: Run) -> Result<Verdict> {
    let targets = match targets(&args.targets)? {
        all if args.modules.is_none() => all,
        // The others make modules of their own.
        _ if args.targets.is_empty() => vec![differential::NAME],
        named => match named.iter().find(|name| **name != differential::NAME) {
            Some(name) => bail!("the target {name} takes no modules"),
            None => named,
        },
    };
    check_writable(&args.out)?;
    let engines = EngineOptions {
        canary: args.canary.clone(),
        modules: args.modules.clone(),
        ..args.engines.options()
    };
    // What is wrong with the options is said once, here, and not by every worker.
    engines.lab()?;
    if let Some(invalid) = engines.invalid_modules()?.filter(|&invalid| invalid > 0) {
        eprintln!("{invalid} modules in scripts are not valid, and passed over");
    }
    let seed = args.seed.unwrap_or_else(random_seed);
    let program = std::env::current_exe().context("cannot find this program again")?;
    let mut printer = Printer::new(args.json);
    let mut summaries: Vec<(&str, Summary)> = Vec::new();
    for target in targets {
        let options = Options {
            target: target.into(),
            seed,
            budget: budget(&args),
            jobs: args.jobs.map_or_else(default_jobs, usize::from),
            out: args.out.clone(),
            engines: engines.clone(),
        };
        printer.begin(target, &options);
        let worker = || {
            let mut command = Command::new(&program);
            command.arg("worker");
            command
        };
        let summary = supervise(&options, &worker, &mut |event| printer.event(event))?;
        printer.end(target, &summary);
        summaries.push((target, summary));
    }
    if args.json {
        println!("{}", json::object(seed, &summaries));
    }
    let found = summaries
        .iter()
        .any(|(_, summary)| !summary.findings.is_empty());
    Ok(if found {
        Verdict::Findings
    } else {
        Verdict::Clean
    })
}

fn targets(names: &[String]) -> Result<Vec<&'static str>> {
    if names.is_empty() {
        return Ok(TARGETS.iter().map(|target| target.name).collect());
    }
    let known = || {
        TARGETS
            .iter()
            .map(|target| target.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    names
        .iter()
        .map(|name| match find(name) {
            Some(target) => Ok(target.name),
            None => bail!("there is no target {name:?}; there are: {}", known()),
        })
        .collect()
}

fn budget(args: &Run) -> Budget {
    match (args.cases, args.time) {
        (Some(cases), _) => Budget::Cases(cases),
        (None, Some(time)) => Budget::Time(time),
        (None, None) if args.modules.is_some() => Budget::Modules,
        (None, None) => Budget::Time(DEFAULT_TIME),
    }
}

fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn random_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_nanos() as u64 & 0xffff_ffff)
}

/// Findings must not be lost for a reason that shows at the start.
fn check_writable(folder: &Path) -> Result<()> {
    let cannot = || format!("cannot write to {}", folder.display());
    fs::create_dir_all(folder).with_context(cannot)?;
    let probe = folder.join(format!(".assay-{}", std::process::id()));
    fs::write(&probe, []).with_context(cannot)?;
    fs::remove_file(&probe).with_context(cannot)
}
