//! The engine: configuration, compilation, linking.

use crate::host::{self, Data};
use crate::instance::WasmiInstance;
use crate::outcome;
use crate::script;
use assay_engine::{
    Engine, EngineError, Features, Host, HostFunction, Instantiated, Limits, Module, Outcome,
    Phase, Program, Script, Spent, Transcript, drive_guarded, guarded, names,
};
use std::time::Instant;
use wasmi::{CompilationMode, Config, Extern, Func, Store};

/// The name by which it is asked for.
pub(crate) const NAME: &str = "wasmi";

/// All that wasmi runs; the configuration switches each of them on.
const FEATURES: Features = Features::SIMD
    .union(Features::RELAXED_SIMD)
    .union(Features::REFERENCE_TYPES)
    .union(Features::TAIL_CALL)
    .union(Features::MULTI_MEMORY)
    .union(Features::MEMORY64)
    .union(Features::WIDE_ARITHMETIC)
    .union(Features::CUSTOM_PAGE_SIZES)
    .union(Features::EXTENDED_CONST);

/// How many bytes of modules one wasmi engine compiles before another takes its place.
///
/// wasmi frees the code of a dropped module only with the whole engine, so an engine for all the
/// programs of a campaign would grow for ever. A new one is made in less than a microsecond, but
/// allocates its buffers and stacks again.
const BYTES_PER_ENGINE: usize = 256 << 10;

/// The stack bytes that one frame is taken to need: with it the recursion depth follows from the
/// size of the stack, as in an engine that runs on the native stack.
const BYTES_PER_FRAME: usize = 64;

/// A main instance, and two levels of callbacks from the host.
const STACKS_KEPT: usize = 3;

/// What starts a module in the binary format. wasmi would read anything else as text.
const MAGIC: &[u8] = b"\0asm";

/// wasmi 2 with all its features on.
pub struct WasmiEngine {
    engine: wasmi::Engine,
    stack_bytes: u32,
    compiled_bytes: usize,
    pub(crate) spent: Spent,
}

impl WasmiEngine {
    /// An engine, ready to run.
    #[must_use]
    pub fn new() -> Self {
        let stack_bytes = assay_engine::Limits::default().stack_bytes;
        Self {
            engine: new_engine(stack_bytes),
            stack_bytes,
            compiled_bytes: 0,
            spent: Spent::default(),
        }
    }

    /// Takes a new wasmi engine when the old one holds too much code or has another stack.
    fn refresh(&mut self, stack_bytes: u32) {
        if self.compiled_bytes > BYTES_PER_ENGINE || self.stack_bytes != stack_bytes {
            self.engine = new_engine(stack_bytes);
            self.stack_bytes = stack_bytes;
            self.compiled_bytes = 0;
        }
    }

    /// Decodes, validates and translates a module; an outcome says why there is none.
    pub(crate) fn compile(
        &mut self,
        wasm: &[u8],
    ) -> Result<Result<wasmi::Module, Outcome>, EngineError> {
        if !wasm.starts_with(MAGIC) {
            return Ok(Err(Outcome::Rejected(Phase::Compile)));
        }
        self.compiled_bytes += wasm.len();
        let begun = Instant::now();
        let module = wasmi::Module::new(&self.engine, wasm);
        self.spent.compile += begun.elapsed();
        match module {
            Ok(module) => Ok(Ok(module)),
            Err(error) => outcome::of_error(&error).map(Err),
        }
    }

    /// Instantiates the modules in order and gives the last; an outcome says why there is none.
    fn link(
        &mut self,
        store: &mut Store<Data<'_>>,
        program: &Program,
    ) -> Result<Result<wasmi::Instance, Outcome>, EngineError> {
        let mut linked = Vec::with_capacity(program.modules.len());
        for Module { name, wasm } in &program.modules {
            match self.add(store, wasm, &linked)? {
                Ok(instance) => linked.push((name.as_str(), instance)),
                Err(outcome) => return Ok(Err(outcome)),
            }
        }
        let (_, main) = linked
            .pop()
            .ok_or_else(|| EngineError::misuse(NAME, "no module to run"))?;
        Ok(Ok(main))
    }

    /// Instantiates one module; an outcome says why there is no instance.
    pub(crate) fn add(
        &mut self,
        store: &mut Store<Data<'_>>,
        wasm: &[u8],
        linked: &[(&str, wasmi::Instance)],
    ) -> Result<Result<wasmi::Instance, Outcome>, EngineError> {
        let module = match self.compile(wasm)? {
            Ok(module) => module,
            Err(outcome) => return Ok(Err(outcome)),
        };
        let begun = Instant::now();
        let Some(imports) = resolve(store, &module, linked) else {
            return Ok(Err(Outcome::Rejected(Phase::Link)));
        };
        let instance = wasmi::Instance::new(&mut *store, &module, &imports);
        self.spent.instantiate += begun.elapsed();
        match instance {
            Ok(instance) => Ok(Ok(instance)),
            Err(error) => host::outcome_of(store, &error).map(Err),
        }
    }

    /// A store for one run of a program or a script.
    pub(crate) fn store<'a>(&mut self, host: &'a Host, limits: &Limits) -> Store<Data<'a>> {
        self.refresh(limits.stack_bytes);
        let begun = Instant::now();
        let store = Store::new(&self.engine, Data::new(host));
        self.spent.instantiate += begun.elapsed();
        store
    }

    /// Takes a new wasmi engine after a panic, which may have left anything behind in the old one.
    fn start_afresh(&mut self) {
        self.engine = new_engine(self.stack_bytes);
        self.compiled_bytes = 0;
    }
}

impl Default for WasmiEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine for WasmiEngine {
    fn name(&self) -> &str {
        NAME
    }

    fn version(&self) -> &str {
        locked_version(include_str!("../../../Cargo.lock")).unwrap_or("unknown")
    }

    fn features(&self) -> Features {
        FEATURES
    }

    fn spent(&self) -> Spent {
        self.spent
    }

    fn run(&mut self, program: &Program) -> Result<Transcript, EngineError> {
        let ran = drive_guarded(self, program);
        if ran.is_err() {
            self.start_afresh();
        }
        ran
    }

    fn perform(&mut self, script: &Script) -> Result<Vec<Option<Outcome>>, EngineError> {
        let performed = guarded(NAME, || script::perform(self, script));
        if performed.is_err() {
            self.start_afresh();
        }
        performed
    }

    fn instantiate<'a>(
        &'a mut self,
        program: &'a Program,
    ) -> Result<Instantiated<'a>, EngineError> {
        let mut store = self.store(&program.host, &program.limits);
        let linked = self.link(&mut store, program)?;
        let host = store.data_mut().state.take_trace();
        Ok(match linked {
            Err(outcome) => Instantiated {
                outcome,
                host,
                instance: None,
            },
            Ok(main) => Instantiated {
                outcome: Outcome::Returned(Vec::new()),
                host,
                instance: Some(Box::new(WasmiInstance::new(
                    store,
                    main,
                    &mut self.spent.call,
                ))),
            },
        })
    }
}

/// A wasmi engine with everything on and a stack of this size.
///
/// Compilation is eager, so that a module is refused before anything of it runs.
fn new_engine(stack_bytes: u32) -> wasmi::Engine {
    let stack_bytes = stack_bytes as usize;
    let mut config = Config::default();
    config
        .compilation_mode(CompilationMode::Eager)
        .set_min_stack_height(stack_bytes.min(4096))
        .set_max_stack_height(stack_bytes)
        .set_max_recursion_depth(stack_bytes / BYTES_PER_FRAME)
        .set_max_cached_stacks(STACKS_KEPT)
        .wasm_simd(true)
        .wasm_relaxed_simd(true)
        .wasm_reference_types(true)
        .wasm_tail_call(true)
        .wasm_multi_memory(true)
        .wasm_memory64(true)
        .wasm_wide_arithmetic(true)
        .wasm_custom_page_sizes(true)
        .wasm_extended_const(true);
    wasmi::Engine::new(&config)
}

/// What satisfies the imports of a module, in their order; `None` when something is missing.
fn resolve(
    store: &mut Store<Data<'_>>,
    module: &wasmi::Module,
    linked: &[(&str, wasmi::Instance)],
) -> Option<Vec<Extern>> {
    let mut resolved = Vec::with_capacity(module.imports().len());
    for import in module.imports() {
        let found = if import.module() == names::HOST_MODULE {
            host_function(store, import.name())
        } else {
            // The last module of a name is the one that holds it.
            let instance = linked
                .iter()
                .rev()
                .find(|(name, _)| *name == import.module());
            instance.and_then(|(_, instance)| instance.get_export(&*store, import.name()))
        };
        resolved.push(found?);
    }
    Some(resolved)
}

/// The host function that is imported under this field name.
fn host_function(store: &mut Store<Data<'_>>, field: &str) -> Option<Extern> {
    let index: usize = field.parse().ok()?;
    let HostFunction {
        params, results, ..
    } = store.data().host.functions.get(index)?;
    let ty = wasmi::FuncType::new(
        params.iter().map(|&slot| crate::values::slot_type(slot)),
        results.iter().map(|&slot| crate::values::slot_type(slot)),
    );
    let function =
        move |caller: wasmi::Caller<'_, Data<'_>>,
              args: &[wasmi::Val],
              results: &mut [wasmi::Val]| { host::call(caller, index, args, results) };
    Some(Extern::Func(Func::new(store, ty, function)))
}

/// The version of wasmi in the lock file that the workspace is built with. wasmi does not tell
/// its version itself.
fn locked_version(lock: &str) -> Option<&str> {
    let (_, package) = lock.split_once("name = \"wasmi\"")?;
    let (_, version) = package.split_once("version = \"")?;
    version.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_lock_file() {
        let version = WasmiEngine::new().version().to_owned();
        assert_eq!(version.split('.').count(), 3, "{version}");
        assert!(version.starts_with("2."), "{version}");
        assert_eq!(
            locked_version("name = \"wasmi_core\"\nversion = \"1.0.0\"\n"),
            None
        );
    }

    #[test]
    fn an_engine_is_replaced_before_it_holds_too_much_code() {
        let wasm = wat::parse_str("(module (func (export \"f\")))").unwrap();
        let program = Program {
            modules: vec![Module {
                name: "m".into(),
                wasm,
            }],
            ..Program::default()
        };
        let mut engine = WasmiEngine::new();
        engine.compiled_bytes = BYTES_PER_ENGINE + 1;
        drop(engine.instantiate(&program).unwrap());
        assert!(engine.compiled_bytes < 100);
    }
}
