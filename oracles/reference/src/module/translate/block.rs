//! The blocks that enclose an instruction.

use crate::module::code::Clause;
use crate::types::{FuncType, ValType};

/// A block that has begun.
#[derive(Debug)]
pub(super) struct Block {
    pub kind: BlockKind,
    /// How many operands lie below its parameters, and up to which slot.
    pub count: usize,
    pub height: u32,
    /// The widths of its parameters and results.
    pub params: Vec<u8>,
    pub results: Vec<u8>,
    /// Its first operation.
    pub start: u32,
    /// What waits for its end to be known.
    pub patches: Vec<Patch>,
}

#[derive(Debug)]
pub(super) enum BlockKind {
    Function,
    /// A constant expression, whose result is whatever is there.
    Expression,
    Block,
    Loop,
    /// With the branch to the `else` part.
    If(u32),
    Else,
    TryTable(Vec<Clause>),
    /// The end of the guarded part, once it is reached, and the clauses so far.
    Legacy {
        end: Option<u32>,
        clauses: Vec<Clause>,
    },
}

/// What waits for a block's end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Patch {
    Op(u32),
    Target(u32),
}

/// How many slots values of these types take, one by one.
pub(super) fn widths_of<I>(types: &[ValType<I>]) -> Vec<u8> {
    types.iter().map(|ty| ty.slots() as u8).collect()
}

/// How many slots they take together.
pub(super) fn sum(widths: &[u8]) -> u32 {
    widths.iter().map(|&width| u32::from(width)).sum()
}

impl Block {
    fn new(kind: BlockKind, height: u32) -> Self {
        let (params, results, patches) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            kind,
            count: 0,
            height,
            params,
            results,
            start: 0,
            patches,
        }
    }

    /// The outermost block of a function whose locals end at this height.
    pub fn function(height: u32, ty: &FuncType<u32>) -> Self {
        let results = widths_of(&ty.results);
        Self {
            results,
            ..Self::new(BlockKind::Function, height)
        }
    }

    /// The outermost block of a constant expression.
    pub fn expression() -> Self {
        Self::new(BlockKind::Expression, 0)
    }

    /// Whether anything so far goes to its end.
    pub fn is_branched_to(&self) -> bool {
        matches!(self.kind, BlockKind::If(_)) || !self.patches.is_empty()
    }

    /// How many slots a branch to it takes along.
    pub fn keep(&self) -> u32 {
        match self.kind {
            BlockKind::Loop => mutate!(sum(&self.params), LoopTakesOne => sum(&self.params).min(1)),
            _ => sum(&self.results),
        }
    }
}
