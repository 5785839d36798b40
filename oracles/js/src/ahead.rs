//! Runs of a program that were begun at once, and are asked for one by one.

use assay_engine::{Program, Transcript};
use std::collections::VecDeque;

/// What has come of runs of a program that nobody has asked for yet.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    program: Option<Program>,
    transcripts: VecDeque<Transcript>,
}

impl Ahead {
    /// Keeps transcripts of this program, in place of those that are here.
    pub fn keep(&mut self, program: &Program, transcripts: VecDeque<Transcript>) {
        if !transcripts.is_empty() {
            self.program = Some(program.clone());
        }
        self.transcripts = transcripts;
    }

    /// Whether there is a transcript of this program.
    pub fn has(&self, program: &Program) -> bool {
        !self.transcripts.is_empty() && self.program.as_ref() == Some(program)
    }

    /// The next transcript of this program. Those of another program will not be asked for any more.
    pub fn take(&mut self, program: &Program) -> Option<Transcript> {
        if !self.has(program) {
            self.transcripts.clear();
        }
        self.transcripts.pop_front()
    }
}
