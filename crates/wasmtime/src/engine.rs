//! Wasmtime in one configuration.

use crate::compiled::Compiled;
use crate::futures::block_on;
use crate::host::{self, HostData, is_asynchronous};
use crate::instance::{WasmtimeInstance, outcome_of, unknown};
use crate::interruption;
use crate::objects::finds;
use crate::script;
use crate::stacks::{self, Stacks};
use crate::trap::Failure;
use crate::{Configuration, ConfigurationError};
use assay_engine::{
    Engine, EngineError, Features, Host, Instance as _, Instantiated, Limits, Outcome, Phase,
    Program, Resource, Script, Shim, Spent, Tells, Value, names,
};
use std::time::Instant;
use wasmtime::{Extern, Instance, Linker, Module, Store};

/// The version of Wasmtime that this adapter is built with. Wasmtime does not say it; a test
/// compares it to the lock file.
pub const VERSION: &str = "48.0.8";

/// The fuel of a store, far above what a program uses: programs count their own.
const FUEL: u64 = 1 << 62;

/// The size above which a memory may not be had, in its pages: 64 MiB where a page is 64 KiB.
const LARGE_MEMORY_PAGES: u64 = 1 << 10;

/// The size above which a table may not be had, in elements.
const LARGE_TABLE_ELEMENTS: u64 = 1 << 20;

/// Wasmtime in one configuration. Its engine is kept from program to program, and a module for those
/// that come next; each program has a store of its own.
pub struct WasmtimeEngine {
    pub(crate) name: String,
    configuration: Configuration,
    features: Features,
    compiled: Compiled,
    pub(crate) spent: Spent,
    counting: Option<Box<WasmtimeEngine>>,
}

/// What instantiation has come to.
enum Start<'a> {
    Running(WasmtimeInstance<'a>),
    Ended(Outcome, Store<HostData>),
}

/// Why there is no next instance.
pub(crate) type Stop = Result<Outcome, EngineError>;

impl WasmtimeEngine {
    /// Wasmtime in this configuration, under this name.
    ///
    /// # Errors
    ///
    /// Where Wasmtime refuses the configuration, see [`Configuration::normalised`].
    pub fn new(
        name: impl Into<String>,
        configuration: Configuration,
    ) -> Result<Self, ConfigurationError> {
        Self::sharing(name, configuration, None)
    }

    /// Wasmtime in this configuration, with the engine and the modules of another one as far as they
    /// would be the same.
    ///
    /// # Errors
    ///
    /// As for [`WasmtimeEngine::new`].
    pub fn sharing(
        name: impl Into<String>,
        configuration: Configuration,
        compiled: Option<&Compiled>,
    ) -> Result<Self, ConfigurationError> {
        let began = Instant::now();
        let compiled = match compiled.filter(|it| it.serves(&configuration)) {
            Some(compiled) => compiled.clone(),
            None => Compiled::new(&configuration)?,
        };
        let spent = Spent {
            compile: began.elapsed(),
            ..Spent::default()
        };
        Ok(Self {
            name: name.into(),
            features: configuration.features(),
            compiled,
            configuration,
            spent,
            counting: None,
        })
    }

    /// What was compiled, to be shared.
    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// The configuration.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// Counts the instructions that the calls of a program execute, by Wasmtime's fuel: one for
    /// each instruction but those that only shape the code, such as `block` and `drop`. Start
    /// functions do not count, nor does what a shim spends to tell the state.
    ///
    /// # Errors
    ///
    /// As for [`Engine::run`].
    pub fn count_instructions(&mut self, program: &Program) -> Result<u64, EngineError> {
        let mut counting = match self.counting.take() {
            Some(engine) => engine,
            None => Box::new(self.counter()?),
        };
        let instructions = counting.count(program);
        self.counting = Some(counting);
        instructions
    }

    /// An engine with the same compiler that counts fuel.
    fn counter(&self) -> Result<Self, EngineError> {
        let mut configuration = Configuration::of(self.configuration.compiler);
        configuration.code.fuel = true;
        Self::new(&self.name, configuration)
            .map_err(|error| EngineError::misuse(&self.name, error.to_string()))
    }

    fn count(&mut self, program: &Program) -> Result<u64, EngineError> {
        let Start::Running(mut instance) = self.start(program)? else {
            return Ok(0);
        };
        let telling = match &program.shim {
            Some(shim) => look(&mut instance, shim)?,
            None => 0,
        };
        let mut instructions = 0;
        for call in &program.calls {
            let (outcome, used) = metered(&mut instance, &call.export, &call.args)?;
            match (outcome, &program.shim) {
                (Outcome::Returned(_), _) => instructions += used.saturating_sub(telling),
                (Outcome::Exhausted(_), _) => return Ok(instructions + used),
                (_, Some(shim)) => {
                    // It stopped before it told the state, and refilled the fuel.
                    instructions += used;
                    look(&mut instance, shim)?;
                }
                (_, None) => instructions += used,
            }
        }
        Ok(instructions)
    }

    fn start<'a>(&'a mut self, program: &'a Program) -> Result<Start<'a>, EngineError> {
        let began = Instant::now();
        let mut store = self.store(&program.host, &program.limits);
        if program.stacks {
            store.data_mut().stacks = Some(Stacks::new(&self.configuration));
        }
        self.spent.instantiate += began.elapsed();
        let mut instances: Vec<(&str, Instance)> = Vec::new();
        for module in &program.modules {
            let next = self.compile(&module.wasm).and_then(|module| {
                if let Some(stacks) = &mut store.data_mut().stacks {
                    stacks.modules.push(module.clone());
                }
                self.link(&mut store, &module, &instances)
            });
            match next {
                Ok(instance) => instances.push((&module.name, instance)),
                Err(stop) => return Ok(Start::Ended(stop?, store)),
            }
        }
        let Some(&(_, main)) = instances.last() else {
            return Err(EngineError::misuse(
                &self.name,
                "a program without a module",
            ));
        };
        let exported = (program.memories, program.tags);
        let instance = WasmtimeInstance::new(
            &self.name,
            store,
            main,
            &mut self.spent,
            exported,
            finds(&self.configuration),
        );
        Ok(Start::Running(instance))
    }

    /// A store for one run of a program or a script.
    pub(crate) fn store(&self, host: &Host, limits: &Limits) -> Store<HostData> {
        let mut store = Store::new(&self.compiled.engine, HostData::new(host, limits));
        let asynchronous = self.configuration.entry.async_stacks;
        store.data_mut().asynchronous = asynchronous;
        store.data_mut().embedding = self.configuration.embedding.clone();
        store.limiter(|data| &mut data.limits);
        if self.configuration.code.fuel {
            // Both only fail where the engine counts no fuel, or for an interval of 0. To set no
            // interval would ask for asynchronous calls all the same.
            let mut fuelled = store.set_fuel(FUEL);
            if let Some(interval) = self.configuration.entry.fuel_yield_interval {
                fuelled = fuelled.and_then(|()| store.fuel_async_yield_interval(Some(interval)));
            }
            debug_assert!(fuelled.is_ok(), "{fuelled:?}");
        }
        if self.configuration.code.epochs {
            store.data_mut().ticks = true;
            store.set_epoch_deadline(interruption::TICKS);
            store.epoch_deadline_callback(|store| Ok(interruption::at_deadline(store.data())));
        }
        store
    }

    /// Compiles a module, unless it has just been.
    pub(crate) fn compile(&mut self, wasm: &[u8]) -> Result<Module, Stop> {
        let began = Instant::now();
        let module = match self.compiled.find(wasm) {
            Some(module) => Ok(module),
            None => self.compile_anew(wasm),
        };
        self.spent.compile += began.elapsed();
        module
    }

    /// Compiles a module, by way of its serialised form where the configuration says so.
    #[allow(unsafe_code)]
    fn compile_anew(&self, wasm: &[u8]) -> Result<Module, Stop> {
        let engine = &self.compiled.engine;
        let rejected = |_| Ok(Outcome::Rejected(Phase::Compile));
        let module = if self.configuration.code.precompiled {
            engine
                .precompile_module(wasm)
                .map_err(rejected)
                .and_then(|code| {
                    // SAFETY: the bytes are those that this very engine has just made.
                    unsafe { Module::deserialize(engine, code) }
                        .map_err(|error| self.too_large(&error))
                })
        } else {
            Module::new(engine, wasm).map_err(|error| {
                // The pool refuses a module that is larger than its slots. What compiles, yet
                // cannot be loaded, is such a module.
                let compiles = || engine.precompile_module(wasm).is_ok();
                if self.configuration.pool.is_some() && compiles() {
                    self.too_large(&error)
                } else {
                    rejected(error)
                }
            })
        }?;
        self.compiled.keep(wasm, &module);
        Ok(module)
    }

    /// A module that compiles cannot be loaded: it is larger than the pool's slots.
    fn too_large(&self, error: &wasmtime::Error) -> Stop {
        if self.configuration.pool.is_some() {
            Ok(Outcome::Exhausted(Resource::Memory))
        } else {
            Err(unknown(&self.name, error))
        }
    }

    /// Satisfies a module's imports, and instantiates it.
    pub(crate) fn link(
        &mut self,
        store: &mut Store<HostData>,
        module: &Module,
        instances: &[(&str, Instance)],
    ) -> Result<Instance, Stop> {
        let began = Instant::now();
        let imports = module.imports().map(|import| {
            if import.module() == names::HOST_MODULE {
                return host::function(store, import.name()).map(Extern::Func);
            }
            let from = instances
                .iter()
                .rev()
                .find(|(name, _)| *name == import.module())?;
            from.1.get_export(&mut *store, import.name())
        });
        let imports: Option<Vec<Extern>> = imports.collect();
        let imports = imports.ok_or(Ok(Outcome::Rejected(Phase::Link)))?;
        store.data_mut().limits.instantiating = true;
        let instance = if is_asynchronous(&*store) {
            block_on(Instance::new_async(&mut *store, module, &imports))
        } else {
            Instance::new(&mut *store, module, &imports)
        };
        self.spent.instantiate += began.elapsed();
        store.data_mut().limits.instantiating = false;
        let instance =
            instance.map_err(|error| self.not_instantiated(store, module, &imports, &error));
        interruption::settle(&mut *store).map_err(|error| Err(unknown(&self.name, &error)))?;
        instance
    }

    /// Why there is no instance. Wasmtime has no type for a mismatch of imports, so they are matched
    /// once more on their own; nor for a memory or a table that cannot be had, so that is what it
    /// is where there is a large one.
    fn not_instantiated(
        &self,
        store: &mut Store<HostData>,
        module: &Module,
        imports: &[Extern],
        error: &wasmtime::Error,
    ) -> Stop {
        if interruption::failure(&*store, error) != Failure::Unknown
            || error.is::<wasmtime::WasmtimeBug>()
        {
            return outcome_of(&self.name, store, error, 0);
        }
        let mut linker = Linker::new(&self.compiled.engine);
        linker.allow_shadowing(true);
        let defined = module
            .imports()
            .zip(imports)
            .try_for_each(|(import, item)| {
                linker
                    .define(&mut *store, import.module(), import.name(), item.clone())
                    .map(|_| ())
            });
        match defined.and_then(|()| linker.instantiate_pre(module)) {
            Ok(_) if is_large(module) => Ok(Outcome::Exhausted(Resource::Memory)),
            Ok(_) => Err(unknown(&self.name, error)),
            Err(_) => Ok(Outcome::Rejected(Phase::Link)),
        }
    }
}

/// A call, and the fuel of Wasmtime's that it used.
fn metered(
    instance: &mut WasmtimeInstance<'_>,
    export: &str,
    args: &[Value],
) -> Result<(Outcome, u64), EngineError> {
    let before = instance.fuel();
    let outcome = instance.call(export, args)?;
    Ok((outcome, before.saturating_sub(instance.fuel())))
}

/// Has the shim tell the state, and gives the fuel of Wasmtime's that it used.
fn look(instance: &mut WasmtimeInstance<'_>, shim: &Shim) -> Result<u64, EngineError> {
    let (_, used) = metered(instance, names::CALL, &shim.look())?;
    Ok(used)
}

/// Whether a module begins with a memory or a table that a machine may not have room for.
fn is_large(module: &Module) -> bool {
    let needs = module.resources_required();
    needs
        .max_initial_memory_size
        .is_some_and(|pages| pages > LARGE_MEMORY_PAGES)
        || needs
            .max_initial_table_size
            .is_some_and(|elements| elements > LARGE_TABLE_ELEMENTS)
}

impl Engine for WasmtimeEngine {
    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> &str {
        VERSION
    }

    fn features(&self) -> Features {
        self.features
    }

    fn tells(&self) -> Tells {
        stacks::tells(&self.configuration)
    }

    fn spent(&self) -> Spent {
        self.spent
    }

    fn perform(&mut self, script: &Script) -> Result<Vec<Option<Outcome>>, EngineError> {
        script::perform(self, script)
    }

    fn instantiate<'a>(
        &'a mut self,
        program: &'a Program,
    ) -> Result<Instantiated<'a>, EngineError> {
        Ok(match self.start(program)? {
            Start::Running(mut instance) => Instantiated {
                outcome: Outcome::Returned(Vec::new()),
                host: instance.take_host_calls(),
                instance: Some(Box::new(instance)),
            },
            Start::Ended(outcome, mut store) => Instantiated {
                outcome,
                host: store.data_mut().take_trace(),
                instance: None,
            },
        })
    }
}
