//! Which requests are spared: those from stacks that are known to end badly, or not known at all.
//!
//! Asked from inside the allocator, so it is a table of fixed size, and never allocates. Names cannot be
//! found there. So a stack that is new is served and set aside, and treated as its name asks for from the
//! next run on.

use crate::flight::Frames;
use crate::sites::stack::Stack;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

/// What a plan may do to a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// Its requests fail as the plan has it.
    Fails,
    /// They fail, and after one of them nothing else does: a second failure is known to end badly.
    Alone,
    /// They are served: a failure is known to end badly.
    Spared,
}

/// How many stacks there may be; a power of two.
const STACKS: usize = 1 << 13;

/// How many new stacks of one run are set aside.
const FRESH: usize = 16;

pub(crate) struct Spares {
    stacks: Box<[Entry]>,
    fresh: [Frames; FRESH],
    len: AtomicU64,
}

#[derive(Default)]
struct Entry {
    /// The hash of the stack, and 0 in an empty place.
    hash: AtomicU64,
    treatment: AtomicU8,
}

impl Spares {
    pub(crate) fn new() -> Self {
        Self {
            stacks: (0..STACKS).map(|_| Entry::default()).collect(),
            fresh: [const { Frames::new() }; FRESH],
            len: AtomicU64::new(0),
        }
    }

    /// How a request from this stack is treated. What is new is spared, for now.
    pub(crate) fn treatment(&self, stack: &Stack) -> Treatment {
        match self.known(stack.hash()) {
            Some(treatment) => treatment,
            None => {
                let place = self.len.fetch_add(1, Relaxed);
                if let Some(frames) = self.fresh.get(place as usize) {
                    frames.set(stack);
                }
                Treatment::Spared
            }
        }
    }

    /// How requests from the stack of this hash are treated, where that is known.
    pub(crate) fn known(&self, hash: u64) -> Option<Treatment> {
        let entry = self.place(hash)?;
        (entry.hash.load(Relaxed) != 0).then(|| match entry.treatment.load(Relaxed) {
            0 => Treatment::Fails,
            1 => Treatment::Alone,
            _ => Treatment::Spared,
        })
    }

    /// The frames of the stacks that were new, and forgets that they were.
    pub(crate) fn take_fresh(&self) -> Vec<Vec<u64>> {
        let len = self.len.swap(0, Relaxed) as usize;
        let mut fresh: Vec<_> = self.fresh.iter().take(len).map(Frames::get).collect();
        fresh.sort();
        fresh.dedup();
        fresh
    }

    /// Treats a stack so from now on; where there is no more room it stays spared.
    pub(crate) fn learn(&self, hash: u64, treatment: Treatment) {
        if let Some(entry) = self.place(hash) {
            entry.treatment.store(treatment as u8, Relaxed);
            entry.hash.store(hash, Relaxed);
        }
    }

    /// Where a stack is, or could be.
    fn place(&self, hash: u64) -> Option<&Entry> {
        (0..64).find_map(|step| {
            let place = (hash as usize).wrapping_add(step) & (STACKS - 1);
            let entry = self.stacks.get(place)?;
            let here = entry.hash.load(Relaxed);
            (here == hash || here == 0).then_some(entry)
        })
    }
}
