//! A host for programs that keeps to the data plane: it asks for no memory of its own.
//!
//! It does what the program's host is to do, in the spirit of `assay_engine::HostState` and with values
//! of its own, since nothing is compared with another engine here.

use super::value_type;
use crate::case::is_exhausted;
use crate::world::Host as Counted;
use assay_engine::{Action, Host, MAX_CALLBACK_DEPTH, OnFailure, Slot, Value};
use assay_oom::digest;
use std::fmt;
use std::sync::Arc;
use wasmtime::{
    AsContext, AsContextMut, Caller, Engine, Error, ExnRef, ExnRefPre, ExnType, ExternRef, Func,
    FuncType, Instance, Memory, Ref, ResourceLimiter, Result, Store, Table, Tag, ThrownException,
    Trap, Val,
};

/// The most values that a host function passes on. A call with more of them is left out.
const VALUES: usize = 16;

/// What a store of a generated scenario carries.
pub(super) struct Guest {
    _counted: Counted,
    host: Arc<Host>,
    calls: Vec<u32>,
    depth: u32,
    main: Option<Instance>,
    exports: Exports,
    /// All that the host was asked for.
    pub(super) trace: u64,
    /// A growth that failed for want of memory, which a program may see and go on.
    pub(super) fell_back: Option<&'static str>,
}

/// The exports that actions name by an index, by then without a search by name.
#[derive(Default)]
pub(super) struct Exports {
    memories: Vec<Memory>,
    tables: Vec<Table>,
    tags: Vec<Tag>,
}

/// The most of each that is kept.
const KEPT: usize = 16;

impl Exports {
    fn with_room() -> Self {
        Self {
            memories: Vec::with_capacity(KEPT),
            tables: Vec::with_capacity(KEPT),
            tags: Vec::with_capacity(KEPT),
        }
    }

    /// Finds those of the main instance.
    pub(super) fn find(store: &mut Store<Guest>, main: Instance) {
        store.data_mut().main = Some(main);
        let mut exports = std::mem::take(&mut store.data_mut().exports);
        for index in 0..KEPT {
            let mut name = Name::default();
            let memory = name.of("assay:memory:", index);
            exports
                .memories
                .extend(main.get_memory(&mut *store, memory));
            let table = name.of("assay:table:", index);
            exports.tables.extend(main.get_table(&mut *store, table));
            let tag = name.of("assay:tag:", index);
            exports.tags.extend(main.get_tag(&mut *store, tag));
        }
        store.data_mut().exports = exports;
    }
}

/// A name put together without asking for memory.
#[derive(Default)]
struct Name {
    bytes: [u8; 24],
    len: usize,
}

impl Name {
    /// The prefix and the index in decimal.
    fn of(&mut self, prefix: &str, index: usize) -> &str {
        self.len = 0;
        // Names of fixed prefixes and two digits fit.
        let fits = fmt::Write::write_fmt(self, format_args!("{prefix}{index}")).is_ok();
        debug_assert!(fits);
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl fmt::Write for Name {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        let room = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

impl Guest {
    pub(super) fn new(host: &Host) -> Self {
        Self {
            _counted: Counted::new(),
            calls: vec![0; host.functions.len()],
            host: Arc::new(host.clone()),
            depth: 0,
            main: None,
            exports: Exports::with_room(),
            trace: 0,
            fell_back: None,
        }
    }

    fn note(&mut self, what: impl std::hash::Hash) {
        self.trace = digest(&(self.trace, what));
    }

    fn failed(&mut self, error: &wasmtime::Error, name: &'static str) {
        if is_exhausted(error) {
            self.fell_back = Some(name);
        }
    }
}

/// Bounds memories and tables, and hears of those that did not grow.
impl ResourceLimiter for Guest {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(desired <= 1 << 26)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(desired <= 1 << 20)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        self.failed(&error, "memory.grow");
        Ok(())
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        self.failed(&error, "table.grow");
        Ok(())
    }
}

/// The trap of a host function. It is of no size, so that to give it asks for nothing of the host's.
#[derive(Debug)]
pub(super) struct HostTrap;

impl fmt::Display for HostTrap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the host traps")
    }
}

impl std::error::Error for HostTrap {}

/// The type of a host function, if there is one of this index.
pub(super) fn function_type(engine: &Engine, host: &Host, index: usize) -> Option<FuncType> {
    let function = host.functions.get(index)?;
    let types = |slots: &[Slot]| {
        slots
            .iter()
            .map(|slot| value_type(*slot))
            .collect::<Vec<_>>()
    };
    Some(FuncType::new(
        engine,
        types(&function.params),
        types(&function.results),
    ))
}

/// A host function.
pub(super) fn function(store: &mut Store<Guest>, index: usize, ty: FuncType) -> Result<Func> {
    Func::try_new(store, ty, move |caller, params, results| {
        perform(caller, index, params, results)
    })
}

/// What the host can see of a value.
pub(super) fn visible(store: impl AsContext<Data = Guest>, value: &Val) -> u64 {
    match value {
        Val::I32(x) => digest(x),
        Val::I64(x) => digest(x),
        Val::ExternRef(Some(object)) => {
            let data = object.data(&store).ok().flatten();
            digest(&data.and_then(|data| data.downcast_ref::<u32>()))
        }
        Val::ExternRef(None) => digest("null"),
        _ => digest("opaque"),
    }
}

/// One call of a host function.
fn perform(
    mut caller: Caller<'_, Guest>,
    index: usize,
    params: &[Val],
    results: &mut [Val],
) -> Result<()> {
    let host = Arc::clone(&caller.data().host);
    let seen = params.iter().fold(index as u64, |seen, value| {
        digest(&(seen, visible(&caller, value)))
    });
    let guest = caller.data_mut();
    guest.note(seen);
    let number = guest.calls[index];
    guest.calls[index] += 1;
    let function = &host.functions[index];
    let seed = digest(&(host.seed, seen, number));
    match function.actions.as_slice() {
        [] => {}
        actions => act(&mut caller, &actions[number as usize % actions.len()], seed)?,
    }
    for (at, (slot, result)) in function.results.iter().zip(results).enumerate() {
        *result = make(&mut caller, *slot, digest(&(seed, at)))?;
    }
    Ok(())
}

/// A value of a slot.
fn make(store: impl AsContextMut<Data = Guest>, slot: Slot, bits: u64) -> Result<Val> {
    Ok(match slot {
        Slot::I32 => Val::I32((bits >> 32 >> (bits & 31)) as i32),
        Slot::I64 => Val::I64((bits >> (bits & 63)).cast_signed()),
        Slot::Extern if bits & 7 == 0 => Val::ExternRef(None),
        Slot::Extern => Val::ExternRef(Some(ExternRef::new(store, (bits & 7) as u32)?)),
    })
}

fn act(caller: &mut Caller<'_, Guest>, action: &Action, seed: u64) -> Result<()> {
    let exports = &caller.data().exports;
    match action {
        // Its references are new each time anyway.
        Action::Return | Action::Fresh => Ok(()),
        Action::Collect => caller.gc(None),
        Action::Trap | Action::Interrupt => Err(HostTrap.into()),
        Action::Throw { tag, params } => {
            let tag = exports.tags.get(*tag as usize).copied();
            throw(caller, tag.ok_or(HostTrap)?, params, seed)
        }
        Action::GrowMemory { memory, pages } => {
            let memory = exports.memories.get(*memory as usize).copied();
            let grown = memory.map(|memory| memory.grow(&mut *caller, u64::from(*pages)));
            grew(caller, grown)
        }
        Action::GrowTable { table, elements } => {
            let Some(table) = exports.tables.get(*table as usize).copied() else {
                return Ok(());
            };
            let null = Ref::null(table.ty(&*caller).element().heap_type());
            let grown = table.grow(&mut *caller, u64::from(*elements), null);
            grew(caller, Some(grown))
        }
        Action::Call {
            export,
            args,
            failure,
        } => call_back(caller, export, args).or_else(|error| stopped(caller, *failure, error)),
        Action::Exchange {
            memory,
            address,
            value,
        } => {
            let memory = exports.memories.get(*memory as usize).copied();
            let bytes = memory.and_then(|memory| {
                let bytes = memory.data_mut(&mut *caller).get_mut(*address as usize..)?;
                bytes.first_chunk_mut()
            });
            let old = bytes.map(|bytes| std::mem::replace(bytes, value.to_le_bytes()));
            caller.data_mut().note(old);
            Ok(())
        }
    }
}

/// A callee has stopped: swallows that, or lets it go on outwards. Want of memory goes on.
fn stopped(caller: &mut Caller<'_, Guest>, failure: OnFailure, error: Error) -> Result<()> {
    let is_exception = error.is::<ThrownException>();
    let is_end = |trap: &Trap| matches!(trap, Trap::StackOverflow | Trap::AllocationTooLarge);
    let is_trap = error.is::<HostTrap>() || error.downcast_ref().is_some_and(|it| !is_end(it));
    let held = !is_exhausted(&error) && (is_exception || is_trap);
    if !held || failure == OnFailure::Onward || (failure == OnFailure::Again && is_trap) {
        return Err(error);
    }
    let exception = caller.as_context_mut().take_pending_exception();
    caller.data_mut().note(is_exception);
    match exception {
        Some(exception) if failure == OnFailure::Again => caller.as_context_mut().throw(exception),
        _ => Ok(()),
    }
}

/// Notes what growing came to. Want of memory is an error here; what is over the limit is not.
fn grew(caller: &mut Caller<'_, Guest>, grown: Option<Result<u64>>) -> Result<()> {
    match grown {
        Some(Err(error)) if is_exhausted(&error) => Err(error),
        Some(Err(_)) => {
            caller.data_mut().note("not grown");
            Ok(())
        }
        grown => {
            let old = grown.and_then(Result::ok);
            caller.data_mut().note(old);
            Ok(())
        }
    }
}

fn throw(caller: &mut Caller<'_, Guest>, tag: Tag, params: &[Slot], seed: u64) -> Result<()> {
    let mut fields = [const { Val::I32(0) }; VALUES];
    let fields = fields.get_mut(..params.len()).ok_or(HostTrap)?;
    for (at, (slot, field)) in params.iter().zip(fields.iter_mut()).enumerate() {
        *field = make(&mut *caller, *slot, digest(&(seed, "field", at)))?;
    }
    let ty = ExnType::from_tag_type(&tag.ty(&*caller))?;
    let layout = ExnRefPre::new(&mut *caller, ty);
    let exception = ExnRef::new(&mut *caller, &layout, &tag, fields)?;
    caller.as_context_mut().throw(exception)
}

fn call_back(caller: &mut Caller<'_, Guest>, export: &str, args: &[Value]) -> Result<()> {
    let Some(main) = caller.data().main else {
        return Ok(());
    };
    if caller.data().depth >= MAX_CALLBACK_DEPTH {
        return Ok(());
    }
    let function = main.get_func(&mut *caller, export).ok_or(HostTrap)?;
    let mut params = [const { Val::I32(0) }; VALUES];
    let mut results = [const { Val::I32(0) }; 256];
    let count = function.ty(&*caller).results().len();
    let (Some(params), Some(results)) = (params.get_mut(..args.len()), results.get_mut(..count))
    else {
        return Ok(());
    };
    for (param, value) in params.iter_mut().zip(args) {
        *param = match value {
            Value::I64(x) => Val::I64(x.cast_signed()),
            Value::I32(x) => Val::I32(x.cast_signed()),
            _ => Val::ExternRef(None),
        };
    }
    caller.data_mut().depth += 1;
    let called = function.call(&mut *caller, params, results);
    caller.data_mut().depth -= 1;
    called?;
    let seen = results
        .iter()
        .fold(0, |seen, value| digest(&(seen, visible(&*caller, value))));
    caller.data_mut().note(seen);
    Ok(())
}
