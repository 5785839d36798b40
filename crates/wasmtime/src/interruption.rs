//! Interruption on behalf of a host function, by what the configuration has for it.

use crate::host::HostData;
use crate::trap::{Failure, HostError};
use assay_engine::Trap;
use wasmtime::{AsContext, AsContextMut, Error, Result, UpdateDeadline};

/// How many ticks there are to the next deadline, while nothing is to be interrupted.
pub(crate) const TICKS: u64 = 1;

/// An interruption that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interruption {
    /// The fuel that there was, where it has been taken away.
    fuel: Option<u64>,
}

/// Has code interrupted where it next looks: the epoch's deadline is now, or else all fuel is gone.
/// Where code looks at neither, the host traps.
pub(crate) fn ask(mut store: impl AsContextMut<Data = HostData>) -> Result<()> {
    let mut store = store.as_context_mut();
    let mut asked = Interruption { fuel: None };
    if store.data().ticks {
        store.set_epoch_deadline(0);
    } else if let Ok(fuel) = store.get_fuel() {
        asked.fuel = Some(fuel);
        store.set_fuel(0)?;
    } else {
        return Err(HostError::Trap.into());
    }
    store.data_mut().interruption = Some(asked);
    Ok(())
}

/// What becomes of code that has reached the deadline.
pub(crate) fn at_deadline(data: &HostData) -> UpdateDeadline {
    match data.interruption {
        Some(_) => UpdateDeadline::Interrupt,
        None if data.asynchronous => UpdateDeadline::Yield(TICKS),
        None => UpdateDeadline::Continue(TICKS),
    }
}

/// What an error means: one of the means of interruption is the host's trap where the host has asked
/// for it.
pub(crate) fn failure(store: impl AsContext<Data = HostData>, error: &Error) -> Failure {
    let means = |trap: &wasmtime::Trap| {
        use wasmtime::Trap::{Interrupt, OutOfFuel};
        matches!(trap, Interrupt | OutOfFuel)
    };
    let asked = store.as_context().data().interruption.is_some();
    if asked && error.downcast_ref().is_some_and(means) {
        return Failure::Trapped(Trap::Host.into());
    }
    Failure::of(error)
}

/// Nothing is to be interrupted any longer: deadline and fuel are what they were.
pub(crate) fn settle(mut store: impl AsContextMut<Data = HostData>) -> Result<()> {
    let mut store = store.as_context_mut();
    match store.data_mut().interruption.take() {
        Some(Interruption { fuel: Some(fuel) }) => store.set_fuel(fuel)?,
        Some(Interruption { fuel: None }) => store.set_epoch_deadline(TICKS),
        None => {}
    }
    Ok(())
}
