//! Memories as a whole: size, growth, and bulk operations.

use super::super::{
    body::Body,
    pool::Pool,
    row::{Row, builds},
    world::Memory,
};
use arbitrary::Result;
use assay_engine::Features;
use wasm_encoder::{BlockType, Instruction, ValType};

/// Instructions on whole memories.
pub static MEMORY: &[Row] = builds! {
    Features::empty() =>
        MemorySize: size,
        MemoryGrow: grow,
        MemoryInit: init,
        DataDrop: drop_data,
        MemoryCopy: copy,
        MemoryFill: fill,
    ;
};

fn address_type(memory: Memory) -> ValType {
    if memory.wide {
        ValType::I64
    } else {
        ValType::I32
    }
}

fn size(b: &mut Body<'_, '_>) -> Result<()> {
    let memory = b.memory()?;
    b.op(Instruction::MemorySize(memory.index));
    b.result(address_type(memory));
    Ok(())
}

fn grow(b: &mut Body<'_, '_>) -> Result<()> {
    let memory = b.memory()?;
    b.take(Pool::Near {
        wide: memory.wide,
        bound: memory.room_pages(),
    })?;
    b.op(Instruction::MemoryGrow(memory.index));
    b.push(Instruction::MemorySize(memory.index));
    b.results(&[address_type(memory); 2]);
    Ok(())
}

/// Pushes the operands of `memory.init`.
fn take_init(b: &mut Body<'_, '_>, memory: Memory, len: u64) -> Result<()> {
    b.take(Pool::Near {
        wide: memory.wide,
        bound: memory.bytes,
    })?;
    b.take(Pool::Near {
        wide: false,
        bound: len,
    })?;
    b.take(Pool::Near {
        wide: false,
        bound: len,
    })
}

fn init(b: &mut Body<'_, '_>) -> Result<()> {
    let memory = b.memory()?;
    let (data_index, len) = b.world.segment(b.u)?;
    take_init(b, memory, len)?;
    b.op(Instruction::MemoryInit {
        mem: memory.index,
        data_index,
    });
    Ok(())
}

/// Drops a segment, mostly after a use; when called again, the use comes too late.
fn drop_data(b: &mut Body<'_, '_>) -> Result<()> {
    let memory = b.memory()?;
    let (data_index, len) = b.world.segment(b.u)?;
    b.take_condition()?;
    b.push(Instruction::If(BlockType::Empty));
    take_init(b, memory, len)?;
    b.push(Instruction::MemoryInit {
        mem: memory.index,
        data_index,
    });
    b.push(Instruction::End);
    b.op(Instruction::DataDrop(data_index));
    Ok(())
}

/// A length: mostly short, sometimes a page or all of the memory.
fn bound(b: &mut Body<'_, '_>, bytes: u64) -> Result<u64> {
    Ok(*b.u.choose(&[16, 8, 64, 300, 4096, bytes])?)
}

fn copy(b: &mut Body<'_, '_>) -> Result<()> {
    let dst = b.memory()?;
    let src = b.memory()?;
    let bound = bound(b, src.bytes)?;
    b.take(Pool::Near {
        wide: dst.wide,
        bound: dst.bytes,
    })?;
    b.take(Pool::Near {
        wide: src.wide,
        bound: src.bytes,
    })?;
    b.take(Pool::Near {
        wide: dst.wide && src.wide,
        bound,
    })?;
    b.op(Instruction::MemoryCopy {
        src_mem: src.index,
        dst_mem: dst.index,
    });
    Ok(())
}

fn fill(b: &mut Body<'_, '_>) -> Result<()> {
    let memory = b.memory()?;
    let bound = bound(b, memory.bytes)?;
    b.take(Pool::Near {
        wide: memory.wide,
        bound: memory.bytes,
    })?;
    b.take(Pool::I32)?;
    b.take(Pool::Near {
        wide: memory.wide,
        bound,
    })?;
    b.op(Instruction::MemoryFill(memory.index));
    Ok(())
}
