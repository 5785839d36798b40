//! The tape: every request of one clean run, and each distinct stack once.
//!
//! Like the flight recorder it is written from inside the allocator, so it never allocates: it is
//! memory of a fixed size, of which only what is used is ever touched.

use crate::flight::Frames;
use crate::sites::stack::Stack;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How many requests of an operation are recorded.
pub(crate) const REQUESTS: usize = 1 << 20;
/// How many distinct stacks; a power of two.
const STACKS: usize = 1 << 14;

pub(crate) struct Tape {
    len: AtomicU64,
    /// Stacks that found no place.
    crowded: AtomicU64,
    /// The hash of each request's stack.
    requests: [AtomicU64; REQUESTS],
    stacks: [Known; STACKS],
}

struct Known {
    /// The hash of the stack, and 0 in an empty place.
    hash: AtomicU64,
    /// The site, once it is known, and 0 before.
    site: AtomicU64,
    frames: Frames,
}

impl Tape {
    /// Adds a request.
    pub(crate) fn record(&self, stack: &Stack) {
        let index = self.len.fetch_add(1, Relaxed);
        if let Some(request) = usize::try_from(index)
            .ok()
            .and_then(|index| self.requests.get(index))
        {
            request.store(stack.hash(), Relaxed);
        }
        match self.place(stack.hash()) {
            None => {
                self.crowded.fetch_add(1, Relaxed);
            }
            Some(known) if known.hash.load(Relaxed) == 0 => {
                known.frames.set(stack);
                known.hash.store(stack.hash(), Relaxed);
            }
            Some(_) => {}
        }
    }

    /// Forgets the requests. The stacks stay, for they are facts about the program, unless the
    /// place for them has become short.
    pub(crate) fn rewind(&self) {
        self.len.store(0, Relaxed);
        if self.crowded.swap(0, Relaxed) > 0 {
            self.forget_stacks();
        }
    }

    fn forget_stacks(&self) {
        for known in &self.stacks {
            if known.hash.load(Relaxed) != 0 {
                known.hash.store(0, Relaxed);
                known.site.store(0, Relaxed);
            }
        }
    }

    /// The hashes of the requests' stacks, in their order.
    pub(crate) fn requests(&self) -> Vec<u64> {
        let len = usize::try_from(self.len.load(Relaxed)).unwrap_or(usize::MAX);
        let requests = self.requests.iter().take(len);
        requests.map(|request| request.load(Relaxed)).collect()
    }

    /// The frames of a recorded stack.
    pub(crate) fn frames(&self, hash: u64) -> Vec<u64> {
        match self.place(hash) {
            Some(known) if known.hash.load(Relaxed) == hash => known.frames.get(),
            _ => Vec::new(),
        }
    }

    /// The site of a recorded stack.
    pub(crate) fn site(&self, hash: u64) -> Option<u64> {
        let known = self.place(hash)?;
        let site = known.site.load(Relaxed);
        (known.hash.load(Relaxed) == hash && site != 0).then_some(site)
    }

    pub(crate) fn set_site(&self, hash: u64, site: u64) {
        if let Some(known) = self.place(hash)
            && known.hash.load(Relaxed) == hash
        {
            known.site.store(site, Relaxed);
        }
    }

    /// Where a stack is, or could be.
    fn place(&self, hash: u64) -> Option<&Known> {
        (0..64).find_map(|step| {
            let place = (hash as usize).wrapping_add(step) & (STACKS - 1);
            let known = self.stacks.get(place)?;
            let here = known.hash.load(Relaxed);
            (here == hash || here == 0).then_some(known)
        })
    }
}
