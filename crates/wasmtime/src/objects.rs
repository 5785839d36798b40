//! The host's own objects, which WebAssembly holds by `externref`.

use crate::Configuration;
use crate::configuration::Collector;
use crate::futures::block_on;
use crate::host::{HostData, is_asynchronous};
use assay_engine::{Drops, FIRST_FRESH, Garbage};
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime::{AsContextMut, ExternRef, Result, Rooted, Store};

/// The host's own object behind `Extern(n)`.
#[derive(Debug)]
pub(crate) struct HostObject {
    pub(crate) number: u32,
    log: Option<Log>,
}

/// The numbers of the objects that were dropped, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u32>>>);

impl Log {
    fn push(&self, number: u32) {
        let mut dropped = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        dropped.push(number);
    }

    fn take(&self) -> Vec<u32> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for HostObject {
    fn drop(&mut self) {
        if let Some(log) = &self.log {
            log.push(self.number);
        }
    }
}

/// The object of number `n` in this store: from [`FIRST_FRESH`] on a new one, which nobody keeps, and below
/// always the same.
pub(crate) fn host_object(
    mut store: impl AsContextMut<Data = HostData>,
    number: u32,
) -> Result<Rooted<ExternRef>> {
    if number >= FIRST_FRESH {
        let log = store.as_context().data().log.clone();
        return ExternRef::new(&mut store, HostObject { number, log });
    }
    if let Some(known) = store.as_context().data().object(number) {
        return Ok(known.to_rooted(store));
    }
    let object = ExternRef::new(&mut store, HostObject { number, log: None })?;
    let owned = object.to_owned_rooted(&mut store)?;
    store.as_context_mut().data_mut().keep_object(number, owned);
    Ok(object)
}

/// Collects garbage.
pub(crate) async fn collect(mut store: impl AsContextMut<Data = HostData>) -> Result<()> {
    let mut store = store.as_context_mut();
    if is_asynchronous(&store) {
        store.gc_async(None).await
    } else {
        store.gc(None)
    }
}

/// Gives up a store, and tells of what was dropped, before and then, where that is counted.
pub(crate) fn give_up(mut store: Store<HostData>, finds: Garbage) -> Option<Drops> {
    let log = store.data().log.clone()?;
    let collected = block_on(collect(&mut store));
    // What was not collected shows as that.
    drop(collected);
    let collected = log.take();
    drop(store);
    Some(Drops {
        finds,
        collected,
        given_up: log.take(),
        // Wasmtime says how large its heap is, and not what is in it.
        alive: None,
    })
}

/// Which garbage the collector of a configuration finds.
pub(crate) fn finds(configuration: &Configuration) -> Garbage {
    match configuration.gc.collector {
        Collector::Auto | Collector::Copying => Garbage::All,
        Collector::Drc => Garbage::Acyclic,
        Collector::Null => Garbage::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_engine::{Host, Limits};
    use wasmtime::Engine;

    fn store(host: &Host) -> Store<HostData> {
        Store::new(&Engine::default(), HostData::new(host, &Limits::default()))
    }

    #[test]
    fn equal_numbers_are_one_object() -> Result<()> {
        let mut store = store(&Host::default());
        let five = host_object(&mut store, 5)?;
        let again = host_object(&mut store, 5)?;
        let six = host_object(&mut store, 6)?;
        assert!(Rooted::ref_eq(&store, &five, &again)?);
        assert!(!Rooted::ref_eq(&store, &five, &six)?);
        Ok(())
    }
}
