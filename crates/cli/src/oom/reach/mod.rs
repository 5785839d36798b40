//! `assay oom static`: a second opinion from the machine code.

mod analysis;
mod print;
mod seen;
mod tables;

use crate::Verdict;
use crate::args::OomStatic;
use analysis::{Opinion, Opinions, Packages};
use anyhow::{Context, Result};
use assay_reach::Program;
use print::Joined;
use seen::{Seen, Standing};
use std::path::PathBuf;

/// What the help says of it, and of what it cannot prove.
pub const ABOUT: &str = "\
List the functions from which the machine code can end the process for want of memory

A second opinion beside the explorer's. It reads the machine code, and lists the functions from
which a root can be reached, with a shortest path each. Roots are the standard library's
handle_alloc_error, and Wasmtime's panic_on_oom. On a path, \"calls\" is a call or a jump; \"takes\"
says that the function only takes the address of the next one, or of a table that holds it, for
somebody to call. A function reaches a root directly where what is between them only passes
requests on: the standard library, collections.

With --seen, the functions that reach a root directly are joined with what the explorer saw.
Those never seen are what remains to do: a scenario is missing, or the path is infeasible. At
last come those in which the explorer saw an abort that no path explains. Exit code 1 says that
something was seen and never failed.

What it cannot prove:

- That a function on the list ever reaches the root. The path may be infeasible: the room may have
  been reserved before, or an argument may say that the request is to fail with an error.
- That a function not on the list never does. It may by a call through a pointer or an object that
  somebody else made, by generated code, which calls its builtins by pointers, by code of
  other libraries, or by what a panic does, at which all paths end.
- Anything of another build. Names are those of the binary: what is inlined has the name of its
  caller, the instances of a generic function have one name here, and what the linker dropped
  is not there.
- That a function that was seen was seen at each of its requests. The join is by functions, and
  panic_on_oom may be far from the request that fails.";

pub fn reach(args: &OomStatic) -> Result<Verdict> {
    let path = match &args.binary {
        Some(path) => path.clone(),
        None => std::env::current_exe()?,
    };
    let shown = || path.display().to_string();
    let seen = args.seen.as_ref().map(read_seen).transpose()?;
    let bytes = std::fs::read(&path).with_context(shown)?;
    let program = Program::read(&bytes).with_context(shown)?;
    let packages = Packages::new(args.package.as_deref());
    let opinions = Opinions::new(&program, &packages);
    let joined = opinions.roots.iter().map(|opinion| Joined {
        opinion,
        seen: seen.as_ref(),
        missed: seen
            .as_ref()
            .map_or_else(Vec::new, |seen| opinion.missed(&packages, seen)),
    });
    match args.json {
        true => {
            joined.for_each(|joined| print!("{}", joined.json()));
            print!("{}", print::stops_json(&opinions));
        }
        false => {
            joined.for_each(|joined| print!("{}", joined.text()));
            print!("{}", print::counts(&opinions));
        }
    }
    let has_unfailed = |seen: &Seen| {
        let mut reached = opinions.roots.iter().flat_map(Opinion::direct);
        reached.any(|reached| seen.standing(reached) == Standing::NeverFailed)
    };
    Ok(match seen.as_ref().is_some_and(has_unfailed) {
        true => Verdict::Findings,
        false => Verdict::Clean,
    })
}

fn read_seen(path: &PathBuf) -> Result<Seen> {
    let shown = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(shown)?;
    Seen::read(&text).with_context(shown)
}
