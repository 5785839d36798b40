//! Runs files of the suite.

use crate::known;
use crate::needs::Needs;
use crate::perform::{Performed, perform};
use crate::plan::{Check, Plan, Stop, plan};
use crate::report::{Failure, Report, Skip};
use crate::suite::{File, OUTDATED};
use crate::wrapper;
use assay_engine::{Engine, Outcome};
use std::collections::BTreeSet;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{Wast, WastDirective};

/// What became of a directive.
enum Verdict {
    Passed,
    Failed { expected: String, seen: String },
    Skipped(Skip),
}

/// Runs a file on an engine, and judges it by the tables [`OUTDATED`] and [`KNOWN`](crate::KNOWN).
/// A file that does not parse has one failed directive.
pub fn run(engine: &mut dyn Engine, file: &File) -> Report {
    let outdated = OUTDATED.iter().filter(|row| row.file == file.name);
    let outdated: BTreeSet<usize> = outdated.flat_map(|row| row.lines).copied().collect();
    let known = known::lines(engine.name(), &file.name);
    let failure = |line, expected, seen| Failure {
        file: file.name.clone(),
        line,
        expected,
        seen,
    };
    let verdicts = match verdicts(engine, file) {
        Ok(verdicts) => verdicts,
        Err(seen) => vec![(0, Verdict::failed("a script", seen))],
    };
    // What is listed and passes is reported, unless another directive of its line fails.
    let failing =
        |&(line, ref verdict): &_| matches!(verdict, Verdict::Failed { .. }).then_some(line);
    let failing: BTreeSet<usize> = verdicts.iter().filter_map(failing).collect();
    let mut report = Report::default();
    for (line, verdict) in verdicts {
        let listed = outdated.contains(&line) || known.contains_key(&line);
        match verdict {
            Verdict::Passed if listed && !failing.contains(&line) => {
                let expected = "that it fails, as is listed".to_owned();
                report
                    .failed
                    .push(failure(line, expected, "it passes".to_owned()));
            }
            Verdict::Passed => report.passed += 1,
            Verdict::Failed { .. } if outdated.contains(&line) => report.skip(Skip::Outdated),
            Verdict::Failed { expected, seen } => {
                let failure = failure(line, expected, seen);
                match known.get(&line) {
                    Some(why) => report.known.push((failure, why)),
                    None => report.failed.push(failure),
                }
            }
            Verdict::Skipped(skip) => report.skip(skip),
        }
    }
    report
}

/// The line of each directive, and what became of it.
fn verdicts(engine: &mut dyn Engine, file: &File) -> Result<Vec<(usize, Verdict)>, String> {
    let text = file.text;
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(|error| error.to_string())?;
    let wast = parser::parse::<Wast<'_>>(&buffer).map_err(|error| error.to_string())?;
    let lines = Lines::of(text);
    let at = |directive: &WastDirective<'_>| lines.at(directive.span().offset());
    let lines: Vec<usize> = wast.directives.iter().map(at).collect();
    let needs = Needs {
        script: file.features,
        engine: engine.features(),
    };
    let Plan { script, checks } = plan(wast.directives, needs);
    let performed = perform(engine, script);
    let verdict = |check| match check {
        Ok(check) => match look(&check, &performed) {
            Ok(()) => Verdict::Passed,
            Err(seen) => Verdict::failed(&check.expected, seen),
        },
        Err(Stop::Skip(skip)) => Verdict::Skipped(skip),
        Err(Stop::Broken(what)) => Verdict::failed("a directive that can be run", what),
    };
    Ok(lines
        .into_iter()
        .zip(checks.into_iter().map(verdict))
        .collect())
}

impl Verdict {
    fn failed(expected: impl ToString, seen: String) -> Self {
        let expected = expected.to_string();
        Self::Failed { expected, seen }
    }
}

/// Whether an outcome is as expected; if not, what it was.
fn look(check: &Check<'_>, performed: &Performed) -> Result<(), String> {
    let outcome = performed.outcome(check.action).map_err(|why| {
        let needed = check.needs.iter().map(|&need| performed.outcome(need));
        let causes: Vec<String> = needed
            .filter_map(|outcome| match outcome {
                Ok(Outcome::Returned(_)) => None,
                Ok(other) => Some(other.to_string()),
                Err(why) => Some(why),
            })
            .collect();
        if causes.is_empty() {
            why
        } else {
            format!("{why}: {}", causes.join(", "))
        }
    })?;
    let carried = match (outcome, &check.carried) {
        (Outcome::Returned(slots), Some(types)) => {
            let values = wrapper::values(types, slots);
            Outcome::Returned(values.ok_or_else(|| format!("{outcome}, which is no {types:?}"))?)
        }
        _ => outcome.clone(),
    };
    if check.expected.is(&carried) {
        Ok(())
    } else {
        Err(carried.to_string())
    }
}

/// Where the lines of a text end.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The line, from 1, of a byte.
    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|&end| end < offset) + 1
    }
}
