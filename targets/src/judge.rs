//! Runs a program on a subject and its oracles, and compares.

use crate::report::{Discard, Finding, Pair, PairEnd, Report};
use crate::{Lab, Setup, differential, known_bugs};
use assay_case::{Case, EngineRecord, FindingRecord, Role, Seen};
use assay_checks::differential::{
    Comparison, Difference, Side, Verdict, What, compare, first_byte,
};
use assay_checks::{Place, answer, function_name, stack};
use assay_engine::{
    Answers, Engine, EngineError, Features, Outcome, Phase, Program, Tells, Transcript,
};
use assay_wasmtime::Compiler;
use std::time::Instant;

/// What a target asks of engines.
pub(crate) struct Question<'a> {
    /// The target that asks.
    pub target: &'static str,
    /// The engines.
    pub setup: &'a Setup,
    /// The features that the program may use.
    pub features: Features,
    /// How often oracles will be asked about the program, in as many cases in a row, this one the first.
    pub runs: usize,
    /// What is run.
    pub program: &'a Program,
    /// What must come of it, where the generator knows.
    pub answers: &'a Answers,
}

/// Runs a program on all engines of a setup, the oracles in other processes meanwhile, and
/// compares the subject with each oracle.
pub fn judge(lab: &mut Lab, setup: &Setup, features: Features, program: &Program) -> Report {
    let question = Question {
        target: differential::NAME,
        setup,
        features,
        runs: 1,
        program,
        answers: &Answers::default(),
    };
    ask(lab, &question)
}

/// As [`judge`]; where there are answers, each engine is judged by them, too.
pub(crate) fn ask(lab: &mut Lab, question: &Question<'_>) -> Report {
    let &Question {
        target,
        setup,
        features,
        program,
        answers,
        ..
    } = question;
    let name = setup.configuration.compiler.engine_name();
    let mut report = Report {
        subject: name.into(),
        features,
        ..Report::default()
    };
    if let Some(bug) = known_bugs::of_configuration(&setup.configuration) {
        report.discard = Some(Discard::KnownBug(bug.into()));
        return report;
    }
    let (subject, ran) = run_all(lab, question, &mut report);
    let mut judge = Judge {
        lab,
        target,
        setup,
        features,
        program,
        answers,
        report: &mut report,
    };
    match subject {
        Ok(subject) => judge.subject_ran(&subject, ran),
        Err(error) => judge.engine_failed(name, &error),
    }
    report
}

/// Runs a program on the subject and on the oracles, those in other processes meanwhile.
pub(crate) fn run_all(
    lab: &mut Lab,
    question: &Question<'_>,
    report: &mut Report,
) -> (Result<Transcript, EngineError>, Vec<(usize, Answer)>) {
    let &Question { setup, program, .. } = question;
    let mut begun = Vec::new();
    for &oracle in &setup.oracles {
        let name = lab.oracles().get(oracle).map(|engine| engine.name());
        let start = match name.and_then(|name| known_bugs::of_program(name, program)) {
            Some(bug) => Some(Start::Known(bug)),
            None => {
                let engine = lab.oracle_mut(oracle);
                engine.and_then(|engine| begin(engine, question))
            }
        };
        begun.push(start);
    }
    let subject = match lab.subject(&setup.configuration) {
        Ok(engine) => engine.run(program),
        Err(error) => Err(error),
    };
    let waiting = Instant::now();
    let mut answers = Vec::new();
    for (&oracle, begun) in setup.oracles.iter().zip(begun) {
        let answer = match begun {
            Some(Start::Begun) => {
                let ran = lab.oracle_mut(oracle).map(|engine| engine.run(program));
                ran.map(Answer::Ran)
            }
            Some(Start::Failed(error)) => Some(Answer::Ran(Err(error))),
            Some(Start::Lacks(feature)) => Some(Answer::Lacks(feature)),
            Some(Start::Known(bug)) => Some(Answer::Known(bug)),
            None => None,
        };
        answers.extend(answer.map(|answer| (oracle, answer)));
    }
    report.waited = waiting.elapsed();
    (subject, answers)
}

/// How an oracle took the program.
enum Start {
    Begun,
    Failed(EngineError),
    Lacks(String),
    /// A bug by which it might die.
    Known(&'static str),
}

/// What an oracle did with the program.
pub(crate) enum Answer {
    Ran(Result<Transcript, EngineError>),
    Lacks(String),
    /// It was not asked, for a bug by which it might die.
    Known(&'static str),
}

fn begin(engine: &mut dyn Engine, question: &Question<'_>) -> Option<Start> {
    let lacking = question.features - engine.features();
    if let Some(first) = lacking.names().next() {
        return Some(Start::Lacks(first));
    }
    Some(match engine.begin(question.program, question.runs) {
        Ok(()) => Start::Begun,
        Err(error) => Start::Failed(error),
    })
}

/// The case as it was run, without a finding.
pub(crate) fn record(lab: &Lab, setup: &Setup, features: Features, program: &Program) -> Case {
    // Where the offsets of a module are told, it must be kept to the byte.
    let case = if program.stacks {
        Case::exact
    } else {
        Case::new
    };
    let mut case = case(differential::NAME, features, program.clone());
    case.engines.push(lab.subject_record(&setup.configuration));
    for &oracle in &setup.oracles {
        if let Some(oracle) = lab.oracles().get(oracle) {
            case.engines.push(EngineRecord {
                role: Role::Oracle,
                name: oracle.name().into(),
                version: oracle.version().into(),
                configuration: None,
            });
        }
    }
    case
}

struct Judge<'a> {
    lab: &'a mut Lab,
    target: &'static str,
    setup: &'a Setup,
    features: Features,
    program: &'a Program,
    answers: &'a Answers,
    report: &'a mut Report,
}

impl Judge<'_> {
    fn subject_ran(&mut self, subject: &Transcript, answers: Vec<(usize, Answer)>) {
        let winch = self.setup.configuration.compiler == Compiler::Winch;
        if winch && subject.instantiation.outcome == Outcome::Rejected(Phase::Compile) {
            self.report.discard = Some(Discard::SubjectUnsupported);
            return;
        }
        let right = self.answered(subject);
        for (oracle, answer) in answers {
            let Some(name) = self
                .lab
                .oracles()
                .get(oracle)
                .map(|engine| engine.name().to_owned())
            else {
                continue;
            };
            let (calls, end) = match answer {
                Answer::Ran(Ok(transcript)) => {
                    let (calls, end) = self.compare(oracle, &name, subject, &transcript);
                    let bug = match right && !matches!(end, PairEnd::Found) {
                        true => self.oracle_answered(oracle, &name, &transcript),
                        false => None,
                    };
                    let given_up = |bug: &str| PairEnd::Discarded(Discard::KnownBug(bug.into()));
                    (calls, bug.map_or(end, given_up))
                }
                Answer::Ran(Err(error)) => {
                    self.engine_failed(&name, &error);
                    (0, PairEnd::Found)
                }
                Answer::Lacks(feature) => (0, PairEnd::Discarded(Discard::OracleLacks(feature))),
                Answer::Known(bug) => (0, PairEnd::Discarded(Discard::KnownBug(bug.into()))),
            };
            self.report.pairs.push(Pair {
                oracle: name,
                calls,
                end,
            });
        }
    }

    fn compare(
        &mut self,
        oracle: usize,
        name: &str,
        subject: &Transcript,
        other: &Transcript,
    ) -> (usize, PairEnd) {
        let verdict = compare(self.program, &self.answers.outcomes, subject, other);
        let end = match verdict.end {
            Comparison::Equal if verdict.calls == 0 => PairEnd::Discarded(Discard::NotInstantiated),
            Comparison::Equal => PairEnd::Equal,
            Comparison::BothRejected => PairEnd::Discarded(Discard::BothRejected),
            Comparison::Exhausted(side, resource) => {
                PairEnd::Discarded(Discard::Exhausted(side, resource))
            }
            Comparison::Differs(difference) => {
                match known_bugs::of_difference(name, &difference, self.program) {
                    Some(bug) => PairEnd::Discarded(Discard::KnownBug(bug.into())),
                    None => {
                        let difference = self.look_closer(oracle, difference);
                        self.found(name, &difference, other);
                        PairEnd::Found
                    }
                }
            }
        };
        (verdict.calls, end)
    }

    /// Judges the subject by the answers, which count as an oracle; whether they leave nothing to
    /// say about it.
    fn answered(&mut self, subject: &Transcript) -> bool {
        if self.answers.is_empty() {
            return true;
        }
        let engine = self.lab.subject(&self.setup.configuration);
        let tells = engine.map_or(Tells::NOTHING, |engine| engine.tells());
        let verdict = self.by_answers(subject, tells, Side::Subject);
        let end = match verdict.end {
            Comparison::Exhausted(side, resource) => {
                PairEnd::Discarded(Discard::Exhausted(side, resource))
            }
            Comparison::Differs(difference) => {
                let name = self.report.subject.clone();
                match known_bugs::of_difference(&name, &difference, self.program) {
                    Some(bug) => PairEnd::Discarded(Discard::KnownBug(bug.into())),
                    None => {
                        self.wrong(&name, answer::NAME, &difference, None);
                        PairEnd::Found
                    }
                }
            }
            Comparison::Equal | Comparison::BothRejected => PairEnd::Equal,
        };
        let right = end != PairEnd::Found;
        self.report.pairs.push(Pair {
            oracle: answer::NAME.into(),
            calls: verdict.calls,
            end,
        });
        right
    }

    /// Judges an engine by the answers, and then by the stacks, of which it tells so much.
    fn by_answers(&self, transcript: &Transcript, tells: Tells, side: Side) -> Verdict {
        let verdict = answer::judge(self.program, self.answers, transcript, side);
        match verdict.end {
            Comparison::Equal if !self.answers.stacks.is_empty() => {
                stack::judge(&self.answers.stacks, transcript, tells, side)
            }
            _ => verdict,
        }
    }

    /// Judges an oracle by the answers; the known bug that it shows, if it does. Where the subject is
    /// right, a wrong oracle is mostly found out by the comparison; here it is where that did not come
    /// so far.
    fn oracle_answered(
        &mut self,
        oracle: usize,
        name: &str,
        transcript: &Transcript,
    ) -> Option<&'static str> {
        if self.answers.is_empty() {
            return None;
        }
        let engine = self.lab.oracles().get(oracle);
        let tells = engine.map_or(Tells::NOTHING, |engine| engine.tells());
        let verdict = self.by_answers(transcript, tells, Side::Oracle);
        let Comparison::Differs(difference) = verdict.end else {
            return None;
        };
        let bug = known_bugs::of_difference(name, &difference, self.program);
        if bug.is_none() {
            self.wrong(answer::NAME, name, &difference, None);
        }
        bug
    }

    /// Fetches two memories whose digests differ.
    fn look_closer(&mut self, oracle: usize, mut difference: Difference) -> Difference {
        let What::Memory(memory) = difference.what else {
            return difference;
        };
        let call = match difference.place {
            Place::Instantiation => None,
            Place::Call(n) => Some(n),
            Place::End => return difference,
        };
        let program = self.program;
        let subject = self.lab.subject(&self.setup.configuration);
        let subject = subject.and_then(|engine| engine.memory_after(program, call, memory));
        let other = self
            .lab
            .oracle_mut(oracle)
            .map(|engine| engine.memory_after(program, call, memory));
        if let (Ok(subject), Some(Ok(other))) = (subject, other)
            && let Some((a, b)) = first_byte(&subject, &other)
        {
            (difference.subject, difference.oracle) = (a, b);
        }
        difference
    }

    fn found(&mut self, oracle: &str, difference: &Difference, expected: &Transcript) {
        let subject = self.report.subject.clone();
        self.wrong(&subject, oracle, difference, Some(expected));
    }

    /// A finding about `subject`, or about `oracle`, if that is an engine and the other is not.
    fn wrong(
        &mut self,
        subject: &str,
        oracle: &str,
        difference: &Difference,
        expected: Option<&Transcript>,
    ) {
        let target = self.target;
        let signature = format!("{target} {subject}/{oracle} {}", kind(difference));
        let seen = vec![
            Seen {
                engine: subject.into(),
                what: difference.subject.clone(),
            },
            Seen {
                engine: oracle.into(),
                what: difference.oracle.clone(),
            },
        ];
        let mut case = self.case();
        case.engines
            .retain(|engine| engine.role == Role::Subject || engine.name == oracle);
        case.expected = expected.cloned();
        let function = match difference.place {
            Place::Call(call) => function_name(self.program, call),
            Place::Instantiation | Place::End => None,
        };
        let function = function
            .map(|name| format!(" of {name}"))
            .unwrap_or_default();
        let what = format!(
            "{} differs after {}{function}",
            difference.what, difference.place
        );
        self.report
            .findings
            .push(finding(signature, what, seen, case));
    }

    fn case(&self) -> Case {
        Case {
            target: self.target.into(),
            answers: self.answers.clone(),
            ..record(self.lab, self.setup, self.features, self.program)
        }
    }

    /// An engine crashed, hung, or said something unknown: a finding about that engine.
    fn engine_failed(&mut self, name: &str, error: &EngineError) {
        let kind = failure(error);
        let seen = vec![Seen {
            engine: name.into(),
            what: error.to_string(),
        }];
        let case = self.case();
        let signature = format!("{} {name} {kind}", self.target);
        self.report
            .findings
            .push(finding(signature, error.to_string(), seen, case));
    }
}

/// How an engine failed, in words.
pub(crate) fn failure(error: &EngineError) -> &'static str {
    match error {
        EngineError::Crashed { .. } => "crashed",
        EngineError::Hung { .. } => "hung",
        EngineError::UnknownText { .. } => "said something unknown",
        EngineError::Misuse { .. } => "was misused",
    }
}

/// The kind of a difference, with what the two sides did where that is a matter of words.
pub(crate) fn kind(difference: &Difference) -> String {
    let kind = difference.what.kind();
    match difference.what {
        What::Outcome | What::Trap | What::Rejection(_) => format!(
            "{kind}: {} vs {}",
            shape(&difference.subject),
            shape(&difference.oracle)
        ),
        _ => kind.to_owned(),
    }
}

/// The words of an observation without its numbers, so that findings group.
fn shape(seen: &str) -> String {
    let words: Vec<_> = seen
        .split(|c: char| !(c.is_ascii_alphabetic() || c == ' '))
        .flat_map(str::split_whitespace)
        .filter(|word| word.len() > 2)
        .take(4)
        .collect();
    words.join(" ")
}

/// A finding with this signature.
pub(crate) fn finding(signature: String, what: String, seen: Vec<Seen>, mut case: Case) -> Finding {
    // A signature is one line of TOML and part of a file's name.
    let what = what.replace(char::is_control, " ");
    case.finding = Some(FindingRecord {
        signature: signature.clone(),
        what,
        seen,
    });
    Finding { signature, case }
}
