//! All operators that the decoder knows, by number.

use assay_engine::Features;
use wasmparser::Operator;

/// In place of an operator's number: what an operation does is not to be counted.
pub(crate) const NONE: u16 = u16::MAX;

macro_rules! operators {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        #[repr(u16)]
        enum Number { $($op,)* }

        /// Proposal and name of each operator, by its number.
        pub(crate) const OPERATORS: &[(&str, &str)] =
            &[$((stringify!($proposal), stringify!($op)),)*];

        /// The number of an operator.
        pub(crate) fn number_of(operator: &Operator<'_>) -> u16 {
            match operator {
                $(Operator::$op { .. } => Number::$op as u16,)*
                _ => NONE,
            }
        }
    };
}
wasmparser::for_each_operator!(operators);

/// The operator that ends every body.
pub(crate) const END: u16 = Number::End as u16;

/// The operators that guard, and that hand an exception on.
pub(crate) const TRY_TABLE: u16 = Number::TryTable as u16;
pub(crate) const TRY: u16 = Number::Try as u16;
pub(crate) const DELEGATE: u16 = Number::Delegate as u16;

/// The proposals of the decoder and what a module needs for their operators; nothing for what is
/// in the baseline. A proposal without a line is not for this interpreter.
pub(super) const PROPOSALS: [(&str, Features); 14] = [
    ("mvp", Features::empty()),
    ("sign_extension", Features::empty()),
    ("saturating_float_to_int", Features::empty()),
    ("bulk_memory", Features::empty()),
    ("reference_types", Features::REFERENCE_TYPES),
    ("tail_call", Features::TAIL_CALL),
    ("function_references", Features::FUNCTION_REFERENCES),
    ("gc", Features::GC),
    ("exceptions", Features::EXCEPTIONS),
    ("legacy_exceptions", Features::LEGACY_EXCEPTIONS),
    ("simd", Features::SIMD),
    ("relaxed_simd", Features::RELAXED_SIMD),
    ("threads", Features::THREADS),
    ("wide_arithmetic", Features::WIDE_ARITHMETIC),
];

/// What the decoder knows and no valid module contains: `select` of other than one type.
const NEVER_VALID: [&str; 1] = ["TypedSelectMulti"];

/// The names of all operators that a module with these features may contain.
pub(super) fn operators(features: Features) -> impl Iterator<Item = &'static str> {
    let is_on = move |proposal: &str| {
        let mut known = PROPOSALS.iter();
        known.any(|&(name, needs)| name == proposal && features.contains(needs))
    };
    OPERATORS
        .iter()
        .filter(move |(proposal, name)| is_on(proposal) && !NEVER_VALID.contains(name))
        .map(|&(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Proposals that WebAssembly 3.0 and this interpreter are without.
    const OTHERS: [&str; 4] = [
        "custom_descriptors",
        "memory_control",
        "shared_everything_threads",
        "stack_switching",
    ];

    #[test]
    fn each_proposal_is_known_or_left_out() {
        let known: BTreeSet<&str> = PROPOSALS.iter().map(|(name, _)| *name).collect();
        let listed: BTreeSet<&str> = OPERATORS.iter().map(|(proposal, _)| *proposal).collect();
        let all: BTreeSet<&str> = known.iter().copied().chain(OTHERS).collect();
        assert_eq!(listed, all);
        assert_eq!(known.len() + OTHERS.len(), all.len());
    }

    #[test]
    fn numbers_are_places_in_the_list() {
        let name = |operator: Operator<'_>| OPERATORS[number_of(&operator) as usize].1;
        assert_eq!(name(Operator::Unreachable), "Unreachable");
        assert_eq!(name(Operator::I8x16Add), "I8x16Add");
        assert_eq!(name(Operator::I64MulWideU), "I64MulWideU");
        assert_eq!(OPERATORS[TRY_TABLE as usize].1, "TryTable");
    }
}
