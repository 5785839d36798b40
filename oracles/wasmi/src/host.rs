//! The host functions.

use crate::engine::NAME;
use crate::instance;
use crate::outcome;
use crate::values::{Externs, lift, lower};
use assay_engine::{
    Action, EngineError, Host, HostEffect, HostState, OnFailure, Outcome, Stopped, Trap, Value,
};
use std::fmt;
use wasmi::{
    AsContext, AsContextMut, Caller, Error, Instance, Ref, Store, StoreContextMut, Table, Val,
};

/// What a store knows of the program that it runs.
pub(crate) struct Data<'a> {
    pub(crate) host: &'a Host,
    pub(crate) state: HostState,
    pub(crate) externs: Externs,
    /// The main instance. There is none while start functions run.
    pub(crate) main: Option<Instance>,
    /// Why a host function gave up; the error that then leaves wasmi does not say.
    failure: Option<EngineError>,
}

impl<'a> Data<'a> {
    pub(crate) fn new(host: &'a Host) -> Self {
        let state = HostState::new(host);
        Self {
            host,
            state,
            externs: Externs::default(),
            main: None,
            failure: None,
        }
    }
}

/// With what a host function leaves the module.
#[derive(Debug)]
pub(crate) enum Leave {
    /// The trap of [`Action::Trap`].
    Trap,
    /// The adapter's own failure, which lies in [`Data`].
    Failure,
}

impl fmt::Display for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Trap::Host.text())
    }
}

impl wasmi::errors::HostError for Leave {}

/// The outcome of an error that left wasmi, unless the adapter itself failed below.
pub(crate) fn outcome_of(
    store: &mut Store<Data<'_>>,
    error: &Error,
) -> Result<Outcome, EngineError> {
    match store.data_mut().failure.take() {
        Some(failure) => Err(failure),
        None => outcome::of_error(error),
    }
}

/// Calls host function `index`.
pub(crate) fn call(
    mut caller: Caller<'_, Data<'_>>,
    index: usize,
    args: &[Val],
    results: &mut [Val],
) -> Result<(), Error> {
    let store = caller.as_context_mut();
    act(store, index, args, results).map_err(|stop| match stop {
        Stop::Leave(error) => error,
        Stop::Fail(failure) => {
            caller.data_mut().failure = Some(failure);
            Error::host(Leave::Failure)
        }
    })
}

/// Why a host function does not return.
enum Stop {
    /// This goes on outwards.
    Leave(Error),
    /// The adapter or the program is at fault.
    Fail(EngineError),
}

impl From<EngineError> for Stop {
    fn from(failure: EngineError) -> Self {
        Self::Fail(failure)
    }
}

/// Carries out the action of one call, and then returns.
fn act(
    mut store: StoreContextMut<'_, Data<'_>>,
    index: usize,
    args: &[Val],
    results: &mut [Val],
) -> Result<(), Stop> {
    let args = args
        .iter()
        .map(|arg| lift(store.as_context(), arg))
        .collect();
    let data = store.data_mut();
    let (action, values, entry) = data.state.enter(data.host, index, args);
    match action {
        // What wasmi runs makes no garbage.
        Action::Return | Action::Collect | Action::Fresh => {}
        // Nothing interrupts wasmi from outside.
        Action::Trap | Action::Interrupt => return Err(Stop::Leave(Error::host(Leave::Trap))),
        Action::Throw { .. } => {
            return Err(EngineError::misuse(NAME, "cannot throw: wasmi has no exceptions").into());
        }
        Action::GrowMemory { memory, pages } => {
            if let Some(main) = store.data().main {
                let memory = instance::memory(main, &store, memory)?;
                let grown = memory.grow(store.as_context_mut(), pages.into()).ok();
                store
                    .data_mut()
                    .state
                    .effect(entry, HostEffect::Grew(grown));
            }
        }
        Action::GrowTable { table, elements } => {
            if let Some(main) = store.data().main {
                let grown = grow_table(&mut store, main, table, elements)?;
                store
                    .data_mut()
                    .state
                    .effect(entry, HostEffect::Grew(grown));
            }
        }
        Action::Call {
            export,
            args,
            failure,
        } => {
            if let Some(main) = store.data().main {
                call_back(&mut store, main, entry, (&export, &args, failure))?;
            }
        }
        Action::Exchange {
            memory,
            address,
            value,
        } => {
            if let Some(main) = store.data().main {
                let memory = instance::memory(main, &store, memory)?;
                let old = exchange(memory.data_mut(&mut store), address, value);
                store
                    .data_mut()
                    .state
                    .effect(entry, HostEffect::Exchanged(old));
            }
        }
    }
    for ((result, value), slot) in results.iter_mut().zip(values).zip(slots(&store, index)) {
        *result = lower(
            store.as_context_mut(),
            value,
            crate::values::slot_type(*slot),
        )?;
    }
    Ok(())
}

/// The result types of a host function.
fn slots<'a>(store: &StoreContextMut<'_, Data<'a>>, index: usize) -> &'a [assay_engine::Slot] {
    let host: &'a Host = store.data().host;
    &host.functions[index].results
}

/// Grows a table with nulls and gives its old size.
fn grow_table(
    store: &mut StoreContextMut<'_, Data<'_>>,
    main: Instance,
    table: u32,
    elements: u32,
) -> Result<Option<u64>, EngineError> {
    let table: Table = instance::table(main, &*store, table)?;
    let null = Ref::null(table.ty(&*store).element());
    Ok(table
        .grow(store.as_context_mut(), elements.into(), null)
        .ok())
}

/// Writes eight bytes and gives those that were there, unless they are out of bounds.
fn exchange(bytes: &mut [u8], address: u32, value: u64) -> Option<u64> {
    let bytes = bytes.get_mut(address as usize..)?.first_chunk_mut()?;
    let old = std::mem::replace(bytes, value.to_le_bytes());
    Some(u64::from_le_bytes(old))
}

/// Calls back into the main instance.
fn call_back(
    store: &mut StoreContextMut<'_, Data<'_>>,
    main: Instance,
    entry: usize,
    (export, args, failure): (&str, &[Value], OnFailure),
) -> Result<(), Stop> {
    let mut call = instance::Buffers::default();
    let func = instance::prepare(store, main, export, args, &mut call)?;
    store.data_mut().state.descend();
    let called = func.call(store.as_context_mut(), &call.args, &mut call.results);
    store.data_mut().state.ascend();
    if let Err(error) = called {
        return stopped(store, entry, failure, error);
    }
    let results = call
        .results
        .iter()
        .map(|value| lift(store.as_context(), value))
        .collect();
    store
        .data_mut()
        .state
        .effect(entry, HostEffect::Called(Some(results)));
    Ok(())
}

/// The callee has stopped: swallows that, or lets it go on outwards.
fn stopped(
    store: &mut StoreContextMut<'_, Data<'_>>,
    entry: usize,
    failure: OnFailure,
    error: Error,
) -> Result<(), Stop> {
    // The adapter's own failure is no outcome.
    let outcome = outcome::of_error(&error).ok();
    let Some(stopped) = outcome.as_ref().and_then(Stopped::by) else {
        return Err(Stop::Leave(error));
    };
    let state = &mut store.data_mut().state;
    state.effect(entry, failure.effect(stopped));
    match failure {
        OnFailure::Swallow => Ok(()),
        OnFailure::Onward | OnFailure::Again => Err(Stop::Leave(error)),
    }
}
