//! The one place that reads what V8 says.
//!
//! A text is the error's class and its message, exact, but for numbers: where the text as it is
//! has no row, each run of digits counts as `#`. The classes `CompileError`, `LinkError` and,
//! while instantiating, `TypeError` say all by themselves and have no rows; a row comes before its
//! class.

use assay_engine::{Outcome, Resource, Trap, Traps};

/// A text, and what it means.
type Row = (&'static str, Outcome);

const fn trapped(text: &'static str, traps: &[Trap]) -> Row {
    (text, Outcome::Trapped(Traps::any_of(traps)))
}

const fn exhausted(text: &'static str, resource: Resource) -> Row {
    (text, Outcome::Exhausted(resource))
}

/// The texts of the V8 that this crate is pinned to. The tests provoke every row.
pub(crate) const TEXTS: &[Row] = &[
    trapped("RuntimeError: unreachable", &[Trap::Unreachable]),
    trapped("RuntimeError: divide by zero", &[Trap::IntegerDivideByZero]),
    trapped(
        "RuntimeError: remainder by zero",
        &[Trap::IntegerDivideByZero],
    ),
    trapped(
        "RuntimeError: divide result unrepresentable",
        &[Trap::IntegerOverflow],
    ),
    trapped(
        "RuntimeError: float unrepresentable in integer range",
        &[Trap::IntegerOverflow, Trap::InvalidConversionToInteger],
    ),
    trapped(
        "RuntimeError: memory access out of bounds",
        &[Trap::OutOfBoundsMemoryAccess],
    ),
    // Of array.new_data and array.init_data.
    trapped(
        "RuntimeError: data segment out of bounds",
        &[Trap::OutOfBoundsMemoryAccess],
    ),
    trapped(
        "RuntimeError: WebAssembly.Instance(): data segment # is out of bounds (offset #, length #, memory size #)",
        &[Trap::OutOfBoundsMemoryAccess],
    ),
    // Of the table instructions, and of call_indirect.
    trapped(
        "RuntimeError: table index is out of bounds",
        &[Trap::OutOfBoundsTableAccess, Trap::UndefinedElement],
    ),
    // Of table.init, array.new_elem and array.init_elem.
    trapped(
        "RuntimeError: element segment out of bounds",
        &[Trap::OutOfBoundsTableAccess],
    ),
    trapped(
        "RuntimeError: WebAssembly.Instance(): table index is out of bounds",
        &[Trap::OutOfBoundsTableAccess],
    ),
    trapped(
        "RuntimeError: function signature mismatch",
        &[Trap::IndirectCallTypeMismatch],
    ),
    trapped("RuntimeError: null function", &[Trap::UninitializedElement]),
    trapped(
        "RuntimeError: dereferencing a null pointer",
        &[Trap::NullReference],
    ),
    trapped(
        "RuntimeError: rethrowing null value",
        &[Trap::NullReference],
    ),
    trapped("RuntimeError: illegal cast", &[Trap::CastFailure]),
    trapped(
        "RuntimeError: array element access out of bounds",
        &[Trap::OutOfBoundsArrayAccess],
    ),
    trapped(
        "RuntimeError: operation does not support unaligned accesses",
        &[Trap::UnalignedAtomic],
    ),
    trapped(
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

/// The outcome that a text means, if there is a row.
pub(crate) fn outcome(text: &str) -> Option<Outcome> {
    let row = row(text).or_else(|| row(&without_digits(text)))?;
    #[cfg(test)]
    tests::note(row.0);
    Some(row.1.clone())
}

fn row(text: &str) -> Option<&'static Row> {
    TEXTS.iter().find(|(known, _)| *known == text)
}

/// The text with `#` for each run of digits.
fn without_digits(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut in_number = false;
    for c in text.chars() {
        if !c.is_ascii_digit() {
            short.push(c);
        } else if !in_number {
            short.push('#');
        }
        in_number = c.is_ascii_digit();
    }
    short
}

#[cfg(test)]
mod tests;
