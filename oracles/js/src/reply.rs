//! Replies: the records of a frame, one for each command that was carried out.

use crate::frame::{Malformed, Reader};
use crate::messages::Row;
use crate::request::Command;
use crate::stacks::{self, Told};
use assay_engine::{
    HostCall, HostEffect, MemoryDigest, Outcome, Phase, Resource, Shim, Spent, State, Step,
    Stopped, Trap,
};
use std::time::Duration;

/// What a command came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Record {
    /// Who the child is.
    Hello {
        /// The runtime and its version.
        runtime: String,
        /// The engine's version.
        version: String,
    },
    /// An instantiation. As in the next ones, the stacks are not in the step yet.
    Instantiated(Step, Vec<Told>),
    /// A call.
    Called(Outcome),
    /// A call with all that was observed.
    Stepped(Step, Vec<Told>),
    /// The digest of a memory.
    Digest(MemoryDigest),
    /// The content of a memory.
    Bytes(Vec<u8>),
    /// Host calls.
    Trace(Vec<HostCall>, Vec<Told>),
    /// The outcomes of a script.
    Performed(Vec<Option<Outcome>>),
    /// A text without a row. Ends the frame.
    UnknownText(String),
    /// A broken rule. Ends the frame.
    Misuse(String),
}

/// A frame of records.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    reader: Reader<'a>,
    rows: &'static [Row],
    seen: &'a mut [bool],
    /// The time that the child spent in WebAssembly.
    pub spent: Spent,
}

impl<'a> Reply<'a> {
    /// Reads the head of a reply. Rows of the table that occur are marked in `seen`.
    pub fn new(
        frame: &'a [u8],
        rows: &'static [Row],
        seen: &'a mut [bool],
    ) -> Result<Self, Malformed> {
        let mut reader = Reader::new(frame);
        let mut milliseconds =
            || Duration::try_from_secs_f64(reader.f64()?.max(0.0) / 1e3).map_err(|_| Malformed);
        let spent = Spent {
            compile: milliseconds()?,
            instantiate: milliseconds()?,
            call: milliseconds()?,
        };
        Ok(Self {
            reader,
            rows,
            seen,
            spent,
        })
    }

    /// The next record; `None` at the end of the frame.
    pub fn next(&mut self) -> Result<Option<Record>, Malformed> {
        if self.reader.is_empty() {
            return Ok(None);
        }
        let code = self.reader.u8()?;
        const FAULT: u8 = 0;
        let record = match code {
            FAULT => self.fault()?,
            c if c == Command::Hello as u8 => Record::Hello {
                runtime: self.reader.text()?,
                version: self.reader.text()?,
            },
            c if c == Command::Instantiate as u8 => {
                let (step, stacks) = self.step()?;
                Record::Instantiated(step, stacks)
            }
            c if c == Command::Call as u8 => Record::Called(self.outcome()?),
            c if c == Command::Step as u8 => {
                let (step, stacks) = self.step()?;
                Record::Stepped(step, stacks)
            }
            c if c == Command::Digest as u8 => Record::Digest(digest(&mut self.reader)?),
            c if c == Command::Read as u8 => Record::Bytes(self.reader.bytes()?.to_vec()),
            c if c == Command::Trace as u8 => {
                let host = self.reader.list(host_call)?;
                Record::Trace(host, self.reader.list(stacks::read)?)
            }
            c if c == Command::Perform as u8 => Record::Performed(self.performed()?),
            _ => return Err(Malformed),
        };
        Ok(Some(record))
    }

    fn fault(&mut self) -> Result<Record, Malformed> {
        match self.reader.u8()? {
            0 => self.reader.text().map(Record::Misuse),
            1 => self.reader.text().map(Record::UnknownText),
            _ => Err(Malformed),
        }
    }

    fn step(&mut self) -> Result<(Step, Vec<Told>), Malformed> {
        let outcome = self.outcome()?;
        let host = self.reader.list(host_call)?;
        let told = self.reader.list(stacks::read)?;
        let step = Step {
            outcome,
            host,
            stacks: Vec::new(),
            state: None,
        };
        if !self.reader.flag()? {
            return Ok((step, told));
        }
        let memories = self.reader.list(digest)?;
        let state = State {
            slots: self.reader.values()?,
            memories,
        };
        let step = Step {
            outcome: blame_fuel(step.outcome, &state),
            state: Some(state),
            ..step
        };
        Ok((step, told))
    }

    fn performed(&mut self) -> Result<Vec<Option<Outcome>>, Malformed> {
        (0..self.reader.u32()?)
            .map(|_| match self.reader.flag()? {
                true => self.outcome().map(Some),
                false => Ok(None),
            })
            .collect()
    }

    fn outcome(&mut self) -> Result<Outcome, Malformed> {
        Ok(match self.reader.u8()? {
            0 => Outcome::Returned(self.reader.values()?),
            1 => self.row()?,
            2 => {
                let tag = self.reader.u32()?;
                let tag = (tag != u32::MAX).then_some(tag);
                Outcome::Threw {
                    tag,
                    payload: self.reader.values()?,
                }
            }
            3 => Outcome::Rejected(Phase::Compile),
            4 => Outcome::Rejected(Phase::Link),
            5 => Outcome::Trapped(Trap::Host.into()),
            _ => return Err(Malformed),
        })
    }

    fn row(&mut self) -> Result<Outcome, Malformed> {
        let index = self.reader.u32()? as usize;
        let row = self.rows.get(index).ok_or(Malformed)?;
        self.seen[index] = true;
        Ok(row.means.outcome())
    }
}

/// Fuel runs out by `unreachable`; the fuel slot tells it from the module's own, as in
/// `crates/engine/src/drive.rs`.
fn blame_fuel(outcome: Outcome, state: &State) -> Outcome {
    match outcome {
        Outcome::Trapped(traps)
            if traps.contains(Trap::Unreachable) && Shim::is_out_of_fuel(&state.slots) =>
        {
            Outcome::Exhausted(Resource::Fuel)
        }
        outcome => outcome,
    }
}

fn digest(reader: &mut Reader<'_>) -> Result<MemoryDigest, Malformed> {
    // A JavaScript number: exact, since a buffer is smaller than 2^53 bytes.
    let bytes = reader.f64()? as u64;
    Ok(MemoryDigest {
        bytes,
        crc32: reader.u32()?,
    })
}

fn host_call(reader: &mut Reader<'_>) -> Result<HostCall, Malformed> {
    let import = reader.u32()?;
    let args = reader.values()?;
    let effect = match reader.u8()? {
        0 => HostEffect::Returned,
        1 => HostEffect::Trapped,
        2 => HostEffect::Threw,
        3 if reader.flag()? => HostEffect::Grew(Some(reader.u64()?)),
        3 => HostEffect::Grew(None),
        4 if reader.flag()? => HostEffect::Called(Some(reader.values()?)),
        4 => HostEffect::Called(None),
        5 => HostEffect::Swallowed(stopped(reader)?),
        6 => HostEffect::Again(stopped(reader)?),
        7 if reader.flag()? => HostEffect::Exchanged(Some(reader.u64()?)),
        7 => HostEffect::Exchanged(None),
        _ => return Err(Malformed),
    };
    Ok(HostCall {
        import,
        args,
        effect,
    })
}

fn stopped(reader: &mut Reader<'_>) -> Result<Stopped, Malformed> {
    Ok(match reader.flag()? {
        false => Stopped::Trap,
        true => Stopped::Exception,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::V8;

    #[test]
    fn a_malformed_reply_is_an_error_and_no_panic() {
        let mut seen = vec![false; V8.len()];
        let mut frame = [1.5f64, 0.0, 2.0].map(f64::to_le_bytes).concat();
        // A call that came to a row which does not exist.
        frame.extend([3, 1, 0xff, 0xff, 0, 0]);
        let mut reply = Reply::new(&frame, V8, &mut seen).unwrap();
        assert_eq!(reply.spent.total(), Duration::from_micros(3500));
        assert_eq!(reply.next(), Err(Malformed));
        assert!(Reply::new(&frame[..23], V8, &mut seen).is_err());
        for code in [9, 0xff] {
            frame[24] = code;
            assert_eq!(
                Reply::new(&frame, V8, &mut seen).unwrap().next(),
                Err(Malformed)
            );
        }
    }

    #[test]
    fn rows_are_marked_and_mean_their_outcome() {
        let mut seen = vec![false; V8.len()];
        let mut frame = vec![0; 24];
        frame.extend([3, 1, 0, 0, 0, 0]);
        let record = Reply::new(&frame, V8, &mut seen).unwrap().next();
        let outcome = Outcome::Trapped(Trap::Unreachable.into());
        assert_eq!(record, Ok(Some(Record::Called(outcome))));
        assert!(seen[0] && !seen[1]);
    }
}
