//! The operations outside of the loop.

use super::{Context, Stop};
use crate::instructions::memory::{Load, Store, effective, place_at, with_lane};
use crate::instructions::vector::VectorOp;
use crate::instructions::{
    atomic, bulk, cast, exception, gc_array, gc_struct, reference, relaxed, table, vector,
};
use crate::module::ModuleError;
use crate::module::code::{FAR, Lane, Op};
use crate::store::Profile;
use crate::store::value::wide;

pub(super) use cast::top_is;

/// Runs an operation that does not change the flow of control.
#[inline(never)]
pub(super) fn run(cx: &mut Context<'_>, op: Op) -> Result<(), Stop> {
    match op {
        Op::Throw(tag) => return Err(exception::throw(cx, tag)),
        Op::ThrowRef => return Err(exception::throw_ref(cx)),
        Op::Rethrow(slot) => return Err(exception::rethrow(cx, slot)),

        Op::SelectWide
        | Op::LocalGetWide(_)
        | Op::LocalSetWide(_)
        | Op::LocalTeeWide(_)
        | Op::GlobalGetWide(_)
        | Op::GlobalSetWide(_)
        | Op::ConstVector(_) => variable(cx, op),
        Op::Wide(op) => {
            let operands = op.operands() as usize;
            let result = op.run(&cx.stack[cx.top - operands..cx.top]);
            cx.top -= operands;
            cx.push_wide(result);
        }

        Op::LoadVector(load, memory, offset) => {
            let (memory, address) = access(cx, memory, offset)?;
            let vector = load.run(&cx.store.memories[memory].data, address)?;
            cx.push_wide(vector);
        }
        Op::StoreVector(memory, offset) => {
            let vector = cx.pop_wide();
            let (memory, address) = access(cx, memory, offset)?;
            *place_at(&mut cx.store.memories[memory].data, address)? = vector.to_le_bytes();
        }
        Op::LoadLane(lane) => load_lane(cx, lane)?,
        Op::StoreLane(lane) => store_lane(cx, lane)?,
        Op::Atomic(op, memory, offset) => {
            let (memory, offset) = place(cx, memory, offset);
            atomic::run(cx, op, memory, offset)?;
        }
        Op::Fence => {}

        Op::MemorySize(memory) => bulk::size(cx, memory),
        Op::MemoryGrow(memory) => bulk::grow(cx, memory)?,
        Op::MemoryFill(memory) => bulk::fill(cx, memory)?,
        Op::MemoryCopy { to, from } => bulk::memory_copy(cx, to.into(), from.into())?,
        Op::MemoryInit { memory, data } => bulk::init(cx, memory.into(), data)?,
        Op::DataDrop(data) => bulk::data_drop(cx, data),

        Op::TableGet(table) => table::get(cx, table)?,
        Op::TableSet(table) => table::set(cx, table)?,
        Op::TableSize(table) => table::size(cx, table),
        Op::TableGrow(table) => table::grow(cx, table)?,
        Op::TableFill(table) => table::fill(cx, table)?,
        Op::TableCopy { to, from } => table::table_copy(cx, to.into(), from.into())?,
        Op::TableInit { table, element } => table::init(cx, table.into(), element)?,
        Op::ElementDrop(element) => table::element_drop(cx, element),

        Op::RefIsNull => {
            let reference = cx.pop();
            cx.push(u64::from(reference == 0));
        }
        Op::RefFunc(func) => reference::func(cx, func),
        Op::RefAsNonNull => reference::as_non_null(cx)?,
        Op::RefEq => {
            let [first, second] = cx.take();
            let same =
                mutate!(first == second, RefEqOfNumbers => first == second && first >> 56 != 1);
            cx.push(u64::from(same));
        }
        Op::RefI31 => reference::i31(cx),
        Op::I31GetS => reference::i31_get(cx, true)?,
        Op::I31GetU => reference::i31_get(cx, false)?,
        Op::RefTest(ty) => cast::test(cx, ty),
        Op::RefCast(ty) => cast::cast(cx, ty)?,

        Op::StructNew(ty) => gc_struct::new(cx, ty)?,
        Op::StructNewDefault(ty) => gc_struct::new_default(cx, ty)?,
        Op::StructGet(access, slot) => gc_struct::get(cx, access, slot)?,
        Op::StructSet(access, slot) => gc_struct::set(cx, access, slot)?,
        Op::ArrayNew(ty) => gc_array::new(cx, ty)?,
        Op::ArrayNewDefault(ty) => gc_array::new_default(cx, ty)?,
        Op::ArrayNewFixed(pair) => gc_array::new_fixed(cx, pair)?,
        Op::ArrayNewData(pair) => gc_array::new_data(cx, pair)?,
        Op::ArrayNewElement(pair) => gc_array::new_element(cx, pair)?,
        Op::ArrayGet(access) => gc_array::get(cx, access)?,
        Op::ArraySet(access) => gc_array::set(cx, access)?,
        Op::ArrayLen => gc_array::len(cx)?,
        Op::ArrayFill(access) => gc_array::fill(cx, access)?,
        Op::ArrayCopy(bytes) => gc_array::array_copy(cx, bytes)?,
        Op::ArrayInitData(bytes, data) => gc_array::init_data(cx, bytes, data)?,
        Op::ArrayInitElement(element) => gc_array::init_element(cx, element)?,

        _ => return vectors(cx, op),
    }
    Ok(())
}

/// Variables and constants of two slots.
fn variable(cx: &mut Context<'_>, op: Op) {
    match op {
        Op::SelectWide => {
            let condition = cx.pop();
            let second = cx.pop_wide();
            if mutate!(condition == 0, SelectLowByte => condition as u8 == 0) {
                cx.pop_wide();
                cx.push_wide(second);
            }
        }
        Op::LocalGetWide(slot) => {
            let at = cx.base + slot as usize;
            cx.push_wide(wide(cx.stack[at], cx.stack[at + 1]));
        }
        Op::LocalSetWide(slot) | Op::LocalTeeWide(slot) => {
            let at = cx.base + slot as usize;
            cx.stack.copy_within(cx.top - 2..cx.top, at);
            if matches!(op, Op::LocalSetWide(_)) {
                cx.top -= 2;
            }
        }
        Op::GlobalGetWide(global) => {
            let address = cx.instance().globals[global as usize];
            let [low, high] = cx.store.globals[address as usize].value;
            cx.push_wide(wide(low, high));
        }
        Op::GlobalSetWide(global) => {
            let address = cx.instance().globals[global as usize];
            cx.store.globals[address as usize].value =
                mutate!(cx.take(), GlobalHalf => [cx.take::<2>()[0], 0]);
        }
        Op::ConstVector(at) => cx.push_wide(constant(cx, at)),
        _ => {}
    }
}

/// The vector that lies in two constants.
fn constant(cx: &Context<'_>, at: u32) -> u128 {
    wide(
        cx.code.constants[at as usize],
        cx.code.constants[at as usize + 1],
    )
}

/// The memory and the offset of an access.
pub(super) fn place(cx: &Context<'_>, memory: u16, offset: u32) -> (u32, u64) {
    match memory {
        FAR => cx.code.accesses[offset as usize],
        memory => (memory.into(), offset.into()),
    }
}

/// The memory, and the effective address from the operand on the top.
fn access(cx: &mut Context<'_>, memory: u16, offset: u32) -> Result<(usize, u64), Stop> {
    let (memory, offset) = place(cx, memory, offset);
    let address = effective(cx.pop(), offset)?;
    Ok((cx.memory_address(memory), address))
}

fn load_lane(cx: &mut Context<'_>, lane: u32) -> Result<(), Stop> {
    let Lane {
        memory,
        offset,
        lane,
        bytes,
    } = cx.code.lanes[lane as usize];
    let vector = cx.pop_wide();
    let (memory, address) = access(cx, memory, offset)?;
    let load = match bytes {
        1 => Load::U8,
        2 => Load::U16,
        4 => Load::U32,
        _ => Load::U64,
    };
    let value = load.run(&cx.store.memories[memory].data, address)?;
    cx.push_wide(with_lane(
        mutate!(vector, LoadLaneClears => 0),
        lane,
        bytes,
        value,
    ));
    Ok(())
}

fn store_lane(cx: &mut Context<'_>, lane: u32) -> Result<(), Stop> {
    let Lane {
        memory,
        offset,
        lane,
        bytes,
    } = cx.code.lanes[lane as usize];
    let vector = cx.pop_wide();
    let (memory, address) = access(cx, memory, offset)?;
    let store = match bytes {
        1 => Store::B8,
        2 => Store::B16,
        4 => Store::B32,
        _ => Store::B64,
    };
    let value = (vector >> (u32::from(lane) * u32::from(bytes) * 8)) as u64;
    Ok(store.run(&mut cx.store.memories[memory].data, address, value)?)
}

/// What a relaxed operator does in the profile of the store; all others have one result.
fn open(
    cx: &Context<'_>,
    op: VectorOp,
    operands: &[u128],
    deterministic: impl FnOnce() -> u128,
) -> u128 {
    if cx.store.profile == Profile::default() {
        return deterministic();
    }
    let result = relaxed::perform(op, &cx.store.profile.relaxed, operands);
    result.unwrap_or_else(deterministic)
}

/// Vector arithmetic.
fn vectors(cx: &mut Context<'_>, op: Op) -> Result<(), Stop> {
    match op {
        Op::VectorUnary(op) => {
            let a = cx.pop_wide();
            let result = open(cx, op, &[a], || vector::unary(op, a));
            cx.push_wide(result);
        }
        Op::VectorBinary(op) => {
            let b = cx.pop_wide();
            let a = cx.pop_wide();
            let result = open(cx, op, &[a, b], || vector::binary(op, a, b));
            cx.push_wide(result);
        }
        Op::VectorTernary(op) => {
            let c = cx.pop_wide();
            let b = cx.pop_wide();
            let a = cx.pop_wide();
            let result = open(cx, op, &[a, b, c], || vector::ternary(op, a, b, c));
            cx.push_wide(result);
        }
        Op::VectorShift(op) => {
            let by = cx.pop_u32();
            let a = cx.pop_wide();
            cx.push_wide(vector::shift(op, a, by));
        }
        Op::VectorSplat(op) => {
            let bits = cx.pop();
            cx.push_wide(vector::splat(op, bits));
        }
        Op::VectorTest(op) => {
            let a = cx.pop_wide();
            cx.push(vector::test(op, a).into());
        }
        Op::VectorExtract(op, lane) => {
            let a = cx.pop_wide();
            cx.push(vector::extract(op, lane, a));
        }
        Op::VectorReplace(op, lane) => {
            let bits = cx.pop();
            let a = cx.pop_wide();
            cx.push_wide(vector::replace(op, lane, a, bits));
        }
        Op::VectorShuffle(at) => {
            let lanes = constant(cx, at).to_le_bytes();
            let b = cx.pop_wide();
            let a = cx.pop_wide();
            cx.push_wide(vector::shuffle(lanes, a, b));
        }
        _ => return Err(ModuleError::unsupported("an operation without code").into()),
    }
    Ok(())
}
