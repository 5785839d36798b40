//! Scripts.

use super::ReferenceEngine;
use super::guest::Guest;
use crate::store::{Instance, Store};
use assay_engine::script::Linked;
use assay_engine::{EngineError, Outcome, Program, Script, Value};
use std::time::Instant;

/// A store in which a script is performed.
struct Scripted<'a> {
    engine: &'a mut ReferenceEngine,
    store: Store,
    guest: Guest<'a>,
}

/// Performs a script in a store of its own.
pub(super) fn perform(
    engine: &mut ReferenceEngine,
    script: &Script,
) -> Result<Vec<Option<Outcome>>, EngineError> {
    // What a script has in common with a program: no host functions, no tags to compare with.
    let program = Program {
        limits: script.limits,
        ..Program::default()
    };
    let mut scripted = Scripted {
        store: Store::new(engine.config(&script.limits)),
        guest: Guest::new(&program),
        engine,
    };
    let outcomes = assay_engine::script::perform(&mut scripted, script);
    let Scripted { engine, store, .. } = &mut scripted;
    engine.remains.take_from(store);
    outcomes
}

impl Linked for Scripted<'_> {
    type Instance = Instance;

    fn compile(&mut self, wasm: &[u8]) -> Result<Outcome, EngineError> {
        let module = self.engine.compile(wasm);
        Ok(module.map_or_else(|outcome| outcome, |_| Outcome::Returned(Vec::new())))
    }

    fn instantiate(
        &mut self,
        wasm: &[u8],
        sources: &[(&str, Instance)],
    ) -> Result<Result<Instance, Outcome>, EngineError> {
        self.guest.main = None;
        self.engine
            .add(&mut self.store, &mut self.guest, wasm, sources)
    }

    fn call(
        &mut self,
        instance: Instance,
        export: &str,
        args: &[Value],
    ) -> Result<Outcome, EngineError> {
        self.guest.main = Some(instance);
        let (func, args) = self.guest.prepare(&self.store, export, args)?;
        let begun = Instant::now();
        let called = self.guest.invoke(&mut self.store, func, &args);
        self.engine.spent.call += begun.elapsed();
        called.map_or_else(
            |stop| self.guest.outcome(&self.store, stop),
            |results| Ok(Outcome::Returned(results)),
        )
    }
}
