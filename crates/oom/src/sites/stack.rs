//! Stacks: return addresses, relative to the module that they lie in.
//!
//! Walking happens inside the allocator and inside signal handlers, so nothing here allocates, locks
//! or panics. Names are found later, elsewhere ([`Symbols`](crate::Symbols)).

use crate::hook::mix;
use crate::sys;
use std::ops::Range;

/// How many frames are kept. Deeper stacks are cut at the far end.
pub(crate) const DEPTH: usize = 48;

/// The frame that stands for generated code, however much of it there is in a row.
pub(crate) const GENERATED: u64 = u64::MAX;

/// Where a walk begins.
#[derive(Clone, Copy)]
pub(crate) enum Start<'a> {
    /// Here.
    Here,
    /// Where a signal struck.
    Interrupted(&'a sys::Interrupted),
}

/// Frames from the innermost outwards.
pub(crate) struct Stack {
    frames: [u64; DEPTH],
    len: usize,
    hash: u64,
}

impl Stack {
    /// Walks between two addresses on the stack: from the caller of the frame that holds `begin` (or
    /// from where a signal struck) to the frame that holds `end`.
    pub(crate) fn walk(start: Start<'_>, begin: usize, end: usize) -> Self {
        let mut stack = Self::empty();
        sys::walk::walk(start, begin..end, &mut |address| stack.push(address));
        stack.seal();
        stack
    }

    /// As [`walk`](Self::walk), and by the unwinder, too. If the two do not agree, some part of the program
    /// has no frame pointers, and the unwinder is right, from now on.
    pub(crate) fn walk_surely(start: Start<'_>, begin: usize, end: usize) -> Self {
        let sure = Self::unwind(start, begin..end);
        if sys::walk::has_frame_pointers() && Self::walk(start, begin, end).hash != sure.hash {
            sys::walk::unwind_from_now_on();
        }
        sure
    }

    /// Walks by the unwinder, however the rest is walked: what dies need not have frame pointers.
    pub(crate) fn of_death(start: Start<'_>, end: usize) -> Self {
        Self::unwind(start, 0..end)
    }

    fn unwind(start: Start<'_>, between: Range<usize>) -> Self {
        let mut stack = Self::empty();
        sys::walk::unwind(start, between, &mut |address| stack.push(address));
        stack.seal();
        stack
    }

    const fn empty() -> Self {
        Self {
            frames: [0; DEPTH],
            len: 0,
            hash: 0,
        }
    }

    /// Adds a return address; false when there is no more room.
    fn push(&mut self, address: usize) -> bool {
        let frame = sys::modules::relative(address);
        let last = self.len.checked_sub(1).and_then(|at| self.frames.get(at));
        if frame == GENERATED && last == Some(&GENERATED) {
            return true;
        }
        match self.frames.get_mut(self.len) {
            Some(place) => {
                *place = frame;
                self.len += 1;
                true
            }
            None => false,
        }
    }

    fn seal(&mut self) {
        self.hash = hash(self.frames());
    }

    pub(crate) fn frames(&self) -> &[u64] {
        self.frames.get(..self.len).unwrap_or_default()
    }

    /// Never 0.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }
}

/// The hash of frames; never 0.
pub(crate) fn hash(frames: &[u64]) -> u64 {
    let mixed = frames.iter().fold(frames.len() as u64, |hash, frame| {
        mix(hash.rotate_left(5) ^ frame)
    });
    mixed.max(1)
}
