//! Scripts: several instances in one store that import from each other, and calls of any of them.
//!
//! A [`Program`](crate::Program) has one main instance, all of whose state is observed; a script
//! observes nothing but outcomes, and says itself whom to call. The official test suite is made of
//! such scripts.

use crate::{EngineError, Limits, Outcome, Value};

/// What an engine is asked to do in one store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The actions, in order. An instance is known by the index of the action that made it.
    pub actions: Vec<Action>,
    /// What the engine may spend on all of it.
    pub limits: Limits,
}

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Decodes and validates a module, and compiles it where the engine compiles: `Returned([])`,
    /// or [`Outcome::Rejected`].
    Compile {
        /// The module in the binary format.
        wasm: Vec<u8>,
    },
    /// Instantiates a module, and runs its start function: `Returned([])`, or why there is no
    /// instance. What it wrote by then to what it imports stays.
    Instantiate {
        /// The module in the binary format.
        wasm: Vec<u8>,
        /// Whom it can import from; each name once.
        sources: Vec<Source>,
    },
    /// Calls an exported function.
    Call {
        /// The action that made the instance.
        instance: usize,
        /// The export.
        export: String,
        /// Its arguments.
        args: Vec<Value>,
    },
}

/// An instance to import from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The module name of the imports.
    pub name: String,
    /// The action that made the instance.
    pub instance: usize,
}

/// The store of an engine that works in this process.
pub trait Linked {
    /// A handle of an instance in the store.
    type Instance: Copy;

    /// See [`Action::Compile`].
    ///
    /// # Errors
    ///
    /// Where the engine itself fails.
    fn compile(&mut self, wasm: &[u8]) -> Result<Outcome, EngineError>;

    /// See [`Action::Instantiate`]; an outcome says why there is no instance.
    ///
    /// # Errors
    ///
    /// Where the engine itself fails.
    fn instantiate(
        &mut self,
        wasm: &[u8],
        sources: &[(&str, Self::Instance)],
    ) -> Result<Result<Self::Instance, Outcome>, EngineError>;

    /// See [`Action::Call`].
    ///
    /// # Errors
    ///
    /// Where the engine itself fails.
    fn call(
        &mut self,
        instance: Self::Instance,
        export: &str,
        args: &[Value],
    ) -> Result<Outcome, EngineError>;
}

/// Performs a script in a store: one outcome for each action, `None` where an instance that it
/// needs is not there, because the action that was to make it made none.
///
/// # Errors
///
/// Where the engine itself fails.
pub fn perform<L: Linked>(
    linked: &mut L,
    script: &Script,
) -> Result<Vec<Option<Outcome>>, EngineError> {
    let mut instances: Vec<Option<L::Instance>> = Vec::with_capacity(script.actions.len());
    let mut outcomes = Vec::with_capacity(script.actions.len());
    for action in &script.actions {
        let of = |index: usize| instances.get(index).copied().flatten();
        let (instance, outcome) = match action {
            Action::Compile { wasm } => (None, Some(linked.compile(wasm)?)),
            Action::Instantiate { wasm, sources } => {
                let sources = sources.iter();
                let sources = sources.map(|it| of(it.instance).map(|from| (&*it.name, from)));
                match sources.collect::<Option<Vec<_>>>() {
                    Some(sources) => settled(linked.instantiate(wasm, &sources)?),
                    None => (None, None),
                }
            }
            Action::Call {
                instance,
                export,
                args,
            } => {
                let called = of(*instance).map(|it| linked.call(it, export, args));
                (None, called.transpose()?)
            }
        };
        instances.push(instance);
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// What an instantiation made, and its outcome.
fn settled<I>(made: Result<I, Outcome>) -> (Option<I>, Option<Outcome>) {
    match made {
        Ok(instance) => (Some(instance), Some(Outcome::Returned(Vec::new()))),
        Err(outcome) => (None, Some(outcome)),
    }
}
