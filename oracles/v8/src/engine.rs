//! The engine: compilation and linking.

use crate::host::Session;
use crate::instance::{Main, V8Instance};
use crate::script;
use crate::stacks::{self, Stacks};
use crate::thrown::{Stop, attempt, settle};
use crate::values::{property, string};
use crate::vm::{Shared, Vm};
use assay_engine::{
    Engine, EngineError, Features, Host, Instantiated, Limits, Outcome, Phase, Program, Script,
    Slot, Spent, Tells, names,
};
use assay_js::signature::{Kind, Signatures};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The name by which it is asked for.
pub(crate) const NAME: &str = "v8-inprocess";

/// All that this V8 runs with the flags that it is started with.
const FEATURES: Features = Features::WASM3
    .union(Features::LEGACY_EXCEPTIONS)
    .union(Features::THREADS)
    .union(Features::WIDE_ARITHMETIC);

/// V8 in this process.
pub struct V8Engine {
    pub(crate) vm: Vm,
    pub(crate) spent: Spent,
}

impl V8Engine {
    /// An engine, ready to run. The first one in a process starts V8.
    #[must_use]
    pub fn new() -> Self {
        Self {
            vm: Vm::new(Limits::default().gc_heap_bytes),
            spent: Spent::default(),
        }
    }

    /// Makes V8 ready for another program or script.
    pub(crate) fn ready(&mut self, host: &Host, limits: &Limits) {
        if !self.vm.serves(limits.gc_heap_bytes) {
            self.vm = Vm::new(limits.gc_heap_bytes);
        }
        let begun = Instant::now();
        self.vm.tidy();
        self.spent.instantiate += begun.elapsed();
        self.vm.shared.realm.forget_externs();
        *self.vm.shared.session() = Session::new(host);
    }
}

impl Default for V8Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine for V8Engine {
    fn name(&self) -> &str {
        NAME
    }

    fn version(&self) -> &str {
        v8::V8::get_version()
    }

    fn features(&self) -> Features {
        FEATURES
    }

    fn tells(&self) -> Tells {
        stacks::TELLS
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
        self.ready(&program.host, &program.limits);
        self.vm.shared.session().stacks = program.stacks.then(Stacks::default);
        let mut left = Duration::from_millis(program.limits.time_ms.into());
        let spent = &mut self.spent;
        let linked = self.vm.with(&mut left, |scope, shared| {
            link(scope, shared, program, spent)
        });
        let linked = settle(linked)?;
        let host = self.vm.shared.session().state.take_trace();
        Ok(match linked {
            Err(outcome) => Instantiated {
                outcome,
                host,
                instance: None,
            },
            Ok(main) => {
                self.vm.shared.session().main = Some(main.clone());
                let call = &mut self.spent.call;
                Instantiated {
                    outcome: Outcome::Returned(Vec::new()),
                    host,
                    instance: Some(Box::new(V8Instance::new(&mut self.vm, main, left, call))),
                }
            }
        })
    }
}

/// Compiles and instantiates the modules in order, and gives the last.
fn link(
    scope: &mut v8::PinScope<'_, '_>,
    shared: &Shared,
    program: &Program,
    spent: &mut Spent,
) -> Result<Main, Stop> {
    if program.modules.is_empty() {
        return Err(EngineError::misuse(NAME, "no module to run").into());
    }
    if program.stacks {
        stacks::ask(scope, shared)?;
    }
    let imports = bare_object(scope);
    let host = host_object(scope, shared, program.host.functions.len())?;
    define(scope, imports, names::HOST_MODULE, host.into())?;
    let signatures = Signatures::of(&program.main().wasm);
    let mut main = None;
    for module in &program.modules {
        let compiled = compile(scope, shared, &module.wasm, spent)?;
        if let Some(stacks) = &mut shared.session().stacks {
            let file = compiled.get_compiled_module();
            stacks.files.push(file.source_url().to_owned());
        }
        if std::ptr::eq(module, program.main()) && !host_fits(&program.host, &signatures) {
            return Err(Stop::Outcome(Outcome::Rejected(Phase::Link)));
        }
        let exports = instantiate(scope, shared, compiled, imports, spent)?;
        define(scope, imports, &module.name, exports.into())?;
        main = Some(exports);
    }
    let exports = main.ok_or_else(|| EngineError::misuse(NAME, "no module to run"))?;
    Ok(Main {
        exports: Arc::new(v8::Global::new(scope, exports)),
        signatures: Arc::new(signatures),
        tags: program.tags,
    })
}

/// Compiles a module.
pub(crate) fn compile<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    shared: &Shared,
    wasm: &[u8],
    spent: &mut Spent,
) -> Result<v8::Local<'s, v8::WasmModuleObject>, Stop> {
    let begun = Instant::now();
    let compiled = attempt(scope, shared, |scope| {
        v8::WasmModuleObject::compile(scope, wasm)
    });
    spent.compile += begun.elapsed();
    compiled
}

/// Instantiates a module, and gives its exports.
pub(crate) fn instantiate<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    shared: &Shared,
    compiled: v8::Local<'_, v8::WasmModuleObject>,
    imports: v8::Local<'_, v8::Object>,
    spent: &mut Spent,
) -> Result<v8::Local<'s, v8::Object>, Stop> {
    let constructor = v8::Local::new(scope, &shared.realm.instance);
    let args = [compiled.into(), imports.into()];
    let begun = Instant::now();
    let instance = attempt(scope, shared, |scope| {
        constructor.new_instance(scope, &args)
    });
    spent.instantiate += begun.elapsed();
    let exports = property(scope, instance?, "exports")
        .and_then(|exports| v8::Local::<v8::Object>::try_from(exports).ok())
        .ok_or_else(|| EngineError::misuse(NAME, "an instance without exports"))?;
    Ok(exports)
}

/// Whether the host has the functions that the main module imports, with their types: JavaScript
/// functions have none that V8 could look at.
fn host_fits(host: &Host, signatures: &Signatures) -> bool {
    signatures.host().iter().all(|(field, wanted)| {
        let function = field
            .parse()
            .ok()
            .and_then(|index: usize| host.functions.get(index));
        function.is_some_and(|function| {
            let kinds =
                |slots: &[Slot]| -> Vec<Kind> { slots.iter().map(|&slot| slot.into()).collect() };
            kinds(&function.params) == wanted.params && kinds(&function.results) == wanted.results
        })
    })
}

/// An object without a prototype, so that it has no property but its own.
pub(crate) fn bare_object<'s>(scope: &mut v8::PinScope<'s, '_>) -> v8::Local<'s, v8::Object> {
    let null = v8::null(scope).into();
    v8::Object::with_prototype_and_properties(scope, null, &[], &[])
}

/// The host functions as a module imports them.
fn host_object<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    shared: &Shared,
    functions: usize,
) -> Result<v8::Local<'s, v8::Object>, EngineError> {
    let host = bare_object(scope);
    for index in 0..functions {
        let function = shared.realm.function(scope, index);
        let function =
            function.ok_or_else(|| EngineError::misuse(NAME, "no memory for the host"))?;
        define(scope, host, &index.to_string(), function.into())?;
    }
    Ok(host)
}

/// Gives an object a property.
pub(crate) fn define(
    scope: &mut v8::PinScope<'_, '_>,
    object: v8::Local<'_, v8::Object>,
    name: &str,
    value: v8::Local<'_, v8::Value>,
) -> Result<(), EngineError> {
    let name = string(scope, name)?;
    match object.create_data_property(scope, name.into(), value) {
        Some(true) => Ok(()),
        _ => Err(EngineError::misuse(NAME, "a property could not be made")),
    }
}
