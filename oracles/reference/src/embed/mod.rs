//! The interpreter behind the traits of `assay-engine`.

mod guest;
mod instance;
mod script;
mod stacks;
mod values;

use crate::coverage::OpcodeCoverage;
use crate::module::Module;
use crate::store::{Config, Extern, FRAME_BYTES, Instance, InstantiationError, Profile, Store};
use crate::types::{FuncType, TypeId};
use assay_engine::{
    Engine, EngineError, Features, HostFunction, Instantiated, Limits, Outcome, Phase, Program,
    Script, Spent, Tells, Transcript, drive_guarded, guarded, names,
};
use guest::Guest;
use instance::ReferenceInstance;
use std::time::Instant;

/// The name by which it is asked for.
pub const NAME: &str = "reference";

/// How many operations make a millisecond. A program whose time is over has run as many as that on
/// every machine.
const OPERATIONS_PER_MS: u64 = 200_000;

/// The memories and tables of a program, in bytes.
const MEMORY_BYTES: u64 = 4 << 30;

/// The interpreter, with all its features on.
#[derive(Debug)]
pub struct ReferenceEngine {
    features: Features,
    memory_bytes: u64,
    objects_per_collection: Option<u32>,
    fuel: u64,
    profile: Profile,
    spent: Spent,
    remains: Remains,
}

/// What stays of stores that are no more.
#[derive(Debug, Default)]
struct Remains {
    /// What they have run, where it is asked for.
    coverage: Option<OpcodeCoverage>,
}

impl Remains {
    fn take_from(&mut self, store: &mut Store) {
        if let Some(coverage) = &mut self.coverage {
            coverage.merge(&store.coverage());
        }
    }
}

impl ReferenceEngine {
    /// An engine, ready to run.
    #[must_use]
    pub fn new() -> Self {
        Self {
            features: Features::all(),
            memory_bytes: MEMORY_BYTES,
            objects_per_collection: None,
            fuel: u64::MAX,
            profile: Profile::default(),
            spent: Spent::default(),
            remains: Remains::default(),
        }
    }

    /// The same engine, which refuses modules that need other features than these.
    #[must_use]
    pub fn with_features(mut self, features: Features) -> Self {
        self.features = features;
        self
    }

    /// The same engine with another limit for memories and tables.
    #[must_use]
    pub fn with_memory_bytes(mut self, memory_bytes: u64) -> Self {
        self.memory_bytes = memory_bytes;
        self
    }

    /// The same engine, which collects after so many new objects at the latest
    /// ([`Config::objects_per_collection`]).
    #[must_use]
    pub fn with_objects_per_collection(mut self, objects: u32) -> Self {
        self.objects_per_collection = Some(objects);
        self
    }

    /// The same engine, in which a program or a script ends after so many operations, where its
    /// time does not end it before.
    #[must_use]
    pub fn with_fuel(mut self, fuel: u64) -> Self {
        self.fuel = fuel;
        self
    }

    /// The same engine, which chooses so where the specification leaves a choice.
    #[must_use]
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// The same engine, which records what it runs.
    #[must_use]
    pub fn with_coverage(mut self) -> Self {
        self.remains.coverage = Some(OpcodeCoverage::default());
        self
    }

    /// What all programs so far have run; nothing unless it is recorded. A program counts once its
    /// instance is gone.
    pub fn coverage(&self) -> Option<&OpcodeCoverage> {
        self.remains.coverage.as_ref()
    }

    fn config(&self, limits: &Limits) -> Config {
        Config {
            stack_bytes: (limits.stack_bytes as usize).max(FRAME_BYTES),
            memory_bytes: self.memory_bytes,
            heap_bytes: limits.gc_heap_bytes as usize,
            fuel: Some(
                OPERATIONS_PER_MS
                    .saturating_mul(limits.time_ms.into())
                    .min(self.fuel),
            ),
            profile: self.profile,
            coverage: self.remains.coverage.is_some(),
            objects_per_collection: self.objects_per_collection,
            traces: false,
        }
    }

    /// Instantiates the modules in order and gives the last; an outcome says why there is none.
    fn link(
        &mut self,
        store: &mut Store,
        guest: &mut Guest<'_>,
    ) -> Result<Result<Instance, Outcome>, EngineError> {
        let mut linked: Vec<(&str, Instance)> = Vec::new();
        for assay_engine::Module { name, wasm } in &guest.program.modules {
            match self.add(store, guest, wasm, &linked)? {
                Ok(instance) => linked.push((name, instance)),
                Err(outcome) => return Ok(Err(outcome)),
            }
        }
        let main = linked.pop().map(|(_, main)| main);
        main.map(Ok)
            .ok_or_else(|| EngineError::misuse(NAME, "no module to run"))
    }

    /// Decodes and validates a module; an outcome says why there is none.
    fn compile(&mut self, wasm: &[u8]) -> Result<Module, Outcome> {
        let begun = Instant::now();
        let module = Module::new(wasm, self.features);
        self.spent.compile += begun.elapsed();
        module.map_err(|_| Outcome::Rejected(Phase::Compile))
    }

    /// Instantiates one module; an outcome says why there is no instance.
    fn add(
        &mut self,
        store: &mut Store,
        guest: &mut Guest<'_>,
        wasm: &[u8],
        linked: &[(&str, Instance)],
    ) -> Result<Result<Instance, Outcome>, EngineError> {
        let module = match self.compile(wasm) {
            Ok(module) => module,
            Err(outcome) => return Ok(Err(outcome)),
        };
        let Some(imports) = resolve(store, &module, linked, guest.program) else {
            return Ok(Err(Outcome::Rejected(Phase::Link)));
        };
        let begun = Instant::now();
        let instance = store.instantiate(guest, &module, &imports);
        self.spent.instantiate += begun.elapsed();
        match instance {
            Ok(instance) => Ok(Ok(instance)),
            Err(InstantiationError::Link(_)) => Ok(Err(Outcome::Rejected(Phase::Link))),
            Err(InstantiationError::Stop(stop)) => guest.outcome(store, stop).map(Err),
        }
    }
}

impl Default for ReferenceEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine for ReferenceEngine {
    fn name(&self) -> &str {
        NAME
    }

    fn version(&self) -> &str {
        env!("CARGO_PKG_VERSION")
    }

    fn features(&self) -> Features {
        self.features
    }

    fn tells(&self) -> Tells {
        Tells::ALL
    }

    fn spent(&self) -> Spent {
        self.spent
    }

    fn run(&mut self, program: &Program) -> Result<Transcript, EngineError> {
        drive_guarded(self, program)
    }

    fn perform(&mut self, script: &Script) -> Result<Vec<Option<Outcome>>, EngineError> {
        guarded(NAME, || script::perform(self, script))
    }

    fn instantiate<'a>(
        &'a mut self,
        program: &'a Program,
    ) -> Result<Instantiated<'a>, EngineError> {
        let mut store = Store::new(Config {
            traces: program.stacks,
            ..self.config(&program.limits)
        });
        let mut guest = Guest::new(program);
        let linked = self.link(&mut store, &mut guest);
        let host = guest.state.take_trace();
        let main = match linked {
            Ok(Ok(main)) => main,
            other => {
                self.remains.take_from(&mut store);
                // Without an instance all that there is to tell is the outcome.
                let outcome = other?.err().unwrap_or(Outcome::Returned(Vec::new()));
                return Ok(Instantiated {
                    outcome,
                    host,
                    instance: None,
                });
            }
        };
        guest.main = Some(main);
        let instance =
            ReferenceInstance::new(store, guest, &mut self.spent.call, &mut self.remains);
        Ok(Instantiated {
            outcome: Outcome::Returned(Vec::new()),
            host,
            instance: Some(Box::new(instance)),
        })
    }
}

/// What satisfies the imports of a module, in their order; `None` when something is missing.
fn resolve(
    store: &mut Store,
    module: &Module,
    linked: &[(&str, Instance)],
    program: &Program,
) -> Option<Vec<Extern>> {
    let mut resolved = Vec::new();
    for import in module.imports() {
        let found = if import.module == names::HOST_MODULE {
            host_function(store, &import.name, program)
        } else {
            // The last module of a name is the one that holds it.
            let instance = linked.iter().rev().find(|(name, _)| *name == import.module);
            instance.and_then(|(_, instance)| store.export(*instance, &import.name))
        };
        resolved.push(found?);
    }
    Some(resolved)
}

/// The host function that is imported under this field name.
fn host_function(store: &mut Store, field: &str, program: &Program) -> Option<Extern> {
    let number: u32 = field.parse().ok()?;
    let function = program.host.functions.get(number as usize)?;
    let ty = type_of(store, function);
    Some(Extern::Func(store.new_host_func(ty, number)))
}

fn type_of(store: &mut Store, function: &HostFunction) -> TypeId {
    let types =
        |slots: &[assay_engine::Slot]| slots.iter().map(|&slot| values::slot_type(slot)).collect();
    let ty = FuncType {
        params: types(&function.params),
        results: types(&function.results),
    };
    store.types().add_func(ty)
}
