//! The generated scenario: a program of Assay's generators, in a configuration of its space.
//!
//! Its modules are compiled first. The operation instantiates them and makes the calls; the result is
//! all that they give and all that the host was asked for.

mod host;

use crate::case::{Case, Seen, is_exhausted};
use crate::row::{Row, row};
use arbitrary::Unstructured;
use assay_engine::{Features, Program, Reference, Slot, Value, names};
use assay_generators::{GENERATORS, Generator};
use assay_oom::{AnyScenario, digest};
use assay_wasmtime::{Compiler, Configuration, ConfigurationError};
use host::{Exports, Guest, HostTrap};
use rand::{RngExt, SeedableRng};
use std::rc::Rc;
use wasmtime::{
    Engine, Extern, ExternRef, FuncType, Instance, Module, Result, Store, ThrownException, Trap,
    Val, ValType,
};

pub(crate) const ROWS: &[Row] = &[
    row(
        "generated-smith",
        "a module of wasm-smith, in the ordinary configuration",
        COVERS,
        |name| ordinary(name, "wasm-smith"),
    ),
    row(
        "generated-single-op",
        "a module around one instruction, in the ordinary configuration",
        COVERS,
        |name| ordinary(name, "single-op"),
    ),
    row(
        "generated-pool",
        "a module of wasm-smith, in a pool",
        COVERS,
        pooled,
    ),
    row(
        "generated-pulley",
        "a module of wasm-smith, on Pulley",
        COVERS,
        |name| fixed(name, "wasm-smith", 3, Configuration::of(Compiler::Pulley)),
    ),
    row(
        "generated-async",
        "a module of wasm-smith, on fibers",
        COVERS,
        fibers,
    ),
];

const COVERS: &[&str] = &["Instance::new", "Func::try_new", "Func::call"];

/// How many calls a program keeps. Memory runs out on the way to an instance and in its first calls;
/// the others would cost each run more than they show.
const CALLS: usize = 4;

/// Why there is no scenario of a program.
#[derive(Debug, thiserror::Error)]
pub enum GeneratedError {
    /// The configuration is refused.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// A module is not compiled or not loaded.
    #[error("a module is not loaded: {0}")]
    Module(wasmtime::Error),
    /// An import comes from nowhere.
    #[error("nothing provides the import {0:?}")]
    Import(String),
    /// The generator gives nothing for these bytes, or nothing that can be called.
    #[error("the generator gives no program")]
    NoProgram,
}

/// Where an import comes from.
enum Source {
    /// A function of the host, by its index.
    Host(usize, FuncType),
    /// An export of an instance made before.
    Instance(usize, String),
}

struct Prepare {
    engine: Engine,
    modules: Vec<(Module, Vec<Source>)>,
    program: Program,
    configuration: Configuration,
}

/// A run: a store, and room for all that the operation puts somewhere, so that nothing but Wasmtime
/// asks for memory in it.
struct Run {
    setup: Rc<Prepare>,
    store: Store<Guest>,
    imports: Vec<Extern>,
    instances: Vec<Instance>,
    params: Vec<Val>,
    results: Vec<Val>,
}

/// The scenario of a program.
///
/// # Errors
///
/// Where the configuration or a module is refused.
pub fn scenario(
    name: &str,
    program: Program,
    configuration: &Configuration,
) -> Result<Box<dyn AnyScenario>, GeneratedError> {
    let setup = Rc::new(Prepare::new(program, configuration)?);
    let case = Case::new(name, move || Run::new(&setup), Run::operate).instead(|_| Ok(()));
    Ok(case.done())
}

/// The scenario of bytes, as the fuzz targets give them: which program a generator makes of them.
///
/// # Errors
///
/// Those of [`scenario`], and where the generator makes none.
pub fn from_bytes(
    name: &str,
    generator: &Generator,
    bytes: &[u8],
    configuration: &Configuration,
) -> Result<Box<dyn AnyScenario>, GeneratedError> {
    let features = configuration.features() - Features::THREADS;
    let draft = (generator.generate)(&mut Unstructured::new(bytes), features)
        .map_err(|_| GeneratedError::NoProgram)?;
    let finished = draft.finish().map_err(|_| GeneratedError::NoProgram)?;
    let mut program = finished.program;
    program.calls.truncate(CALLS);
    match program.calls.is_empty() {
        true => Err(GeneratedError::NoProgram),
        false => scenario(name, program, configuration),
    }
}

/// The first program from `seed` on.
fn fixed(name: &str, generator: &str, seed: u64, of: Configuration) -> Box<dyn AnyScenario> {
    let Some(generator) = GENERATORS.iter().find(|known| known.name == generator) else {
        panic!("the set-up of a scenario lacks the generator {generator}");
    };
    for seed in seed..seed + 100 {
        let mut bytes = vec![0; 2_048];
        rand_chacha::ChaCha8Rng::seed_from_u64(seed).fill(&mut bytes[..]);
        if let Ok(scenario) = from_bytes(name, generator, &bytes, &of) {
            return scenario;
        }
    }
    panic!(
        "the set-up of a scenario lacks a program: {}",
        generator.name
    );
}

fn ordinary(name: &str, generator: &str) -> Box<dyn AnyScenario> {
    fixed(name, generator, 1, Configuration::of(Compiler::Cranelift))
}

fn pooled(name: &str) -> Box<dyn AnyScenario> {
    let mut configuration = Configuration::of(Compiler::Cranelift);
    configuration.pool = Some(Default::default());
    fixed(name, "wasm-smith", 2, configuration.normalised())
}

fn fibers(name: &str) -> Box<dyn AnyScenario> {
    let mut configuration = Configuration::of(Compiler::Cranelift);
    configuration.entry.async_stacks = true;
    fixed(name, "wasm-smith", 4, configuration.normalised())
}

impl Prepare {
    fn new(program: Program, configuration: &Configuration) -> Result<Self, GeneratedError> {
        let mut config = configuration.config()?;
        config
            .concurrency_support(false)
            .parallel_compilation(false);
        let compiler = Engine::new(&config).map_err(ConfigurationError::Refused)?;
        config.enable_compiler(false);
        let engine = Engine::new(&config).map_err(ConfigurationError::Refused)?;
        let mut modules = Vec::new();
        for (place, module) in program.modules.iter().enumerate() {
            let known = &program.modules[..place];
            let loaded = load(&compiler, &engine, &module.wasm).map_err(GeneratedError::Module)?;
            let sources = loaded
                .imports()
                .map(|import| {
                    let missing = || GeneratedError::Import(import.name().into());
                    if import.module() == names::HOST_MODULE {
                        let index: usize = import.name().parse().map_err(|_| missing())?;
                        let ty = host::function_type(&engine, &program.host, index);
                        return Ok(Source::Host(index, ty.ok_or_else(missing)?));
                    }
                    let from = known
                        .iter()
                        .rposition(|known| known.name == import.module());
                    let from = from.ok_or_else(missing)?;
                    Ok(Source::Instance(from, import.name().into()))
                })
                .collect::<Result<Vec<_>, GeneratedError>>()?;
            modules.push((loaded, sources));
        }
        Ok(Self {
            engine,
            modules,
            program,
            configuration: configuration.clone(),
        })
    }
}

#[allow(unsafe_code)]
fn load(compiler: &Engine, engine: &Engine, wasm: &[u8]) -> Result<Module> {
    let code = compiler.precompile_module(wasm)?;
    // SAFETY: the bytes are those that an engine of this configuration has just made.
    unsafe { Module::deserialize(engine, code) }
}

impl Run {
    fn new(setup: &Rc<Prepare>) -> Self {
        let imports = setup.modules.iter().map(|module| module.1.len()).max();
        let slots = |params| {
            let calls = setup.program.calls.iter();
            let most = calls.map(|call| call.args.len()).max().unwrap_or(0);
            most.max(params) + 1
        };
        Self {
            store: crate::world::must(guest(setup)),
            imports: Vec::with_capacity(imports.unwrap_or(0)),
            instances: Vec::with_capacity(setup.modules.len()),
            params: Vec::with_capacity(slots(0)),
            results: Vec::with_capacity(4_096),
            setup: Rc::clone(setup),
        }
    }

    fn operate(&mut self) -> Result<Seen> {
        let seen = self.all()?;
        match self.store.data().fell_back {
            Some(name) => Ok(Seen::Fallback(name)),
            None => Ok(Seen::Value(seen)),
        }
    }

    fn all(&mut self) -> Result<u64> {
        let setup = Rc::clone(&self.setup);
        for module in &setup.modules {
            match self.instantiate(module) {
                Ok(instance) => self.instances.push(instance),
                Err(error) => return outcome(&mut self.store, error),
            }
        }
        let Some(main) = self.instances.last().copied() else {
            return Ok(0);
        };
        Exports::find(&mut self.store, main);
        let mut seen = 0;
        for call in &setup.program.calls {
            let called = match self.call(main, &call.export, &call.args) {
                Ok(digest) => digest,
                Err(error) => outcome(&mut self.store, error)?,
            };
            seen = digest(&(seen, called));
        }
        Ok(digest(&(seen, self.store.data().trace)))
    }

    fn instantiate(&mut self, (module, sources): &(Module, Vec<Source>)) -> Result<Instance> {
        self.imports.clear();
        for source in sources {
            let item = match source {
                Source::Host(index, ty) => {
                    Extern::Func(host::function(&mut self.store, *index, ty.clone())?)
                }
                Source::Instance(from, name) => {
                    let from = self.instances.get(*from);
                    let item = from.and_then(|from| from.get_export(&mut self.store, name));
                    item.ok_or(HostTrap)?
                }
            };
            self.imports.push(item);
        }
        match self.setup.configuration.entry.async_stacks {
            true => {
                let instance = Instance::new_async(&mut self.store, module, &self.imports);
                crate::async_::finish(instance)
            }
            false => Instance::new(&mut self.store, module, &self.imports),
        }
    }

    fn call(&mut self, main: Instance, export: &str, args: &[Value]) -> Result<u64> {
        let function = main.get_func(&mut self.store, export).ok_or(HostTrap)?;
        self.params.clear();
        for value in args {
            self.params.push(lower(&mut self.store, *value)?);
        }
        let results = function.ty(&self.store).results().len();
        self.results.clear();
        self.results.extend((0..results).map(|_| Val::I32(0)));
        let (params, results) = (&self.params, &mut self.results);
        match self.setup.configuration.entry.async_stacks {
            true => {
                let call = function.call_async(&mut self.store, params, results);
                crate::async_::finish(call)?;
            }
            false => function.call(&mut self.store, params, results)?,
        }
        let seen = self.results.iter().fold(0, |seen, value| {
            digest(&(seen, host::visible(&self.store, value)))
        });
        Ok(seen)
    }
}

/// A store for a run.
fn guest(setup: &Prepare) -> Result<Store<Guest>> {
    let mut store = Store::try_new(&setup.engine, Guest::new(&setup.program.host))?;
    store.limiter(|guest| guest);
    if setup.configuration.code.fuel {
        store.set_fuel(1 << 62)?;
    }
    if setup.configuration.code.epochs {
        store.set_epoch_deadline(1 << 40);
    }
    Ok(store)
}

/// A value of the boundary.
fn lower(store: &mut Store<Guest>, value: Value) -> Result<Val> {
    Ok(match value {
        Value::I32(x) => Val::I32(x.cast_signed()),
        Value::I64(x) => Val::I64(x.cast_signed()),
        Value::F32(x) => Val::F32(x),
        Value::F64(x) => Val::F64(x),
        Value::V128(x) => Val::V128(x.into()),
        Value::Ref(Reference::Extern(n)) => Val::ExternRef(Some(ExternRef::new(store, n)?)),
        Value::Ref(_) => Val::ExternRef(None),
    })
}

/// What an error means: how a program may end is a value, all else stays an error.
fn outcome(store: &mut Store<Guest>, error: wasmtime::Error) -> Result<u64> {
    if is_exhausted(&error) {
        return Err(error);
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return Ok(digest(&("trap", *trap as u8)));
    }
    if error.is::<HostTrap>() {
        return Ok(digest("the host's trap"));
    }
    if error.is::<ThrownException>() {
        return Ok(digest(&store.take_pending_exception().is_some()));
    }
    Err(error)
}

/// The type of a slot.
fn value_type(slot: Slot) -> ValType {
    match slot {
        Slot::I32 => ValType::I32,
        Slot::I64 => ValType::I64,
        Slot::Extern => ValType::EXTERNREF,
    }
}
