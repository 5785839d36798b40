//! The engines of a run: which are here, which of them a case uses, and what they share.

use crate::stress::Made;
use assay_case::{EngineRecord, Role};
use assay_checks::{Fault, FaultyEngine};
use assay_engine::{Engine, EngineError, Features, Spent};
use assay_generators::modules::Found;
use assay_js::{JsEngine, JsOptions};
use assay_reference::ReferenceEngine;
use assay_reference::relaxed::Parameters;
use assay_wasmtime::{Compiled, Compiler, Configuration, WasmtimeEngine};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The engines that can be on trial.
pub const SUBJECTS: [Compiler; 3] = Compiler::ALL;

/// The JavaScript engines that are used unless told.
const DEFAULT_JS: [&str; 2] = ["v8", "jsc"];

/// What engines to look for, and what else the lab needs.
#[derive(Clone, Debug, Default)]
pub struct LabOptions {
    /// Only these engines; all that are here where there is no list.
    pub engines: Option<Vec<String>>,
    /// Where the JavaScript engines are.
    pub js: JsOptions,
    /// A fault to put into every subject.
    pub canary: Option<Fault>,
    /// Modules to run instead of generated ones.
    pub modules: Vec<Found>,
}

/// An engine that is not here.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Missing {
    /// Its name.
    pub name: String,
    /// Why it is not here, and how to get it.
    pub why: String,
}

/// The engines that one case uses.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The subject.
    pub configuration: Configuration,
    /// The oracles, as indices into [`Lab::oracles`].
    pub oracles: Vec<usize>,
}

/// A subject that was used.
struct Last {
    configuration: Configuration,
    compiled: Compiled,
    engine: Box<dyn Engine>,
}

/// The engines of a run.
pub struct Lab {
    subjects: Vec<Compiler>,
    oracles: Vec<Box<dyn Engine>>,
    missing: Vec<Missing>,
    modules: Vec<Found>,
    canary: Option<Fault>,
    /// The subject used last: cases in the same configuration share it, and those in another embedding
    /// what it has compiled.
    last: Option<Last>,
    /// The program that a stress generator made last.
    pub(crate) made: RefCell<Option<Made>>,
    /// The time spent in the subjects before that one.
    retired: Spent,
    /// Which alternatives of relaxed instructions oracles take, where a probe has told: they have
    /// one configuration. `None` inside where one takes no one.
    pub(crate) alternatives: BTreeMap<usize, Option<Parameters>>,
}

impl Lab {
    /// Looks for engines. `say` is told what is installed.
    ///
    /// # Errors
    ///
    /// In one line, when an engine was asked for by name and is not there.
    pub fn open(options: LabOptions, say: &mut dyn FnMut(&str)) -> Result<Self, String> {
        let wanted = |name: &str| {
            options
                .engines
                .as_ref()
                .is_none_or(|list| list.iter().any(|n| n == name))
        };
        let subjects = SUBJECTS
            .into_iter()
            .filter(|compiler| wanted(compiler.engine_name()))
            .collect();
        let mut lab = Self {
            subjects,
            oracles: Vec::new(),
            missing: Vec::new(),
            modules: options.modules,
            canary: options.canary,
            last: None,
            made: RefCell::new(None),
            retired: Spent::default(),
            alternatives: BTreeMap::new(),
        };
        if wanted("reference") {
            lab.oracles.push(Box::new(ReferenceEngine::new()));
        }
        if wanted("wasmi") {
            lab.oracles.push(Box::new(assay_wasmi::WasmiEngine::new()));
        }
        lab.add_js(&options.js, options.engines.as_deref(), say)?;
        lab.add_v8(options.engines.as_deref());
        if let Some(list) = &options.engines {
            lab.check_list(list)?;
        }
        Ok(lab)
    }

    /// Adds the engines of JavaScript runtimes. Of V8's tiers, those alone are only added where
    /// they are asked for.
    fn add_js(
        &mut self,
        options: &JsOptions,
        wanted: Option<&[String]>,
        say: &mut dyn FnMut(&str),
    ) -> Result<(), String> {
        let asked = |name: &str| match wanted {
            Some(list) => list.iter().any(|wanted| wanted == name),
            None => DEFAULT_JS.contains(&name),
        };
        if !assay_js::ENGINES.iter().any(|name| asked(name)) {
            return Ok(());
        }
        let found = assay_js::discover(options, say).map_err(|error| error.to_string())?;
        for (name, found) in found.engines.iter().filter(|(name, _)| asked(name)) {
            let started = match found {
                Ok(found) => JsEngine::start(found.spec.clone()).map_err(|error| error.to_string()),
                Err(missing) => Err(missing.to_string()),
            };
            match started {
                Ok(engine) => self.oracles.push(Box::new(engine)),
                Err(why) => self.missing.push(Missing {
                    name: (*name).into(),
                    why,
                }),
            }
        }
        Ok(())
    }

    fn add_v8(&mut self, wanted: Option<&[String]>) {
        if wanted.is_some_and(|list| !list.iter().any(|name| name == "v8-inprocess")) {
            return;
        }
        #[cfg(feature = "v8")]
        if wanted.is_some() {
            // Only where it is asked for: by default the V8 in a child process is the oracle.
            self.oracles.push(Box::new(assay_v8::V8Engine::new()));
            return;
        }
        let why = if cfg!(feature = "v8") {
            "ask for it with --engines"
        } else {
            "build with --features v8"
        };
        self.missing.push(Missing {
            name: "v8-inprocess".into(),
            why: why.into(),
        });
    }

    fn check_list(&mut self, list: &[String]) -> Result<(), String> {
        for name in list {
            let here = self
                .subjects
                .iter()
                .any(|compiler| compiler.engine_name() == name)
                || self.oracles.iter().any(|oracle| oracle.name() == name);
            if !here {
                let why = self.missing.iter().find(|missing| missing.name == *name);
                let why = why.map_or("there is no such engine", |missing| missing.why.as_str());
                return Err(format!("engine {name}: {why}"));
            }
        }
        if self.subjects.is_empty() {
            self.subjects = SUBJECTS.to_vec();
        }
        Ok(())
    }

    /// The compilers on trial.
    pub fn subjects(&self) -> &[Compiler] {
        &self.subjects
    }

    /// The oracles.
    pub fn oracles(&self) -> &[Box<dyn Engine>] {
        &self.oracles
    }

    /// The engines that are not here.
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// The modules to run instead of generated ones.
    pub fn modules(&self) -> &[Found] {
        &self.modules
    }

    /// An oracle, to run something on it.
    pub fn oracle_mut(&mut self, oracle: usize) -> Option<&mut (dyn Engine + 'static)> {
        self.oracles.get_mut(oracle).map(Box::as_mut)
    }

    /// The names of all engines that are here, subjects first.
    pub fn names(&self) -> Vec<String> {
        let subjects = self.subjects.iter().map(|it| it.engine_name().to_owned());
        let oracles = self.oracles.iter().map(|it| it.name().to_owned());
        subjects.chain(oracles).collect()
    }

    /// An engine by its name, a subject in its default configuration. The reference interpreter has
    /// no other features than these; the others cannot be made without what they have.
    ///
    /// # Errors
    ///
    /// When there is no engine of this name.
    pub fn engine(
        &mut self,
        name: &str,
        features: Features,
    ) -> Result<&mut dyn Engine, EngineError> {
        let compiler = SUBJECTS.into_iter().find(|it| it.engine_name() == name);
        if let Some(compiler) = compiler {
            return self.subject(&Configuration::of(compiler));
        }
        let oracle = self.oracles.iter_mut().find(|it| it.name() == name);
        let oracle = oracle.ok_or_else(|| EngineError::misuse(name, "there is no such engine"))?;
        if name == assay_reference::NAME {
            *oracle = Box::new(ReferenceEngine::new().with_features(features));
        }
        Ok(oracle.as_mut())
    }

    /// The features that all engines of a setup have.
    pub fn shared_features(&self, setup: &Setup) -> Features {
        let oracles = setup
            .oracles
            .iter()
            .filter_map(|&oracle| self.oracles.get(oracle));
        oracles
            .fold(setup.configuration.features(), |shared, oracle| {
                shared & oracle.features()
            })
            .without_orphans()
    }

    /// The subject in a configuration.
    ///
    /// # Errors
    ///
    /// Where Wasmtime refuses the configuration.
    pub fn subject(
        &mut self,
        configuration: &Configuration,
    ) -> Result<&mut dyn Engine, EngineError> {
        let name = configuration.compiler.engine_name();
        if !matches!(&self.last, Some(last) if last.configuration == *configuration) {
            let before = self.last.take();
            if let Some(last) = &before {
                self.retired = self.retired + last.engine.spent();
            }
            let compiled = before.as_ref().map(|last| &last.compiled);
            let engine = WasmtimeEngine::sharing(name, configuration.clone(), compiled)
                .map_err(|error| EngineError::misuse(name, error.to_string()))?;
            self.last = Some(Last {
                configuration: configuration.clone(),
                compiled: engine.compiled().clone(),
                engine: match self.canary {
                    Some(fault) => Box::new(FaultyEngine::new(Box::new(engine), fault)),
                    None => Box::new(engine),
                },
            });
        }
        match &mut self.last {
            Some(last) => Ok(last.engine.as_mut()),
            None => Err(EngineError::misuse(name, "there is no subject")),
        }
    }

    /// The time spent inside subjects, and inside oracles.
    pub fn spent(&self) -> (Spent, Spent) {
        let oracles = self.oracles.iter().map(|oracle| oracle.spent());
        let subject = self
            .last
            .as_ref()
            .map_or_else(Spent::default, |last| last.engine.spent());
        (
            self.retired + subject,
            oracles.fold(Spent::default(), |all, one| all + one),
        )
    }

    /// What a case says of the subject.
    pub fn subject_record(&self, configuration: &Configuration) -> EngineRecord {
        EngineRecord {
            role: Role::Subject,
            name: configuration.compiler.engine_name().into(),
            version: assay_wasmtime::VERSION.into(),
            configuration: toml::Table::try_from(configuration).ok(),
        }
    }

    /// The configuration that a case's subject had.
    ///
    /// # Errors
    ///
    /// In one line, where the record is of another engine, or does not read.
    pub fn configuration_of(&self, record: &EngineRecord) -> Result<Configuration, String> {
        let compiler = SUBJECTS
            .into_iter()
            .find(|compiler| compiler.engine_name() == record.name)
            .ok_or_else(|| format!("the engine {} cannot be a subject", record.name))?;
        match &record.configuration {
            None => Ok(Configuration::of(compiler)),
            Some(table) => table.clone().try_into().map_err(|error: toml::de::Error| {
                format!("the subject's configuration: {}", error.message())
            }),
        }
    }
}
