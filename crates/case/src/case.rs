//! The case itself.

use crate::{CaseError, modules, text};
use assay_engine::{Answers, Features, Outcome, Program, Shim, Step, Transcript, Value, names};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::mem::discriminant;

/// Everything that one test needs, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The target that judges it.
    pub target: String,
    /// The seed of the run that made it.
    pub seed: Option<u64>,
    /// Its number in that run.
    pub index: Option<u64>,
    /// The engines that it was run on.
    pub engines: Vec<EngineRecord>,
    /// The features that the modules may use.
    pub features: Features,
    /// What an engine runs.
    pub program: Program,
    /// What must come of it, where its generator knows.
    pub answers: Answers,
    /// How it is expected to behave.
    pub expected: Option<Transcript>,
    /// What was wrong, if anything was.
    pub finding: Option<FindingRecord>,
}

/// An engine that a case was run on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineRecord {
    /// Whether it was on trial.
    pub role: Role,
    /// Its name: `wasmtime`, `v8`, …
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its configuration, in the words of its adapter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<toml::Table>,
}

/// What an engine was there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// On trial.
    Subject,
    /// To say what is right.
    Oracle,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingRecord {
    /// Equal for findings of the same cause, as far as can be told.
    pub signature: String,
    /// What is wrong, for people.
    pub what: String,
    /// What each engine did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<Seen>,
}

/// What one engine did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The engine's name.
    pub engine: String,
    /// What it did, for people.
    pub what: String,
}

impl Case {
    /// A case whose modules are replaced by what their text assembles to, where the text of both
    /// is the same. Encodings that the text does not show are lost: run the program of the case,
    /// not the one that was given, or see [`Case::exact`].
    pub fn new(target: impl Into<String>, features: Features, mut program: Program) -> Self {
        for module in &mut program.modules {
            if let Some(wasm) = modules::normalised(&module.wasm) {
                module.wasm = wasm;
            }
        }
        Self::exact(target, features, program)
    }

    /// A case with exactly these modules. Those that text cannot carry to the byte are written
    /// as `(module binary ..)`.
    pub fn exact(target: impl Into<String>, features: Features, program: Program) -> Self {
        Self {
            target: target.into(),
            seed: None,
            index: None,
            engines: Vec::new(),
            features,
            program,
            answers: Answers::default(),
            expected: None,
            finding: None,
        }
    }

    /// The case in one line: where it comes from, how large it is, and what it found.
    pub fn summary(&self) -> String {
        let mut line = self.target.clone();
        for (word, number) in [("seed", self.seed), ("case", self.index)] {
            if let Some(number) = number {
                write_to(&mut line, format_args!(", {word} {number}"));
            }
        }
        let bytes: usize = self.program.modules.iter().map(|m| m.wasm.len()).sum();
        let modules = counted(self.program.modules.len(), "module");
        let calls = counted(self.program.calls.len(), "call");
        write_to(
            &mut line,
            format_args!(": {modules} of {}, {calls}", counted(bytes, "byte")),
        );
        if !self.program.host.functions.is_empty() {
            let functions = counted(self.program.host.functions.len(), "host function");
            write_to(&mut line, format_args!(", {functions}"));
        }
        if !self.engines.is_empty() {
            let subjects = self.engines_of(Role::Subject);
            let oracles = self.engines_of(Role::Oracle);
            let against = if subjects.is_empty() || oracles.is_empty() {
                ""
            } else {
                " against "
            };
            write_to(&mut line, format_args!("; {subjects}{against}{oracles}"));
        }
        if let Some(finding) = &self.finding {
            write_to(&mut line, format_args!("; finding {}", finding.signature));
        }
        line.replace(char::is_control, " ")
    }

    /// The engines of one role, with their versions.
    fn engines_of(&self, role: Role) -> String {
        let engines = self.engines.iter().filter(|engine| engine.role == role);
        engines
            .map(|e| format!("{} {}", e.name, e.version))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Whether the case keeps the rules without which its files could not say what it is.
    ///
    /// Generated cases do; a breach is a fault of whoever made it.
    ///
    /// # Errors
    ///
    /// [`CaseError::Unwritable`] with the first rule that is broken.
    pub fn check(&self) -> Result<(), CaseError> {
        if self.program.modules.is_empty() {
            return Err(CaseError::unwritable("it has no module"));
        }
        if self.features.bits() != Features::from_bits_truncate(self.features.bits()).bits() {
            return Err(CaseError::unwritable("it has a feature without a name"));
        }
        self.check_calls()?;
        self.expected
            .as_ref()
            .map_or(Ok(()), |expected| self.check_expected(expected))
    }

    fn check_calls(&self) -> Result<(), CaseError> {
        let shim = self.program.shim.as_ref();
        if !shim.is_none_or(is_callable) {
            let what = "its shim has more arguments or results than engines allow";
            return Err(CaseError::unwritable(what));
        }
        for (i, call) in self.program.calls.iter().enumerate() {
            let breach = if let Some(value) = call.args.iter().find(|v| !text::is_argument(**v)) {
                format!("has the argument {value}, which no script can make")
            } else if let Some(breach) = breach(&call.export, &call.args, shim) {
                breach.to_owned()
            } else {
                continue;
            };
            return Err(CaseError::unwritable(format!("call {i} {breach}")));
        }
        Ok(())
    }

    fn check_expected(&self, expected: &Transcript) -> Result<(), CaseError> {
        let start = &expected.instantiation;
        let returns = |values: &[Value]| start.outcome == Outcome::Returned(values.to_vec());
        let nothing_after = start.state.is_none() && expected.calls.is_empty();
        let shim = self.program.shim.as_ref();
        let width = shim.map_or(0, |shim| shim.state.len());
        let slots = || {
            expected
                .steps()
                .filter_map(|s| Some(&s.state.as_ref()?.slots))
        };
        let rules = [
            (
                !expected.starts() || returns(&[]),
                "the instantiation returns values",
            ),
            (
                expected.starts() || nothing_after,
                "something follows an instantiation that fails",
            ),
            (
                expected.calls.len() <= self.program.calls.len(),
                "more calls are expected than made",
            ),
            (
                slots().all(|slots| slots.len() == width),
                "a state has not as many slots as the shim tells",
            ),
            (
                shim.is_some() || has_plain_states(expected),
                "without a shim, a state is missing, or is there after exhaustion",
            ),
            (
                slots().flatten().all(|&slot| text::Pattern::is_exact(slot)),
                "a slot has a value that a script cannot claim exactly",
            ),
        ];
        match rules.into_iter().find(|(kept, _)| !kept) {
            Some((_, breach)) => Err(CaseError::unwritable(format!(
                "in the expected transcript, {breach}"
            ))),
            None => Ok(()),
        }
    }
}

/// What is asked of transcripts.
pub(crate) trait Steps {
    /// All steps, the instantiation first.
    fn steps(&self) -> impl Iterator<Item = &Step>;

    /// Whether the instantiation succeeds.
    fn starts(&self) -> bool;
}

impl Steps for Transcript {
    fn steps(&self) -> impl Iterator<Item = &Step> {
        std::iter::once(&self.instantiation).chain(&self.calls)
    }

    fn starts(&self) -> bool {
        matches!(self.instantiation.outcome, Outcome::Returned(_))
    }
}

/// Whether a program without a shim has a state after a call with this outcome: the
/// [driver](assay_engine::drive) looks everywhere but where an engine is exhausted.
pub(crate) fn is_observed(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::Exhausted(_))
}

/// Whether states are where a program without a shim has them: a script has no line for those.
fn has_plain_states(expected: &Transcript) -> bool {
    let has_its_state = |step: &Step| step.state.is_some() == is_observed(&step.outcome);
    expected.instantiation.state.is_some() == expected.starts()
        && expected.calls.iter().all(has_its_state)
}

/// Why the program cannot make this call, if it cannot. What is not a call of the shim would leave
/// the state untold, and [`Shim::LOOK`] stands for the lines that tell nothing else.
pub(crate) fn breach(export: &str, args: &[Value], shim: Option<&Shim>) -> Option<&'static str> {
    let look = shim?.look();
    let is_alike = |(a, b)| discriminant::<Value>(a) == discriminant(b);
    if export != names::CALL {
        Some("goes to another export than the shim's")
    } else if args.len() != look.len() || !args.iter().zip(&look).all(is_alike) {
        Some("has other arguments than the shim takes")
    } else if is_look(args) {
        Some("has the number that calls no function")
    } else {
        None
    }
}

/// Whether these are arguments of the shim that call no function.
pub(crate) fn is_look(args: &[Value]) -> bool {
    Shim::number(args) == Some(Shim::LOOK)
}

/// Whether an engine can call a shim with so many arguments and results. The number is that of
/// the JavaScript API, section "Implementation-defined Limits".
pub(crate) fn is_callable(shim: &Shim) -> bool {
    let args = 1 + u64::from(shim.ints) + u64::from(shim.externs);
    let results = u64::from(shim.results) + 1 + shim.state.len() as u64;
    args.max(results) <= 1000
}

fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// Appends to a string, which cannot fail.
fn write_to(line: &mut String, args: std::fmt::Arguments<'_>) {
    line.write_fmt(args)
        .expect("a string takes all that is written to it");
}
