//! wasmi's errors as outcomes, by their kinds and never by their texts.

use crate::engine::NAME;
use crate::host::Leave;
use assay_engine::{EngineError, Outcome, Phase, Resource, Trap, Traps};
use wasmi::errors::{ErrorKind, InstantiationError, MemoryError, TableError};
use wasmi::{Error, TrapCode};

/// The traps that a trap code may mean. wasmi has one code for a table index out of bounds,
/// whether it was an access or an indirect call.
const TRAPS: &[(TrapCode, Traps)] = &[
    (
        TrapCode::UnreachableCodeReached,
        Traps::any_of(&[Trap::Unreachable]),
    ),
    (
        TrapCode::MemoryOutOfBounds,
        Traps::any_of(&[Trap::OutOfBoundsMemoryAccess]),
    ),
    (
        TrapCode::TableOutOfBounds,
        Traps::any_of(&[Trap::OutOfBoundsTableAccess, Trap::UndefinedElement]),
    ),
    (
        TrapCode::IndirectCallToNull,
        Traps::any_of(&[Trap::UninitializedElement]),
    ),
    (
        TrapCode::IntegerDivisionByZero,
        Traps::any_of(&[Trap::IntegerDivideByZero]),
    ),
    (
        TrapCode::IntegerOverflow,
        Traps::any_of(&[Trap::IntegerOverflow]),
    ),
    (
        TrapCode::BadConversionToInteger,
        Traps::any_of(&[Trap::InvalidConversionToInteger]),
    ),
    (
        TrapCode::BadSignature,
        Traps::any_of(&[Trap::IndirectCallTypeMismatch]),
    ),
];

/// What an error of compilation, instantiation or a call comes to.
///
/// # Errors
///
/// When it speaks of something that the adapter does not do, such as fuel.
pub(crate) fn of_error(error: &Error) -> Result<Outcome, EngineError> {
    let outcome = match error.kind() {
        ErrorKind::TrapCode(code) => of_code(*code),
        ErrorKind::Host(host) => match host.downcast_ref::<Leave>() {
            Some(Leave::Trap) => Some(Outcome::Trapped(Trap::Host.into())),
            Some(Leave::Failure) | None => None,
        },
        ErrorKind::Memory(error) => of_memory(*error),
        ErrorKind::Table(error) => of_table(*error),
        ErrorKind::Instantiation(error) => of_instantiation(error),
        ErrorKind::Read(_)
        | ErrorKind::Wasm(_)
        | ErrorKind::Translation(_)
        | ErrorKind::UserLimits(_)
        | ErrorKind::ImplementationLimits(_)
        | ErrorKind::Ir(_) => Some(Outcome::Rejected(Phase::Compile)),
        _ => None,
    };
    outcome.ok_or_else(|| EngineError::misuse(NAME, error.to_string()))
}

fn of_code(code: TrapCode) -> Option<Outcome> {
    match code {
        TrapCode::StackOverflow => Some(Outcome::Exhausted(Resource::Stack)),
        TrapCode::GrowthOperationLimited | TrapCode::OutOfSystemMemory => out_of_memory(),
        _ => TRAPS
            .iter()
            .find(|(known, _)| *known == code)
            .map(|&(_, traps)| Outcome::Trapped(traps)),
    }
}

fn of_memory(error: MemoryError) -> Option<Outcome> {
    match error {
        MemoryError::OutOfBoundsAccess => of_code(TrapCode::MemoryOutOfBounds),
        MemoryError::OutOfSystemMemory
        | MemoryError::ResourceLimiterDeniedAllocation
        | MemoryError::MinimumSizeOverflow
        | MemoryError::MaximumSizeOverflow => out_of_memory(),
        _ => None,
    }
}

fn of_table(error: TableError) -> Option<Outcome> {
    match error {
        TableError::InitOutOfBounds => Some(Outcome::Trapped(Trap::OutOfBoundsTableAccess.into())),
        TableError::OutOfSystemMemory
        | TableError::ResourceLimiterDeniedAllocation
        | TableError::MinimumSizeOverflow
        | TableError::MaximumSizeOverflow => out_of_memory(),
        _ => None,
    }
}

fn of_instantiation(error: &InstantiationError) -> Option<Outcome> {
    use InstantiationError as E;
    match error {
        E::MismatchedNumberOfImports { .. }
        | E::ImportTypeMismatch { .. }
        | E::GlobalTypeMismatch { .. }
        | E::FuncTypeMismatch { .. }
        | E::TableTypeMismatch { .. }
        | E::MemoryTypeMismatch { .. } => Some(Outcome::Rejected(Phase::Link)),
        E::ElementSegmentDoesNotFit { .. } => {
            Some(Outcome::Trapped(Trap::OutOfBoundsTableAccess.into()))
        }
        E::TooManyInstances | E::TooManyTables | E::TooManyMemories => out_of_memory(),
        E::FailedToInstantiateMemory(error) => of_memory(*error),
        E::FailedToInstantiateTable(error) => of_table(*error),
        _ => None,
    }
}

fn out_of_memory() -> Option<Outcome> {
    Some(Outcome::Exhausted(Resource::Memory))
}
