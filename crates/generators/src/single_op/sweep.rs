//! One operator on many operands in one call.
//!
//! A loop loads the operands from the start of a memory, which is full of boundary values, walks
//! on by different steps for each, and mixes the results into one number. A call so covers
//! dozens of combinations; a trap ends it, at the same combination on every engine.

use super::{body::Body, pool::Pool};
use arbitrary::Result;
use wasm_encoder::{BlockType, Instruction, MemArg, ValType};

/// Operands start within this many bytes, which with the widest of them is all that is filled.
const REACH_MASK: i32 = 127;

/// Builds the function for an operator without immediates.
pub fn build(
    b: &mut Body<'_, '_>,
    instruction: &Instruction<'static>,
    params: &[Pool],
    results: &[ValType],
) -> Result<()> {
    let turn = b.local(ValType::I32);
    let sum = b.local(ValType::I64);
    b.take(Pool::Below(64))?;
    b.push(Instruction::LocalSet(turn));
    b.push(Instruction::Loop(BlockType::Empty));
    for pool in params {
        load(b, pool.ty(), turn)?;
    }
    b.op(instruction.clone());
    b.digest(results, sum);
    b.emit(vec![
        Instruction::LocalGet(turn),
        Instruction::I32Const(1),
        Instruction::I32Sub,
        Instruction::LocalTee(turn),
        Instruction::I32Const(0),
        Instruction::I32GeS,
        Instruction::BrIf(0),
        Instruction::End,
        Instruction::LocalGet(sum),
    ]);
    b.result(ValType::I64);
    Ok(())
}

/// Loads the operand of this turn.
fn load(b: &mut Body<'_, '_>, ty: ValType, turn: u32) -> Result<()> {
    let memory = b.memory()?;
    // Multiples of the width meet the values as they were written; others, pieces of them.
    let step = *b.u.choose(&[4, 8, 12, 16, 20, 24, 1, 3, 56, 40])?;
    let start = 4 * b.u.int_in_range(0..=31)?;
    b.emit(vec![
        Instruction::LocalGet(turn),
        Instruction::I32Const(step),
        Instruction::I32Mul,
        Instruction::I32Const(start),
        Instruction::I32Add,
        Instruction::I32Const(REACH_MASK),
        Instruction::I32And,
    ]);
    if memory.wide {
        b.push(Instruction::I64ExtendI32U);
    }
    let memarg = MemArg {
        offset: 0,
        align: 0,
        memory_index: memory.index,
    };
    b.push(match ty {
        ValType::I32 => Instruction::I32Load(memarg),
        ValType::I64 => Instruction::I64Load(memarg),
        ValType::F32 => Instruction::F32Load(memarg),
        ValType::F64 => Instruction::F64Load(memarg),
        ValType::V128 => Instruction::V128Load(memarg),
        // Operators without immediates have no operands but numbers and vectors.
        ValType::Ref(_) => Instruction::Unreachable,
    });
    Ok(())
}
