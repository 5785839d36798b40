//! Code as the machine runs it: a flat list of small operations, with every branch resolved.

use crate::instructions::atomic::AtomicOp;
use crate::instructions::conversion::{Conversion, Truncation};
use crate::instructions::gc_array::Access;
use crate::instructions::memory::{Load, Store, VectorLoad};
use crate::instructions::numeric::{Binary, Division, Unary, Wide};
use crate::instructions::vector::VectorOp;

/// One operation.
///
/// Operands are slots of 64 bits: one for each value, two for a vector. A `u32` without a name is
/// an index of the kind that the instruction has, unless said otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Unreachable,
    /// To this operation, as are the next two.
    Jump(u32),
    JumpIf(u32),
    JumpUnless(u32),
    /// To this entry of [`Code::targets`], as are the next four.
    Branch(u32),
    BranchIf(u32),
    BranchOnNull(u32),
    BranchOnNonNull(u32),
    /// By this entry of [`Code::tables`].
    BranchTable(u32),
    /// By this entry of [`Code::casts`].
    BranchOnCast(u32),
    BranchOnCastFail(u32),
    Return,
    Call(u32),
    CallIndirect {
        table: u16,
        ty: u32,
    },
    CallRef,
    ReturnCall(u32),
    ReturnCallIndirect {
        table: u16,
        ty: u32,
    },
    ReturnCallRef,
    Throw(u32),
    ThrowRef,
    /// Throws again what this slot of the frame holds.
    Rethrow(u32),

    /// Drops this many slots.
    Drop(u32),
    Select,
    SelectWide,
    /// Slots of the frame, not indices.
    LocalGet(u32),
    LocalSet(u32),
    LocalTee(u32),
    LocalGetWide(u32),
    LocalSetWide(u32),
    LocalTeeWide(u32),
    GlobalGet(u32),
    GlobalSet(u32),
    GlobalGetWide(u32),
    GlobalSetWide(u32),
    /// These bits.
    Const(u32),
    /// This entry of [`Code::constants`].
    ConstLong(u32),
    /// This entry and the next.
    ConstVector(u32),

    Unary(Unary),
    Binary(Binary),
    Division(Division),
    Conversion(Conversion),
    Truncation(Truncation),
    Wide(Wide),

    Load(Load, u16, u32),
    Store(Store, u16, u32),
    LoadVector(VectorLoad, u16, u32),
    StoreVector(u16, u32),
    /// By this entry of [`Code::lanes`].
    LoadLane(u32),
    StoreLane(u32),
    Atomic(AtomicOp, u16, u32),
    Fence,

    MemorySize(u32),
    MemoryGrow(u32),
    MemoryFill(u32),
    MemoryCopy {
        to: u16,
        from: u16,
    },
    MemoryInit {
        memory: u16,
        data: u32,
    },
    DataDrop(u32),

    TableGet(u32),
    TableSet(u32),
    TableSize(u32),
    TableGrow(u32),
    TableFill(u32),
    TableCopy {
        to: u16,
        from: u16,
    },
    TableInit {
        table: u16,
        element: u32,
    },
    ElementDrop(u32),

    RefIsNull,
    RefFunc(u32),
    RefAsNonNull,
    RefEq,
    RefI31,
    I31GetS,
    I31GetU,
    /// A packed [`CastType`](crate::instructions::cast::CastType), as is the next.
    RefTest(u32),
    RefCast(u32),

    StructNew(u32),
    StructNewDefault(u32),
    /// The slot of the field.
    StructGet(Access, u32),
    StructSet(Access, u32),
    ArrayNew(u32),
    ArrayNewDefault(u32),
    /// By this entry of [`Code::pairs`]: the type, and the length or the segment; as are the next
    /// two.
    ArrayNewFixed(u32),
    ArrayNewData(u32),
    ArrayNewElement(u32),
    ArrayGet(Access),
    ArraySet(Access),
    ArrayLen,
    ArrayFill(Access),
    /// Of elements of this many bytes.
    ArrayCopy(u8),
    ArrayInitData(u8, u32),
    ArrayInitElement(u32),

    VectorUnary(VectorOp),
    VectorBinary(VectorOp),
    VectorTernary(VectorOp),
    VectorShift(VectorOp),
    VectorSplat(VectorOp),
    VectorTest(VectorOp),
    VectorExtract(VectorOp, u8),
    VectorReplace(VectorOp, u8),
    /// The lanes lie in this entry of [`Code::constants`] and the next.
    VectorShuffle(u32),
}

/// In place of a memory's index in an access: the `u32` is not the offset but an entry of
/// [`Code::accesses`].
pub(crate) const FAR: u16 = u16::MAX;

/// Where a branch goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The operation.
    pub pc: u32,
    /// How many slots of the frame stay.
    pub height: u32,
    /// How many slots from the top go onto these.
    pub keep: u32,
}

/// What guards a range of operations against exceptions.
#[derive(Clone, Debug)]
pub(crate) struct Handler {
    /// The first operation that it guards.
    pub start: u32,
    /// The first one behind.
    pub end: u32,
    /// How many blocks enclose the guarded one: handlers of one operation differ in it.
    pub depth: u32,
    /// The number of the operator that guards.
    pub guard: u16,
    pub kind: HandlerKind,
}

#[derive(Clone, Debug)]
pub(crate) enum HandlerKind {
    /// The first clause that fits.
    Catch(Box<[Clause]>),
    /// Handlers of at most this depth.
    Delegate(u32),
}

/// A catch clause. One with a tag also gives the fields of the exception.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clause {
    /// The tag that it is for; any without one.
    pub tag: Option<u32>,
    /// Where the reference to the exception goes.
    pub reference: Reference,
    /// The entry of [`Code::targets`].
    pub target: u32,
}

/// Where a catch clause puts the reference to the exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    None,
    /// A legacy clause keeps it for `rethrow`.
    Below,
    Above,
}

/// A cast with a branch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cast {
    /// The type, packed.
    pub ty: u32,
    /// The entry of [`Code::targets`].
    pub target: u32,
}

/// A range of [`Code::targets`]; the last is the default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub first: u32,
    pub count: u32,
}

/// An access of a lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    pub memory: u16,
    pub offset: u32,
    pub lane: u8,
    /// Bytes of the lane.
    pub bytes: u8,
}

/// An operator without an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silent {
    /// The operation that follows.
    pub pc: u32,
    /// The number of the operator.
    pub operator: u16,
    /// Whether branches land on it.
    pub label: bool,
}

/// A translated body.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub ops: Box<[Op]>,
    /// Where in the module each operation comes from, in bytes.
    pub origins: Box<[u32]>,
    /// The number of the operator that each operation is for.
    pub operators: Box<[u16]>,
    /// The operators without an operation, in their order.
    pub silent: Box<[Silent]>,
    /// Slots of the parameters, of parameters and locals, and of all that the frame ever holds.
    pub params: u32,
    pub locals: u32,
    pub frame: u32,
    /// Slots of the results.
    pub results: u32,
    pub targets: Vec<Target>,
    pub tables: Vec<Table>,
    pub casts: Vec<Cast>,
    pub constants: Vec<u64>,
    pub pairs: Vec<(u32, u32)>,
    pub accesses: Vec<(u32, u64)>,
    pub lanes: Vec<Lane>,
    /// From the innermost to the outermost.
    pub handlers: Vec<Handler>,
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_operation_is_small() {
        assert_eq!(size_of::<super::Op>(), 8);
    }
}
