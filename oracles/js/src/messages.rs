//! The one place that reads what a JavaScript engine says.
//!
//! The text is the error's class and message, exact. Two things are taken out of it before, by
//! the host script: JavaScriptCore's ` (evaluating '…')` with an expression of the host script's
//! own, and, where the text as it is has no row, each run of digits, written `#` here.
//!
//! Not in the tables are the classes `CompileError`, `LinkError` and, while instantiating,
//! `TypeError`, which say all by themselves; a row comes before its class.

use assay_engine::{Outcome, Resource, Trap, Traps};

/// What a text means.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The class and the message.
    pub text: &'static str,
    /// What it means.
    pub means: Meaning,
}

/// See [`Row`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning {
    /// One of these traps.
    Traps(&'static [Trap]),
    /// A limit of the engine.
    Exhausted(Resource),
}

impl Meaning {
    /// The outcome that it is.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Traps(traps) => Outcome::Trapped(Traps::any_of(traps)),
            Self::Exhausted(resource) => Outcome::Exhausted(resource),
        }
    }

    /// Whether nothing that follows is comparable.
    pub fn ends_the_run(self) -> bool {
        matches!(self, Self::Exhausted(_))
    }
}

const fn trap(text: &'static str, traps: &'static [Trap]) -> Row {
    Row {
        text,
        means: Meaning::Traps(traps),
    }
}

const fn exhausted(text: &'static str, resource: Resource) -> Row {
    Row {
        text,
        means: Meaning::Exhausted(resource),
    }
}

/// V8 14 and 15.
pub(crate) const V8: &[Row] = &[
    trap("RuntimeError: unreachable", &[Trap::Unreachable]),
    trap("RuntimeError: divide by zero", &[Trap::IntegerDivideByZero]),
    trap(
        "RuntimeError: remainder by zero",
        &[Trap::IntegerDivideByZero],
    ),
    trap(
        "RuntimeError: divide result unrepresentable",
        &[Trap::IntegerOverflow],
    ),
    trap(
        "RuntimeError: float unrepresentable in integer range",
        &[Trap::IntegerOverflow, Trap::InvalidConversionToInteger],
    ),
    trap(
        "RuntimeError: memory access out of bounds",
        &[Trap::OutOfBoundsMemoryAccess],
    ),
    trap(
        "RuntimeError: data segment out of bounds",
        &[Trap::OutOfBoundsMemoryAccess],
    ),
    trap(
        "RuntimeError: WebAssembly.Instance(): data segment # is out of bounds (offset #, length #, memory size #)",
        &[Trap::OutOfBoundsMemoryAccess],
    ),
    // Of table.get and its kin, and of call_indirect.
    trap(
        "RuntimeError: table index is out of bounds",
        &[Trap::OutOfBoundsTableAccess, Trap::UndefinedElement],
    ),
    trap(
        "RuntimeError: element segment out of bounds",
        &[Trap::OutOfBoundsTableAccess],
    ),
    trap(
        "RuntimeError: WebAssembly.Instance(): table index is out of bounds",
        &[Trap::OutOfBoundsTableAccess],
    ),
    // Liftoff says this of a null element too; TurboFan tells them apart.
    trap(
        "RuntimeError: function signature mismatch",
        &[Trap::IndirectCallTypeMismatch, Trap::UninitializedElement],
    ),
    trap("RuntimeError: null function", &[Trap::UninitializedElement]),
    trap(
        "RuntimeError: dereferencing a null pointer",
        &[Trap::NullReference],
    ),
    trap(
        "RuntimeError: rethrowing null value",
        &[Trap::NullReference],
    ),
    trap(
        "RuntimeError: array element access out of bounds",
        &[Trap::OutOfBoundsArrayAccess],
    ),
    trap("RuntimeError: illegal cast", &[Trap::CastFailure]),
    trap(
        "RuntimeError: operation does not support unaligned accesses",
        &[Trap::UnalignedAtomic],
    ),
    trap(
        "RuntimeError: Atomics.wait cannot be called in this context",
        &[Trap::ExpectedSharedMemory],
    ),
    exhausted(
        "RangeError: Maximum call stack size exceeded",
        Resource::Stack,
    ),
    exhausted(
        "RuntimeError: requested new array is too large",
        Resource::Memory,
    ),
    exhausted(
        "RuntimeError: WebAssembly.Instance(): requested new array is too large",
        Resource::Memory,
    ),
    exhausted(
        "RangeError: WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance",
        Resource::Memory,
    ),
];

/// JavaScriptCore, as of Bun 1.4.
pub(crate) const JSC: &[Row] = &[
    trap(
        "RuntimeError: Unreachable code should not be executed",
        &[Trap::Unreachable],
    ),
    trap(
        "RuntimeError: Division by zero",
        &[Trap::IntegerDivideByZero],
    ),
    trap("RuntimeError: Integer overflow", &[Trap::IntegerOverflow]),
    trap(
        "RuntimeError: Out of bounds Trunc operation",
        &[Trap::IntegerOverflow, Trap::InvalidConversionToInteger],
    ),
    // All that memory.atomic.* refuses is this as well.
    trap(
        "RuntimeError: Out of bounds memory access",
        &[
            Trap::OutOfBoundsMemoryAccess,
            Trap::UnalignedAtomic,
            Trap::ExpectedSharedMemory,
        ],
    ),
    trap(
        "RuntimeError: Unaligned memory access",
        &[Trap::UnalignedAtomic],
    ),
    trap(
        "RuntimeError: Invalid data segment initialization: segment of # bytes memory of # bytes, at offset #, segment writes outside of memory",
        &[Trap::OutOfBoundsMemoryAccess],
    ),
    // What is larger than the whole memory is told so.
    trap(
        "RuntimeError: Invalid data segment initialization: segment of # bytes memory of # bytes, at offset #, segment is too big",
        &[Trap::OutOfBoundsMemoryAccess],
    ),
    trap(
        "RuntimeError: Out of bounds table access",
        &[Trap::OutOfBoundsTableAccess],
    ),
    trap(
        "RuntimeError: Element is trying to set an out of bounds table index",
        &[Trap::OutOfBoundsTableAccess],
    ),
    trap(
        "RuntimeError: Out of bounds call_indirect",
        &[Trap::UndefinedElement],
    ),
    trap(
        "RuntimeError: call_indirect to a signature that does not match",
        &[Trap::IndirectCallTypeMismatch, Trap::UninitializedElement],
    ),
    // ref.cast of null to a concrete type that is not nullable is this as well.
    trap(
        "RuntimeError: access to a null reference",
        &[Trap::NullReference, Trap::CastFailure],
    ),
    trap(
        "RuntimeError: call_ref to a null reference",
        &[Trap::NullReference],
    ),
    trap(
        "RuntimeError: ref.as_non_null to a null reference",
        &[Trap::NullReference],
    ),
    trap(
        "RuntimeError: i31.get_<sx> to a null reference",
        &[Trap::NullReference],
    ),
    trap(
        "RuntimeError: array.init_data to a null reference",
        &[Trap::NullReference],
    ),
    trap(
        "RuntimeError: array.init_elem to a null reference",
        &[Trap::NullReference],
    ),
    trap(
        "RuntimeError: throw_ref on a null reference",
        &[Trap::NullReference],
    ),
    trap(
        "RuntimeError: ref.cast failed to cast reference to target heap type",
        &[Trap::CastFailure],
    ),
    trap(
        "RuntimeError: Out of bounds array.get",
        &[Trap::OutOfBoundsArrayAccess],
    ),
    trap(
        "RuntimeError: Out of bounds array.set",
        &[Trap::OutOfBoundsArrayAccess],
    ),
    trap(
        "RuntimeError: Out of bounds array.fill",
        &[Trap::OutOfBoundsArrayAccess],
    ),
    trap(
        "RuntimeError: Out of bounds array.copy",
        &[Trap::OutOfBoundsArrayAccess],
    ),
    // Of the array or of the segment.
    trap(
        "RuntimeError: Out of bounds array.init_data",
        &[Trap::OutOfBoundsArrayAccess, Trap::OutOfBoundsMemoryAccess],
    ),
    trap(
        "RuntimeError: Out of bounds array.init_elem",
        &[Trap::OutOfBoundsArrayAccess, Trap::OutOfBoundsTableAccess],
    ),
    // What fits in a segment of the module is never too large to allocate.
    trap(
        "RuntimeError: Out of bounds or failed to allocate in array.new_data",
        &[Trap::OutOfBoundsMemoryAccess],
    ),
    trap(
        "RuntimeError: Out of bounds or failed to allocate in array.new_elem",
        &[Trap::OutOfBoundsTableAccess],
    ),
    exhausted(
        "RangeError: Maximum call stack size exceeded.",
        Resource::Stack,
    ),
    exhausted("RangeError: Out of memory", Resource::Memory),
    exhausted(
        "RuntimeError: Failed to allocate new array",
        Resource::Memory,
    ),
    exhausted(
        "RuntimeError: couldn't evaluate constant expression: WebAssembly.Module doesn't parse at byte #: Failed to allocate new array",
        Resource::Memory,
    ),
    exhausted("LinkError: couldn't create Table", Resource::Memory),
];

/// What V8 prints as it ends the process because the heap is full: between these two stands which
/// allocation or collection it was.
const V8_HEAP: (&str, &str) = ("FATAL ERROR: ", " - JavaScript heap out of memory");

/// Whether a process that printed this ended because its heap was full.
pub(crate) fn heap_was_full(stderr: &str) -> bool {
    let (start, end) = V8_HEAP;
    stderr
        .lines()
        .any(|line| line.starts_with(start) && line.ends_with(end))
}
