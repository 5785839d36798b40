//! Whole programs with relaxed instructions.
//!
//! Where an engine takes one alternative of each relaxed operator, nothing is left open: the
//! reference interpreter that takes the same ones must do the same, to the bit, as in a differential
//! case. Which they are a probe tells, run on the very engine that ran the program, since it may
//! depend on its configuration. An engine that takes no one alternative, or one that nobody allows,
//! is counted and left alone.

use super::{Judge, NAME};
use crate::judge::kind;
use crate::known_bugs;
use crate::report::{Discard, Judged};
use assay_checks::allowed;
use assay_checks::differential::{Comparison, Difference, Side, compare};
use assay_engine::{Engine, EngineError, Transcript};
use assay_generators::single_op::probe;
use assay_reference::relaxed::Parameters;
use assay_reference::{Profile, ReferenceEngine};
use std::collections::BTreeSet;

/// Which alternatives an engine takes; nothing where it takes no one.
fn alternatives(engine: &mut dyn Engine) -> Result<Option<Parameters>, EngineError> {
    let misuse = |what: String| EngineError::misuse(NAME, what);
    let probe = probe().map_err(|error| misuse(error.to_string()))?;
    let transcript = engine.run(&probe)?;
    let judgement = allowed::judge(&probe, &transcript);
    let judgement = judgement.map_err(|error| misuse(error.to_string()))?;
    Ok(allowed::parameters(&judgement))
}

impl Judge<'_> {
    /// Compares what an engine did with a whole program. `oracle` is its number, if it is none on
    /// trial.
    pub(super) fn whole(
        &mut self,
        name: &str,
        oracle: Option<usize>,
        transcript: &Transcript,
    ) -> Result<Judged, EngineError> {
        let mut judged = Judged {
            engine: name.into(),
            ..Judged::default()
        };
        let alternatives = match oracle {
            None => alternatives(self.lab.subject(&self.plan.setup.configuration)?)?,
            Some(oracle) => self.alternatives_of(oracle)?,
        };
        let Some(relaxed) = alternatives else {
            judged.discards.insert(Discard::NoOneAlternative);
            return Ok(judged);
        };
        let mut reference = ReferenceEngine::new().with_profile(Profile { relaxed });
        let expected = reference.run(&self.plan.program)?;
        let (calls, discard) = self.compare(name, oracle, transcript, &expected);
        judged.account.calls = calls as u64;
        judged.discards = BTreeSet::from_iter(discard);
        Ok(judged)
    }

    fn alternatives_of(&mut self, oracle: usize) -> Result<Option<Parameters>, EngineError> {
        if let Some(known) = self.lab.alternatives.get(&oracle) {
            return Ok(*known);
        }
        let found = match self.lab.oracle_mut(oracle) {
            Some(engine) => alternatives(engine)?,
            None => None,
        };
        self.lab.alternatives.insert(oracle, found);
        Ok(found)
    }

    /// How many calls were equal, and why the rest was given up. The engine is the side that it was
    /// in the case.
    fn compare(
        &mut self,
        name: &str,
        oracle: Option<usize>,
        transcript: &Transcript,
        expected: &Transcript,
    ) -> (usize, Option<Discard>) {
        let program = &self.plan.program;
        let verdict = match oracle {
            None => compare(program, &[], transcript, expected),
            Some(_) => compare(program, &[], expected, transcript),
        };
        let discard = match verdict.end {
            Comparison::Equal if verdict.calls == 0 => Some(Discard::NotInstantiated),
            Comparison::Equal => None,
            Comparison::BothRejected => Some(Discard::BothRejected),
            Comparison::Exhausted(side, resource) => {
                let side = if oracle.is_some() { Side::Oracle } else { side };
                Some(Discard::Exhausted(side, resource))
            }
            Comparison::Differs(difference) => {
                match known_bugs::of_difference(name, &difference, program) {
                    Some(bug) => Some(Discard::KnownBug(bug.into())),
                    None => {
                        self.differs(name, &difference);
                        None
                    }
                }
            }
        };
        (verdict.calls, discard)
    }

    fn differs(&mut self, name: &str, difference: &Difference) {
        let reference = assay_reference::NAME;
        let signature = format!("{NAME} {name}/{reference} {}", kind(difference));
        let what = format!("{} differs after {}", difference.what, difference.place);
        let seen = format!("{} vs {}", difference.subject, difference.oracle);
        self.found(name, signature, what, seen);
    }
}
