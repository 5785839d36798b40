//! Blocks, branches and calls.

use super::block::{Block, BlockKind, Patch, sum, widths_of};
use super::{Result, Translator};
use crate::instructions::cast::CastType;
use crate::module::code::{Cast, Op, Table, Target};
use crate::types::{ref_type_of, val_type_of};
use wasmparser::{BlockType, Operator};

impl Translator<'_> {
    /// Whether an instruction in code that cannot be reached ends that code. Counts the blocks in
    /// between.
    pub(super) fn revives(&mut self, operator: &Operator<'_>) -> bool {
        match operator {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. }
            | Operator::Try { .. } => self.skipped += 1,
            Operator::End | Operator::Delegate { .. } if self.skipped > 0 => self.skipped -= 1,
            Operator::End
            | Operator::Delegate { .. }
            | Operator::Else
            | Operator::Catch { .. }
            | Operator::CatchAll => return self.skipped == 0,
            _ => {}
        }
        false
    }

    pub(super) fn control(&mut self, operator: &Operator<'_>) -> Result<bool> {
        match operator {
            Operator::Unreachable => self.last(Op::Unreachable),
            Operator::Nop => {}
            Operator::Block { blockty } => self.begin(BlockKind::Block, *blockty)?,
            Operator::Loop { blockty } => self.begin(BlockKind::Loop, *blockty)?,
            Operator::If { blockty } => {
                self.stack.pop();
                let branch = self.here();
                self.emit(Op::JumpUnless(0));
                self.begin(BlockKind::If(branch), *blockty)?;
            }
            Operator::Else => self.else_part(),
            Operator::End => self.end(),
            Operator::Br { relative_depth } => {
                self.branch(*relative_depth);
                self.live = false;
            }
            Operator::BrIf { relative_depth } => {
                self.stack.pop();
                self.branch_if(*relative_depth);
            }
            Operator::BrTable { targets } => self.branch_table(targets)?,
            Operator::Return => self.last(Op::Return),
            Operator::BrOnNull { relative_depth } => {
                self.stack.pop();
                let target = self.target(*relative_depth);
                self.emit(Op::BranchOnNull(target));
                self.stack.push(1);
            }
            Operator::BrOnNonNull { relative_depth } => {
                let target = self.target(*relative_depth);
                self.emit(Op::BranchOnNonNull(target));
                self.stack.pop();
            }
            Operator::BrOnCast {
                relative_depth,
                to_ref_type,
                ..
            } => {
                let cast = self.cast(*relative_depth, *to_ref_type)?;
                self.emit(Op::BranchOnCast(cast));
            }
            Operator::BrOnCastFail {
                relative_depth,
                to_ref_type,
                ..
            } => {
                let cast = self.cast(*relative_depth, *to_ref_type)?;
                self.emit(Op::BranchOnCastFail(cast));
            }
            _ => return self.calls(operator),
        }
        Ok(true)
    }

    fn calls(&mut self, operator: &Operator<'_>) -> Result<bool> {
        let spaces = &self.module.spaces;
        let (called, ty, extra) = match *operator {
            Operator::Call {
                function_index: func,
            } => (Op::Call(func), spaces.funcs[func as usize], 0),
            Operator::ReturnCall {
                function_index: func,
            } => (Op::ReturnCall(func), spaces.funcs[func as usize], 0),
            Operator::CallIndirect {
                type_index: ty,
                table_index,
            } => (
                Op::CallIndirect {
                    table: mutate!(table_index as u16, CallFirstTable => 0),
                    ty,
                },
                ty,
                1,
            ),
            Operator::ReturnCallIndirect {
                type_index: ty,
                table_index,
            } => (
                Op::ReturnCallIndirect {
                    table: table_index as u16,
                    ty,
                },
                ty,
                1,
            ),
            Operator::CallRef { type_index: ty } => (Op::CallRef, ty, 1),
            Operator::ReturnCallRef { type_index: ty } => (Op::ReturnCallRef, ty, 1),
            _ => return Ok(false),
        };
        let ty = spaces.func_type(ty)?;
        self.stack.pop_many(extra + ty.params.len());
        let op = mutate!(called, TailCallKeepsHandlers => match called {
            Op::ReturnCall(func) => Op::Call(func),
            Op::ReturnCallIndirect { table, ty } => Op::CallIndirect { table, ty },
            Op::ReturnCallRef => Op::CallRef,
            other => other,
        });
        match op {
            Op::ReturnCall(_) | Op::ReturnCallIndirect { .. } | Op::ReturnCallRef => self.last(op),
            _ => {
                self.emit(op);
                for result in &ty.results {
                    self.stack.push(result.slots());
                }
                mutate!(TailCallKeepsHandlers => if !matches!(
                    operator,
                    Operator::Call { .. } | Operator::CallIndirect { .. } | Operator::CallRef { .. }
                ) {
                    self.last(Op::Return)
                });
            }
        }
        Ok(true)
    }

    /// Emits an operation behind which nothing is reached.
    pub(super) fn last(&mut self, op: Op) {
        self.emit(op);
        self.live = false;
    }

    /// Begins a block.
    pub(super) fn begin(&mut self, kind: BlockKind, ty: BlockType) -> Result<()> {
        let (params, results) = match ty {
            BlockType::Empty => (Vec::new(), Vec::new()),
            BlockType::Type(ty) => (Vec::new(), vec![val_type_of(ty)?.slots() as u8]),
            BlockType::FuncType(index) => {
                let ty = self.module.spaces.func_type(index)?;
                (widths_of(&ty.params), widths_of(&ty.results))
            }
        };
        self.blocks.push(Block {
            kind,
            count: self.stack.count() - params.len(),
            height: self.stack.height() - sum(&params),
            params,
            results,
            start: self.here(),
            patches: Vec::new(),
        });
        Ok(())
    }

    /// Sets the stack to what it is at the start (`params`) or at the end of a block.
    pub(super) fn reset(&mut self, count: usize, widths: &[u8]) {
        self.stack.truncate(count);
        for &width in widths {
            self.stack.push(width.into());
        }
    }

    fn else_part(&mut self) {
        if self.live {
            self.branch(0);
        }
        let here = self.here();
        let Some(mut block) = self.blocks.pop() else {
            return;
        };
        if let BlockKind::If(branch) = block.kind {
            self.ops[branch as usize] = Op::JumpUnless(here);
        }
        block.kind = BlockKind::Else;
        self.reset(block.count, &block.params);
        self.blocks.push(block);
        self.live = true;
    }

    fn end(&mut self) {
        if self.live
            && matches!(
                self.top_kind(),
                Some(BlockKind::Legacy { end: Some(_), .. })
            )
        {
            // Results lie above the exception that the clause has caught.
            self.branch(0);
        }
        let Some(block) = self.blocks.pop() else {
            return;
        };
        let here = self.here();
        match &block.kind {
            BlockKind::If(branch) => self.ops[*branch as usize] = Op::JumpUnless(here),
            BlockKind::TryTable(_) | BlockKind::Legacy { .. } => self.end_handler(&block),
            _ => {}
        }
        self.patch(&block.patches);
        match block.kind {
            BlockKind::Function => {
                // A handler may give results that no code in reach does.
                self.reset(block.count, &block.results);
                self.end_body(sum(&block.results));
            }
            BlockKind::Expression => self.end_body(self.stack.height()),
            _ => {
                self.reset(block.count, &block.results);
                self.live = true;
            }
        }
    }

    fn end_body(&mut self, results: u32) {
        self.code.results = results;
        self.emit(Op::Return);
        self.live = false;
    }

    fn top_kind(&self) -> Option<&BlockKind> {
        self.blocks.last().map(|block| &block.kind)
    }

    /// Points all that has waited for a block's end to the next operation.
    pub(super) fn patch(&mut self, patches: &[Patch]) {
        let here = self.here();
        for &patch in patches {
            match patch {
                Patch::Target(target) => self.code.targets[target as usize].pc = here,
                Patch::Op(op) => match &mut self.ops[op as usize] {
                    Op::Jump(pc) | Op::JumpIf(pc) => *pc = here,
                    _ => {}
                },
            }
        }
    }

    /// The block of a label.
    fn block(&mut self, depth: u32) -> &mut Block {
        let at = self.blocks.len() - 1 - depth as usize;
        &mut self.blocks[at]
    }

    /// A new target: the block of a label.
    pub(super) fn target(&mut self, depth: u32) -> u32 {
        let number = self.code.targets.len() as u32;
        let block = self.block(depth);
        let target = Target {
            pc: block.start,
            height: block.height,
            keep: block.keep(),
        };
        if !matches!(block.kind, BlockKind::Loop) {
            block.patches.push(Patch::Target(number));
        }
        self.code.targets.push(target);
        number
    }

    /// Where a jump to a label goes, when no operands lie between those that it takes along and
    /// the place for them. A jump forward is patched later.
    fn jump(&mut self, depth: u32) -> Option<u32> {
        let height = self.stack.height();
        let here = self.here();
        let block = self.block(depth);
        if height != block.height + block.keep() {
            return None;
        }
        if !matches!(block.kind, BlockKind::Loop) {
            block.patches.push(Patch::Op(here));
        }
        Some(block.start)
    }

    /// Emits a branch.
    pub(super) fn branch(&mut self, depth: u32) {
        let op = match self.jump(depth) {
            Some(pc) => Op::Jump(pc),
            None => Op::Branch(self.target(depth)),
        };
        self.emit(op);
    }

    fn branch_if(&mut self, depth: u32) {
        let op = match self.jump(depth) {
            Some(pc) => Op::JumpIf(pc),
            None => Op::BranchIf(self.target(depth)),
        };
        self.emit(op);
    }

    fn branch_table(&mut self, targets: &wasmparser::BrTable<'_>) -> Result<()> {
        self.stack.pop();
        let first = self.code.targets.len() as u32;
        for depth in targets.targets() {
            self.target(depth?);
        }
        self.target(targets.default());
        let table = self.code.tables.len() as u32;
        self.code.tables.push(Table {
            first,
            count: targets.len(),
        });
        self.last(Op::BranchTable(table));
        Ok(())
    }

    fn cast(&mut self, depth: u32, ty: wasmparser::RefType) -> Result<u32> {
        let ty = CastType::new(ref_type_of(ty)?).0;
        let target = self.target(depth);
        self.code.casts.push(Cast { ty, target });
        Ok(self.code.casts.len() as u32 - 1)
    }

    /// The fields of a tag, in widths.
    pub(super) fn tag_widths(&self, tag: u32) -> Result<Vec<u8>> {
        let ty = self
            .module
            .spaces
            .func_type(self.module.spaces.tags[tag as usize])?;
        Ok(widths_of(&ty.params))
    }
}
