//! Atomic memory instructions of the threads proposal (its chapter 4, section "Memory
//! Instructions").
//!
//! An agent pauses between instructions and never within one, so an access is a plain one that must
//! be aligned: first the address must be a multiple of the width, then all bytes must be within the
//! memory. Numbers narrower than their type are extended with zeros. A wait needs a shared memory,
//! all else does not. Who waits, and who is woken, is in [`agents`](crate::agents).

use super::memory::{Load, Store, effective};
use crate::agents::{Place, TIMED_OUT, UNEQUAL};
use crate::machine::{Context, Stop};
use assay_engine::{Resource, Trap};
use wasmparser::{MemArg, Operator};

/// What an atomic instruction does with the number in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Action {
    Load,
    Store,
    Add,
    Sub,
    And,
    Or,
    Xor,
    Exchange,
    CompareExchange,
    Wait,
    Notify,
}

const ACTIONS: [Action; 11] = [
    Action::Load,
    Action::Store,
    Action::Add,
    Action::Sub,
    Action::And,
    Action::Or,
    Action::Xor,
    Action::Exchange,
    Action::CompareExchange,
    Action::Wait,
    Action::Notify,
];

/// An atomic instruction: its action, and its width as a power of two in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AtomicOp(u8);

macro_rules! atomics {
    ($operator:expr; $($action:ident: $($b8:ident)* / $($b16:ident)* / $($b32:ident)* / $($b64:ident)*;)*) => {
        match $operator {
            $(
                $(Operator::$b8 { memarg } => Some((AtomicOp::new(Action::$action, 0), *memarg)),)*
                $(Operator::$b16 { memarg } => Some((AtomicOp::new(Action::$action, 1), *memarg)),)*
                $(Operator::$b32 { memarg } => Some((AtomicOp::new(Action::$action, 2), *memarg)),)*
                $(Operator::$b64 { memarg } => Some((AtomicOp::new(Action::$action, 3), *memarg)),)*
            )*
            _ => None,
        }
    };
}

impl AtomicOp {
    const fn new(action: Action, width_log2: u8) -> Self {
        Self((action as u8) << 2 | width_log2)
    }

    /// The instruction and its immediate, if it is of this family. A number of 32 bits does not
    /// tell in which type it goes on: both are the same slot.
    #[rustfmt::skip]
    pub(crate) fn of(operator: &Operator<'_>) -> Option<(Self, MemArg)> {
        atomics!(operator;
            Load: I32AtomicLoad8U I64AtomicLoad8U / I32AtomicLoad16U I64AtomicLoad16U
                / I32AtomicLoad I64AtomicLoad32U / I64AtomicLoad;
            Store: I32AtomicStore8 I64AtomicStore8 / I32AtomicStore16 I64AtomicStore16
                / I32AtomicStore I64AtomicStore32 / I64AtomicStore;
            Add: I32AtomicRmw8AddU I64AtomicRmw8AddU / I32AtomicRmw16AddU I64AtomicRmw16AddU
                / I32AtomicRmwAdd I64AtomicRmw32AddU / I64AtomicRmwAdd;
            Sub: I32AtomicRmw8SubU I64AtomicRmw8SubU / I32AtomicRmw16SubU I64AtomicRmw16SubU
                / I32AtomicRmwSub I64AtomicRmw32SubU / I64AtomicRmwSub;
            And: I32AtomicRmw8AndU I64AtomicRmw8AndU / I32AtomicRmw16AndU I64AtomicRmw16AndU
                / I32AtomicRmwAnd I64AtomicRmw32AndU / I64AtomicRmwAnd;
            Or: I32AtomicRmw8OrU I64AtomicRmw8OrU / I32AtomicRmw16OrU I64AtomicRmw16OrU
                / I32AtomicRmwOr I64AtomicRmw32OrU / I64AtomicRmwOr;
            Xor: I32AtomicRmw8XorU I64AtomicRmw8XorU / I32AtomicRmw16XorU I64AtomicRmw16XorU
                / I32AtomicRmwXor I64AtomicRmw32XorU / I64AtomicRmwXor;
            Exchange: I32AtomicRmw8XchgU I64AtomicRmw8XchgU
                / I32AtomicRmw16XchgU I64AtomicRmw16XchgU
                / I32AtomicRmwXchg I64AtomicRmw32XchgU / I64AtomicRmwXchg;
            CompareExchange: I32AtomicRmw8CmpxchgU I64AtomicRmw8CmpxchgU
                / I32AtomicRmw16CmpxchgU I64AtomicRmw16CmpxchgU
                / I32AtomicRmwCmpxchg I64AtomicRmw32CmpxchgU / I64AtomicRmwCmpxchg;
            Wait: / / MemoryAtomicWait32 / MemoryAtomicWait64;
            Notify: / / MemoryAtomicNotify /;
        )
    }

    fn action(self) -> Action {
        ACTIONS[usize::from(self.0 >> 2) % ACTIONS.len()]
    }

    fn width_log2(self) -> u32 {
        u32::from(self.0 & 3)
    }

    /// How many bytes it reads or writes.
    pub(crate) fn bytes(self) -> u64 {
        1 << self.width_log2()
    }

    /// How it reads and writes its number.
    fn access(self) -> (Load, Store) {
        match self.width_log2() {
            0 => (Load::U8, Store::B8),
            1 => (
                Load::U16,
                mutate!(Store::B16, AtomicStoreWide => Store::B32),
            ),
            2 => (Load::U32, Store::B32),
            _ => (Load::U64, Store::B64),
        }
    }

    /// Whether a number from memory is the one that a compare-exchange expects, which counts as
    /// far as it goes into the memory.
    fn expects(self, old: u64, expected: u64) -> bool {
        old == expected & (u64::MAX >> (64 - 8 * self.bytes()))
    }

    /// Whether a compare-exchange would find what it expects; nothing for any other instruction,
    /// nor where it traps.
    pub(crate) fn finds(self, data: &[u8], address: u64, expected: u64) -> Option<bool> {
        let aligned = address.is_multiple_of(self.bytes());
        if self.action() != Action::CompareExchange || !aligned {
            return None;
        }
        let old = self.access().0.run(data, address).ok()?;
        Some(self.expects(old, expected))
    }

    /// How many slots it takes and gives.
    pub(crate) fn arity(self) -> (u32, u32) {
        match self.action() {
            Action::Load => (1, 1),
            Action::Store => (2, 0),
            Action::CompareExchange | Action::Wait => (3, 1),
            _ => (2, 1),
        }
    }
}

pub(crate) fn run(
    cx: &mut Context<'_>,
    op: AtomicOp,
    memory: u32,
    offset: u64,
) -> Result<(), Stop> {
    let (operands, _) = op.arity();
    cx.top -= operands as usize;
    let operand = |cx: &Context<'_>, i: u32| cx.stack[cx.top + (i % operands) as usize];
    let (index, x, y) = (operand(cx, 0), operand(cx, 1), operand(cx, 2));
    let address = effective(index, offset)?;
    let (load, store) = op.access();
    if !address.is_multiple_of(mutate!(op.bytes(), AtomicUnaligned => 1)) {
        return Err(Trap::UnalignedAtomic.into());
    }
    let place = Place {
        memory: cx.memory_address(memory),
        address,
    };
    let memory = cx.memory(memory);
    let old = load.run(&memory.data, address)?;
    let new = match op.action() {
        Action::Load => old,
        Action::Store | Action::Exchange => x,
        Action::Add => old.wrapping_add(x),
        Action::Sub => mutate!(old.wrapping_sub(x), AtomicSubReversed => x.wrapping_sub(old)),
        Action::And => old & x,
        Action::Or => old | x,
        Action::Xor => old ^ x,
        Action::CompareExchange => match mutate!(op.expects(old, x), CompareAllBits => old == x) {
            true => y,
            false => old,
        },
        Action::Wait if !memory.ty.shared => {
            let trap = Err(Trap::ExpectedSharedMemory.into());
            return mutate!(trap, WaitUnshared => {
                cx.push(UNEQUAL);
                Ok(())
            });
        }
        Action::Wait if old != x => {
            cx.push(UNEQUAL);
            return Ok(());
        }
        Action::Wait => return wait(cx, place, u64::try_from(y.cast_signed()).ok()),
        Action::Notify => {
            let woken = cx.store.agents.notify(place, x as u32);
            cx.push(woken.into());
            return Ok(());
        }
    };
    store.run(&mut memory.data, address, new)?;
    if op.action() != Action::Store {
        cx.push(old);
    }
    Ok(())
}

/// Lets the agent that runs wait: its result is there once the wait ends. Where there are no
/// agents nobody can notify, so that the time is over at once, or never.
fn wait(cx: &mut Context<'_>, place: Place, timeout_ns: Option<u64>) -> Result<(), Stop> {
    if cx.store.agents.wait(place, timeout_ns) {
        return Ok(());
    }
    timeout_ns.ok_or(Stop::Exhausted(Resource::Time))?;
    cx.push(TIMED_OUT);
    Ok(())
}
