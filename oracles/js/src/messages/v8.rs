//! What V8 says, in another process or in this one.

use super::{Row, exhausted, trap};
use assay_engine::{Resource, Trap};

/// The texts of V8 14 and 15.
pub const V8: &[Row] = &[
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
    // Of array.new_data and array.init_data.
    trap(
        "RuntimeError: data segment out of bounds",
        &[Trap::OutOfBoundsMemoryAccess],
    ),
    trap(
        "RuntimeError: WebAssembly.Instance(): data segment # is out of bounds (offset #, length #, memory size #)",
        &[Trap::OutOfBoundsMemoryAccess],
    ),
    // Of the table instructions, and of call_indirect.
    trap(
        "RuntimeError: table index is out of bounds",
        &[Trap::OutOfBoundsTableAccess, Trap::UndefinedElement],
    ),
    // Of table.init, array.new_elem and array.init_elem.
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
