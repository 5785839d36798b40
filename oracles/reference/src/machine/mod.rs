//! The machine: calls from outside, and the loop that runs code (chapter 4,
//! section "Invocation").

mod call;
mod cold;
mod context;
mod observe;
mod pause;
mod run;
mod state;
mod trace;
mod unwind;

pub(crate) use context::Context;
pub(crate) use state::{Machine, begin};
pub use trace::Active;
pub(crate) use trace::Traces;

use crate::module::ModuleError;
use crate::module::code::Code;
use crate::store::instance::FuncKind;
use crate::store::{Func, Ref, Store, Val, value};
use assay_engine::{Resource, Trap};

/// Why something did not run to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// It trapped.
    #[error("{}", .0.text())]
    Trap(Trap),
    /// It threw this exception, and nothing caught it.
    #[error("uncaught exception")]
    Exception(Ref),
    /// It ran into a limit.
    #[error("out of {0:?}")]
    Exhausted(Resource),
    /// A host function gave up, and knows why.
    #[error("the host gave up")]
    Host,
    /// It was called with arguments of other types than it takes.
    #[error("wrong arguments")]
    Arguments,
    /// A body that validated could not be translated: a fault of this crate.
    #[error("{0}")]
    Code(Box<ModuleError>),
}

impl From<Trap> for Stop {
    fn from(trap: Trap) -> Self {
        Self::Trap(trap)
    }
}

impl From<ModuleError> for Stop {
    fn from(error: ModuleError) -> Self {
        Self::Code(Box::new(error))
    }
}

/// The host: what runs behind the functions that [`Store::new_host_func`] made.
pub trait Host {
    /// Runs function `number` and gives its results, which must be of its type. It may use the
    /// store as it likes, even call into it. Code that is on its way meanwhile cannot call into a
    /// module that was instantiated here; later calls can.
    ///
    /// # Errors
    ///
    /// Whatever is to go on outwards: [`Stop::Trap`], [`Stop::Exception`], [`Stop::Host`].
    fn call(&mut self, store: &mut Store, number: u32, args: &[Val]) -> Result<Vec<Val>, Stop>;
}

/// A host without functions.
impl Host for () {
    fn call(&mut self, _: &mut Store, _: u32, _: &[Val]) -> Result<Vec<Val>, Stop> {
        Err(Stop::Host)
    }
}

/// How deep host functions may call into the store: each level takes native stack.
const MAX_DEPTH: u32 = 64;

impl Store {
    /// Calls a function.
    ///
    /// # Errors
    ///
    /// When it does not return; [`Stop::Arguments`] when the arguments are not of its type.
    pub fn invoke(
        &mut self,
        host: &mut dyn Host,
        func: Func,
        args: &[Val],
    ) -> Result<Vec<Val>, Stop> {
        trace::begin(self);
        invoke(self, host, func, args)
    }
}

/// See [`Store::invoke`].
pub(crate) fn invoke(
    store: &mut Store,
    host: &mut dyn Host,
    func: Func,
    args: &[Val],
) -> Result<Vec<Val>, Stop> {
    let (_, ty) = store.func_type(func);
    if !store.are_of(args, &ty.params) {
        return Err(Stop::Arguments);
    }
    if let FuncKind::Host { number } = store.funcs[func.0 as usize].kind {
        let results = host.call(store, number, args)?;
        let fit = store.are_of(&results, &ty.results);
        return if fit {
            Ok(results)
        } else {
            Err(Stop::Arguments)
        };
    }
    let slots = enter(store, host, &value::slots(args), run::Entry::Func(func.0))?;
    Ok(value::values(&ty.results, &slots))
}

/// Runs a constant expression for an instance.
pub(crate) fn evaluate(
    store: &mut Store,
    host: &mut dyn Host,
    code: &Code,
    instance: u32,
) -> Result<[u64; 2], Stop> {
    let slots = enter(store, host, &[], run::Entry::Code { code, instance })?;
    let slot = |i: usize| slots.get(i).copied().unwrap_or(0);
    Ok([slot(0), slot(1)])
}

/// Puts arguments onto the stack, runs, and takes the results.
fn enter(
    store: &mut Store,
    host: &mut dyn Host,
    args: &[u64],
    entry: run::Entry<'_>,
) -> Result<Vec<u64>, Stop> {
    if store.depth >= MAX_DEPTH {
        return Err(Stop::Exhausted(Resource::Stack));
    }
    let base = store.top;
    call::place(&mut store.stack, base, args, store.stack_limit)?;
    store.depth += 1;
    let frames_left = store.frames_left;
    let ran = run::run(store, host, entry, base, args.len());
    store.frames_left = frames_left;
    store.depth -= 1;
    store.top = base;
    ran.map(|results| store.stack[base..base + results].to_vec())
}
