//! What an instruction beyond arithmetic works on.

use super::Stop;
use crate::module::ModuleData;
use crate::module::code::Code;
use crate::store::Store;
use crate::store::heap::Object;
use crate::store::instance::{InstanceData, TableInst};
use crate::store::memory::MemoryInst;
use crate::store::value::wide;
use crate::types::TypeId;

/// The store, the current frame, and its operands.
pub(crate) struct Context<'a> {
    pub store: &'a mut Store,
    pub module: &'a ModuleData,
    pub code: &'a Code,
    pub instance: u32,
    /// Where the frame begins.
    pub base: usize,
    /// The whole stack; operands lie below `top`.
    pub stack: &'a mut [u64],
    pub top: usize,
    /// How much fuel the instruction takes beyond that of any other.
    pub cost: u64,
}

/// How many bytes an instruction moves for the fuel of one.
const BYTES_PER_FUEL: u64 = 64;

impl Context<'_> {
    #[inline(always)]
    pub fn pop(&mut self) -> u64 {
        self.top -= 1;
        self.stack[self.top]
    }

    #[inline(always)]
    pub fn pop_u32(&mut self) -> u32 {
        self.pop() as u32
    }

    #[inline(always)]
    pub fn push(&mut self, slot: u64) {
        self.stack[self.top] = slot;
        self.top += 1;
    }

    pub fn pop_wide(&mut self) -> u128 {
        let high = self.pop();
        let low = self.pop();
        wide(low, high)
    }

    pub fn push_wide(&mut self, value: u128) {
        self.push(value as u64);
        self.push((value >> 64) as u64);
    }

    /// Takes the operands of an instruction from the top, the first one first.
    #[inline(always)]
    pub fn take<const N: usize>(&mut self) -> [u64; N] {
        self.top -= N;
        let mut taken = [0; N];
        taken.copy_from_slice(&self.stack[self.top..self.top + N]);
        taken
    }

    /// Counts bytes that the instruction moves.
    pub fn moves(&mut self, bytes: u64) {
        self.cost = self.cost.saturating_add(bytes / BYTES_PER_FUEL);
    }

    pub fn instance(&self) -> &InstanceData {
        &self.store.instances[self.instance as usize]
    }

    /// The type behind an index of the module.
    pub fn type_id(&self, index: u32) -> TypeId {
        self.instance().types[index as usize]
    }

    /// The address of a table of the instance.
    pub fn table_address(&self, index: u32) -> usize {
        self.instance().tables[index as usize] as usize
    }

    pub fn table(&mut self, index: u32) -> &mut TableInst {
        let address = self.table_address(index);
        &mut self.store.tables[address]
    }

    /// The address of a memory of the instance.
    pub fn memory_address(&self, index: u32) -> usize {
        self.instance().memories[index as usize] as usize
    }

    pub fn memory(&mut self, index: u32) -> &mut MemoryInst {
        let address = self.memory_address(index);
        &mut self.store.memories[address]
    }

    /// Adds an object and gives the reference; all operands are roots still.
    pub fn allocate(
        &mut self,
        bytes: usize,
        object: impl FnOnce(&[u64]) -> Object,
    ) -> Result<u64, Stop> {
        let operands = &self.stack[..self.top];
        let (made, collected) = self.store.allocate(operands, bytes, || object(operands));
        self.cost = self.cost.saturating_add(collected);
        if made.is_ok() {
            self.moves(bytes as u64);
        }
        made
    }
}
