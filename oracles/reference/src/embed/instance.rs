//! The main instance of a program.

use super::Remains;
use super::guest::Guest;
use super::stacks;
use crate::store::Store;
use assay_engine::{
    Drops, EngineError, FIRST_FRESH, Garbage, HostCall, Instance, MemoryDigest, Moment, Outcome,
    Stack, Value,
};
use std::time::{Duration, Instant};

/// The main instance, in a store of its own.
pub(super) struct ReferenceInstance<'a> {
    store: Store,
    guest: Guest<'a>,
    spent: &'a mut Duration,
    remains: &'a mut Remains,
}

impl<'a> ReferenceInstance<'a> {
    pub fn new(
        store: Store,
        guest: Guest<'a>,
        spent: &'a mut Duration,
        remains: &'a mut Remains,
    ) -> Self {
        Self {
            store,
            guest,
            spent,
            remains,
        }
    }

    fn bytes(&self, index: u32) -> Result<&[u8], EngineError> {
        let memory = self.guest.memory(&self.store, index)?;
        Ok(self.store.memory(memory))
    }
}

impl Drop for ReferenceInstance<'_> {
    fn drop(&mut self) {
        self.remains.take_from(&mut self.store);
    }
}

impl Instance for ReferenceInstance<'_> {
    fn call(&mut self, export: &str, args: &[Value]) -> Result<Outcome, EngineError> {
        let (func, args) = self.guest.prepare(&self.store, export, args)?;
        let begun = Instant::now();
        let called = self.guest.invoke(&mut self.store, func, &args);
        *self.spent += begun.elapsed();
        match called {
            Ok(results) => Ok(Outcome::Returned(results)),
            Err(stop) => {
                let outcome = self.guest.outcome(&self.store, stop)?;
                if let (Some(moment), true) = (Moment::of(&outcome), self.guest.program.stacks) {
                    let active = self.store.active_at_stop();
                    self.guest.stacks.push(stacks::stack(moment, &active));
                }
                Ok(outcome)
            }
        }
    }

    fn memory(&mut self, index: u32) -> Result<MemoryDigest, EngineError> {
        self.bytes(index).map(MemoryDigest::of)
    }

    fn read_memory(&mut self, index: u32) -> Result<Vec<u8>, EngineError> {
        self.bytes(index).map(<[u8]>::to_vec)
    }

    fn take_host_calls(&mut self) -> Vec<HostCall> {
        self.guest.state.take_trace()
    }

    fn take_stacks(&mut self) -> Vec<Stack> {
        std::mem::take(&mut self.guest.stacks)
    }

    fn close(mut self: Box<Self>) -> Option<Drops> {
        if !self.guest.program.host.makes_objects() {
            return None;
        }
        let begun = Instant::now();
        let reachable = self.store.host_references();
        let alive = u32::try_from(self.store.objects_left()).ok();
        let made = (FIRST_FRESH..).take(self.guest.state.made() as usize);
        let (given_up, collected) = made.partition(|number| reachable.contains(number));
        *self.spent += begun.elapsed();
        Some(Drops {
            finds: Garbage::All,
            collected,
            given_up,
            alive,
        })
    }
}
