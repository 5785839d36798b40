//! Scripts.

use crate::engine::{NAME, V8Engine, bare_object, compile, define, instantiate};
use crate::instance::Main;
use crate::thrown::settle;
use assay_engine::script::Linked;
use assay_engine::{EngineError, Host, Outcome, Resource, Script, Value};
use assay_js::signature::Signatures;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a script has made, and the time that is left for it.
struct Scripted<'a> {
    engine: &'a mut V8Engine,
    instances: Vec<Main>,
    left: Duration,
}

/// Performs a script. The session has no main instance, so an exception's tag is none of its.
pub(crate) fn perform(
    engine: &mut V8Engine,
    script: &Script,
) -> Result<Vec<Option<Outcome>>, EngineError> {
    engine.ready(&Host::default(), &script.limits);
    let mut scripted = Scripted {
        engine,
        instances: Vec::new(),
        left: Duration::from_millis(script.limits.time_ms.into()),
    };
    assay_engine::script::perform(&mut scripted, script)
}

impl Linked for Scripted<'_> {
    type Instance = usize;

    fn compile(&mut self, wasm: &[u8]) -> Result<Outcome, EngineError> {
        let V8Engine { vm, spent } = &mut *self.engine;
        let compiled = vm.with(&mut self.left, |scope, shared| {
            compile(scope, shared, wasm, spent).map(|_| ())
        });
        Ok(settle(compiled)?.map_or_else(|outcome| outcome, |()| Outcome::Returned(Vec::new())))
    }

    fn instantiate(
        &mut self,
        wasm: &[u8],
        sources: &[(&str, usize)],
    ) -> Result<Result<usize, Outcome>, EngineError> {
        let V8Engine { vm, spent } = &mut *self.engine;
        let instances = &self.instances;
        let made = vm.with(&mut self.left, |scope, shared| {
            let compiled = compile(scope, shared, wasm, spent)?;
            let imports = bare_object(scope);
            for (name, source) in sources {
                let source = instances
                    .get(*source)
                    .ok_or_else(|| EngineError::misuse(NAME, "an instance of another script"))?;
                let exports = v8::Local::new(scope, &*source.exports);
                define(scope, imports, name, exports.into())?;
            }
            let exports = instantiate(scope, shared, compiled, imports, spent)?;
            Ok(v8::Global::new(scope, exports))
        });
        Ok(settle(made)?.map(|exports| {
            self.instances.push(Main {
                exports: Arc::new(exports),
                signatures: Arc::new(Signatures::of(wasm)),
                tags: 0,
            });
            self.instances.len() - 1
        }))
    }

    fn call(
        &mut self,
        instance: usize,
        export: &str,
        args: &[Value],
    ) -> Result<Outcome, EngineError> {
        if self.left.is_zero() {
            return Ok(Outcome::Exhausted(Resource::Time));
        }
        let main = self
            .instances
            .get(instance)
            .ok_or_else(|| EngineError::misuse(NAME, "an instance of another script"))?;
        let V8Engine { vm, spent } = &mut *self.engine;
        let begun = Instant::now();
        let called = vm.with(&mut self.left, |scope, shared| {
            main.call(scope, shared, export, args)
        });
        spent.call += begun.elapsed();
        Ok(settle(called)?.map_or_else(|outcome| outcome, Outcome::Returned))
    }
}
