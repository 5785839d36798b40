//! The memory that a process shares with its children: recorder, tapes, and a slot per plan.

use crate::flight::{Failure, Flight};
use crate::plan::Resource;
use crate::sys::{self, Unavailable};
use crate::tape::Tape;
use crate::verdict::Verdict;
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};

/// How many plans a child is given at once.
pub(crate) const BATCH: usize = 1 << 14;

pub(crate) struct Arena {
    pub(crate) flight: Flight,
    /// What the child has come to.
    state: AtomicU32,
    /// Set by the parent when time is up.
    stop: AtomicU32,
    /// How many plans are judged.
    done: AtomicU64,
    heap: Tape,
    mapping: Tape,
    slots: [Slot; BATCH],
}

/// What a child has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It runs, or died running.
    Running,
    /// It met a bad verdict.
    Stopped,
    /// It came to the end, and holds what it held in the beginning.
    Done,
    /// It came to the end, and holds more of the kernel than in the beginning.
    Grown,
}

const STATES: [State; 4] = [State::Running, State::Stopped, State::Done, State::Grown];

/// What came of one plan, as the child tells it.
#[derive(Default)]
struct Slot {
    verdict: AtomicU32,
    fallback: AtomicU32,
    kind: AtomicU32,
    failures: AtomicU64,
    index: AtomicU64,
    bytes: AtomicU64,
    stack: AtomicU64,
    after: AtomicU64,
    retained: AtomicI64,
}

/// What came of one plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    /// For `Benign`: 0 for the clean result, else the number of the fallback and 1.
    pub(crate) fallback: u32,
    /// The first request that failed.
    pub(crate) first: Option<Failure>,
    /// How many failed.
    pub(crate) failures: u64,
    /// How many came after the first that failed.
    pub(crate) after: u64,
    /// Bytes that were kept once, but not again.
    pub(crate) retained: i64,
}

thread_local! {
    /// Of its thread, as the hook is.
    static ARENA: Cell<Option<&'static Arena>> = const { Cell::new(None) };
}

/// The arena of this thread, made when it is first asked for.
pub(crate) fn arena() -> Result<&'static Arena, Unavailable> {
    if let Some(arena) = known() {
        return Ok(arena);
    }
    let arena = sys::memory::share()?;
    ARENA.set(Some(arena));
    Ok(arena)
}

/// The arena of this thread, if it has one.
pub(crate) fn known() -> Option<&'static Arena> {
    ARENA.get()
}

/// Leaves the arena to the parent process, which may have other children that use it.
pub(crate) fn leave() {
    ARENA.set(None);
}

impl Arena {
    pub(crate) fn tape(&self, resource: Resource) -> &Tape {
        match resource {
            Resource::Heap => &self.heap,
            Resource::Mapping => &self.mapping,
        }
    }

    pub(crate) fn state(&self) -> State {
        let state = self.state.load(Relaxed) as usize;
        STATES.get(state).copied().unwrap_or(State::Running)
    }

    pub(crate) fn set_state(&self, state: State) {
        self.state.store(state as u32, Relaxed);
    }

    pub(crate) fn ask_to_stop(&self, stop: bool) {
        self.stop.store(u32::from(stop), Relaxed);
    }

    pub(crate) fn must_stop(&self) -> bool {
        self.stop.load(Relaxed) != 0
    }

    /// How many of the batch's plans are judged.
    pub(crate) fn done(&self) -> usize {
        self.done.load(Relaxed) as usize
    }

    pub(crate) fn set_done(&self, done: usize) {
        self.done.store(done as u64, Relaxed);
    }

    pub(crate) fn put(&self, place: usize, outcome: &Outcome) {
        let Some(slot) = self.slots.get(place) else {
            return;
        };
        let first = outcome.first.unwrap_or(Failure::new(0, 0, 0));
        slot.fallback.store(outcome.fallback, Relaxed);
        slot.failures.store(outcome.failures, Relaxed);
        slot.after.store(outcome.after, Relaxed);
        slot.retained.store(outcome.retained, Relaxed);
        slot.index.store(first.index, Relaxed);
        slot.kind.store(first.kind, Relaxed);
        slot.bytes.store(first.bytes, Relaxed);
        slot.stack.store(first.stack, Relaxed);
        slot.verdict.store(outcome.verdict.code(), Relaxed);
    }

    pub(crate) fn get(&self, place: usize) -> Option<Outcome> {
        let slot = self.slots.get(place)?;
        let verdict = Verdict::from_code(slot.verdict.load(Relaxed))?;
        let failures = slot.failures.load(Relaxed);
        let first = (failures > 0).then(|| Failure {
            index: slot.index.load(Relaxed),
            kind: slot.kind.load(Relaxed),
            bytes: slot.bytes.load(Relaxed),
            stack: slot.stack.load(Relaxed),
        });
        Some(Outcome {
            verdict,
            fallback: slot.fallback.load(Relaxed),
            first,
            failures,
            after: slot.after.load(Relaxed),
            retained: slot.retained.load(Relaxed),
        })
    }
}
