//! What a campaign is asked to do.

use assay_checks::Fault;
use assay_generators::modules::{self, ModulesError};
use assay_js::JsOptions;
use assay_targets::LabOptions;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// A campaign on one target.
#[derive(Clone, Debug)]
pub struct Options {
    /// The target.
    pub target: String,
    /// The seed: with the number of a case it decides everything about that case.
    pub seed: u64,
    /// How long to go on.
    pub budget: Budget,
    /// How many workers.
    pub jobs: usize,
    /// Where findings go.
    pub out: PathBuf,
    /// The engines.
    pub engines: EngineOptions,
}

/// When a campaign ends.
#[derive(Clone, Copy, Debug)]
pub enum Budget {
    /// After this many cases.
    Cases(u64),
    /// After this much time, not counting the start.
    Time(Duration),
    /// After each module has been on each subject.
    Modules,
}

/// Which engines to use, as a worker is told.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EngineOptions {
    /// Only these; all that are here where there is no list.
    pub names: Option<Vec<String>>,
    /// Where Node.js is.
    pub node: Option<PathBuf>,
    /// Where Deno is.
    pub deno: Option<PathBuf>,
    /// Where Bun is.
    pub bun: Option<PathBuf>,
    /// Whether engines may be installed.
    pub install: bool,
    /// The name of a fault to put into the subject.
    pub canary: Option<String>,
    /// A file or folder of modules to run instead of generated ones.
    pub modules: Option<PathBuf>,
}

/// Why engines cannot be looked for.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// There is no such fault.
    #[error("{0}")]
    Canary(String),
    /// The modules cannot be read.
    #[error(transparent)]
    Modules(#[from] ModulesError),
}

impl EngineOptions {
    /// What a lab is opened with. Reads the modules.
    ///
    /// # Errors
    ///
    /// See [`OptionsError`].
    pub fn lab(&self) -> Result<LabOptions, OptionsError> {
        let canary = self.canary.as_deref().map(str::parse::<Fault>).transpose();
        let modules = match &self.modules {
            Some(path) => modules::find(path)?.0,
            None => Vec::new(),
        };
        Ok(LabOptions {
            engines: self.names.clone(),
            js: self.js(),
            canary: canary.map_err(OptionsError::Canary)?,
            modules,
        })
    }

    /// How many modules of the user's scripts are not valid for any features that Assay knows, and
    /// so are passed over; `None` where there are no modules of the user.
    ///
    /// # Errors
    ///
    /// See [`OptionsError`].
    pub fn invalid_modules(&self) -> Result<Option<usize>, OptionsError> {
        let found = self.modules.as_deref().map(modules::find).transpose()?;
        Ok(found.map(|(_, invalid)| invalid))
    }

    fn js(&self) -> JsOptions {
        JsOptions {
            node: self.node.clone(),
            deno: self.deno.clone(),
            bun: self.bun.clone(),
            install: self.install,
            ..JsOptions::default()
        }
    }
}
