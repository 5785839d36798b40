//! What scenarios are made of: engines that compile, engines that can only run, modules, stores.
//!
//! The set-up of a scenario is fixed, so that a failure of it is a bug of the scenario: [`must`].

use crate::case::Seen;
use assay_oom::digest;
use std::hash::Hash;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use wasmtime::component::Component;
use wasmtime::{
    Config, Engine, Instance, Module, Result, Store, Trap, TypedFunc, WasmBacktrace, WasmParams,
    WasmResults,
};

/// Hosts that were made and not dropped.
static ALIVE: AtomicI64 = AtomicI64::new(0);

/// How many hosts there are.
pub(crate) fn alive() -> i64 {
    ALIVE.load(Relaxed)
}

/// What a store of a scenario carries. Hosts are counted, so that one that is forgotten shows.
#[derive(Debug)]
pub(crate) struct Host {
    /// A number for host functions to work on.
    pub(crate) number: i32,
    pub(crate) limits: Limits,
}

impl Host {
    pub(crate) fn new() -> Self {
        ALIVE.fetch_add(1, Relaxed);
        Self {
            number: 0,
            limits: Limits,
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Relaxed);
    }
}

/// A limiter that allows all.
#[derive(Debug)]
pub(crate) struct Limits;

impl wasmtime::ResourceLimiter for Limits {
    fn memory_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
        Ok(true)
    }
}

/// Two engines of one configuration: one compiles, the other can only run, as in a process that loads
/// what another has compiled.
#[derive(Clone)]
pub(crate) struct World {
    compiler: Engine,
    pub(crate) engine: Engine,
    trap: Module,
}

impl World {
    /// Of the ordinary configuration.
    pub(crate) fn plain() -> Self {
        Self::new(|_| {})
    }

    /// Of a configuration.
    pub(crate) fn new(tune: impl Fn(&mut Config)) -> Self {
        let compiler = must(Engine::new(&compiling(&tune)));
        let engine = must(Engine::new(&running(&tune)));
        let trap = load(&compiler, &engine, TRAP);
        Self {
            compiler,
            engine,
            trap,
        }
    }

    /// A module, compiled, serialised and loaded.
    pub(crate) fn module(&self, wat: &str) -> Module {
        load(&self.compiler, &self.engine, wat)
    }

    /// A module, compiled and serialised.
    pub(crate) fn code(&self, wat: &str) -> Vec<u8> {
        must(self.compiler.precompile_module(&binary(wat)))
    }

    /// A component, compiled and serialised.
    pub(crate) fn component_code(&self, wat: &str) -> Vec<u8> {
        must(self.compiler.precompile_component(&binary(wat)))
    }

    /// A component, compiled, serialised and loaded.
    #[allow(unsafe_code)]
    pub(crate) fn component(&self, wat: &str) -> Component {
        let code = self.component_code(wat);
        // SAFETY: the bytes are those that an engine of this configuration has just made.
        must(unsafe { Component::deserialize(&self.engine, code) })
    }

    /// A store.
    pub(crate) fn store(&self) -> Store<Host> {
        must(Store::try_new(&self.engine, Host::new()))
    }

    /// An instance without imports.
    pub(crate) fn instance(&self, store: &mut Store<Host>, module: &Module) -> Instance {
        must(Instance::new(store, module, &[]))
    }

    /// Whether a trap in a fresh store is still found, unwound and told with its frame: stale unwind
    /// tables and registries of code show here.
    pub(crate) fn still_traps(&self) -> Result<(), String> {
        let trapped = || {
            let mut store = Store::try_new(&self.engine, Host::new())?;
            let instance = Instance::new(&mut store, &self.trap, &[])?;
            instance
                .get_typed_func::<(), ()>(&mut store, "trap")?
                .call(&mut store, ())
        };
        let Err(error) = trapped() else {
            return Err("a trap does not trap any more".into());
        };
        match (error.downcast_ref::<Trap>(), depth(&error)) {
            (Some(Trap::UnreachableCodeReached), 2) => Ok(()),
            _ => Err(format!("a trap shows otherwise: {error:?}")),
        }
    }
}

/// The configuration of an engine that compiles, on this thread alone.
fn compiling(tune: &impl Fn(&mut Config)) -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .parallel_compilation(false)
        .wasm_function_references(true)
        .wasm_gc(true)
        .wasm_exceptions(true)
        .wasm_threads(true)
        .shared_memory(true);
    tune(&mut config);
    config
}

/// The configuration of an engine that can only run.
pub(crate) fn running(tune: &impl Fn(&mut Config)) -> Config {
    let mut config = compiling(tune);
    config.enable_compiler(false);
    config
}

/// Traps two frames deep.
const TRAP: &str = r#"(module
    (func $inner unreachable)
    (func (export "trap") (call $inner)))"#;

/// A module, compiled by one engine and loaded by another of the same configuration.
#[allow(unsafe_code)]
fn load(compiler: &Engine, engine: &Engine, wat: &str) -> Module {
    let code = must(compiler.precompile_module(&binary(wat)));
    // SAFETY: the bytes are those that an engine of this configuration has just made.
    must(unsafe { Module::deserialize(engine, code) })
}

/// The binary form of a text.
fn binary(wat: &str) -> Vec<u8> {
    match wat::parse_str(wat) {
        Ok(binary) => binary,
        Err(error) => panic!("the text of a scenario is wrong: {error}"),
    }
}

/// What cannot fail where memory is there and the scenario is right.
#[track_caller]
pub(crate) fn must<T>(result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("the set-up of a scenario fails: {error:?}"),
    }
}

/// A typed function of an instance.
pub(crate) fn typed<P, R>(
    store: &mut Store<Host>,
    instance: &Instance,
    name: &str,
) -> TypedFunc<P, R>
where
    P: WasmParams,
    R: WasmResults,
{
    must(instance.get_typed_func(store, name))
}

/// The trap that must come, beside its backtrace, as a value; any other error stays one.
pub(crate) fn trap<T: Hash>(expected: Trap, result: Result<T>) -> Result<Seen> {
    match result {
        Ok(value) => Ok(digest(&("no trap", value)).into()),
        Err(error) if error.downcast_ref() == Some(&expected) => {
            Ok(Seen::Traced(expected as u64, depth(&error)))
        }
        Err(error) => Err(error),
    }
}

/// How many frames of WebAssembly an error tells; 0 without a backtrace.
pub(crate) fn depth(error: &wasmtime::Error) -> usize {
    error
        .downcast_ref::<WasmBacktrace>()
        .map_or(0, |backtrace| backtrace.frames().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trap_is_told_with_its_frames() {
        assert_eq!(World::plain().still_traps(), Ok(()));
    }

    #[test]
    fn what_traps_otherwise_is_a_complaint() {
        for wat in [
            r#"(module (func (export "trap")))"#,
            r#"(module (func (export "trap") unreachable))"#,
            r#"(module (func $inner (drop (i32.div_u (i32.const 1) (i32.const 0))))
                (func (export "trap") (call $inner)))"#,
        ] {
            let mut world = World::plain();
            world.trap = world.module(wat);
            assert!(world.still_traps().is_err(), "{wat}");
        }
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn unwind_tables_are_counted() {
        let world = World::plain();
        let before = crate::unwind::registered();
        let module = world.module("(module (func))");
        // Other tests run beside this one, so only that there are some is certain.
        assert!(crate::unwind::registered() > 0, "{before} before");
        drop(module);
    }
}
