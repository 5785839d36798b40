//! The command `assay`.
//!
//! Exit codes: 0 nothing found, 1 findings, 2 misuse or a missing environment.

#[macro_use]
mod print;

mod args;
mod cases;
mod doctor;
mod json;
mod list;
mod oom;
mod replay;
mod run;
mod show;
mod spectest;

use args::{Args, Verb};
use assay_oom::FaultAllocator;
use clap::Parser;
use clap::error::ErrorKind;
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Compilers allocate much and briefly, which this allocator does faster than the system's. Around it
/// is the one that fails where `assay oom` says so; else it costs a comparison.
#[global_allocator]
static ALLOCATOR: FaultAllocator<MiMalloc> = FaultAllocator::new(MiMalloc);

/// What a verb comes to.
enum Verdict {
    /// Nothing was found.
    Clean,
    /// Something was.
    Findings,
    /// A replayed case could not be compared to its end: what its process says to its parent.
    Uncompared,
}

/// The exit code of [`Verdict::Uncompared`].
const NOT_COMPARED: u8 = 3;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            print!("{error}");
            return ExitCode::SUCCESS;
        }
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return misuse(
                "say what to do: run, list, replay, spectest, oom or doctor; --help tells more",
            );
        }
        Err(error) => return misuse(&first_line(&error.to_string())),
    };
    let result = match args.verb {
        Verb::Run(run) => run::run(run),
        Verb::List(list) => list::list(&list),
        Verb::Replay(replay) => replay::replay(&replay),
        Verb::Spectest(spectest) => spectest::spectest(&spectest),
        Verb::Oom(oom) => oom::oom(&oom),
        Verb::Doctor(doctor) => doctor::doctor(&doctor),
        Verb::Worker => assay_campaign::serve()
            .map(|()| Verdict::Clean)
            .map_err(Into::into),
        Verb::ReplayOne(one) => replay::replay_one(&one),
    };
    match result {
        Ok(Verdict::Clean) => ExitCode::SUCCESS,
        Ok(Verdict::Findings) => ExitCode::from(1),
        Ok(Verdict::Uncompared) => ExitCode::from(NOT_COMPARED),
        Err(error) => misuse(&format!("{error:#}")),
    }
}

/// What a complaint begins with.
const SPEAKER: &str = "assay: ";

/// One line on standard error, and exit code 2.
fn misuse(why: &str) -> ExitCode {
    eprintln!(
        "{SPEAKER}{}",
        why.strip_prefix("error: ")
            .unwrap_or(why)
            .replace('\n', " ")
    );
    ExitCode::from(2)
}

/// The first line of a message, with the usage that follows it left to `--help`.
fn first_line(text: &str) -> String {
    let lines = text.lines().take_while(|line| !line.trim().is_empty());
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}
