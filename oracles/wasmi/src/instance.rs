//! The main instance of a program.

use crate::engine::NAME;
use crate::host::{self, Data};
use crate::values::{lift, lower};
use assay_engine::{Drops, EngineError, HostCall, Instance, MemoryDigest, Outcome, Value, names};
use std::time::{Duration, Instant};
use wasmi::{AsContext, AsContextMut, Func, Memory, Store, StoreContextMut, Table, Val};

/// The main instance, in a store of its own.
pub(crate) struct WasmiInstance<'a> {
    store: Store<Data<'a>>,
    main: wasmi::Instance,
    /// The memories asked for so far, by index: the export is looked up once.
    memories: Vec<Memory>,
    buffers: Buffers,
    spent: &'a mut Duration,
}

/// The arguments and results of a call, kept for the next.
#[derive(Default)]
pub(crate) struct Buffers {
    pub(crate) args: Vec<Val>,
    pub(crate) results: Vec<Val>,
}

impl<'a> WasmiInstance<'a> {
    pub(crate) fn new(
        mut store: Store<Data<'a>>,
        main: wasmi::Instance,
        spent: &'a mut Duration,
    ) -> Self {
        store.data_mut().main = Some(main);
        Self {
            store,
            main,
            memories: Vec::new(),
            buffers: Buffers::default(),
            spent,
        }
    }

    /// The bytes of memory `index`.
    fn bytes(&mut self, index: u32) -> Result<&[u8], EngineError> {
        while self.memories.len() <= index as usize {
            let next = self.memories.len() as u32;
            self.memories.push(memory(self.main, &self.store, next)?);
        }
        Ok(self.memories[index as usize].data(&self.store))
    }
}

impl Instance for WasmiInstance<'_> {
    fn call(&mut self, export: &str, args: &[Value]) -> Result<Outcome, EngineError> {
        call(
            &mut self.store,
            self.main,
            export,
            args,
            &mut self.buffers,
            self.spent,
        )
    }

    fn memory(&mut self, index: u32) -> Result<MemoryDigest, EngineError> {
        self.bytes(index).map(MemoryDigest::of)
    }

    fn read_memory(&mut self, index: u32) -> Result<Vec<u8>, EngineError> {
        self.bytes(index).map(<[u8]>::to_vec)
    }

    fn take_host_calls(&mut self) -> Vec<HostCall> {
        self.store.data_mut().state.take_trace()
    }

    fn close(self: Box<Self>) -> Option<Drops> {
        let Self { store, spent, .. } = *self;
        let began = Instant::now();
        drop(store);
        *spent += began.elapsed();
        // wasmi collects nothing before it gives up a store.
        None
    }
}

/// Calls an exported function of an instance.
pub(crate) fn call(
    store: &mut Store<Data<'_>>,
    instance: wasmi::Instance,
    export: &str,
    args: &[Value],
    buffers: &mut Buffers,
    spent: &mut Duration,
) -> Result<Outcome, EngineError> {
    let func = prepare(&mut store.as_context_mut(), instance, export, args, buffers)?;
    let begun = Instant::now();
    let called = func.call(&mut *store, &buffers.args, &mut buffers.results);
    *spent += begun.elapsed();
    match called {
        Ok(()) => {
            let results = buffers.results.iter();
            let results = results.map(|value| lift(store.as_context(), value));
            Ok(Outcome::Returned(results.collect()))
        }
        Err(error) => host::outcome_of(store, &error),
    }
}

/// Finds an exported function and fills the buffers for a call of it.
pub(crate) fn prepare(
    store: &mut StoreContextMut<'_, Data<'_>>,
    main: wasmi::Instance,
    export: &str,
    args: &[Value],
    buffers: &mut Buffers,
) -> Result<Func, EngineError> {
    let func = main
        .get_func(&*store, export)
        .ok_or_else(|| missing("function", export))?;
    let ty = func.ty(&*store);
    if ty.params().len() != args.len() {
        let what = format!(
            "{export:?} takes {} arguments, not {}",
            ty.params().len(),
            args.len()
        );
        return Err(EngineError::misuse(NAME, what));
    }
    buffers.args.clear();
    for (&value, &ty) in args.iter().zip(ty.params()) {
        let value = lower(store.as_context_mut(), value, ty)?;
        if value.ty() != ty {
            return Err(EngineError::misuse(
                NAME,
                format!("{export:?} takes {ty:?}, not {value:?}"),
            ));
        }
        buffers.args.push(value);
    }
    buffers.results.clear();
    buffers.results.resize(ty.results().len(), Val::I32(0));
    Ok(func)
}

/// Memory `index` of the main module.
pub(crate) fn memory(
    main: wasmi::Instance,
    store: impl AsContext,
    index: u32,
) -> Result<Memory, EngineError> {
    let name = names::memory(index);
    main.get_memory(store, &name)
        .ok_or_else(|| missing("memory", &name))
}

/// Table `index` of the main module.
pub(crate) fn table(
    main: wasmi::Instance,
    store: impl AsContext,
    index: u32,
) -> Result<Table, EngineError> {
    let name = names::table(index);
    main.get_table(store, &name)
        .ok_or_else(|| missing("table", &name))
}

fn missing(kind: &str, name: &str) -> EngineError {
    EngineError::misuse(NAME, format!("the main module exports no {kind} {name:?}"))
}
