//! `assay oom`: memory runs out wherever Wasmtime's data plane asks for it.

mod known;
mod reach;
mod sites;
mod text;

use crate::Verdict;
use crate::args::{Oom, OomReplay, OomVerb};
use anyhow::{Context, Result, anyhow};
use assay_oom::{
    Baseline, Change, Explorer, Line, Options, Plan, Profile, Report, Schedule, Token, Tool,
    Zygote, distinct, sarif,
};
use assay_oom_wasmtime::{BUILD, Row, api, find, rows, shims};
pub use reach::ABOUT as ABOUT_STATIC;
use std::collections::VecDeque;
use std::io::{PipeReader, Read, Write, pipe};
use std::time::{Duration, Instant};

/// How long a scenario may take, with its setting up.
const AT_MOST: Duration = Duration::from_secs(600);

/// How many clean runs are timed.
const BARE_RUNS: u32 = 300;

pub fn oom(args: &Oom) -> Result<Verdict> {
    match &args.verb {
        Some(OomVerb::List) => list(),
        Some(OomVerb::Api) => list_api(),
        Some(OomVerb::Replay(replay)) => replay_token(replay),
        Some(OomVerb::Static(second)) => reach::reach(second),
        None => explore(args),
    }
}

fn list() -> Result<Verdict> {
    rows().for_each(|row| println!("{:28} {}", row.name, row.about));
    Ok(Verdict::Clean)
}

fn list_api() -> Result<Verdict> {
    print!("{}", text::api(&api::coverage()));
    Ok(Verdict::Clean)
}

/// Finds a scenario, or says in one line that there is none.
fn scenario(name: &str) -> Result<&'static Row> {
    find(name).ok_or_else(|| anyhow!("no scenario {name:?}; assay oom list tells all"))
}

fn explorer(args: &Oom) -> Result<Explorer> {
    let mut schedule = Schedule::default();
    schedule.seed = args.seed.unwrap_or(schedule.seed);
    let options = Options {
        schedule,
        time: args.time,
        shims: shims(),
        ..Options::default()
    };
    Explorer::new(options).context(NOT_HERE)
}

/// What an explorer that cannot be is for the user.
const NOT_HERE: &str = "memory cannot be made to run out here";

fn explore(args: &Oom) -> Result<Verdict> {
    let chosen: Vec<&Row> = match args.scenarios.is_empty() {
        true => rows().collect(),
        false => args
            .scenarios
            .iter()
            .map(|name| scenario(name))
            .collect::<Result<_>>()?,
    };
    let known = args.baseline.as_deref().map(known::of_build).transpose()?;
    let explorer = explorer(args)?;
    let jobs = args.jobs.map_or_else(processors, usize::from);
    let mut reports = Vec::new();
    let mut waiting = VecDeque::new();
    let mut chosen = chosen.into_iter();
    say(args, &text::head(BUILD));
    if args.json {
        let build = BUILD.into();
        println!("{}", Line::Build { build });
    }
    loop {
        // A process of its own sets each scenario up; as many are at work as there are jobs.
        for row in chosen.by_ref().take(jobs - waiting.len()) {
            waiting.push_back((row, start(&explorer, row)?));
        }
        let Some((row, started)) = waiting.pop_front() else {
            break;
        };
        let (report, bare) = started.end().with_context(|| row.name.to_owned())?;
        say(args, &text::row(&report, bare));
        if args.json {
            report.lines().for_each(|line| println!("{line}"));
        }
        reports.push(report);
    }
    conclude(args, &reports, known.as_ref())
}

/// What a whole exploration comes to.
fn conclude(args: &Oom, reports: &[Report], known: Option<&Baseline>) -> Result<Verdict> {
    let found = distinct(reports);
    if args.sites {
        say(args, &sites::table(reports));
    }
    if let Some(path) = &args.sarif {
        let tool = Tool {
            name: "Assay",
            version: env!("CARGO_PKG_VERSION"),
            what: &format!("oom/{BUILD}"),
        };
        let text = serde_json::to_string_pretty(&sarif(tool, &found, known))?;
        std::fs::write(path, text + "\n").with_context(|| known::shown(path))?;
    }
    if args.baseline.is_some() || args.write_baseline.is_some() {
        say(args, text::nameless(reports));
    }
    if let Some(path) = &args.write_baseline {
        known::write(path, reports)?;
        return Ok(Verdict::Clean);
    }
    let Some(known) = known else {
        say(args, &text::findings(&found));
        return Ok(verdict(found.is_empty()));
    };
    let whole = args.scenarios.is_empty() && !reports.iter().any(|r| r.summary.out_of_time);
    let changes = known.compare(reports, whole);
    if args.json {
        let lines = changes.iter().cloned().map(Line::Change);
        lines.for_each(|line| println!("{line}"));
    }
    say(args, &text::changes(&found, &changes));
    Ok(verdict(!changes.iter().any(Change::fails)))
}

const fn verdict(clean: bool) -> Verdict {
    match clean {
        true => Verdict::Clean,
        false => Verdict::Findings,
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// For people: on standard error where standard output has the lines of JSON.
fn say(args: &Oom, text: &str) {
    match args.json {
        true => eprint!("{text}"),
        false => print!("{text}"),
    }
}

/// An exploration at work, and what tells the time of a bare run.
struct Started(Zygote, PipeReader);

fn start(explorer: &Explorer, row: &Row) -> Result<Started> {
    let (reader, mut writer) = pipe()?;
    let zygote = explorer.spawn(|| {
        let scenario = row.make();
        let nanoseconds = Profile::take(scenario.as_ref()).map_or(0, |profile| {
            let began = Instant::now();
            for _ in 0..BARE_RUNS {
                profile.judge(scenario.as_ref(), &Plan::CLEAN);
            }
            began.elapsed().as_nanos() as u64 / u64::from(BARE_RUNS)
        });
        // Where nobody reads it any more there is nothing to tell.
        drop(writer.write_all(&nanoseconds.to_le_bytes()));
        scenario
    })?;
    Ok(Started(zygote, reader))
}

impl Started {
    fn end(mut self) -> Result<(Report, Duration)> {
        let report = self.0.wait(AT_MOST)?;
        let mut bytes = [0; 8];
        self.1.read_exact(&mut bytes)?;
        Ok((report, Duration::from_nanos(u64::from_le_bytes(bytes))))
    }
}

fn replay_token(args: &OomReplay) -> Result<Verdict> {
    let token: Token = args.token.parse()?;
    let row = scenario(&token.scenario)?;
    let options = Options {
        shims: shims(),
        ..Options::default()
    };
    let explorer = Explorer::new(options).context(NOT_HERE)?;
    let replay = explorer.replay(row.make().as_ref(), &token)?;
    if !replay.same_context {
        println!("another request failed than the token names: this is another build");
    }
    print!("{}", text::finding(&replay.finding, &[&token.scenario]));
    Ok(verdict(!replay.verdict.is_bad()))
}
