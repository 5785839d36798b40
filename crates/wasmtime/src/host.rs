//! The host functions, and all that a store carries for them.

use crate::configuration::Embedding;
use crate::embedding::{self, Slots};
use crate::instance::{Callable, invoke, pending_exception, tag_of};
use crate::interruption::{self, Interruption};
use crate::limits::GrowthLimits;
use crate::objects::{Log, collect};
use crate::stacks::{self, Stacks};
use crate::trap::{Failure, HostError};
use crate::value::{lift, lower};
use assay_engine::{
    Action, Host, HostCall, HostEffect, HostState, Limits, OnFailure, Stopped, Value, names,
};
use std::collections::HashMap;
use wasmtime::{
    AsContext, AsContextMut, Caller, ExnRef, ExnRefPre, ExnType, Extern, ExternRef, Func, Instance,
    OwnedRooted, Ref, Result, Store, Val, ValType,
};

/// What a store carries: the host of one run of one program.
pub(crate) struct HostData {
    host: Host,
    state: HostState,
    objects: Vec<(u32, OwnedRooted<ExternRef>)>,
    /// Where it is written down which objects are dropped, if the host makes any.
    pub(crate) log: Option<Log>,
    pub(crate) limits: GrowthLimits,
    /// The main instance, once there is one.
    pub(crate) main: Option<Instance>,
    /// The exports of the main instance that were called already.
    pub(crate) callables: HashMap<String, Callable>,
    /// Whether WebAssembly runs on stacks of its own.
    pub(crate) asynchronous: bool,
    /// How functions are defined and called.
    pub(crate) embedding: Embedding,
    /// Whether a host call is a tick of the epoch.
    pub(crate) ticks: bool,
    /// The call stacks, where they are asked for.
    pub(crate) stacks: Option<Stacks>,
    /// What the host has asked for, while code has not been interrupted.
    pub(crate) interruption: Option<Interruption>,
}

impl HostData {
    pub(crate) fn new(host: &Host, limits: &Limits) -> Self {
        Self {
            host: host.clone(),
            state: HostState::new(host),
            objects: Vec::new(),
            log: host.makes_objects().then(Log::default),
            limits: GrowthLimits::new(limits.gc_heap_bytes),
            main: None,
            callables: HashMap::new(),
            asynchronous: false,
            embedding: Embedding::default(),
            ticks: false,
            stacks: None,
            interruption: None,
        }
    }

    /// The host's object of number `n`, if there is one already.
    pub(crate) fn object(&self, n: u32) -> Option<OwnedRooted<ExternRef>> {
        let mut objects = self.objects.iter();
        objects
            .find(|object| object.0 == n)
            .map(|object| object.1.clone())
    }

    /// Keeps the host's object of number `n`, so that it stays the same one.
    pub(crate) fn keep_object(&mut self, n: u32, object: OwnedRooted<ExternRef>) {
        self.objects.push((n, object));
    }

    /// Makes this the instance whose exports are called.
    pub(crate) fn turn_to(&mut self, instance: Instance) {
        self.main = Some(instance);
        self.callables.clear();
    }

    /// Takes the host calls made since the last time.
    pub(crate) fn take_trace(&mut self) -> Vec<HostCall> {
        self.state.take_trace()
    }
}

/// The host function of this index, in decimal; `None` when the program has no such function.
pub(crate) fn function(store: &mut Store<HostData>, field: &str) -> Option<Func> {
    let index: usize = field.parse().ok()?;
    let function = store.data().host.functions.get(index)?;
    let (params, results) = (function.params.clone(), function.results.clone());
    let slots = Slots {
        params: &params,
        results: &results,
    };
    let way = store.data().embedding.host_functions;
    Some(embedding::define(store, way, index, &slots))
}

/// One call of host function `index`.
pub(crate) async fn perform(
    caller: &mut Caller<'_, HostData>,
    index: usize,
    params: &[Val],
    results: &mut [Val],
) -> Result<()> {
    if caller.data().ticks {
        caller.engine().increment_epoch();
    }
    stacks::of_host_call(&mut *caller);
    if caller.data().embedding.collections.in_host_calls() {
        collect(&mut *caller).await?;
    }
    let args = params
        .iter()
        .map(|val| lift(&mut *caller, val))
        .collect::<Result<_>>()?;
    let data = caller.data_mut();
    let (action, values, entry) = data.state.enter(&data.host, index, args);
    match action {
        Action::Return | Action::Fresh => {}
        Action::Collect => collect(&mut *caller).await?,
        Action::Trap => return Err(HostError::Trap.into()),
        Action::Throw { tag, .. } => return throw(&mut *caller, tag, &values, entry),
        Action::GrowMemory { memory, pages } => {
            let old = grow_memory(&mut *caller, memory, pages)?;
            caller.data_mut().state.effect(entry, HostEffect::Grew(old));
        }
        Action::GrowTable { table, elements } => {
            let old = grow_table(&mut *caller, table, elements)?;
            caller.data_mut().state.effect(entry, HostEffect::Grew(old));
        }
        Action::Call {
            export,
            args,
            failure,
        } => call_back(&mut *caller, (&export, &args, failure), entry).await?,
        Action::Exchange {
            memory,
            address,
            value,
        } => {
            let old = exchange(&mut *caller, memory, address, value)?;
            let effect = HostEffect::Exchanged(old);
            caller.data_mut().state.effect(entry, effect);
        }
        Action::Interrupt => interruption::ask(&mut *caller)?,
    }
    for (result, value) in results.iter_mut().zip(values) {
        let ty = match value {
            Value::I32(_) => ValType::I32,
            Value::I64(_) => ValType::I64,
            _ => ValType::EXTERNREF,
        };
        *result = lower(&mut *caller, value, &ty)?;
    }
    Ok(())
}

/// Throws, or traps while there is no instance whose tag it could be.
fn throw(
    caller: &mut Caller<'_, HostData>,
    tag: u32,
    payload: &[Value],
    entry: usize,
) -> Result<()> {
    let Some(main) = caller.data().main else {
        caller.data_mut().state.effect(entry, HostEffect::Trapped);
        return Err(HostError::Trap.into());
    };
    let tag = tag_of(&mut *caller, main, tag)?;
    let ty = ExnType::from_tag_type(&tag.ty(&mut *caller))?;
    let fields = ty.fields().zip(payload).map(|(field, &value)| {
        let ty = field.element_type().unwrap_val_type().clone();
        lower(&mut *caller, value, &ty)
    });
    let fields = fields.collect::<Result<Vec<_>>>()?;
    let layout = ExnRefPre::new(&mut *caller, ty);
    let exception = ExnRef::new(&mut *caller, &layout, &tag, &fields)?;
    caller.as_context_mut().throw(exception)
}

/// Grows a memory, and gives its old size in pages; `None` where Wasmtime refuses.
fn grow_memory(caller: &mut Caller<'_, HostData>, memory: u32, pages: u32) -> Result<Option<u64>> {
    let Some(main) = caller.data().main else {
        return Ok(None);
    };
    let name = names::memory(memory);
    let memory = main
        .get_memory(&mut *caller, &name)
        .ok_or_else(|| missing(&name))?;
    Ok(memory.grow(caller, pages.into()).ok())
}

/// Grows a table with nulls, and gives its old size; `None` where Wasmtime refuses.
fn grow_table(caller: &mut Caller<'_, HostData>, table: u32, elements: u32) -> Result<Option<u64>> {
    let Some(main) = caller.data().main else {
        return Ok(None);
    };
    let name = names::table(table);
    let table = main
        .get_table(&mut *caller, &name)
        .ok_or_else(|| missing(&name))?;
    let null = Ref::null(table.ty(&mut *caller).element().heap_type());
    Ok(table.grow(caller, elements.into(), null).ok())
}

/// Writes eight bytes of a memory of the caller's, and gives those that were there; `None` where they
/// are out of bounds.
fn exchange(
    caller: &mut Caller<'_, HostData>,
    memory: u32,
    address: u32,
    value: u64,
) -> Result<Option<u64>> {
    let Some(main) = caller.data().main else {
        return Ok(None);
    };
    let name = names::memory(memory);
    // There is no caller where an import that is exported again was called from outside.
    let memory = caller.get_export(&name).and_then(Extern::into_memory);
    let memory = memory.or_else(|| main.get_memory(&mut *caller, &name));
    let memory = memory.ok_or_else(|| missing(&name))?;
    let bytes = memory.data_mut(caller).get_mut(address as usize..);
    let bytes = bytes.and_then(|bytes| bytes.first_chunk_mut());
    let old = bytes.map(|bytes| std::mem::replace(bytes, value.to_le_bytes()));
    Ok(old.map(u64::from_le_bytes))
}

/// Calls an export. What goes on outwards is the very same error or exception.
async fn call_back(
    caller: &mut Caller<'_, HostData>,
    (export, args, failure): (&str, &[Value], OnFailure),
    entry: usize,
) -> Result<()> {
    if caller.data().main.is_none() {
        return Ok(());
    }
    let callable = Callable::find(&mut *caller, export).ok_or_else(|| missing(export))?;
    caller.data_mut().state.descend();
    let returned = invoke(&mut *caller, &callable, args).await;
    caller.data_mut().state.ascend();
    let (effect, goes_on) = match returned {
        Ok(results) => (HostEffect::Called(Some(results)), Ok(())),
        Err(error) => stopped(caller, failure, error)?,
    };
    caller.data_mut().state.effect(entry, effect);
    goes_on
}

/// A callee has stopped: swallows that, or lets it go on outwards.
fn stopped(
    caller: &mut Caller<'_, HostData>,
    failure: OnFailure,
    error: wasmtime::Error,
) -> Result<(HostEffect, Result<()>)> {
    let stopped = match interruption::failure(&*caller, &error) {
        Failure::Trapped(_) => Stopped::Trap,
        Failure::Threw => Stopped::Exception,
        _ => return Ok((HostEffect::Called(None), Err(error))),
    };
    let goes_on = match (failure, stopped) {
        (OnFailure::Onward, _) | (OnFailure::Again, Stopped::Trap) => Err(error),
        (OnFailure::Swallow, Stopped::Trap) => {
            interruption::settle(caller)?;
            Ok(())
        }
        (OnFailure::Swallow, Stopped::Exception) => {
            pending_exception(caller)?;
            Ok(())
        }
        (OnFailure::Again, Stopped::Exception) => {
            let exception = pending_exception(&mut *caller)?;
            caller.as_context_mut().throw(exception)
        }
    };
    Ok((failure.effect(stopped), goes_on))
}

/// The main module does not export what the program says.
pub(crate) fn missing(export: &str) -> wasmtime::Error {
    HostError::misuse(format!("there is no export {export:?} of that kind"))
}

/// Whether WebAssembly runs on stacks of its own.
pub(crate) fn is_asynchronous(store: impl AsContext<Data = HostData>) -> bool {
    store.as_context().data().asynchronous
}
