//! Scenarios: what is explored.

use std::hash::{DefaultHasher, Hash, Hasher};

/// One thing that a library does, to be done once with each request for memory failing.
///
/// The value itself is the setup, made once and kept over all runs: an engine, a compiled module.
/// Each run then prepares, operates, verifies, and drops everything. All of it must be the same
/// each time: the explorer compares runs, down to the order of their requests.
pub trait Scenario {
    /// What one run works on; dropped before balances are drawn.
    type Prepared;
    /// What the operation gives.
    type Output;
    /// How it fails.
    type Error;

    /// Its name: letters, digits, `-`, `_` and `.`.
    fn name(&self) -> &str;

    /// Makes what a run works on. Nothing fails here.
    fn prepare(&self) -> Self::Prepared;

    /// The operation, in which memory runs out.
    ///
    /// # Errors
    ///
    /// What the library says, unchanged.
    fn operation(&self, prepared: &mut Self::Prepared) -> Result<Self::Output, Self::Error>;

    /// What a result means. A plain success is its digest ([`digest`]), which is compared with that
    /// of the clean run.
    fn judge(&self, result: Result<&Self::Output, &Self::Error>) -> Response;

    /// After a failure, with memory there again: does what was prepared still work? It must give what
    /// it would have given, or a typed error that says that it is poisoned. Whether a *fresh* run
    /// still gives the clean result is asked by the explorer itself.
    ///
    /// # Errors
    ///
    /// What does not work any more, in words.
    fn verify(&self, prepared: &mut Self::Prepared, failed: &Response) -> Result<(), String> {
        let _ = (prepared, failed);
        Ok(())
    }

    /// The specified fallbacks, by name: `memory.grow` gives −1 and leaves the size alone.
    fn fallbacks(&self) -> &'static [&'static str] {
        &[]
    }

    /// What else must be the same after a run as before: registered tables, slots of a pool.
    fn gauges(&self) -> &'static [&'static str] {
        &[]
    }

    /// Reads gauge number `gauge`.
    fn read_gauge(&self, gauge: usize) -> i64 {
        let _ = gauge;
        0
    }
}

/// What a result means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// Success, with the digest of all that can be seen of it.
    Value(u64),
    /// The error that says that memory ran out.
    Exhausted,
    /// A specified fallback, one of [`Scenario::fallbacks`].
    Fallback(&'static str),
    /// Any other error.
    Other(String),
}

/// The digest of a value: the same in every process.
pub fn digest(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A scenario from three closures, for those that need no more.
///
/// ```
/// use assay_oom::{Simple, Response};
/// let scenario = Simple::new(
///     "reserve",
///     || Vec::<u8>::new(),
///     |vec| vec.try_reserve(100).map(|()| vec.capacity()),
///     |result| match result {
///         Ok(capacity) => Response::Value(assay_oom::digest(capacity)),
///         Err(_) => Response::Exhausted,
///     },
/// );
/// # let _ = scenario;
/// ```
pub struct Simple<P, T, E> {
    name: String,
    prepare: Box<dyn Fn() -> P>,
    operation: Box<Operation<P, T, E>>,
    judge: Box<Judge<T, E>>,
    verify: Box<Verify<P>>,
    fallbacks: &'static [&'static str],
    gauges: &'static [&'static str],
    read_gauge: fn(usize) -> i64,
}

type Operation<P, T, E> = dyn Fn(&mut P) -> Result<T, E>;
type Judge<T, E> = dyn Fn(Result<&T, &E>) -> Response;
type Verify<P> = dyn Fn(&mut P, &Response) -> Result<(), String>;

impl<P, T, E> Simple<P, T, E> {
    /// A scenario that prepares, operates and judges so.
    pub fn new(
        name: impl Into<String>,
        prepare: impl Fn() -> P + 'static,
        operation: impl Fn(&mut P) -> Result<T, E> + 'static,
        judge: impl Fn(Result<&T, &E>) -> Response + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            prepare: Box::new(prepare),
            operation: Box::new(operation),
            judge: Box::new(judge),
            verify: Box::new(|_, _| Ok(())),
            fallbacks: &[],
            gauges: &[],
            read_gauge: |_| 0,
        }
    }

    /// Verifies so ([`Scenario::verify`]).
    #[must_use]
    pub fn verify(
        mut self,
        verify: impl Fn(&mut P, &Response) -> Result<(), String> + 'static,
    ) -> Self {
        self.verify = Box::new(verify);
        self
    }

    /// Allows these fallbacks ([`Scenario::fallbacks`]).
    #[must_use]
    pub fn fallbacks(mut self, fallbacks: &'static [&'static str]) -> Self {
        self.fallbacks = fallbacks;
        self
    }

    /// Balances these gauges ([`Scenario::gauges`]).
    #[must_use]
    pub fn gauges(mut self, gauges: &'static [&'static str], read: fn(usize) -> i64) -> Self {
        self.gauges = gauges;
        self.read_gauge = read;
        self
    }
}

impl<P, T, E> Scenario for Simple<P, T, E> {
    type Prepared = P;
    type Output = T;
    type Error = E;

    fn name(&self) -> &str {
        &self.name
    }

    fn prepare(&self) -> P {
        (self.prepare)()
    }

    fn operation(&self, prepared: &mut P) -> Result<T, E> {
        (self.operation)(prepared)
    }

    fn judge(&self, result: Result<&T, &E>) -> Response {
        (self.judge)(result)
    }

    fn verify(&self, prepared: &mut P, failed: &Response) -> Result<(), String> {
        (self.verify)(prepared, failed)
    }

    fn fallbacks(&self) -> &'static [&'static str] {
        self.fallbacks
    }

    fn gauges(&self) -> &'static [&'static str] {
        self.gauges
    }

    fn read_gauge(&self, gauge: usize) -> i64 {
        (self.read_gauge)(gauge)
    }
}

impl<P, T, E> std::fmt::Debug for Simple<P, T, E> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Simple")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
