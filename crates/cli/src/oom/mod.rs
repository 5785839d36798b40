//! `assay oom`: memory runs out wherever Wasmtime's data plane asks for it.

mod known;
mod reach;
mod sites;
mod subject;
mod text;

use crate::Verdict;
use crate::args::{Oom, OomReplay, OomVerb};
use anyhow::{Context, Result};
use assay_oom::{
    Baseline, Change, Explorer, Line, Options, Report, Schedule, Token, Tool, distinct, sarif,
};
use assay_oom_wasmtime::{BUILD, api, rows, shims};
pub use reach::ABOUT as ABOUT_STATIC;
use std::collections::VecDeque;
use std::time::Duration;
use subject::Subject;

/// How long a scenario may take, with its setting up.
const AT_MOST: Duration = Duration::from_secs(600);

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
    let known = args.baseline.as_deref().map(known::of_build).transpose()?;
    let explorer = explorer(args)?;
    let chosen = Subject::all(&args.scenarios, args.input.as_deref())?;
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
        for subject in chosen.by_ref().take(jobs - waiting.len()) {
            let zygote = explorer.spawn(|| subject.make())?;
            waiting.push_back((subject, zygote));
        }
        let Some((subject, zygote)) = waiting.pop_front() else {
            break;
        };
        let name = || subject.name().to_owned();
        let report = zygote.wait(AT_MOST).with_context(name)?;
        say(args, &text::row(&report));
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
    let all = args.scenarios.is_empty() && args.input.is_none();
    let whole = all && !reports.iter().any(|r| r.summary.out_of_time);
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

fn replay_token(args: &OomReplay) -> Result<Verdict> {
    let token: Token = args.token.parse()?;
    let options = Options {
        shims: shims(),
        ..Options::default()
    };
    let explorer = Explorer::new(options).context(NOT_HERE)?;
    let subject = Subject::of_token(&token.scenario, args.input.as_deref())?;
    let replay = explorer.replay(subject.make().as_ref(), &token)?;
    if !replay.same_context {
        println!("another request failed than the token names: this is another build");
    }
    print!("{}", text::finding(&replay.finding, &[&token.scenario]));
    Ok(verdict(!replay.verdict.is_bad()))
}
