//! Scripts.

use crate::WasmtimeEngine;
use crate::host::HostData;
use crate::instance::call;
use assay_engine::script::Linked;
use assay_engine::{EngineError, Host, Outcome, Script, Value};
use wasmtime::{Instance, Store};

/// A store in which a script is performed.
struct Scripted<'a> {
    engine: &'a mut WasmtimeEngine,
    store: Store<HostData>,
}

/// Performs a script in a store of its own.
pub(crate) fn perform(
    engine: &mut WasmtimeEngine,
    script: &Script,
) -> Result<Vec<Option<Outcome>>, EngineError> {
    let store = engine.store(&Host::default(), &script.limits);
    assay_engine::script::perform(&mut Scripted { engine, store }, script)
}

impl Linked for Scripted<'_> {
    type Instance = Instance;

    fn compile(&mut self, wasm: &[u8]) -> Result<Outcome, EngineError> {
        match self.engine.compile(wasm) {
            Ok(_) => Ok(Outcome::Returned(Vec::new())),
            Err(stop) => stop,
        }
    }

    fn instantiate(
        &mut self,
        wasm: &[u8],
        sources: &[(&str, Instance)],
    ) -> Result<Result<Instance, Outcome>, EngineError> {
        let module = self.engine.compile(wasm);
        let made = module.and_then(|module| self.engine.link(&mut self.store, &module, sources));
        made.map_or_else(|stop| stop.map(Err), |instance| Ok(Ok(instance)))
    }

    fn call(
        &mut self,
        instance: Instance,
        export: &str,
        args: &[Value],
    ) -> Result<Outcome, EngineError> {
        self.store.data_mut().turn_to(instance);
        let WasmtimeEngine { name, spent, .. } = &mut *self.engine;
        call(name, &mut self.store, spent, export, args, 0)
    }
}
