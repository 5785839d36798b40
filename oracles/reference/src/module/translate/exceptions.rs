//! Exceptions: `throw`, `try_table`, and the blocks of the legacy proposal.

use super::block::{Block, BlockKind};
use super::{Result, Translator};
use crate::coverage;
use crate::module::code::{Clause, Handler, HandlerKind, Op, Reference, Target};
use wasmparser::{Catch, Operator};

impl Translator<'_> {
    pub(super) fn exceptions(&mut self, operator: &Operator<'_>) -> Result<bool> {
        match operator {
            Operator::Throw { tag_index } => self.last(Op::Throw(*tag_index)),
            Operator::ThrowRef => self.last(Op::ThrowRef),
            Operator::TryTable { try_table } => {
                let clauses = try_table
                    .catches
                    .iter()
                    .map(|&catch| self.clause(catch))
                    .collect();
                self.begin(BlockKind::TryTable(clauses), try_table.ty)?;
            }
            Operator::Try { blockty } => {
                let clauses = Vec::new();
                self.begin(BlockKind::Legacy { end: None, clauses }, *blockty)?;
            }
            Operator::Catch { tag_index } => self.legacy_clause(Some(*tag_index))?,
            Operator::CatchAll => self.legacy_clause(None)?,
            Operator::Rethrow { relative_depth } => {
                let depth = mutate!(*relative_depth, RethrowInnermost => 0);
                let at = self.blocks.len() - 1 - depth as usize;
                let slot = self.blocks[at].height;
                self.last(Op::Rethrow(slot));
            }
            Operator::Delegate { relative_depth } => self.delegate(*relative_depth),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A clause of a `try_table` that is about to begin: its label counts from outside.
    fn clause(&mut self, catch: Catch) -> Clause {
        let (tag, label, reference) = match catch {
            Catch::One { tag, label } => (Some(tag), label, Reference::None),
            Catch::OneRef { tag, label } => (Some(tag), label, Reference::Above),
            Catch::All { label } => (None, label, Reference::None),
            Catch::AllRef { label } => (None, label, Reference::Above),
        };
        Clause {
            tag,
            reference,
            target: self.target(label),
        }
    }

    /// Ends the guarded part of a legacy `try`, or the clause before.
    fn legacy_clause(&mut self, tag: Option<u32>) -> Result<()> {
        if self.live {
            self.branch(0);
        }
        let here = self.here();
        let fields = match tag {
            Some(tag) => self.tag_widths(tag)?,
            None => Vec::new(),
        };
        let Some(mut block) = self.blocks.pop() else {
            return Ok(());
        };
        if let BlockKind::Legacy { end, clauses } = &mut block.kind {
            end.get_or_insert(here);
            let target = self.code.targets.len() as u32;
            self.code.targets.push(Target {
                pc: here,
                height: block.height,
                keep: 0,
            });
            clauses.push(Clause {
                tag,
                reference: Reference::Below,
                target,
            });
        }
        self.reset(block.count, &[1]);
        for width in fields {
            self.stack.push(width.into());
        }
        self.blocks.push(block);
        self.live = true;
        Ok(())
    }

    /// Adds what guards a block that has ended.
    pub(super) fn end_handler(&mut self, block: &Block) {
        let here = self.here();
        let (guard, end, clauses) = match &block.kind {
            BlockKind::TryTable(clauses) => (coverage::TRY_TABLE, here, clauses),
            BlockKind::Legacy { end, clauses } => (coverage::TRY, end.unwrap_or(here), clauses),
            _ => return,
        };
        self.code.handlers.push(Handler {
            start: block.start,
            end,
            depth: self.blocks.len() as u32,
            guard,
            kind: HandlerKind::Catch(clauses.as_slice().into()),
        });
    }

    /// Ends a legacy `try` whose exceptions go on from another block.
    fn delegate(&mut self, depth: u32) {
        let Some(block) = self.blocks.pop() else {
            return;
        };
        let enclosing = self.blocks.len() as u32;
        self.code.handlers.push(Handler {
            start: block.start,
            end: self.here(),
            depth: enclosing,
            guard: coverage::DELEGATE,
            kind: HandlerKind::Delegate(enclosing - 1 - mutate!(depth, DelegateInnermost => 0)),
        });
        self.patch(&block.patches);
        self.reset(block.count, &block.results);
        self.live = true;
    }
}
