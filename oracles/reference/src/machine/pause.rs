//! Where an agent pauses.

use super::{Context, cold};
use crate::agents::Slice;
use crate::module::code::Op;

/// Whether the agent that runs is to pause before this operation; if not, it is counted.
#[inline(never)]
pub(super) fn here(cx: &mut Context<'_>, op: Op) -> bool {
    let agents = &cx.store.agents;
    let Some(running) = agents.running else {
        return false;
    };
    let over = agents.is_waiting(running)
        || match agents.slice {
            Slice::Operations(count) => agents.ran >= count,
            Slice::ToAccess => agents.ran > 0 && touches_shared(cx, op),
        };
    cx.store.agents.ran += u64::from(!over);
    over
}

/// Whether an operation looks at a shared memory or changes it, its size included.
fn touches_shared(cx: &Context<'_>, op: Op) -> bool {
    let is_shared = |memory: u32| cx.store.memories[cx.memory_address(memory)].ty.shared;
    memories(cx, op).into_iter().flatten().any(is_shared)
}

/// The memories that an operation works on, as the instance numbers them.
fn memories(cx: &Context<'_>, op: Op) -> [Option<u32>; 2] {
    let memory = match op {
        Op::Load(_, memory, offset)
        | Op::Store(_, memory, offset)
        | Op::LoadVector(_, memory, offset)
        | Op::StoreVector(memory, offset)
        | Op::Atomic(_, memory, offset) => cold::place(cx, memory, offset).0,
        Op::LoadLane(at) | Op::StoreLane(at) => {
            let lane = cx.code.lanes[at as usize];
            cold::place(cx, lane.memory, lane.offset).0
        }
        Op::MemorySize(memory) | Op::MemoryGrow(memory) | Op::MemoryFill(memory) => memory,
        Op::MemoryInit { memory, .. } => memory.into(),
        Op::MemoryCopy { to, from } => return [Some(to.into()), Some(from.into())],
        _ => return [None, None],
    };
    [Some(memory), None]
}
