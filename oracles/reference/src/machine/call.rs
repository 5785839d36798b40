//! Calls: frames, and the way to the host and back (chapter 4, section "Function Calls").

use super::{Host, Stop};
use crate::instructions::table::element;
use crate::module::code::Code;
use crate::module::{Module, ModuleError};
use crate::store::Store;
use crate::store::instance::FuncKind;
use crate::store::value::{self, FUNC, tag_of};
use assay_engine::{Resource, Trap};

/// A function that runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'m> {
    pub code: &'m Code,
    pub instance: u32,
    pub module: u32,
    /// The first slot of its parameters, locals and operands.
    pub base: usize,
    /// The next operation, while it waits.
    pub pc: usize,
}

/// How a call goes on.
pub(super) enum Step<'m> {
    /// In this frame, whose operands begin at this slot.
    Enter(Frame<'m>, usize),
    /// In the host's function of this number.
    Host(u32),
    /// Nowhere before the stack has so many slots: see [`grow`].
    Grow(usize),
}

/// How many slots a stack has at least, once it has any.
const MIN_SLOTS: usize = 512;

/// Makes the stack so large, or larger, so that it seldom grows. Most programs need little of what
/// the limit allows, and to clear all of it would take longer than they do.
#[cold]
pub(super) fn grow(stack: Box<[u64]>, slots: usize, limit: usize) -> Box<[u64]> {
    let wanted = slots.max(2 * stack.len()).max(MIN_SLOTS);
    let wanted = wanted.min(limit).max(stack.len());
    let mut grown = stack.into_vec();
    grown.reserve_exact(wanted - grown.len());
    grown.resize(wanted, 0);
    grown.into()
}

/// Puts values on the stack from `base`, and gives the end of them.
pub(super) fn place(
    stack: &mut Box<[u64]>,
    base: usize,
    values: &[u64],
    limit: usize,
) -> Result<usize, Stop> {
    let end = base + values.len();
    if end > limit {
        return Err(Stop::Exhausted(Resource::Stack));
    }
    if end > stack.len() {
        *stack = grow(std::mem::take(stack), end, limit);
    }
    stack[base..end].copy_from_slice(values);
    Ok(end)
}

/// Makes the frame of a function whose arguments end at `top`.
#[inline]
pub(super) fn prepare<'m>(
    store: &Store,
    modules: &'m [Module],
    func: u32,
    top: usize,
    stack: &mut [u64],
) -> Result<Step<'m>, Stop> {
    match store.funcs[func as usize].kind {
        FuncKind::Host { number } => Ok(Step::Host(number)),
        FuncKind::Wasm {
            instance,
            module,
            body,
        } => {
            // The host may have added the module since the outermost caller began.
            let late = || ModuleError::unsupported("a call into a module that came meanwhile");
            let data = &modules.get(module as usize).ok_or_else(late)?.0;
            let code = data.code(body)?;
            let base = top - code.params as usize;
            let frame = Frame {
                code,
                instance,
                module,
                base,
                pc: 0,
            };
            clear(frame, store.stack_limit, stack)
        }
    }
}

/// Makes the frame of a constant expression.
pub(super) fn prepare_code<'m>(
    store: &Store,
    code: &'m Code,
    instance: u32,
    base: usize,
    stack: &mut [u64],
) -> Result<Step<'m>, Stop> {
    let module = store.instances[instance as usize].module;
    let frame = Frame {
        code,
        instance,
        module,
        base,
        pc: 0,
    };
    clear(frame, store.stack_limit, stack)
}

/// Makes sure that a frame fits and sets its locals to zero.
#[inline]
fn clear<'m>(frame: Frame<'m>, limit: usize, stack: &mut [u64]) -> Result<Step<'m>, Stop> {
    let Frame { code, base, .. } = frame;
    let end = base + code.frame as usize;
    if end >= stack.len() {
        return match end < limit {
            true => Ok(Step::Grow(end + 1)),
            false => Err(Stop::Exhausted(Resource::Stack)),
        };
    }
    let top = base + code.locals as usize;
    mutate!(stack[base + code.params as usize..top].fill(0), LocalsKeepStack => ());
    Ok(Step::Enter(frame, top))
}

/// Counts one more frame.
#[inline]
pub(super) fn take_frame(store: &mut Store) -> Result<(), Stop> {
    let left = store.frames_left.checked_sub(1);
    store.frames_left = left.ok_or(Stop::Exhausted(Resource::Stack))?;
    Ok(())
}

/// The function that an indirect call goes to.
#[inline]
pub(super) fn indirect(
    store: &Store,
    frame: &Frame<'_>,
    table: u16,
    ty: u32,
    index: u64,
) -> Result<u32, Trap> {
    let instance = &store.instances[frame.instance as usize];
    let table = &store.tables[instance.tables[table as usize] as usize];
    let reference = element(&table.elements, index).ok_or(Trap::UndefinedElement)?;
    if tag_of(reference) != FUNC {
        return Err(Trap::UninitializedElement);
    }
    let func = reference as u32;
    let is = store.funcs[func as usize].ty;
    let wanted = instance.types[ty as usize];
    let fits = store.types.is_subtype(is, wanted);
    match mutate!(fits, CallIndirectByStructure => store.types.func(is) == store.types.func(wanted))
    {
        true => Ok(func),
        false => Err(Trap::IndirectCallTypeMismatch),
    }
}

/// The function behind a reference.
#[inline]
pub(super) fn func_of(reference: u64) -> Result<u32, Trap> {
    match tag_of(reference) {
        FUNC => Ok(reference as u32),
        _ => Err(Trap::NullReference),
    }
}

/// Lets the host run a function whose arguments end at `top`, and gives the stack back with the
/// end of the results in their place. The store has the stack meanwhile, so that the host may call
/// into it; what it calls is no part of an agent, and does not pause.
pub(super) fn host(
    store: &mut Store,
    host: &mut dyn Host,
    func: u32,
    number: u32,
    stack: Box<[u64]>,
    top: usize,
) -> (Box<[u64]>, Result<usize, Stop>) {
    let ty = store.funcs[func as usize].ty;
    let (params, _) = store.types.func_slots(ty);
    let base = top - params;
    let args = match store.types.func(ty) {
        Some(ty) => value::values(&ty.params, &stack[base..top]),
        None => Vec::new(),
    };
    let outer = store.top;
    store.top = top;
    store.stack = stack;
    let running = store.agents.running.take();
    let called = host.call(store, number, &args);
    store.agents.running = running;
    let mut stack = std::mem::take(&mut store.stack);
    store.top = outer;
    let top = called.and_then(|results| {
        if !store
            .types
            .func(ty)
            .is_some_and(|ty| store.are_of(&results, &ty.results))
        {
            return Err(Stop::Arguments);
        }
        let results = value::slots(&results);
        place(&mut stack, base, &results, store.stack_limit)
    });
    (stack, top)
}
