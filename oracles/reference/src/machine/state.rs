//! A machine between two operations, where that of an agent can stand still while others run.

use super::call::{self, Frame, Step};
use super::run::execute;
use super::{Host, Stop};
use crate::module::Module;
use crate::store::Store;

/// All that a machine needs to go on, but for its stack.
#[derive(Debug)]
pub(crate) struct Machine<'m> {
    /// The frames that wait for the last one.
    pub(super) frames: Vec<Frame<'m>>,
    pub(super) frame: Frame<'m>,
    /// Where its operands end.
    pub(super) top: usize,
    /// Where the branch that ran last would have gone on if it had not been taken.
    pub(super) branched: Option<usize>,
}

/// A machine that stands before the first operation of a function. The stack is its own.
pub(crate) fn begin<'m>(
    store: &Store,
    modules: &'m [Module],
    func: u32,
    args: &[u64],
    stack: &mut Box<[u64]>,
) -> Result<Machine<'m>, Stop> {
    call::place(stack, 0, args, store.stack_limit)?;
    Machine::enter(stack, store.stack_limit, |stack| {
        call::prepare(store, modules, func, args.len(), stack)
    })
}

impl<'m> Machine<'m> {
    /// A machine that stands before the first operation of what `prepare` enters, with a larger
    /// stack where there is need of one.
    pub(super) fn enter(
        stack: &mut Box<[u64]>,
        limit: usize,
        prepare: impl Fn(&mut [u64]) -> Result<Step<'m>, Stop>,
    ) -> Result<Self, Stop> {
        let mut step = prepare(stack)?;
        if let Step::Grow(slots) = step {
            *stack = call::grow(std::mem::take(stack), slots, limit);
            step = prepare(stack)?;
        }
        match step {
            Step::Enter(frame, top) => Ok(Self::new(frame, top)),
            // The caller has seen to it that it is no host function, and there is room now.
            Step::Host(_) | Step::Grow(_) => Err(Stop::Host),
        }
    }

    fn new(frame: Frame<'m>, top: usize) -> Self {
        Self {
            frames: Vec::new(),
            frame,
            top,
            branched: None,
        }
    }

    /// Goes on with the stack that the store has, until it ends, with so many slots of results, or
    /// pauses, which only agents do.
    pub(crate) fn go_on(
        &mut self,
        store: &mut Store,
        host: &mut dyn Host,
        modules: &'m [Module],
    ) -> Result<Option<usize>, Stop> {
        let mut stack = std::mem::take(&mut store.stack);
        let watched = store.recorder.is_some() || store.agents.running.is_some();
        let ran = match watched {
            true => execute::<true>(store, host, modules, &mut stack, self),
            false => execute::<false>(store, host, modules, &mut stack, self),
        };
        store.stack = stack;
        ran
    }

    /// Where the operands end.
    pub(crate) fn top(&self) -> usize {
        self.top
    }

    /// The operands end here now.
    pub(crate) fn set_top(&mut self, top: usize) {
        self.top = top;
    }

    /// All that tells it from another of the same program, but for the stack. A body begins in its
    /// module where no other does.
    pub(crate) fn write_state(&self, state: &mut Vec<u64>) {
        state.push(self.frames.len() as u64);
        for frame in self.frames.iter().chain([&self.frame]) {
            let body = frame.code.origins.first().copied().unwrap_or(0);
            state.extend([frame.instance, body].map(u64::from));
            state.extend([frame.base, frame.pc].map(|number| number as u64));
        }
    }
}
