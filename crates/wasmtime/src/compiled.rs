//! What takes time to make, and can be used more than once: an engine, and the modules it has compiled last.

use crate::{Configuration, ConfigurationError};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime::{Engine, Module};

/// How many modules are kept: those of a program, and of the one before.
const KEPT: usize = 8;

/// The modules that were compiled last, by their bytes.
type Modules = VecDeque<(Vec<u8>, Module)>;

/// An engine of Wasmtime's and the modules that it has compiled last, for all configurations that differ in
/// nothing that is compiled.
#[derive(Clone)]
pub struct Compiled {
    /// The part of a configuration that the engine is made from.
    part: Configuration,
    pub(crate) engine: Engine,
    modules: Arc<Mutex<Modules>>,
}

impl Compiled {
    pub(crate) fn new(configuration: &Configuration) -> Result<Self, ConfigurationError> {
        Ok(Self {
            part: configuration.engine_part(),
            engine: configuration.engine()?,
            modules: Arc::default(),
        })
    }

    /// Whether an engine of this configuration would be the same.
    pub(crate) fn serves(&self, configuration: &Configuration) -> bool {
        self.part == configuration.engine_part()
    }

    /// The module of these bytes, if it is kept.
    pub(crate) fn find(&self, wasm: &[u8]) -> Option<Module> {
        let modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        let mut modules = modules.iter();
        let kept = modules.find(|(bytes, _)| bytes == wasm)?;
        Some(kept.1.clone())
    }

    /// Keeps a module, in place of the one that was kept for longest.
    pub(crate) fn keep(&self, wasm: &[u8], module: &Module) {
        let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        modules.truncate(KEPT - 1);
        modules.push_front((wasm.to_vec(), module.clone()));
    }
}
