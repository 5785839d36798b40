//! The loop.

use super::call::{self, Step};
use super::{Context, Host, Machine, Stop, cold, observe, pause, trace, unwind};
use crate::coverage;
use crate::instructions::{conversion, memory, numeric};
use crate::module::Module;
use crate::module::code::{Code, FAR, Op, Target};
use crate::store::Store;
use assay_engine::{Resource, Trap};
use std::sync::Arc;

/// What a call of the host takes.
const FUEL_PER_HOST_CALL: u64 = 32;

/// What is to be run.
pub(super) enum Entry<'a> {
    /// A function with code, by its address.
    Func(u32),
    /// A constant expression of an instance.
    Code { code: &'a Code, instance: u32 },
}

/// Runs code whose arguments lie on the stack from `base`, and tells how many slots of results lie
/// there then.
pub(super) fn run(
    store: &mut Store,
    host: &mut dyn Host,
    entry: Entry<'_>,
    base: usize,
    args: usize,
) -> Result<usize, Stop> {
    let modules = Arc::clone(&store.modules);
    let mut stack = std::mem::take(&mut store.stack);
    let prepare = |store: &Store, stack: &mut [u64]| match entry {
        Entry::Func(func) => call::prepare(store, &modules, func, base + args, stack),
        Entry::Code { code, instance } => call::prepare_code(store, code, instance, base, stack),
    };
    let machine = Machine::enter(&mut stack, store.stack_limit, |stack| prepare(store, stack));
    store.stack = stack;
    // Nothing pauses but agents.
    let ran = machine?.go_on(store, host, &modules);
    ran.map(Option::unwrap_or_default)
}

/// Copies what a branch keeps to where it belongs, and gives the new top.
#[inline(always)]
fn shift(stack: &mut [u64], base: usize, top: usize, target: Target) -> usize {
    let to = base + target.height as usize;
    let keep = target.keep as usize;
    match keep {
        0 => {}
        1 => stack[to] = stack[top - 1],
        _ => mutate!(stack.copy_within(top - keep..top, to), BranchKeepsLowest => ()),
    }
    to + keep
}

/// Runs a frame and all that it calls.
///
/// The hot state lives in local variables; what is not among the most frequent operations is run
/// by [`cold::run`]. With `WATCH` each operation is looked at before it runs: whether an agent
/// pauses there, and what is to be recorded of it.
pub(super) fn execute<'m, const WATCH: bool>(
    store: &mut Store,
    host: &mut dyn Host,
    modules: &'m [Module],
    stack_of_store: &mut Box<[u64]>,
    machine: &mut Machine<'m>,
) -> Result<Option<usize>, Stop> {
    let mut stack = std::mem::take(stack_of_store);
    let mut frames = std::mem::take(&mut machine.frames);
    let mut frame = machine.frame;
    let mut top = machine.top;
    let mut ops: &'m [Op] = &frame.code.ops;
    let mut pc = frame.pc;
    let mut fuel = store.fuel;
    // The operator that runs, and where a branch would have gone on if it had not been taken.
    let mut running = coverage::NONE;
    let mut branched = machine.branched;

    macro_rules! push {
        ($slot:expr) => {{
            stack[top] = $slot;
            top += 1;
        }};
    }
    macro_rules! pop {
        () => {{
            top -= 1;
            stack[top]
        }};
    }
    // The address of an access, and the memory that it goes to.
    macro_rules! access {
        ($memory:expr, $offset:expr, $operand:expr) => {{
            let (memory, offset) = match $memory {
                FAR => frame.code.accesses[$offset as usize],
                memory => (u32::from(memory), u64::from($offset)),
            };
            let address = store.instances[frame.instance as usize].memories[memory as usize];
            (
                memory::effective($operand, offset),
                &mut store.memories[address as usize].data,
            )
        }};
    }

    let result = 'run: loop {
        let stop: Stop = 'stop: {
            macro_rules! check {
                ($result:expr) => {
                    match $result {
                        Ok(value) => value,
                        Err(stop) => break 'stop stop.into(),
                    }
                };
            }
            macro_rules! branch {
                ($target:expr) => {{
                    let target = frame.code.targets[$target as usize];
                    top = shift(&mut stack, frame.base, top, target);
                    pc = target.pc as usize;
                }};
            }
            // Enters a function, or lets the host run it; `$tail` in place of the current one.
            macro_rules! enter {
                ($func:expr, $tail:expr) => {{
                    let func = $func;
                    if $tail {
                        let (params, _) = store.types.func_slots(store.funcs[func as usize].ty);
                        stack.copy_within(top - params..top, frame.base);
                        top = frame.base + params;
                    }
                    let mut step = check!(call::prepare(store, modules, func, top, &mut stack));
                    if let Step::Grow(slots) = step {
                        stack = call::grow(stack, slots, store.stack_limit);
                        step = check!(call::prepare(store, modules, func, top, &mut stack));
                    }
                    match step {
                        // There is room now.
                        Step::Grow(_) => break 'stop Stop::Exhausted(Resource::Stack),
                        Step::Enter(callee, new_top) => {
                            mutate!(TailCallCounts => if $tail { check!(call::take_frame(store)) });
                            if !$tail {
                                check!(call::take_frame(store));
                                frame.pc = pc;
                                frames.push(frame);
                            }
                            frame = callee;
                            ops = &frame.code.ops;
                            pc = 0;
                            top = new_top;
                            fuel = fuel.saturating_sub(u64::from(frame.code.locals) / 8);
                        }
                        Step::Host(number) => {
                            store.fuel = fuel.saturating_sub(FUEL_PER_HOST_CALL);
                            frame.pc = pc;
                            let caller = (!$tail).then_some(frame);
                            let waited = trace::wait(store, modules, &frames, caller);
                            let called = call::host(store, host, func, number, stack, top);
                            trace::go_on(store, waited, called.1.is_ok());
                            fuel = store.fuel;
                            stack = called.0;
                            if $tail {
                                // The frame is gone: nothing in it catches any more.
                                pc = 0;
                            }
                            top = check!(called.1);
                            if $tail {
                                leave!();
                            }
                        }
                    }
                }};
            }
            // Leaves the current function with the results on the top.
            macro_rules! leave {
                () => {{
                    let results = frame.code.results as usize;
                    let base = frame.base;
                    match results {
                        0 => {}
                        1 => stack[base] = stack[top - 1],
                        _ => stack.copy_within(top - results..top, base),
                    }
                    mutate!(ResultsSwapped => if results == 2 { stack.swap(base, base + 1) });
                    match frames.pop() {
                        None => break 'run Ok(Some(results)),
                        Some(caller) => {
                            store.frames_left += 1;
                            frame = caller;
                            ops = &frame.code.ops;
                            pc = frame.pc;
                            top = base + results;
                        }
                    }
                }};
            }
            // What the instruction families beyond arithmetic work on.
            macro_rules! context {
                () => {
                    Context {
                        module: &modules[frame.module as usize].0,
                        code: frame.code,
                        instance: frame.instance,
                        base: frame.base,
                        stack: &mut stack,
                        store,
                        top,
                        cost: 0,
                    }
                };
            }

            loop {
                if WATCH && pause::here(&mut context!(), ops[pc]) {
                    frame.pc = pc;
                    *machine = Machine {
                        frames,
                        frame,
                        top,
                        branched,
                    };
                    break 'run Ok(None);
                }
                if fuel == 0 {
                    break 'stop Stop::Exhausted(Resource::Fuel);
                }
                fuel -= 1;
                let op = ops[pc];
                pc += 1;
                if WATCH && store.recorder.is_some() {
                    let ways = observe::ways(&context!(), op);
                    if let Some(recorder) = &mut store.recorder {
                        let at = pc - 1;
                        let landed = branched.is_some_and(|next| next != at);
                        running = observe::record(recorder, frame.code, at, landed, ways);
                        branched = observe::branches(op).then_some(pc);
                    }
                }
                match op {
                    Op::LocalGet(slot) => push!(stack[frame.base + slot as usize]),
                    Op::LocalSet(slot) => stack[frame.base + slot as usize] = pop!(),
                    Op::LocalTee(slot) => stack[frame.base + slot as usize] = stack[top - 1],
                    Op::Const(bits) => push!(bits.into()),
                    Op::ConstLong(at) => push!(frame.code.constants[at as usize]),
                    Op::Unary(op) => stack[top - 1] = numeric::unary(op, stack[top - 1]),
                    Op::Binary(op) => {
                        let second = pop!();
                        stack[top - 1] = numeric::binary(op, stack[top - 1], second);
                    }
                    Op::Division(op) => {
                        let second = pop!();
                        stack[top - 1] = check!(numeric::division(op, stack[top - 1], second));
                    }
                    Op::Conversion(op) => {
                        stack[top - 1] = conversion::conversion(op, stack[top - 1]);
                    }
                    Op::Truncation(op) => {
                        stack[top - 1] = check!(conversion::truncation(op, stack[top - 1]));
                    }
                    Op::Load(load, memory, offset) => {
                        let (address, bytes) = access!(memory, offset, stack[top - 1]);
                        stack[top - 1] = check!(load.run(bytes, check!(address)));
                    }
                    Op::Store(size, memory, offset) => {
                        top -= 2;
                        let (address, bytes) = access!(memory, offset, stack[top]);
                        check!(size.run(bytes, check!(address), stack[top + 1]));
                    }
                    Op::GlobalGet(global) => {
                        let address =
                            store.instances[frame.instance as usize].globals[global as usize];
                        push!(store.globals[address as usize].value[0]);
                    }
                    Op::GlobalSet(global) => {
                        let address =
                            store.instances[frame.instance as usize].globals[global as usize];
                        store.globals[address as usize].value[0] = pop!();
                    }
                    Op::Drop(slots) => top -= slots as usize,
                    Op::Select => {
                        top -= 2;
                        if mutate!(stack[top + 1] == 0, SelectSigned => stack[top + 1] as i32 <= 0)
                        {
                            stack[top - 1] = stack[top];
                        }
                    }
                    Op::Jump(to) => pc = to as usize,
                    Op::JumpIf(to) => {
                        if pop!() != 0 {
                            pc = to as usize;
                        }
                    }
                    Op::JumpUnless(to) => {
                        if pop!() == 0 {
                            pc = to as usize;
                        }
                    }
                    Op::Branch(target) => branch!(target),
                    Op::BranchIf(target) => {
                        if pop!() != 0 {
                            branch!(target);
                        }
                    }
                    Op::BranchTable(table) => {
                        let table = frame.code.tables[table as usize];
                        let last =
                            mutate!(table.count, BranchTableDefault => table.count.max(1) - 1);
                        let index = (pop!() as u32).min(last);
                        branch!(table.first + index);
                    }
                    Op::BranchOnNull(target) => {
                        if stack[top - 1] == 0 {
                            mutate!(top -= 1, BranchOnNullKeeps => ());
                            branch!(target);
                        }
                    }
                    Op::BranchOnNonNull(target) => {
                        if stack[top - 1] == 0 {
                            top -= 1;
                        } else {
                            branch!(target);
                        }
                    }
                    Op::BranchOnCast(cast) | Op::BranchOnCastFail(cast) => {
                        let cast = frame.code.casts[cast as usize];
                        let on_success = matches!(op, Op::BranchOnCast(_));
                        let is = cold::top_is(&context!(), cast.ty);
                        if mutate!(is, BranchOnCastOfNull => is && stack[top - 1] != 0)
                            == on_success
                        {
                            branch!(cast.target);
                        }
                    }
                    Op::Call(func) => {
                        enter!(
                            store.instances[frame.instance as usize].funcs[func as usize],
                            false
                        )
                    }
                    Op::ReturnCall(func) => {
                        enter!(
                            store.instances[frame.instance as usize].funcs[func as usize],
                            true
                        )
                    }
                    Op::CallIndirect { table, ty } => {
                        let index = pop!();
                        enter!(
                            check!(call::indirect(store, &frame, table, ty, index)),
                            false
                        )
                    }
                    Op::ReturnCallIndirect { table, ty } => {
                        let index = pop!();
                        enter!(
                            check!(call::indirect(store, &frame, table, ty, index)),
                            true
                        )
                    }
                    Op::CallRef => enter!(check!(call::func_of(pop!())), false),
                    Op::ReturnCallRef => enter!(
                        mutate!(check!(call::func_of(pop!())), ReturnCallOfNull => pop!() as u32),
                        true
                    ),
                    Op::Return => leave!(),
                    Op::Unreachable => break 'stop Trap::Unreachable.into(),
                    other => {
                        let mut context = context!();
                        let ran = cold::run(&mut context, other);
                        top = context.top;
                        fuel = fuel.saturating_sub(context.cost);
                        check!(ran);
                    }
                }
            }
        };
        // Something stopped: an exception may be caught here or by a caller, all else goes on.
        if WATCH && let Some(recorder) = &mut store.recorder {
            recorder.stopped(running, &stop);
            // What catches is landed on.
            branched = Some(usize::MAX);
        }
        frame.pc = pc;
        trace::stop(store, modules, &frames, frame);
        let at = frame.code.origins.get(pc.wrapping_sub(1)).copied();
        match unwind::catch(store, &mut frames, frame, stop, &mut stack) {
            Ok((catcher, new_top)) => {
                trace::caught(store);
                frame = catcher;
                ops = &frame.code.ops;
                pc = frame.pc;
                top = new_top;
            }
            Err(stop) => {
                store.stopped_at = at;
                break 'run Err(stop);
            }
        }
    };
    store.fuel = fuel;
    *stack_of_store = stack;
    result
}
