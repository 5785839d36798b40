//! Scripts.

use crate::engine::WasmiEngine;
use crate::host::Data;
use crate::instance::{Buffers, call};
use assay_engine::script::Linked;
use assay_engine::{EngineError, Host, Outcome, Script, Value};
use wasmi::{Instance, Store};

/// A store in which a script is performed.
struct Scripted<'a> {
    engine: &'a mut WasmiEngine,
    store: Store<Data<'a>>,
    buffers: Buffers,
}

/// Performs a script in a store of its own.
pub(crate) fn perform(
    engine: &mut WasmiEngine,
    script: &Script,
) -> Result<Vec<Option<Outcome>>, EngineError> {
    let host = Host::default();
    let mut scripted = Scripted {
        store: engine.store(&host, &script.limits),
        engine,
        buffers: Buffers::default(),
    };
    assay_engine::script::perform(&mut scripted, script)
}

impl Linked for Scripted<'_> {
    type Instance = Instance;

    fn compile(&mut self, wasm: &[u8]) -> Result<Outcome, EngineError> {
        let module = self.engine.compile(wasm)?;
        Ok(module.map_or_else(|outcome| outcome, |_| Outcome::Returned(Vec::new())))
    }

    fn instantiate(
        &mut self,
        wasm: &[u8],
        sources: &[(&str, Instance)],
    ) -> Result<Result<Instance, Outcome>, EngineError> {
        self.engine.add(&mut self.store, wasm, sources)
    }

    fn call(
        &mut self,
        instance: Instance,
        export: &str,
        args: &[Value],
    ) -> Result<Outcome, EngineError> {
        let spent = &mut self.engine.spent.call;
        call(
            &mut self.store,
            instance,
            export,
            args,
            &mut self.buffers,
            spent,
        )
    }
}
