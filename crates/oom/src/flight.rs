//! The flight recorder: what a child process is at, in memory that its parent reads after it died.
//!
//! All of it is atomics, so that it may be shared between processes, written by signal handlers, and
//! valid when zeroed. Relaxed is enough: the parent reads most of it only after it has waited for
//! the child, and `beat` alone while the child runs.

use crate::sites::stack::{DEPTH, Stack};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

/// A text of bounded length.
pub(crate) struct Text<const N: usize> {
    len: AtomicU32,
    bytes: [AtomicU8; N],
}

impl<const N: usize> Text<N> {
    /// Replaces the text, cut at `N` bytes.
    pub(crate) fn set(&self, text: &str) {
        self.len.store(0, Relaxed);
        self.push(text);
    }

    /// Adds to the text, cut at `N` bytes.
    pub(crate) fn push(&self, text: &str) {
        let mut len = self.len.load(Relaxed) as usize;
        for byte in text.bytes() {
            let Some(place) = self.bytes.get(len) else {
                break;
            };
            place.store(byte, Relaxed);
            len += 1;
        }
        self.len.store(len as u32, Relaxed);
    }

    pub(crate) fn get(&self) -> String {
        let len = self.len.load(Relaxed) as usize;
        let bytes: Vec<u8> = self
            .bytes
            .iter()
            .take(len)
            .map(|b| b.load(Relaxed))
            .collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl<const N: usize> std::fmt::Write for &Text<N> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.push(text);
        Ok(())
    }
}

/// The frames of a stack.
pub(crate) struct Frames {
    len: AtomicU32,
    frames: [AtomicU64; DEPTH],
}

impl Frames {
    pub(crate) const fn new() -> Self {
        Self {
            len: AtomicU32::new(0),
            frames: [const { AtomicU64::new(0) }; DEPTH],
        }
    }

    pub(crate) fn set(&self, stack: &Stack) {
        for (place, frame) in self.frames.iter().zip(stack.frames()) {
            place.store(*frame, Relaxed);
        }
        self.len.store(stack.frames().len() as u32, Relaxed);
    }

    pub(crate) fn clear(&self) {
        self.len.store(0, Relaxed);
    }

    pub(crate) fn get(&self) -> Vec<u64> {
        let len = self.len.load(Relaxed) as usize;
        self.frames
            .iter()
            .take(len)
            .map(|frame| frame.load(Relaxed))
            .collect()
    }
}

/// A request that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Its number among all requests of its resource.
    pub(crate) index: u64,
    pub(crate) kind: u32,
    pub(crate) bytes: u64,
    /// The hash of its stack.
    pub(crate) stack: u64,
}

impl Failure {
    pub(crate) const fn new(index: u64, kind: u32, bytes: usize) -> Self {
        Self {
            index,
            kind,
            bytes: bytes as u64,
            stack: 0,
        }
    }
}

struct FailureRecord {
    index: AtomicU64,
    bytes: AtomicU64,
    stack: AtomicU64,
    kind: AtomicU32,
    set: AtomicU32,
    frames: Frames,
}

/// The recorder.
pub(crate) struct Flight {
    /// Counts up with every run, so that the parent sees progress.
    beat: AtomicU64,
    /// How long the child has been running plans.
    pub(crate) nanoseconds: AtomicU64,
    /// Which part of the run it is in.
    phase: AtomicU32,
    failures: [FailureRecord; Flight::FAILURES as usize],
    /// The signal that is ending the child, and 0 while none is.
    pub(crate) signal: AtomicU32,
    pub(crate) death: Frames,
    /// Panics on this run, the message and place of the first of them, and its frames.
    pub(crate) panics: AtomicU32,
    pub(crate) panic: Text<400>,
    /// Why a verdict is bad.
    pub(crate) detail: Text<400>,
}

/// The parts of a run, so that a death can say where it struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Prepare,
    Operation,
    Verify,
    Drop,
    Again,
}

impl Phase {
    const ALL: [Self; 5] = [
        Self::Prepare,
        Self::Operation,
        Self::Verify,
        Self::Drop,
        Self::Again,
    ];

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Prepare => "while preparing",
            Self::Operation => "in the operation",
            Self::Verify => "while verifying",
            Self::Drop => "while dropping",
            Self::Again => "in the next clean run",
        }
    }
}

impl Flight {
    /// How many failures of a run are recorded.
    pub(crate) const FAILURES: u64 = 2;

    /// Begins a run.
    pub(crate) fn begin(&self) {
        self.begin_again();
        for failure in &self.failures {
            failure.set.store(0, Relaxed);
            failure.frames.clear();
        }
        self.set_phase(Phase::Prepare);
    }

    /// Begins the clean run that follows one with a failure, which stays on record.
    pub(crate) fn begin_again(&self) {
        self.beat.fetch_add(1, Relaxed);
        self.panics.store(0, Relaxed);
        self.set_phase(Phase::Again);
    }

    pub(crate) fn beats(&self) -> u64 {
        self.beat.load(Relaxed)
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u32, Relaxed);
    }

    pub(crate) fn phase(&self) -> Phase {
        let phase = self.phase.load(Relaxed) as usize;
        Phase::ALL.get(phase).copied().unwrap_or(Phase::Prepare)
    }

    pub(crate) fn failure(&self, place: u64, failure: &Failure, stack: &Stack) {
        if let Some(record) = self.failures.get(place as usize) {
            record.index.store(failure.index, Relaxed);
            record.bytes.store(failure.bytes, Relaxed);
            record.kind.store(failure.kind, Relaxed);
            record.stack.store(stack.hash(), Relaxed);
            record.frames.set(stack);
            record.set.store(1, Relaxed);
        }
    }

    /// A failure of this run, and its frames.
    pub(crate) fn failed(&self, place: usize) -> Option<Failure> {
        let record = self.failures.get(place)?;
        (record.set.load(Relaxed) != 0).then(|| Failure {
            index: record.index.load(Relaxed),
            kind: record.kind.load(Relaxed),
            bytes: record.bytes.load(Relaxed),
            stack: record.stack.load(Relaxed),
        })
    }

    pub(crate) fn failed_frames(&self, place: usize) -> Vec<u64> {
        self.failures
            .get(place)
            .map(|record| record.frames.get())
            .unwrap_or_default()
    }

    /// Forgets how an earlier child died.
    pub(crate) fn clear_death(&self) {
        self.signal.store(0, Relaxed);
        self.death.clear();
        self.panic.set("");
        self.detail.set("");
        self.nanoseconds.store(0, Relaxed);
    }
}
