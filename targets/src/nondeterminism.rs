//! The target `nondeterminism`: operators whose results the specification leaves open, on every
//! engine by itself.
//!
//! A program runs single operators on known operands ([`assay_generators::single_op::bare`]): the
//! relaxed vector instructions, and all that may give a NaN. What an engine gives must be among what
//! the specification allows ([`assay_checks::allowed`]), subject and oracles alike. These are the
//! results that a differential case cannot compare: it leaves relaxed instructions out and makes
//! NaNs canonical.
//!
//! One case in four is a whole program with relaxed instructions, see `nondeterminism/whole.rs`. It
//! is told from the others by its shim, so that a case that is read back needs no more.

mod whole;

use crate::differential::{choose_engines, make, setup_of};
use crate::judge::{Answer, Question, failure, finding, record, run_all};
use crate::report::{Discard, Finding, Judged, Report};
use crate::{Input, Lab, Setup, bytes, known_bugs};
use arbitrary::Unstructured;
use assay_case::{Case, Role, Seen};
use assay_checks::allowed::{self, Cut, Wrong};
use assay_checks::differential::Side;
use assay_engine::{Answers, EngineError, Features, Program, Transcript};
use assay_generators::{single_op, wasm_smith};
use assay_wasmtime::Compiler;
use std::collections::BTreeSet;

/// The name of the target.
pub const NAME: &str = "nondeterminism";

/// A case before it is run.
#[derive(Debug)]
pub struct Plan {
    /// The engines.
    pub setup: Setup,
    /// The features that the module was allowed.
    pub features: Features,
    /// What is run.
    pub program: Program,
    /// The generator of the program.
    pub generator: &'static str,
    /// Why exports are not called: one entry for each.
    pub left_out: Vec<&'static str>,
}

/// What a whole program never has: it needs a scheduler, or is no longer standard.
const LEFT_OUT: Features = Features::THREADS.union(Features::LEGACY_EXCEPTIONS);

/// Makes a case of the input and judges it.
pub fn run(lab: &mut Lab, input: &Input<'_>) -> Report {
    let plan = match plan(lab, input) {
        Ok(plan) => plan,
        Err(discard) => return Report::discarded(discard),
    };
    // What the generator makes can be read: a test of this target holds it to that.
    let judged = judge(lab, &plan);
    let mut report = judged.unwrap_or_else(|_| Report::discarded(Discard::NoCall));
    report.generator = plan.generator.into();
    report.left_out = plan.left_out;
    report
}

/// Makes the case of the input, and runs nothing.
pub fn describe(lab: &Lab, input: &Input<'_>) -> Option<Case> {
    Some(case_of(lab, &plan(lab, input).ok()?))
}

/// Makes the case of the input: engines first, then a program of what they share.
///
/// # Errors
///
/// Why there is none.
pub fn plan(lab: &Lab, input: &Input<'_>) -> Result<Plan, Discard> {
    let (setup, rest) = input.bytes.split_at(bytes::SETUP.min(input.bytes.len()));
    let setup = choose_engines(lab, &mut Unstructured::new(setup)).map_err(|_| Discard::Bytes)?;
    let features = lab.shared_features(&setup);
    let u = &mut Unstructured::new(rest);
    let whole = u.ratio(1, 4).map_err(|_| Discard::Bytes)?;
    if whole && features.contains(Features::RELAXED_SIMD) {
        return plan_whole(setup, u, features - LEFT_OUT);
    }
    let features = features & (Features::SIMD | Features::RELAXED_SIMD);
    let program = single_op::bare(u, features).map_err(|_| Discard::Bytes)?;
    Ok(Plan {
        setup,
        features,
        program,
        generator: "bare",
        left_out: Vec::new(),
    })
}

fn plan_whole(setup: Setup, u: &mut Unstructured<'_>, features: Features) -> Result<Plan, Discard> {
    let draft = wasm_smith::generate(u, features).map_err(|_| Discard::Bytes)?;
    let made = make(setup, "wasm-smith", draft)?;
    Ok(Plan {
        setup: made.setup,
        features: made.features,
        program: made.program,
        generator: made.generator,
        left_out: made.left_out,
    })
}

/// Judges a case that was read back, on the engines that it names.
///
/// # Errors
///
/// In one line, where an engine is not here, or the case is not one that this target judges.
pub fn replay(lab: &mut Lab, case: &Case) -> Result<Report, String> {
    let plan = Plan {
        setup: setup_of(lab, case)?,
        features: case.features,
        program: case.program.clone(),
        generator: "",
        left_out: Vec::new(),
    };
    judge(lab, &plan)
}

fn case_of(lab: &Lab, plan: &Plan) -> Case {
    Case {
        target: NAME.into(),
        ..record(lab, &plan.setup, plan.features, &plan.program)
    }
}

/// Runs a case on all its engines and judges each.
fn judge(lab: &mut Lab, plan: &Plan) -> Result<Report, String> {
    let configuration = &plan.setup.configuration;
    let mut report = Report {
        subject: configuration.compiler.engine_name().into(),
        features: plan.features,
        ..Report::default()
    };
    if let Some(bug) = known_bugs::of_configuration(configuration) {
        report.discard = Some(Discard::KnownBug(bug.into()));
        return Ok(report);
    }
    let question = Question {
        target: NAME,
        setup: &plan.setup,
        features: plan.features,
        runs: 1,
        program: &plan.program,
        answers: &Answers::default(),
    };
    let (subject, answers) = run_all(lab, &question, &mut report);
    let mut judge = Judge { lab, plan, report };
    let name = judge.report.subject.clone();
    judge.engine(&name, None, Answer::Ran(subject))?;
    for (oracle, answer) in answers {
        let engine = judge.lab.oracles().get(oracle);
        if let Some(name) = engine.map(|engine| engine.name().to_owned()) {
            judge.engine(&name, Some(oracle), answer)?;
        }
    }
    Ok(judge.report)
}

struct Judge<'a> {
    lab: &'a mut Lab,
    plan: &'a Plan,
    report: Report,
}

impl Judge<'_> {
    /// Judges what an engine did. `oracle` is its number, if it is none on trial.
    fn engine(&mut self, name: &str, oracle: Option<usize>, answer: Answer) -> Result<(), String> {
        let whole = self.plan.program.shim.is_some();
        let judged = match answer {
            Answer::Ran(Ok(transcript)) if !whole => {
                let side = oracle.map_or(Side::Subject, |_| Side::Oracle);
                self.transcript(name, side, &transcript)?
            }
            Answer::Ran(ran) => {
                match ran.and_then(|transcript| self.whole(name, oracle, &transcript)) {
                    Ok(judged) => judged,
                    Err(error) => {
                        self.failed(name, &error);
                        return Ok(());
                    }
                }
            }
            Answer::Lacks(feature) => Judged {
                engine: name.into(),
                discards: BTreeSet::from([Discard::OracleLacks(feature)]),
                ..Judged::default()
            },
            Answer::Known(bug) => Judged {
                engine: name.into(),
                discards: BTreeSet::from([Discard::KnownBug(bug.into())]),
                ..Judged::default()
            },
        };
        self.report.judged.push(judged);
        Ok(())
    }

    fn transcript(
        &mut self,
        name: &str,
        side: Side,
        transcript: &Transcript,
    ) -> Result<Judged, String> {
        let judgement = allowed::judge(&self.plan.program, transcript);
        let judgement = judgement.map_err(|error| error.to_string())?;
        // A cause shows at every call of an operator; one finding is enough for it.
        let mut seen = BTreeSet::new();
        let mut discards = BTreeSet::new();
        for wrong in &judgement.wrong {
            if let Some(bug) = known_bugs::of_result(name, wrong) {
                discards.insert(Discard::KnownBug(bug.into()));
            } else if seen.insert((&wrong.site.operator, wrong.what)) {
                self.wrong(name, wrong);
            }
        }
        let winch = self.plan.setup.configuration.compiler == Compiler::Winch;
        match judgement.cut {
            Some(Cut::Rejected(_)) if side == Side::Subject && winch => {
                discards.insert(Discard::SubjectUnsupported);
            }
            Some(Cut::Rejected(_)) => self.rejected(name, transcript),
            Some(Cut::Exhausted(resource)) => {
                discards.insert(Discard::Exhausted(side, resource));
            }
            Some(Cut::NotInstantiated) => {
                discards.insert(Discard::NotInstantiated);
            }
            None => {}
        }
        Ok(Judged {
            engine: name.into(),
            account: judgement.account,
            discards,
        })
    }

    fn wrong(&mut self, name: &str, wrong: &Wrong) {
        let kind = wrong.what.kind();
        let signature = format!("{NAME} {name} {kind}: {}", wrong.site.operator);
        let what = format!("call {}: {wrong}", wrong.call);
        self.found(name, signature, what, wrong.seen.clone());
    }

    /// The engine has all features that the module uses.
    fn rejected(&mut self, name: &str, transcript: &Transcript) {
        let seen = transcript.instantiation.outcome.to_string();
        let signature = format!("{NAME} {name} rejection: {seen}");
        self.found(name, signature, "a valid module is refused".into(), seen);
    }

    /// An engine crashed, hung, or said something unknown.
    fn failed(&mut self, name: &str, error: &EngineError) {
        let signature = format!("{NAME} {name} {}", failure(error));
        self.found(name, signature, error.to_string(), error.to_string());
    }

    fn found(&mut self, name: &str, signature: String, what: String, seen: String) {
        let mut case = case_of(self.lab, self.plan);
        case.engines
            .retain(|engine| engine.role == Role::Subject || engine.name == name);
        let seen = vec![Seen {
            engine: name.into(),
            what: seen,
        }];
        let finding: Finding = finding(signature, what, seen, case);
        self.report.findings.push(finding);
    }
}
