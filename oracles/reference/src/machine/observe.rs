//! What is recorded of an operation, from its operands, before it runs: see
//! [`coverage`](crate::coverage).

use super::{Context, cold};
use crate::coverage::{Recorder, Way};
use crate::instructions::{bulk, gc_array};
use crate::module::code::{Code, Op};
use crate::store::heap::Object;

/// The ways that an operation is about to go: two where it has two ranges, or a cast a null.
pub(super) type Ways = [Option<Way>; 2];

/// Whether an operation may go on elsewhere in its function.
pub(super) fn branches(op: Op) -> bool {
    matches!(
        op,
        Op::Jump(_)
            | Op::JumpIf(_)
            | Op::JumpUnless(_)
            | Op::Branch(_)
            | Op::BranchIf(_)
            | Op::BranchTable(_)
            | Op::BranchOnNull(_)
            | Op::BranchOnNonNull(_)
            | Op::BranchOnCast(_)
            | Op::BranchOnCastFail(_)
    )
}

/// Records an operation that is about to run, and the operators without one that the flow of
/// control passed on its way here: all before it, or all from the label that it `landed` on. Gives
/// the number of the operator.
pub(super) fn record(
    recorder: &mut Recorder,
    code: &Code,
    pc: usize,
    landed: bool,
    ways: Ways,
) -> u16 {
    let first = code
        .silent
        .partition_point(|silent| (silent.pc as usize) < pc);
    let count = code.silent[first..].partition_point(|silent| silent.pc as usize == pc);
    let silent = &code.silent[first..first + count];
    let label = silent.iter().rposition(|silent| silent.label);
    let passed = match landed {
        false => silent,
        true => &silent[label.unwrap_or(count)..],
    };
    for silent in passed {
        recorder.ran(silent.operator);
    }
    let number = code.operators[pc];
    recorder.ran(number);
    for way in ways.into_iter().flatten() {
        recorder.went(number, way);
    }
    number
}

fn taken(is: bool) -> Way {
    if is { Way::Taken } else { Way::NotTaken }
}

fn granted(is: bool) -> Way {
    if is { Way::Granted } else { Way::Refused }
}

/// Whether a compare-exchange is about to find what it expects; nothing where it will trap.
fn exchange(cx: &Context<'_>, op: Op) -> Option<Way> {
    let Op::Atomic(op, memory, offset) = op else {
        return None;
    };
    let (memory, offset) = cold::place(cx, memory, offset);
    let data = &cx.store.memories[cx.memory_address(memory)].data;
    let address = slot(cx, 3).checked_add(offset)?;
    match op.finds(data, address, slot(cx, 2))? {
        true => Some(Way::Equal),
        false => Some(Way::Unequal),
    }
}

/// The slot so far below the top; the one on it is the first.
fn slot(cx: &Context<'_>, depth: usize) -> u64 {
    cx.top
        .checked_sub(depth)
        .map_or(0, |at| cx.stack.get(at).copied().unwrap_or(0))
}

/// The ways that an operation is about to go.
pub(super) fn ways(cx: &Context<'_>, op: Op) -> Ways {
    let top = slot(cx, 1);
    let cast = |ty, on_success| {
        let null = (top == 0).then_some(Way::Null);
        [Some(taken(cold::top_is(cx, ty) == on_success)), null]
    };
    let way = match op {
        Op::JumpIf(_) | Op::BranchIf(_) | Op::JumpUnless(_) | Op::Select | Op::SelectWide => {
            taken(top != 0)
        }
        Op::BranchOnNull(_) | Op::RefIsNull => taken(top == 0),
        Op::BranchOnNonNull(_) => taken(top != 0),
        Op::BranchTable(table) => {
            let count = cx.code.tables[table as usize].count;
            match (top as u32) < count {
                true => Way::Taken,
                false => Way::Default,
            }
        }
        Op::BranchOnCast(at) => return cast(cx.code.casts[at as usize].ty, true),
        Op::BranchOnCastFail(at) => return cast(cx.code.casts[at as usize].ty, false),
        Op::RefTest(ty) | Op::RefCast(ty) => return cast(ty, true),
        Op::MemoryGrow(memory) => {
            let address = cx.memory_address(memory);
            granted(cx.store.memories[address].grown(top).is_some())
        }
        Op::TableGrow(table) => {
            let address = cx.table_address(table);
            granted(cx.store.tables[address].grown(top).is_some())
        }
        _ => {
            let way = access(cx, op);
            return way.map_or_else(|| ranges(cx, op), |way| [Some(way), exchange(cx, op)]);
        }
    };
    [Some(way), None]
}

/// How a memory access lies.
fn access(cx: &Context<'_>, op: Op) -> Option<Way> {
    let (depth, bytes, memory, offset) = match op {
        Op::Load(load, memory, offset) => (1, load.bytes(), memory, offset),
        Op::Store(store, memory, offset) => (2, store.bytes(), memory, offset),
        Op::LoadVector(load, memory, offset) => (1, load.bytes(), memory, offset),
        Op::StoreVector(memory, offset) => (3, 16, memory, offset),
        Op::LoadLane(at) | Op::StoreLane(at) => {
            let lane = cx.code.lanes[at as usize];
            (3, lane.bytes.into(), lane.memory, lane.offset)
        }
        Op::Atomic(op, memory, offset) => (op.arity().0 as usize, op.bytes(), memory, offset),
        _ => return None,
    };
    let (memory, offset) = cold::place(cx, memory, offset);
    let start = slot(cx, depth).checked_add(offset);
    Some(Way::of_range(start, bytes, memory_size(cx, memory)))
}

fn memory_size(cx: &Context<'_>, memory: u32) -> u64 {
    cx.store.memories[cx.memory_address(memory)].data.len() as u64
}

fn table_size(cx: &Context<'_>, table: u32) -> u64 {
    cx.store.tables[cx.table_address(table)].elements.len() as u64
}

fn data_size(cx: &Context<'_>, data: u32) -> u64 {
    bulk::data_bytes(cx, data).len() as u64
}

fn element_size(cx: &Context<'_>, element: u32) -> u64 {
    cx.instance().elements[element as usize].len() as u64
}

/// How the ranges of an operation on tables, arrays or whole memories lie: the one that it writes,
/// and the one that it reads. A null array has none.
fn ranges(cx: &Context<'_>, op: Op) -> Ways {
    let range = |depth, len, size| Some(Way::of_range(Some(slot(cx, depth)), len, size));
    let array = |reference, start, len| match cx.store.heap.get(slot(cx, reference)) {
        Object::Array { len: size, .. } => range(start, len, (*size).into()),
        _ => None,
    };
    let len = slot(cx, 1);
    match op {
        Op::MemoryFill(memory) => [range(3, len, memory_size(cx, memory)), None],
        Op::MemoryCopy { to, from } => [
            range(3, len, memory_size(cx, to.into())),
            range(2, len, memory_size(cx, from.into())),
        ],
        Op::MemoryInit { memory, data } => [
            range(3, len, memory_size(cx, memory.into())),
            range(2, len, data_size(cx, data)),
        ],
        Op::TableGet(table) => [range(1, 1, table_size(cx, table)), None],
        Op::TableSet(table) => [range(2, 1, table_size(cx, table)), None],
        Op::CallIndirect { table, .. } | Op::ReturnCallIndirect { table, .. } => {
            [range(1, 1, table_size(cx, table.into())), None]
        }
        Op::TableFill(table) => [range(3, len, table_size(cx, table)), None],
        Op::TableCopy { to, from } => [
            range(3, len, table_size(cx, to.into())),
            range(2, len, table_size(cx, from.into())),
        ],
        Op::TableInit { table, element } => [
            range(3, len, table_size(cx, table.into())),
            range(2, len, element_size(cx, element)),
        ],
        Op::ArrayGet(_) => [array(2, 1, 1), None],
        Op::ArraySet(access) => {
            let value = access.slots() as usize;
            [array(value + 2, value + 1, 1), None]
        }
        Op::ArrayFill(access) => {
            let value = access.slots() as usize;
            [array(value + 3, value + 2, len), None]
        }
        Op::ArrayCopy(_) => [array(5, 4, len), array(3, 2, len)],
        Op::ArrayInitData(bytes, data) => {
            let bytes = len.saturating_mul(bytes.into());
            [array(4, 3, len), range(2, bytes, data_size(cx, data))]
        }
        Op::ArrayInitElement(element) => {
            [array(4, 3, len), range(2, len, element_size(cx, element))]
        }
        Op::ArrayNewData(pair) => {
            let (ty, data) = cx.code.pairs[pair as usize];
            let element = gc_array::element_bytes(cx, cx.type_id(ty)) as u64;
            let bytes = len.saturating_mul(element);
            [range(2, bytes, data_size(cx, data)), None]
        }
        Op::ArrayNewElement(pair) => {
            let (_, element) = cx.code.pairs[pair as usize];
            [range(2, len, element_size(cx, element)), None]
        }
        _ => [None, None],
    }
}
