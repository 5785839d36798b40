//! The command line.

use assay_campaign::EngineOptions;
use clap::{ArgGroup, Args as ClapArgs, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Puts a WebAssembly runtime on trial.
#[derive(Debug, Parser)]
#[command(name = "assay", version)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run targets: generate cases, run them on all engines, and report every difference
    Run(Run),
    /// List the targets, the engines with their versions, and the features that each pair shares
    List(List),
    /// Run findings again, and say which of them still fail
    Replay(Replay),
    /// Run the official test suite on each engine: proposal by proposal what passes, fails, is skipped
    Spectest(Spectest),
    /// Make memory run out wherever Wasmtime asks for it, and judge what comes of it
    Oom(Oom),
    /// Say what this machine has, what is missing, and how to get it
    Doctor(Doctor),
    /// Serve a campaign (internal)
    #[command(hide = true)]
    Worker,
    /// Replay one case in this process (internal)
    #[command(hide = true)]
    ReplayOne(ReplayOne),
}

/// Which engines.
#[derive(Clone, Debug, ClapArgs)]
pub struct Engines {
    /// Only these engines, subjects and oracles alike
    #[arg(
        long,
        value_name = "A,B",
        value_delimiter = ',',
        visible_alias = "engine"
    )]
    pub engines: Option<Vec<String>>,
    /// Node.js to use
    #[arg(long, value_name = "PATH")]
    pub node: Option<PathBuf>,
    /// Deno to use
    #[arg(long, value_name = "PATH")]
    pub deno: Option<PathBuf>,
    /// Bun to use
    #[arg(long, value_name = "PATH")]
    pub bun: Option<PathBuf>,
    /// Do not install JavaScript engines where none is found
    #[arg(long)]
    pub no_install: bool,
}

impl Engines {
    /// As a worker is told.
    pub fn options(&self) -> EngineOptions {
        EngineOptions {
            names: self.engines.clone(),
            node: self.node.clone(),
            deno: self.deno.clone(),
            bun: self.bun.clone(),
            install: !self.no_install,
            canary: None,
            modules: None,
        }
    }
}

/// `assay run`
#[derive(Clone, Debug, ClapArgs)]
#[command(group(ArgGroup::new("budget").args(["time", "cases"])))]
pub struct Run {
    /// The targets; all where none is named
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// How long each target runs, as in 90s, 5m, 2h [default: 60s]
    #[arg(long, value_parser = duration, allow_hyphen_values = true)]
    pub time: Option<Duration>,
    /// How many cases each target runs
    #[arg(long, value_name = "N")]
    pub cases: Option<u64>,
    /// The seed, which decides all cases
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// How many workers [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Which engines.
    #[command(flatten)]
    pub engines: Engines,
    /// Where findings go
    #[arg(long, value_name = "DIR", default_value = "assay-out")]
    pub out: PathBuf,
    /// Run your own .wasm, .wat and .wast instead of generated modules
    #[arg(long, value_name = "DIR")]
    pub modules: Option<PathBuf>,
    /// Put a fault into the subject, to see that it is caught
    #[arg(long, value_name = "KIND")]
    pub canary: Option<String>,
    /// End standard output with one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `assay list`
#[derive(Clone, Debug, ClapArgs)]
pub struct List {
    /// Which engines.
    #[command(flatten)]
    pub engines: Engines,
}

/// `assay spectest`
#[derive(Clone, Debug, ClapArgs)]
pub struct Spectest {
    /// Which engines.
    #[command(flatten)]
    pub engines: Engines,
    /// Only these proposals, or versions of the standard [default: all]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub proposal: Vec<String>,
    /// Put a fault into the subjects, to see that it is caught
    #[arg(long, value_name = "KIND")]
    pub canary: Option<String>,
    /// Print every failure, not only the first few of each engine
    #[arg(long)]
    pub all: bool,
    /// End standard output with one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `assay oom`
#[derive(Clone, Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Oom {
    /// What else to do than to explore.
    #[command(subcommand)]
    pub verb: Option<OomVerb>,
    /// The scenarios; all where none is named
    #[arg(value_name = "SCENARIO")]
    pub scenarios: Vec<String>,
    /// Explore what an input of the fuzz target oom means
    #[arg(long, value_name = "FILE", conflicts_with = "scenarios")]
    pub input: Option<PathBuf>,
    /// How long each scenario may be explored, as in 90s, 5m, 2h [default: to its end]
    #[arg(long, value_parser = duration, allow_hyphen_values = true)]
    pub time: Option<Duration>,
    /// The seed of what is chosen by chance
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// How many scenarios at a time [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Print the report as JSON, a line for each scenario, site, finding and change
    #[arg(long)]
    pub json: bool,
    /// Print the account of each site too
    #[arg(long)]
    pub sites: bool,
    /// Fail on what is not in the baseline, and on nothing else [FILE: ci/oom-baseline.toml]
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "ci/oom-baseline.toml"
    )]
    pub baseline: Option<PathBuf>,
    /// Write what was found to the baseline, with the causes that it has; new ones are to be filled in
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["scenarios", "input", "time", "baseline"]
    )]
    pub write_baseline: Option<PathBuf>,
    /// Write the findings as SARIF 2.1.0 too
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
}

/// What `assay oom` does beside exploring.
#[derive(Clone, Debug, Subcommand)]
pub enum OomVerb {
    /// List the scenarios
    List,
    /// List the public API of Wasmtime's data plane, and which scenarios cover it
    Api,
    /// Run one plan again, and print the stacks of what failed and of what followed
    Replay(OomReplay),
    /// List the functions from which the machine code can end the process for want of memory
    #[command(long_about = crate::oom::ABOUT_STATIC)]
    Static(OomStatic),
}

/// `assay oom replay`
#[derive(Clone, Debug, ClapArgs)]
pub struct OomReplay {
    /// The token of a finding
    pub token: String,
    /// The input that the token is of, where it is of one
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
}

/// `assay oom static`
#[derive(Clone, Debug, ClapArgs)]
pub struct OomStatic {
    /// The binary; a release build with symbols tells most [default: this command]
    #[arg(long, value_name = "PATH")]
    pub binary: Option<PathBuf>,
    /// Functions of the crates whose names begin so [default: Wasmtime's, without its compilers]
    #[arg(long, value_name = "PREFIX")]
    pub package: Option<String>,
    /// What `assay oom --json` printed of all scenarios with the same binary
    #[arg(long, value_name = "FILE")]
    pub seen: Option<PathBuf>,
    /// Print JSON, a line for each function and root
    #[arg(long)]
    pub json: bool,
}

/// `assay doctor`
#[derive(Clone, Debug, ClapArgs)]
pub struct Doctor {
    /// Which engines.
    #[command(flatten)]
    pub engines: Engines,
}

/// `assay replay`
#[derive(Clone, Debug, ClapArgs)]
pub struct Replay {
    /// Cases, or folders that have cases anywhere below
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Which engines.
    #[command(flatten)]
    pub engines: Engines,
}

/// `assay replay-one`
#[derive(Clone, Debug, ClapArgs)]
pub struct ReplayOne {
    /// The case
    pub path: PathBuf,
    /// Which engines.
    #[command(flatten)]
    pub engines: Engines,
}

/// Reads a duration: a whole number and `s`, `m` or `h`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no duration; write it as in 90s, 5m or 2h");
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number
        .checked_mul(seconds)
        .filter(|&seconds| seconds > 0)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        for wrong in [
            "",
            "s",
            "-1s",
            "0s",
            "1",
            "1d",
            "1.5s",
            "99999999999999999999s",
            "5 m",
            "5µ",
        ] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
    }
}
