//! The form of every scenario here: an operation that gives a digest or a fallback, errors judged by
//! their type, and a store that must still work afterwards.

use crate::{unwind, world};
use assay_oom::{AnyScenario, Response, Scenario, digest};
use std::cell::Cell;
use std::hash::Hash;
use wasmtime::{Error, GcHeapOutOfMemory, OutOfMemory, Result};

/// What an operation shows when it succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// All that can be seen of it, as a digest.
    Value(u64),
    /// The same, beside a backtrace of so many frames. One that is shorter than the clean run's is the
    /// fallback `backtrace`.
    Traced(u64, usize),
    /// A specified fallback, one of [`FALLBACKS`].
    Fallback(&'static str),
}

/// The specified ways to go on without the memory. An operation says so only after it has looked.
/// - `memory.grow` and `table.grow` give −1 and leave the size alone;
/// - `Memory::grow` gives an error of no type and leaves the size alone, as at any other limit;
/// - a backtrace is shorter or empty, which `WasmBacktrace` chooses over losing the trap.
pub(crate) const FALLBACKS: &[&str] = &["memory.grow", "table.grow", "Memory::grow", "backtrace"];

impl Seen {
    /// The same, with more to be seen.
    pub(crate) fn and(self, more: impl Hash) -> Self {
        match self {
            Self::Value(seen) => Self::Value(digest(&(seen, more))),
            Self::Traced(seen, frames) => Self::Traced(digest(&(seen, more)), frames),
            Self::Fallback(name) => Self::Fallback(name),
        }
    }
}

impl From<u64> for Seen {
    fn from(digest: u64) -> Self {
        Self::Value(digest)
    }
}

/// What every scenario counts.
pub(crate) const GAUGES: &[&str] = &["host data alive", "registered unwind tables"];

type Prepare<P> = dyn Fn() -> P;
type Operation<P> = dyn Fn(&mut P) -> Result<Seen>;
type Verify<P> = dyn Fn(&mut P) -> Result<(), String>;
type Gauge = (&'static str, Box<dyn Fn() -> i64>);

/// A scenario.
pub(crate) struct Case<P> {
    name: String,
    prepare: Box<Prepare<P>>,
    operation: Box<Operation<P>>,
    /// Asked after each failure.
    verify: Vec<Box<Verify<P>>>,
    /// Whether the operation is done once more, with memory there again, on what it worked on.
    again: bool,
    gauges: Vec<Gauge>,
    gauge_names: &'static [&'static str],
    /// What the first run, which is a clean one, gave.
    clean: Cell<Option<Seen>>,
}

impl<P: 'static> Case<P> {
    /// A scenario whose operation, done once more after a failure, must give the clean result.
    pub(crate) fn new<S: Into<Seen>>(
        name: impl Into<String>,
        prepare: impl Fn() -> P + 'static,
        operation: impl Fn(&mut P) -> Result<S> + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            prepare: Box::new(prepare),
            operation: Box::new(move |prepared| operation(prepared).map(Into::into)),
            verify: Vec::new(),
            again: true,
            gauges: vec![
                ("host data alive", Box::new(world::alive)),
                ("registered unwind tables", Box::new(unwind::registered)),
            ],
            gauge_names: GAUGES,
            clean: Cell::new(None),
        }
    }

    /// The operation cannot be done twice on the same: this is asked instead.
    pub(crate) fn instead(
        mut self,
        verify: impl Fn(&mut P) -> Result<(), String> + 'static,
    ) -> Self {
        self.again = false;
        self.also(verify)
    }

    /// This is asked as well, first.
    pub(crate) fn also(mut self, verify: impl Fn(&mut P) -> Result<(), String> + 'static) -> Self {
        self.verify.push(Box::new(verify));
        self
    }

    /// Balances these gauges as well.
    pub(crate) fn gauges(mut self, names: &'static [&'static str], gauges: Vec<Gauge>) -> Self {
        self.gauges.extend(gauges);
        self.gauge_names = names;
        debug_assert!(
            self.gauges
                .iter()
                .map(|gauge| gauge.0)
                .eq(names.iter().copied())
        );
        self
    }

    /// Without its types.
    pub(crate) fn done(self) -> Box<dyn AnyScenario> {
        Box::new(self)
    }

    fn response(&self, seen: Seen) -> Response {
        let clean = self.clean.get().unwrap_or(seen);
        self.clean.set(Some(clean));
        match (seen, clean) {
            (Seen::Fallback(name), _) => Response::Fallback(name),
            (Seen::Value(digest), _) => Response::Value(digest),
            (Seen::Traced(one, frames), Seen::Traced(two, all)) if one == two && frames < all => {
                Response::Fallback("backtrace")
            }
            (Seen::Traced(seen, frames), _) => Response::Value(digest(&(seen, frames))),
        }
    }

    fn once_more(&self, prepared: &mut P) -> Result<(), String> {
        match ((self.operation)(prepared), self.clean.get()) {
            (Ok(seen), Some(clean)) if seen == clean => Ok(()),
            (Ok(seen), _) => Err(format!("with memory there again it gives {seen:?}")),
            (Err(error), _) if is_poison(&error) => Ok(()),
            (Err(error), _) => Err(format!("with memory there again it fails: {error:?}")),
        }
    }
}

impl<P: 'static> Scenario for Case<P> {
    type Prepared = P;
    type Output = Seen;
    type Error = Error;

    fn name(&self) -> &str {
        &self.name
    }

    fn prepare(&self) -> P {
        (self.prepare)()
    }

    fn operation(&self, prepared: &mut P) -> Result<Seen> {
        (self.operation)(prepared)
    }

    fn judge(&self, result: Result<&Seen, &Error>) -> Response {
        match result {
            Ok(seen) => self.response(*seen),
            Err(error) if is_exhausted(error) => Response::Exhausted,
            Err(error) => Response::Other(format!("{error:#}")),
        }
    }

    fn verify(&self, prepared: &mut P, _failed: &Response) -> Result<(), String> {
        for verify in &self.verify {
            verify(prepared)?;
        }
        match self.again {
            true => self.once_more(prepared),
            false => Ok(()),
        }
    }

    fn fallbacks(&self) -> &'static [&'static str] {
        FALLBACKS
    }

    fn gauges(&self) -> &'static [&'static str] {
        self.gauge_names
    }

    fn read_gauge(&self, gauge: usize) -> i64 {
        self.gauges.get(gauge).map_or(0, |(_, read)| read())
    }
}

/// Whether an error says, by its type, that memory ran out: that of the heap (Wasmtime's own type),
/// that of the operating system (the error number that the system call gave), or the collected heap's,
/// which carries the host object that found no room; those of scenarios are numbers.
pub(crate) fn is_exhausted(error: &Error) -> bool {
    error.is::<OutOfMemory>()
        || error.is::<GcHeapOutOfMemory<()>>()
        || error.is::<GcHeapOutOfMemory<u32>>()
        || error.downcast_ref::<rustix::io::Errno>() == Some(&rustix::io::Errno::NOMEM)
        || error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::OutOfMemory)
}

/// A memory that the host could not grow: a fallback, when its size is what it was and the error says
/// nothing else.
pub(crate) fn not_grown(error: Error, unchanged: bool) -> Result<Seen> {
    match unchanged && !is_exhausted(&error) && !error.is::<wasmtime::Trap>() {
        true => Ok(Seen::Fallback("Memory::grow")),
        false => Err(error),
    }
}

/// Whether an error says, by its type, that what was used may not be used any more.
fn is_poison(error: &Error) -> bool {
    matches!(
        error.downcast_ref::<wasmtime::Trap>(),
        Some(wasmtime::Trap::CannotEnterComponent)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::Trap;

    /// A scenario whose operation gives one thing after another.
    fn giving(results: fn(u32) -> Result<Seen>) -> Case<u32> {
        Case::new(
            "giving",
            || 0,
            move |count| {
                *count += 1;
                results(*count)
            },
        )
    }

    /// The clean run, and then what `verify` says after a failure.
    fn verified(case: &Case<u32>) -> Result<(), String> {
        let mut prepared = case.prepare();
        let clean = case.operation(&mut prepared);
        assert!(matches!(case.judge(clean.as_ref()), Response::Value(_)));
        case.verify(&mut prepared, &Response::Exhausted)
    }

    #[test]
    fn the_same_again_is_right() {
        assert_eq!(verified(&giving(|_| Ok(Seen::Value(3)))), Ok(()));
    }

    #[test]
    fn only_a_shorter_backtrace_is_a_fallback() {
        let case = giving(|_| Ok(Seen::Traced(3, 2)));
        let judge = |seen: Seen| case.judge(Ok(&seen));
        let clean = judge(Seen::Traced(3, 2));
        assert!(matches!(clean, Response::Value(_)));
        assert_eq!(judge(Seen::Traced(3, 1)), Response::Fallback("backtrace"));
        for seen in [Seen::Traced(4, 1), Seen::Traced(3, 3), Seen::Value(3)] {
            let other = judge(seen);
            assert!(
                matches!(other, Response::Value(_)) && other != clean,
                "{seen:?}"
            );
        }
    }

    #[test]
    fn another_result_afterwards_is_a_complaint() {
        let case = giving(|count| Ok(Seen::Value(u64::from(count))));
        assert!(verified(&case).is_err());
        let case = giving(|count| match count {
            1 => Ok(Seen::Value(3)),
            _ => Ok(Seen::Fallback("memory.grow")),
        });
        assert!(verified(&case).is_err());
    }

    #[test]
    fn an_error_afterwards_is_a_complaint_unless_it_says_poison() {
        let case = giving(|count| match count {
            1 => Ok(Seen::Value(3)),
            _ => Err(Trap::UnreachableCodeReached.into()),
        });
        assert!(verified(&case).is_err());
        let case = giving(|count| match count {
            1 => Ok(Seen::Value(3)),
            _ => Err(Trap::CannotEnterComponent.into()),
        });
        assert_eq!(verified(&case), Ok(()));
    }

    #[test]
    fn only_types_say_that_memory_ran_out() {
        use rustix::io::Errno;
        for (error, exhausted) in [
            (Error::from(OutOfMemory::new(8)), true),
            (
                Error::from(OutOfMemory::new(8)).context("while linking"),
                true,
            ),
            (Error::from(Errno::NOMEM), true),
            (Error::from(Errno::NOMEM).context("while mapping"), true),
            (Error::from(Errno::INVAL), false),
            (Error::from(Trap::UnreachableCodeReached), false),
            (Error::msg("out of memory"), false),
        ] {
            assert_eq!(is_exhausted(&error), exhausted, "{error:?}");
        }
    }
}
