//! The form of every scenario here: an operation that gives a digest or a fallback, errors judged by
//! their type, and a store that must still work afterwards.

use crate::world;
use assay_oom::{AnyScenario, Response, Scenario};
use std::cell::Cell;
use wasmtime::{Error, GcHeapOutOfMemory, OutOfMemory, Result};

/// What an operation shows when it succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// All that can be seen of it, as a digest.
    Value(u64),
    /// A specified fallback, one of [`FALLBACKS`].
    Fallback(&'static str),
}

/// The specified ways to go on without the memory: `memory.grow` and its like give −1 and leave the
/// size alone. An operation says so only after it has looked at the size.
pub(crate) const FALLBACKS: &[&str] = &["memory.grow", "table.grow"];

impl From<u64> for Seen {
    fn from(digest: u64) -> Self {
        Self::Value(digest)
    }
}

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
    clean: Cell<Option<u64>>,
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
            gauges: vec![("host data alive", Box::new(world::alive))],
            gauge_names: &["host data alive"],
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

    fn once_more(&self, prepared: &mut P) -> Result<(), String> {
        match ((self.operation)(prepared), self.clean.get()) {
            (Ok(Seen::Value(digest)), Some(clean)) if digest == clean => Ok(()),
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
            Ok(Seen::Value(digest)) => {
                if self.clean.get().is_none() {
                    self.clean.set(Some(*digest));
                }
                Response::Value(*digest)
            }
            Ok(Seen::Fallback(name)) => Response::Fallback(name),
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
/// that of the operating system (the error number that the system call gave), or the collected heap's.
pub(crate) fn is_exhausted(error: &Error) -> bool {
    error.is::<OutOfMemory>()
        || error.is::<GcHeapOutOfMemory<()>>()
        || error.downcast_ref::<rustix::io::Errno>() == Some(&rustix::io::Errno::NOMEM)
        || error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::OutOfMemory)
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
