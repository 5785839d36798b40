//! What an error of Wasmtime's means. Types decide, never texts.

use crate::objects::HostObject;
use assay_engine::{Resource, Trap, Traps};
use wasmtime::{
    Error, GcHeapOutOfMemory, OutOfMemory, PoolConcurrencyLimitError, ThrownException, WasmtimeBug,
};

/// Why a host function does not return.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostError {
    /// It traps.
    #[error("host trap")]
    Trap,
    /// The program, or this adapter, broke a rule.
    #[error("{0}")]
    Misuse(String),
}

impl HostError {
    /// A rule was broken.
    pub(crate) fn misuse(what: impl Into<String>) -> Error {
        Error::new(Self::Misuse(what.into()))
    }
}

/// What an error means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A trap.
    Trapped(Traps),
    /// A limit of the engine.
    Exhausted(Resource),
    /// An exception, which is pending in the store.
    Threw,
    /// A fault of the program or of this adapter.
    Misuse(String),
    /// None of these: Wasmtime does not do what it says.
    Unknown,
}

impl Failure {
    pub(crate) fn of(error: &Error) -> Self {
        if error.is::<WasmtimeBug>() {
            Self::Unknown
        } else if error.is::<ThrownException>() {
            Self::Threw
        } else if let Some(error) = error.downcast_ref::<HostError>() {
            match error {
                HostError::Trap => Self::Trapped(Trap::Host.into()),
                HostError::Misuse(what) => Self::Misuse(what.clone()),
            }
        } else if let Some(trap) = error.downcast_ref::<wasmtime::Trap>() {
            Self::of_trap(*trap)
        } else if error.is::<GcHeapOutOfMemory<()>>()
            || error.is::<GcHeapOutOfMemory<HostObject>>()
            || error.is::<OutOfMemory>()
            || error.is::<PoolConcurrencyLimitError>()
        {
            Self::Exhausted(Resource::Memory)
        } else {
            Self::Unknown
        }
    }

    /// Wasmtime's traps. It has one for `call_indirect` and for `table.*` out of bounds.
    pub(crate) fn of_trap(trap: wasmtime::Trap) -> Self {
        use wasmtime::Trap as T;
        let trap = match trap {
            T::StackOverflow => return Self::Exhausted(Resource::Stack),
            T::OutOfFuel => return Self::Exhausted(Resource::Time),
            T::Interrupt => return Self::Exhausted(Resource::Time),
            T::AllocationTooLarge => return Self::Exhausted(Resource::Memory),
            T::TableOutOfBounds => {
                let traps = Traps::any_of(&[Trap::UndefinedElement, Trap::OutOfBoundsTableAccess]);
                return Self::Trapped(traps);
            }
            T::MemoryOutOfBounds => Trap::OutOfBoundsMemoryAccess,
            T::HeapMisaligned => Trap::UnalignedAtomic,
            T::IndirectCallToNull => Trap::UninitializedElement,
            T::BadSignature => Trap::IndirectCallTypeMismatch,
            T::IntegerOverflow => Trap::IntegerOverflow,
            T::IntegerDivisionByZero => Trap::IntegerDivideByZero,
            T::BadConversionToInteger => Trap::InvalidConversionToInteger,
            T::UnreachableCodeReached => Trap::Unreachable,
            T::AtomicWaitNonSharedMemory => Trap::ExpectedSharedMemory,
            T::NullReference => Trap::NullReference,
            T::ArrayOutOfBounds => Trap::OutOfBoundsArrayAccess,
            T::CastFailure => Trap::CastFailure,
            // The rest belongs to components, to stack switching, or to byte code that was
            // disabled: no module that we run can meet them.
            _ => return Self::Unknown,
        };
        Self::Trapped(trap.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The traps that a core module cannot meet, each by number: a new version of Wasmtime that
    /// has another one fails here.
    #[test]
    fn every_trap_is_known() {
        use wasmtime::Trap as T;
        let foreign = [
            T::CannotEnterComponent,
            T::NoAsyncResult,
            T::UnhandledTag,
            T::ContinuationAlreadyConsumed,
            T::DisabledOpcode,
            T::AsyncDeadlock,
            T::CannotLeaveComponent,
            T::CannotBlockSyncTask,
            T::InvalidChar,
            T::DebugAssertStringEncodingFinished,
            T::DebugAssertEqualCodeUnits,
            T::DebugAssertPointerAligned,
            T::DebugAssertUpperBitsUnset,
            T::StringOutOfBounds,
            T::ListOutOfBounds,
            T::InvalidDiscriminant,
            T::UnalignedPointer,
            T::TaskCancelNotCancelled,
            T::TaskCancelOrReturnTwice,
            T::SubtaskCancelAfterTerminal,
            T::TaskReturnInvalid,
            T::WaitableSetDropHasWaiters,
            T::SubtaskDropNotResolved,
            T::ThreadNewIndirectInvalidType,
            T::ThreadNewIndirectUninitialized,
            T::BackpressureOverflow,
            T::UnsupportedCallbackCode,
            T::CannotResumeThread,
            T::ConcurrentFutureStreamOp,
            T::ReferenceCountOverflow,
            T::StreamOpTooBig,
            T::WaitableSyncAndAsync,
            T::UncaughtException,
        ];
        let unknown: Vec<_> = (0..=u8::MAX)
            .filter_map(T::from_u8)
            .filter(|&trap| Failure::of_trap(trap) == Failure::Unknown)
            .collect();
        assert_eq!(unknown, foreign);
    }

    #[test]
    fn an_error_keeps_its_meaning_under_context() {
        let trap = Error::new(HostError::Trap).context("in the host");
        assert_eq!(Failure::of(&trap), Failure::Trapped(Trap::Host.into()));
        let trap = Error::new(wasmtime::Trap::StackOverflow).context("deep down");
        assert_eq!(Failure::of(&trap), Failure::Exhausted(Resource::Stack));
        assert_eq!(Failure::of(&Error::msg("stack overflow")), Failure::Unknown);
    }
}
