//! What runs on the host's side of a program.

use super::NAME;
use super::stacks;
use super::values::{lift_all, lower, slot_type};
use crate::machine::{Host, Stop};
use crate::store::{Extern, Func, Instance, Memory, Ref, Store, Table, Tag, Val};
use assay_engine::{
    Action, EngineError, HostEffect, HostState, Moment, OnFailure, Outcome, Program, Resource,
    Stack, Stopped, Trap, Value, names,
};

/// A program that runs: the host functions, and what they know.
pub(super) struct Guest<'a> {
    pub program: &'a Program,
    pub state: HostState,
    /// The main instance. There is none while start functions run.
    pub main: Option<Instance>,
    /// The stacks that were asked for.
    pub stacks: Vec<Stack>,
    /// Why a host function gave up; the [`Stop`] that then comes out does not say.
    failure: Option<EngineError>,
}

impl<'a> Guest<'a> {
    pub fn new(program: &'a Program) -> Self {
        let state = HostState::new(&program.host);
        Self {
            program,
            state,
            main: None,
            stacks: Vec::new(),
            failure: None,
        }
    }

    /// What it means that something did not run to its end.
    pub fn outcome(&mut self, store: &Store, stop: Stop) -> Result<Outcome, EngineError> {
        match stop {
            Stop::Trap(trap) => Ok(Outcome::Trapped(trap.into())),
            Stop::Exception(exception) => Ok(self.threw(store, exception)),
            // The fuel stands for the time; a module counts its own fuel.
            Stop::Exhausted(Resource::Fuel) => Ok(Outcome::Exhausted(Resource::Time)),
            Stop::Exhausted(resource) => Ok(Outcome::Exhausted(resource)),
            Stop::Host | Stop::Arguments | Stop::Code(_) => Err(self
                .failure
                .take()
                .unwrap_or_else(|| EngineError::misuse(NAME, stop.to_string()))),
        }
    }

    /// An exception by its tag among those of the main instance. That of a foreign tag has no
    /// payload: other hosts cannot read it without the tag.
    fn threw(&self, store: &Store, exception: Ref) -> Outcome {
        let none = Outcome::Threw {
            tag: None,
            payload: Vec::new(),
        };
        let (Some(main), Some((thrown, fields))) = (self.main, store.exception(exception)) else {
            return none;
        };
        let is = |index: &u32| store.export(main, &names::tag(*index)) == Some(Extern::Tag(thrown));
        match (0..self.program.tags).find(is) {
            Some(tag) => {
                let payload = lift_all(store, &fields, &store.tag_type(thrown).params);
                Outcome::Threw {
                    tag: Some(tag),
                    payload,
                }
            }
            None => none,
        }
    }

    /// An export of the main instance.
    pub fn export(&self, store: &Store, name: &str) -> Option<Extern> {
        store.export(self.main?, name)
    }

    /// A memory of the main instance.
    pub fn memory(&self, store: &Store, index: u32) -> Result<Memory, EngineError> {
        let name = names::memory(index);
        match self.export(store, &name) {
            Some(Extern::Memory(memory)) => Ok(memory),
            _ => Err(missing("memory", &name)),
        }
    }

    fn table(&self, store: &Store, index: u32) -> Result<Table, EngineError> {
        let name = names::table(index);
        match self.export(store, &name) {
            Some(Extern::Table(table)) => Ok(table),
            _ => Err(missing("table", &name)),
        }
    }

    fn tag(&self, store: &Store, index: u32) -> Result<Tag, EngineError> {
        let name = names::tag(index);
        match self.export(store, &name) {
            Some(Extern::Tag(tag)) => Ok(tag),
            _ => Err(missing("tag", &name)),
        }
    }

    /// An exported function and its arguments, when it takes such.
    pub fn prepare(
        &self,
        store: &Store,
        export: &str,
        args: &[Value],
    ) -> Result<(Func, Vec<Val>), EngineError> {
        let Some(Extern::Func(func)) = self.export(store, export) else {
            return Err(missing("function", export));
        };
        let (_, ty) = store.func_type(func);
        let args = args
            .iter()
            .map(|&arg| lower(arg))
            .collect::<Result<Vec<_>, _>>()?;
        if store.are_of(&args, &ty.params) {
            return Ok((func, args));
        }
        Err(EngineError::misuse(
            NAME,
            format!("{export:?} does not take {args:?}"),
        ))
    }

    /// Calls a function and gives its results.
    pub fn invoke(
        &mut self,
        store: &mut Store,
        func: Func,
        args: &[Val],
    ) -> Result<Vec<Value>, Stop> {
        let results = store.invoke(self, func, args)?;
        let (_, ty) = store.func_type(func);
        Ok(lift_all(store, &results, &ty.results))
    }

    /// Gives up for a reason of the host's.
    fn give_up<T>(&mut self, result: Result<T, EngineError>) -> Result<T, Stop> {
        result.map_err(|failure| {
            self.failure = Some(failure);
            Stop::Host
        })
    }

    fn throw(&mut self, store: &mut Store, tag: u32, values: &[Value], entry: usize) -> Stop {
        if self.main.is_none() {
            self.state.effect(entry, HostEffect::Trapped);
            return Trap::Host.into();
        }
        let fields = values
            .iter()
            .map(|&value| lower(value))
            .collect::<Result<Vec<_>, _>>();
        let found = self.tag(store, tag).and_then(|tag| Ok((tag, fields?)));
        match self
            .give_up(found)
            .and_then(|(tag, fields)| store.new_exception(tag, &fields))
        {
            Ok(exception) => Stop::Exception(exception),
            Err(stop) => stop,
        }
    }

    fn grow_memory(
        &mut self,
        store: &mut Store,
        memory: u32,
        pages: u32,
    ) -> Result<HostEffect, Stop> {
        let memory = self.memory(store, memory);
        let memory = self.give_up(memory)?;
        store
            .memory_grow(memory, pages.into())
            .map(HostEffect::Grew)
    }

    fn grow_table(&mut self, store: &mut Store, table: u32, by: u32) -> Result<HostEffect, Stop> {
        let table = self.table(store, table);
        let table = self.give_up(table)?;
        store
            .table_grow(table, by.into(), Ref::NULL)
            .map(HostEffect::Grew)
    }

    fn call_back(
        &mut self,
        store: &mut Store,
        export: &str,
        args: &[Value],
        failure: OnFailure,
        entry: usize,
    ) -> Result<(), Stop> {
        let prepared = self.prepare(store, export, args);
        let (func, args) = self.give_up(prepared)?;
        self.state.descend();
        let called = self.invoke(store, func, &args);
        self.state.ascend();
        let stop = match called {
            Ok(results) => {
                self.state.effect(entry, HostEffect::Called(Some(results)));
                return Ok(());
            }
            Err(stop) => stop,
        };
        let stopped = match stop {
            Stop::Trap(_) => Stopped::Trap,
            Stop::Exception(_) => Stopped::Exception,
            _ => return Err(stop),
        };
        self.state.effect(entry, failure.effect(stopped));
        match failure {
            OnFailure::Swallow => Ok(()),
            OnFailure::Onward | OnFailure::Again => Err(stop),
        }
    }

    fn exchange(
        &mut self,
        store: &mut Store,
        memory: u32,
        address: u32,
        value: u64,
    ) -> Result<HostEffect, Stop> {
        let memory = self.memory(store, memory);
        let memory = self.give_up(memory)?;
        let bytes = store.memory_mut(memory).get_mut(address as usize..);
        let bytes = bytes.and_then(|bytes| bytes.first_chunk_mut());
        let old = bytes.map(|bytes| std::mem::replace(bytes, value.to_le_bytes()));
        Ok(HostEffect::Exchanged(old.map(u64::from_le_bytes)))
    }
}

impl Host for Guest<'_> {
    fn call(&mut self, store: &mut Store, number: u32, args: &[Val]) -> Result<Vec<Val>, Stop> {
        if self.program.stacks {
            self.stacks
                .push(stacks::stack(Moment::HostCall, &store.active()));
        }
        let function = &self.program.host.functions[number as usize];
        let types: Vec<_> = function
            .params
            .iter()
            .map(|&slot| slot_type(slot))
            .collect();
        let args = lift_all(store, args, &types);
        let (action, values, entry) = self.state.enter(&self.program.host, number as usize, args);
        match action {
            Action::Return | Action::Fresh => {}
            // The arguments are plain values by now.
            Action::Collect => store.collect(),
            // Nothing interrupts the interpreter from outside.
            Action::Trap | Action::Interrupt => return Err(Trap::Host.into()),
            Action::Throw { tag, .. } => return Err(self.throw(store, tag, &values, entry)),
            _ if self.main.is_none() => {}
            Action::GrowMemory { memory, pages } => {
                let grew = self.grow_memory(store, memory, pages)?;
                self.state.effect(entry, grew);
            }
            Action::GrowTable { table, elements } => {
                let grew = self.grow_table(store, table, elements)?;
                self.state.effect(entry, grew);
            }
            Action::Call {
                export,
                args,
                failure,
            } => self.call_back(store, &export, &args, failure, entry)?,
            Action::Exchange {
                memory,
                address,
                value,
            } => {
                let exchanged = self.exchange(store, memory, address, value)?;
                self.state.effect(entry, exchanged);
            }
        }
        let results = values.into_iter().map(lower).collect::<Result<_, _>>();
        self.give_up(results)
    }
}

fn missing(kind: &str, name: &str) -> EngineError {
    EngineError::misuse(NAME, format!("the main module exports no {kind} {name:?}"))
}
