//! Performs scripts, whatever the engine does.

use assay_engine::script::Action;
use assay_engine::{Engine, EngineError, Outcome, Script};
use std::collections::BTreeMap;

/// How often an engine may fail in one script before the rest of it is given up.
const FAILURES: usize = 16;

/// `(module)`, in the place of an action at which the engine fails.
const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

/// What became of the actions of a script.
#[derive(Debug)]
pub(crate) struct Performed {
    outcomes: Vec<Option<Outcome>>,
    errors: BTreeMap<usize, EngineError>,
}

/// Performs a script. An action at which the engine itself fails is found and left out, so that
/// it does not take what follows with it.
pub(crate) fn perform(engine: &mut dyn Engine, mut script: Script) -> Performed {
    let mut errors = BTreeMap::new();
    let outcomes = loop {
        let error = match engine.perform(&script) {
            Ok(outcomes) => break outcomes,
            Err(error) => error,
        };
        let (culprit, error) = first_failure(engine, &script).unwrap_or((0, error));
        if errors.len() == FAILURES {
            script.actions.truncate(culprit);
        } else if let Some(action) = script.actions.get_mut(culprit) {
            let wasm = EMPTY.to_vec();
            *action = Action::Compile { wasm };
        }
        if errors.insert(culprit, error).is_some() {
            // It fails without doing anything.
            break Vec::new();
        }
    };
    Performed { outcomes, errors }
}

/// The first action with which the engine fails, and how.
fn first_failure(engine: &mut dyn Engine, script: &Script) -> Option<(usize, EngineError)> {
    let mut found = None;
    let (mut works, mut fails) = (0, script.actions.len());
    while works < fails {
        let middle = (works + fails) / 2;
        let actions = script.actions[..=middle].to_vec();
        let limits = script.limits;
        match engine.perform(&Script { actions, limits }) {
            Ok(_) => works = middle + 1,
            Err(error) => {
                found = Some((middle, error));
                fails = middle;
            }
        }
    }
    found
}

impl Performed {
    /// The outcome of an action, or why there is none.
    pub fn outcome(&self, action: usize) -> Result<&Outcome, String> {
        if let Some(error) = self.errors.get(&action) {
            return Err(error.to_string());
        }
        let outcome = self.outcomes.get(action);
        let given_up = || match self.errors.iter().next_back() {
            Some((_, error)) => format!("given up after: {error}"),
            None => "the engine gave too few outcomes".to_owned(),
        };
        outcome
            .ok_or_else(given_up)?
            .as_ref()
            .ok_or_else(|| "there is no instance".to_owned())
    }
}
