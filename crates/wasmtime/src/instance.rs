//! A running program.

use crate::embedding;
use crate::futures::block_on;
use crate::host::{HostData, missing};
use crate::interruption;
use crate::objects::{collect, give_up};
use crate::stacks::{self, Stacks};
use crate::trap::{Failure, HostError};
use crate::value::{lift, lower};
use assay_engine::{
    Drops, EngineError, Garbage, HostCall, MemoryDigest, Moment, Outcome, Spent, Stack, Value,
    names,
};
use std::sync::Arc;
use std::time::Instant;
use wasmtime::{
    AsContextMut, Error, ExnRef, Func, Instance, Memory, Result, RootScope, Rooted, Store, Tag,
    Val, ValType,
};

/// An export that was looked up.
#[derive(Clone)]
pub(crate) struct Callable {
    func: Func,
    params: Arc<[ValType]>,
    results: Arc<[ValType]>,
}

impl Callable {
    /// Finds an exported function of the main instance.
    pub(crate) fn find(
        mut store: impl AsContextMut<Data = HostData>,
        export: &str,
    ) -> Option<Self> {
        if let Some(known) = store.as_context().data().callables.get(export) {
            return Some(known.clone());
        }
        let main = store.as_context().data().main?;
        let func = main.get_func(&mut store, export)?;
        let ty = func.ty(&store);
        let callable = Self {
            func,
            params: ty.params().collect(),
            results: ty.results().collect(),
        };
        let mut store = store.as_context_mut();
        store
            .data_mut()
            .callables
            .insert(export.to_owned(), callable.clone());
        Some(callable)
    }
}

/// Calls a function. The future is ready at once unless WebAssembly runs on stacks of its own.
pub(crate) async fn invoke(
    mut store: impl AsContextMut<Data = HostData>,
    callable: &Callable,
    args: &[Value],
) -> Result<Vec<Value>> {
    let (takes, given) = (callable.params.len(), args.len());
    if takes != given {
        let what = format!("a function of {takes} parameters was called with {given} arguments");
        return Err(HostError::misuse(what));
    }
    let args = args.iter().zip(&*callable.params);
    let args = args
        .map(|(&value, ty)| lower(&mut store, value, ty))
        .collect::<Result<Vec<_>>>()?;
    let (way, collects) = {
        let store = store.as_context();
        let embedding = &store.data().embedding;
        (embedding.calls, embedding.collections.around_calls())
    };
    let types = (&*callable.params, &*callable.results);
    if collects {
        collect(&mut store).await?;
    }
    let results = embedding::call(&mut store, way, callable.func, types, &args).await?;
    if collects {
        collect(&mut store).await?;
    }
    results.iter().map(|val| lift(&mut store, val)).collect()
}

/// Tag `index` of the main instance.
pub(crate) fn tag_of(store: impl AsContextMut, main: Instance, index: u32) -> Result<Tag> {
    let name = names::tag(index);
    main.get_tag(store, &name).ok_or_else(|| missing(&name))
}

/// The main instance of a program, and the store that it lives in.
pub(crate) struct WasmtimeInstance<'a> {
    name: &'a str,
    store: Store<HostData>,
    spent: &'a mut Spent,
    memories: Vec<Option<Memory>>,
    tags: u32,
    finds: Garbage,
}

impl<'a> WasmtimeInstance<'a> {
    /// The instance whose store has a main instance.
    pub(crate) fn new(
        name: &'a str,
        mut store: Store<HostData>,
        main: Instance,
        spent: &'a mut Spent,
        (memories, tags): (u32, u32),
        finds: Garbage,
    ) -> Self {
        store.data_mut().main = Some(main);
        let memories = (0..memories).map(|i| main.get_memory(&mut store, &names::memory(i)));
        let memories = memories.collect();
        Self {
            name,
            store,
            spent,
            memories,
            tags,
            finds,
        }
    }

    /// The fuel that Wasmtime has counted down to; 0 where it does not count.
    pub(crate) fn fuel(&self) -> u64 {
        self.store.get_fuel().unwrap_or_default()
    }

    fn find_memory(&self, index: u32) -> std::result::Result<Memory, EngineError> {
        let memory = self.memories.get(index as usize).copied().flatten();
        memory.ok_or_else(|| {
            EngineError::misuse(self.name, missing(&names::memory(index)).to_string())
        })
    }
}

impl assay_engine::Instance for WasmtimeInstance<'_> {
    fn call(&mut self, export: &str, args: &[Value]) -> std::result::Result<Outcome, EngineError> {
        call(
            self.name,
            &mut self.store,
            self.spent,
            export,
            args,
            self.tags,
        )
    }

    fn memory(&mut self, index: u32) -> std::result::Result<MemoryDigest, EngineError> {
        let memory = self.find_memory(index)?;
        Ok(MemoryDigest::of(memory.data(&self.store)))
    }

    fn read_memory(&mut self, index: u32) -> std::result::Result<Vec<u8>, EngineError> {
        let memory = self.find_memory(index)?;
        Ok(memory.data(&self.store).to_vec())
    }

    fn take_host_calls(&mut self) -> Vec<HostCall> {
        self.store.data_mut().take_trace()
    }

    fn take_stacks(&mut self) -> Vec<Stack> {
        let stacks = &mut self.store.data_mut().stacks;
        stacks.as_mut().map_or_else(Vec::new, Stacks::take)
    }

    fn close(self: Box<Self>) -> Option<Drops> {
        let Self {
            store,
            spent,
            finds,
            ..
        } = *self;
        let began = Instant::now();
        let drops = give_up(store, finds);
        spent.instantiate += began.elapsed();
        drops
    }
}

/// Calls an export of the main instance, of which an exception may have the first `tags` tags.
pub(crate) fn call(
    name: &str,
    store: &mut Store<HostData>,
    spent: &mut Spent,
    export: &str,
    args: &[Value],
    tags: u32,
) -> std::result::Result<Outcome, EngineError> {
    let callable = Callable::find(&mut *store, export)
        .ok_or_else(|| EngineError::misuse(name, missing(export).to_string()))?;
    let mut scope = RootScope::new(store);
    let began = Instant::now();
    let outcome = match block_on(invoke(&mut scope, &callable, args)) {
        Ok(values) => Ok(Outcome::Returned(values)),
        // To read and to give up the error and its backtrace is the engine's work too.
        Err(error) => {
            let outcome = outcome_of(name, &mut scope, &error, tags);
            let moment = outcome.as_ref().ok().and_then(Moment::of);
            stacks::of_error(&mut scope, moment, &error);
            outcome
        }
    };
    interruption::settle(&mut scope).map_err(|error| unknown(name, &error))?;
    spent.call += began.elapsed();
    outcome
}

/// What an error means as an outcome. `tags` is how many tags of the main instance an exception
/// may have; while there is no main instance, it has none of them.
pub(crate) fn outcome_of(
    name: &str,
    mut store: impl AsContextMut<Data = HostData>,
    error: &Error,
    tags: u32,
) -> std::result::Result<Outcome, EngineError> {
    match interruption::failure(&store, error) {
        Failure::Trapped(traps) => Ok(Outcome::Trapped(traps)),
        Failure::Exhausted(resource) => Ok(Outcome::Exhausted(resource)),
        Failure::Misuse(what) => Err(EngineError::misuse(name, what)),
        Failure::Threw => thrown(&mut store, tags).map_err(|error| unknown(name, &error)),
        Failure::Unknown => Err(unknown(name, error)),
    }
}

/// An error that no type explains.
pub(crate) fn unknown(name: &str, error: &Error) -> EngineError {
    EngineError::UnknownText {
        engine: name.to_owned(),
        text: format!("{error:#}"),
    }
}

/// Takes the pending exception.
pub(crate) fn pending_exception(mut store: impl AsContextMut) -> Result<Rooted<ExnRef>> {
    let exception = store.as_context_mut().take_pending_exception();
    exception.ok_or_else(|| Error::msg("no exception is pending"))
}

/// Takes the pending exception. That of a foreign tag has no payload here: other hosts cannot
/// read it without the tag.
fn thrown(mut store: impl AsContextMut<Data = HostData>, tags: u32) -> Result<Outcome> {
    let mut scope = RootScope::new(&mut store);
    let exception = pending_exception(&mut scope)?;
    let thrown = exception.tag(&mut scope)?;
    let main = scope.as_context_mut().data().main;
    for index in main.map_or(0..0, |_| 0..tags) {
        let Some(main) = main else { break };
        let known = tag_of(&mut scope, main, index)?;
        if !Tag::eq(&known, &thrown, &scope) {
            continue;
        }
        let fields: Vec<Val> = exception.fields(scope.as_context_mut())?.collect();
        let payload = fields
            .iter()
            .map(|val| lift(&mut scope, val))
            .collect::<Result<_>>()?;
        return Ok(Outcome::Threw {
            tag: Some(index),
            payload,
        });
    }
    Ok(Outcome::Threw {
        tag: None,
        payload: Vec::new(),
    })
}
