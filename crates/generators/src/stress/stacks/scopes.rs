//! Blocks that are open where code is.
//!
//! ```wat
//! (block $done
//!   (block $landing (result …)
//!     (try_table (catch … $landing)
//!       …)
//!     (br $done))
//!   ;; what was caught
//! )
//! ```
//!
//! The code is the same whether something is thrown or not.

use super::body::{Body, EXN};
use super::model::{FACTOR, fields};
use super::types::Types;
pub use crate::stress::scopes::Kind;
use wasm_encoder::{BlockType, Instruction as I, RefType, ValType};

/// What is mixed into the digest where an exception was caught.
pub const CAUGHT: u64 = FACTOR >> 7;

/// A clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its kind.
    pub kind: Kind,
    /// Its tag, where its kind has one.
    pub tag: u32,
}

impl Clause {
    /// The name of its kind.
    pub fn name(self) -> &'static str {
        match self.kind {
            Kind::One => "by catch",
            Kind::OneRef => "by catch_ref",
            Kind::All => "by catch_all",
            Kind::AllRef => "by catch_all_ref",
        }
    }

    /// Whether fields of the exception arrive.
    pub fn has_fields(self) -> bool {
        self.kind.has_tag() && !fields(self.tag).is_empty()
    }

    /// Whether it catches exceptions of a tag.
    pub fn catches(self, tag: u32) -> bool {
        !self.kind.has_tag() || self.tag == tag
    }

    fn block(self) -> BlockType {
        match (self.has_fields(), self.kind.has_exception()) {
            (false, false) => BlockType::Empty,
            (true, false) => BlockType::Result(ValType::I64),
            (false, true) => BlockType::Result(ValType::Ref(RefType::EXNREF)),
            (true, true) => BlockType::FunctionType(Types::FIELD_AND_EXCEPTION),
        }
    }
}

/// A block that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `block`, `loop` or `if`.
    Plain,
    /// `try_table` and what belongs to it.
    Try(Clause),
}

impl Scope {
    /// The clause, if it has one.
    pub fn clause(&self) -> Option<Clause> {
        match self {
            Self::Plain => None,
            Self::Try(clause) => Some(*clause),
        }
    }

    /// Opens a block with a handler.
    pub fn open_try(body: &mut Body, clause: Clause) -> Self {
        body.ops([
            I::Block(BlockType::Empty),
            I::Block(clause.block()),
            I::TryTable(
                BlockType::Empty,
                vec![clause.kind.encoded(clause.tag, 0)].into(),
            ),
        ]);
        Self::Try(clause)
    }

    /// Ends it. Gives the local with the exception, where one is kept.
    pub fn close(&self, body: &mut Body) -> Option<u32> {
        body.op(I::End);
        let clause = self.clause()?;
        body.ops([I::Br(1), I::End]);
        let local = clause.kind.has_exception().then(|| {
            let local = body.local(ValType::Ref(RefType::EXNREF));
            body.op(I::LocalSet(local));
            local
        });
        body.restore();
        if clause.has_fields() {
            body.note();
        }
        body.push_i64(CAUGHT, false).note();
        body.op(I::End);
        local
    }

    /// The null of exceptions.
    pub fn null() -> I<'static> {
        I::RefNull(EXN)
    }
}
