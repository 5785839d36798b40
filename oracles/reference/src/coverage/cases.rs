//! The special cases of each operator, by its name: the ways that it can go, and how it can trap.

use super::Way;
use assay_engine::Trap;

/// Which names a row is for.
enum Names {
    /// These.
    Are(&'static [&'static str]),
    /// All that begin with the one and contain the other.
    Have(&'static str, &'static str),
}

impl Names {
    fn fit(&self, name: &str) -> bool {
        match self {
            Self::Are(names) => names.contains(&name),
            Self::Have(start, part) => name.starts_with(start) && name.contains(part),
        }
    }
}

use Names::{Are, Have};
use Trap as T;
use Way::{
    Beyond, Catch, CatchAll, CatchAllRef, CatchRef, Default, Equal, Granted, NotTaken, Null,
    Passed, Refused, Straddling, Taken, Unequal, Within,
};

const BOTH: &[Way] = &[Taken, NotTaken];
const CAST: &[Way] = &[Taken, NotTaken, Null];
const PLACE: &[Way] = &[Within, Beyond];
const RANGE: &[Way] = &[Within, Straddling, Beyond];
const GROW: &[Way] = &[Granted, Refused];
const EXCHANGE: &[Way] = &[Within, Beyond, Equal, Unequal];
const NULL: &[Trap] = &[T::NullReference];
const MEMORY: &[Trap] = &[T::OutOfBoundsMemoryAccess];
const ATOMIC: &[Trap] = &[T::OutOfBoundsMemoryAccess, T::UnalignedAtomic];
const WAIT: &[Trap] = &[
    T::OutOfBoundsMemoryAccess,
    T::UnalignedAtomic,
    T::ExpectedSharedMemory,
];
const TABLE: &[Trap] = &[T::OutOfBoundsTableAccess];
const ARRAY: &[Trap] = &[T::NullReference, T::OutOfBoundsArrayAccess];
const INDIRECT: &[Trap] = &[
    T::UndefinedElement,
    T::UninitializedElement,
    T::IndirectCallTypeMismatch,
];
const DIVIDE: &[Trap] = &[T::IntegerDivideByZero];
const DIVIDE_SIGNED: &[Trap] = &[T::IntegerDivideByZero, T::IntegerOverflow];
const TRUNCATE: &[Trap] = &[T::IntegerOverflow, T::InvalidConversionToInteger];

/// The first row that fits a name counts. An access of one byte cannot straddle the end, nor can
/// an aligned one where the memory has a whole number of such places.
#[rustfmt::skip]
const CASES: &[(Names, &[Way], &[Trap])] = &[
    (Are(&["Unreachable"]), &[], &[T::Unreachable]),
    (Are(&["If", "BrIf", "Select", "TypedSelect", "BrOnNull", "BrOnNonNull", "RefIsNull"]), BOTH, &[]),
    (Are(&["BrTable"]), &[Taken, Default], &[]),
    (Are(&["TryTable"]), &[Catch, CatchRef, CatchAll, CatchAllRef, Passed], &[]),
    (Are(&["Try"]), &[Catch, CatchAll, Passed], &[]),
    (Are(&["Delegate"]), &[Taken], &[]),
    (Are(&["ThrowRef"]), &[], NULL),
    (Are(&["CallIndirect", "ReturnCallIndirect"]), PLACE, INDIRECT),
    (Are(&["CallRef", "ReturnCallRef", "RefAsNonNull", "I31GetS", "I31GetU"]), &[], NULL),
    (Have("RefTest", ""), CAST, &[]),
    (Have("RefCast", ""), CAST, &[T::CastFailure]),
    (Have("BrOnCast", ""), CAST, &[]),
    (Have("StructGet", ""), &[], NULL),
    (Are(&["StructSet", "ArrayLen"]), &[], NULL),
    (Are(&["ArrayNewData"]), RANGE, MEMORY),
    (Are(&["ArrayNewElem"]), RANGE, TABLE),
    (Are(&["ArrayInitData"]), RANGE, &[T::NullReference, T::OutOfBoundsArrayAccess, T::OutOfBoundsMemoryAccess]),
    (Are(&["ArrayInitElem"]), RANGE, &[T::NullReference, T::OutOfBoundsArrayAccess, T::OutOfBoundsTableAccess]),
    (Are(&["ArrayFill", "ArrayCopy"]), RANGE, ARRAY),
    (Are(&["ArraySet"]), PLACE, ARRAY),
    (Have("ArrayGet", ""), PLACE, ARRAY),
    (Are(&["TableGet", "TableSet"]), PLACE, TABLE),
    (Are(&["TableFill", "TableCopy", "TableInit"]), RANGE, TABLE),
    (Are(&["MemoryFill", "MemoryCopy", "MemoryInit"]), RANGE, MEMORY),
    (Are(&["MemoryGrow", "TableGrow"]), GROW, &[]),
    (Are(&["I32AtomicRmw8CmpxchgU", "I64AtomicRmw8CmpxchgU"]), EXCHANGE, MEMORY),
    (Have("", "Cmpxchg"), EXCHANGE, ATOMIC),
    (Have("MemoryAtomicWait", ""), PLACE, WAIT),
    (Are(&["MemoryAtomicNotify"]), PLACE, ATOMIC),
    (Have("I32Atomic", "8"), PLACE, MEMORY),
    (Have("I64Atomic", "8"), PLACE, MEMORY),
    (Have("I32Atomic", ""), PLACE, ATOMIC),
    (Have("I64Atomic", ""), PLACE, ATOMIC),
    (Have("V128Load8x8", ""), RANGE, MEMORY),
    (Have("", "Load8"), PLACE, MEMORY),
    (Have("", "Store8"), PLACE, MEMORY),
    (Have("", "Load"), RANGE, MEMORY),
    (Have("", "Store"), RANGE, MEMORY),
    (Are(&["I32DivS", "I64DivS"]), &[], DIVIDE_SIGNED),
    (Are(&["I32DivU", "I32RemS", "I32RemU", "I64DivU", "I64RemS", "I64RemU"]), &[], DIVIDE),
    (Have("I32TruncF", ""), &[], TRUNCATE),
    (Have("I64TruncF", ""), &[], TRUNCATE),
];

/// The ways that an operator can go, and the traps that it can end in.
pub(super) fn cases(operator: &str) -> (&'static [Way], &'static [Trap]) {
    let row = CASES.iter().find(|(names, _, _)| names.fit(operator));
    row.map_or((&[], &[]), |&(_, ways, traps)| (ways, traps))
}

#[cfg(test)]
mod tests {
    use super::super::operators::operators;
    use super::*;
    use assay_engine::Features;

    #[test]
    fn each_row_is_the_first_for_some_operator() {
        for (at, (_, ways, traps)) in CASES.iter().enumerate() {
            let first = |name: &str| CASES.iter().position(|(names, _, _)| names.fit(name));
            let used = operators(Features::all()).any(|name| first(name) == Some(at));
            assert!(used, "row {at}: {ways:?} {traps:?}");
        }
    }

    #[test]
    fn the_width_of_an_access_decides() {
        assert_eq!(cases("I32Load8U"), (PLACE, MEMORY));
        assert_eq!(cases("V128Load8x8S"), (RANGE, MEMORY));
        assert_eq!(cases("V128Store8Lane"), (PLACE, MEMORY));
        assert_eq!(cases("I64Store32"), (RANGE, MEMORY));
        assert_eq!(cases("I64AtomicRmw8AddU"), (PLACE, MEMORY));
        assert_eq!(cases("I64AtomicRmw32AddU"), (PLACE, ATOMIC));
        assert_eq!(cases("I32Add"), (&[][..], &[][..]));
    }
}
