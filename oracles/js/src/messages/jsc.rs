//! What JavaScriptCore says.

use super::{Row, exhausted, trap};
use assay_engine::{Resource, Trap};

/// The texts of JavaScriptCore, as of Bun 1.4.
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
