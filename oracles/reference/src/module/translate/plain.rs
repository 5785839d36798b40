//! Numbers, vectors, variables, and accesses of memories.

use super::{Result, Translator};
use crate::instructions::atomic::AtomicOp;
use crate::instructions::conversion::{Conversion, Truncation};
use crate::instructions::memory::{Load, Store, VectorLoad};
use crate::instructions::numeric::{Binary, Division, Unary, Wide};
use crate::instructions::vector::{Shape, VectorOp};
use crate::module::code::{FAR, Lane, Op};
use wasmparser::{MemArg, Operator};

impl Translator<'_> {
    pub(super) fn plain(&mut self, operator: &Operator<'_>) -> Result<bool> {
        Ok(self.variable(operator)
            || self.constant(operator)
            || self.numeric(operator)
            || self.access(operator)
            || self.vector(operator)
            || self.lane(operator))
    }

    /// Emits an operation that takes so many slots, one for each operand, and gives operands of
    /// these widths.
    pub(super) fn simple(&mut self, op: Op, pops: u32, pushes: &[u32]) {
        self.stack.pop_many(pops as usize);
        self.emit(op);
        for &width in pushes {
            self.stack.push(width);
        }
    }

    fn variable(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::LocalGet { local_index } => {
                let (slot, width) = self.locals[local_index as usize];
                let op = if width == 2 {
                    Op::LocalGetWide(slot)
                } else {
                    Op::LocalGet(slot)
                };
                self.simple(op, 0, &[width]);
            }
            Operator::LocalSet { local_index } => {
                let (slot, width) = self.locals[local_index as usize];
                let op = if width == 2 {
                    Op::LocalSetWide(slot)
                } else {
                    Op::LocalSet(slot)
                };
                self.simple(op, 1, &[]);
            }
            Operator::LocalTee { local_index } => {
                let (slot, width) = self.locals[local_index as usize];
                let op = if width == 2 {
                    Op::LocalTeeWide(slot)
                } else {
                    Op::LocalTee(slot)
                };
                self.simple(op, 1, &[width]);
            }
            Operator::GlobalGet {
                global_index: global,
            } => {
                let width = self.module.spaces.globals[global as usize].content.slots();
                let op = if width == 2 {
                    Op::GlobalGetWide(global)
                } else {
                    Op::GlobalGet(global)
                };
                self.simple(op, 0, &[width]);
            }
            Operator::GlobalSet {
                global_index: global,
            } => {
                let width = self.module.spaces.globals[global as usize].content.slots();
                let op = if width == 2 {
                    Op::GlobalSetWide(global)
                } else {
                    Op::GlobalSet(global)
                };
                self.simple(op, 1, &[]);
            }
            Operator::Drop => {
                let width = self.stack.pop();
                self.emit(Op::Drop(width));
            }
            Operator::Select | Operator::TypedSelect { .. } => {
                self.stack.pop_many(2);
                let width = self.stack.pop();
                self.simple(
                    if width == 2 {
                        Op::SelectWide
                    } else {
                        Op::Select
                    },
                    0,
                    &[width],
                );
            }
            _ => return false,
        }
        true
    }

    fn constant(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::I32Const { value } => self.number(value.cast_unsigned().into()),
            Operator::I64Const { value } => self.number(value.cast_unsigned()),
            Operator::F32Const { value } => self.number(value.bits().into()),
            Operator::F64Const { value } => self.number(value.bits()),
            Operator::RefNull { .. } => self.number(0),
            Operator::V128Const { value } => {
                let at = self.vector_constant(value.into());
                self.simple(Op::ConstVector(at), 0, &[2]);
            }
            _ => return false,
        }
        true
    }

    fn number(&mut self, bits: u64) {
        let op = match u32::try_from(bits) {
            Ok(bits) => Op::Const(bits),
            Err(_) => {
                self.code.constants.push(bits);
                Op::ConstLong(self.code.constants.len() as u32 - 1)
            }
        };
        self.simple(op, 0, &[1]);
    }

    fn vector_constant(&mut self, vector: u128) -> u32 {
        self.code
            .constants
            .extend([vector as u64, (vector >> 64) as u64]);
        self.code.constants.len() as u32 - 2
    }

    fn numeric(&mut self, operator: &Operator<'_>) -> bool {
        if let Some(op) = Binary::of(operator) {
            self.simple(Op::Binary(op), 2, &[1]);
        } else if let Some(op) = Unary::of(operator) {
            self.simple(Op::Unary(op), 1, &[1]);
        } else if let Some(op) = Conversion::of(operator) {
            self.simple(Op::Conversion(op), 1, &[1]);
        } else if let Some(op) = Division::of(operator) {
            self.simple(Op::Division(op), 2, &[1]);
        } else if let Some(op) = Truncation::of(operator) {
            self.simple(Op::Truncation(op), 1, &[1]);
        } else if let Some(op) = Wide::of(operator) {
            self.simple(Op::Wide(op), op.operands(), &[1, 1]);
        } else {
            return false;
        }
        true
    }

    fn access(&mut self, operator: &Operator<'_>) -> bool {
        if let Some((load, memarg)) = Load::of(operator) {
            let (memory, offset) = self.place(memarg);
            self.simple(Op::Load(load, memory, offset), 1, &[1]);
        } else if let Some((store, memarg)) = Store::of(operator) {
            let (memory, offset) = self.place(memarg);
            self.simple(Op::Store(store, memory, offset), 2, &[]);
        } else if let Some((load, memarg)) = VectorLoad::of(operator) {
            let (memory, offset) = self.place(memarg);
            self.simple(Op::LoadVector(load, memory, offset), 1, &[2]);
        } else if let Operator::V128Store { memarg } = *operator {
            let (memory, offset) = self.place(memarg);
            self.simple(Op::StoreVector(memory, offset), 2, &[]);
        } else if let Some((op, memarg)) = AtomicOp::of(operator) {
            let (memory, offset) = self.place(memarg);
            let (takes, gives) = op.arity();
            self.simple(
                Op::Atomic(op, memory, offset),
                takes,
                &[1][..gives as usize],
            );
        } else if matches!(operator, Operator::AtomicFence) {
            self.emit(Op::Fence);
        } else {
            return false;
        }
        true
    }

    /// The immediates of an access as they stand in an operation.
    fn place(&mut self, memarg: MemArg) -> (u16, u32) {
        match (u16::try_from(memarg.memory), u32::try_from(memarg.offset)) {
            (Ok(memory), Ok(offset)) if memory != FAR => (memory, offset),
            _ => {
                self.code.accesses.push((memarg.memory, memarg.offset));
                (FAR, self.code.accesses.len() as u32 - 1)
            }
        }
    }

    fn vector(&mut self, operator: &Operator<'_>) -> bool {
        let Some((op, shape)) = VectorOp::of(operator) else {
            return false;
        };
        match shape {
            Shape::Unary => self.simple(Op::VectorUnary(op), 1, &[2]),
            Shape::Binary => self.simple(Op::VectorBinary(op), 2, &[2]),
            Shape::Ternary => self.simple(Op::VectorTernary(op), 3, &[2]),
            Shape::Shift => self.simple(Op::VectorShift(op), 2, &[2]),
            Shape::Splat => self.simple(Op::VectorSplat(op), 1, &[2]),
            Shape::Test => self.simple(Op::VectorTest(op), 1, &[1]),
            Shape::Extract => self.simple(Op::VectorExtract(op, lane_of(operator)), 1, &[1]),
            Shape::Replace => self.simple(Op::VectorReplace(op, lane_of(operator)), 2, &[2]),
            Shape::Shuffle => {
                let lanes = match operator {
                    Operator::I8x16Shuffle { lanes } => u128::from_le_bytes(*lanes),
                    _ => 0,
                };
                let at = self.vector_constant(lanes);
                self.simple(Op::VectorShuffle(at), 2, &[2]);
            }
        }
        true
    }

    fn lane(&mut self, operator: &Operator<'_>) -> bool {
        use Operator as O;
        let (loads, bytes, memarg, lane) = match *operator {
            O::V128Load8Lane { memarg, lane } => (true, 1, memarg, lane),
            O::V128Load16Lane { memarg, lane } => (true, 2, memarg, lane),
            O::V128Load32Lane { memarg, lane } => (true, 4, memarg, lane),
            O::V128Load64Lane { memarg, lane } => (true, 8, memarg, lane),
            O::V128Store8Lane { memarg, lane } => (false, 1, memarg, lane),
            O::V128Store16Lane { memarg, lane } => (false, 2, memarg, lane),
            O::V128Store32Lane { memarg, lane } => (false, 4, memarg, lane),
            O::V128Store64Lane { memarg, lane } => (false, 8, memarg, lane),
            _ => return false,
        };
        let (memory, offset) = self.place(memarg);
        self.code.lanes.push(Lane {
            memory,
            offset,
            lane,
            bytes,
        });
        let at = self.code.lanes.len() as u32 - 1;
        if loads {
            self.simple(Op::LoadLane(at), 2, &[2]);
        } else {
            self.simple(Op::StoreLane(at), 2, &[]);
        }
        true
    }
}

/// The lane that an instruction names.
fn lane_of(operator: &Operator<'_>) -> u8 {
    use Operator as O;
    match *operator {
        O::I8x16ExtractLaneS { lane }
        | O::I8x16ExtractLaneU { lane }
        | O::I8x16ReplaceLane { lane }
        | O::I16x8ExtractLaneS { lane }
        | O::I16x8ExtractLaneU { lane }
        | O::I16x8ReplaceLane { lane }
        | O::I32x4ExtractLane { lane }
        | O::I32x4ReplaceLane { lane }
        | O::I64x2ExtractLane { lane }
        | O::I64x2ReplaceLane { lane }
        | O::F32x4ExtractLane { lane }
        | O::F32x4ReplaceLane { lane }
        | O::F64x2ExtractLane { lane }
        | O::F64x2ReplaceLane { lane } => lane,
        _ => 0,
    }
}
