//! Requests: the commands of a frame. The codes are those of `host/main.js` and
//! `host/functions.js`.

use crate::frame::{NotForJs, Writer};
use crate::messages::Row;
use crate::signature::Signatures;
use assay_engine::{Action, Call, HostFunction, Program, Value, names};

/// The commands that the host script knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Command {
    /// Takes the table of messages, and says who it is.
    Hello = 1,
    /// Makes the instance.
    Instantiate = 2,
    /// Calls an export, and no more.
    Call = 3,
    /// Calls an export and observes, unless nothing is comparable any longer.
    Step = 4,
    /// The digest of a memory.
    Digest = 5,
    /// The content of a memory.
    Read = 6,
    /// The host calls since the last time.
    Trace = 7,
}

/// A frame of commands.
#[derive(Debug)]
pub(crate) struct Request(Writer);

impl Request {
    pub fn new() -> Self {
        Self(Writer::new())
    }

    pub fn finish(self) -> Vec<u8> {
        self.0.finish()
    }

    pub fn hello(&mut self, rows: &[Row]) {
        let w = self.command(Command::Hello);
        w.len(rows.len());
        for row in rows {
            w.text(row.text);
            w.u8(row.means.ends_the_run().into());
        }
    }

    /// Makes the instance, and with `observes` observes it too.
    pub fn instantiate(
        &mut self,
        program: &Program,
        signatures: &Signatures,
        observes: bool,
    ) -> Result<(), NotForJs> {
        let w = self.command(Command::Instantiate);
        w.u8(observes.into());
        w.u8(signatures.complete.into());
        w.u32(program.memories);
        w.u32(program.tags);
        for tag in 0..program.tags {
            w.kinds(signatures.fields(&names::tag(tag)));
            w.kinds(signatures.results(&names::payload(tag)));
        }
        w.kinds(signatures.results(names::OBSERVE));
        w.u32(program.host.seed);
        w.len(program.host.functions.len());
        for function in &program.host.functions {
            write_function(w, function, signatures)?;
        }
        w.len(program.modules.len());
        for module in &program.modules {
            w.text(&module.name);
            w.bytes(&module.wasm);
        }
        Ok(())
    }

    pub fn call(
        &mut self,
        export: &str,
        args: &[Value],
        signatures: &Signatures,
    ) -> Result<(), NotForJs> {
        let w = self.command(Command::Call);
        write_call(w, export, args, signatures)
    }

    pub fn step(&mut self, call: &Call, signatures: &Signatures) -> Result<(), NotForJs> {
        let w = self.command(Command::Step);
        write_call(w, &call.export, &call.args, signatures)?;
        w.u8(call.catches.into());
        Ok(())
    }

    pub fn digest(&mut self, memory: u32) {
        self.command(Command::Digest).u32(memory);
    }

    pub fn read(&mut self, memory: u32) {
        self.command(Command::Read).u32(memory);
    }

    pub fn trace(&mut self) {
        self.command(Command::Trace);
    }

    fn command(&mut self, command: Command) -> &mut Writer {
        self.0.u8(command as u8);
        &mut self.0
    }
}

fn write_call(
    w: &mut Writer,
    export: &str,
    args: &[Value],
    signatures: &Signatures,
) -> Result<(), NotForJs> {
    w.text(export);
    w.values(args)?;
    w.kinds(signatures.results(export));
    Ok(())
}

fn write_function(
    w: &mut Writer,
    function: &HostFunction,
    signatures: &Signatures,
) -> Result<(), NotForJs> {
    w.slots(&function.params);
    w.slots(&function.results);
    w.len(function.actions.len());
    function
        .actions
        .iter()
        .try_for_each(|action| write_action(w, action, signatures))
}

fn write_action(w: &mut Writer, action: &Action, signatures: &Signatures) -> Result<(), NotForJs> {
    match action {
        Action::Return => w.u8(0),
        Action::Trap => w.u8(1),
        Action::Throw { tag, params } => {
            w.u8(2);
            w.u32(*tag);
            w.slots(params);
        }
        Action::GrowMemory { memory, pages } => {
            w.u8(3);
            w.u32(*memory);
            w.u32(*pages);
        }
        Action::GrowTable { table, elements } => {
            w.u8(4);
            w.u32(*table);
            w.u32(*elements);
        }
        Action::Call { export, args } => {
            w.u8(5);
            write_call(w, export, args, signatures)?;
        }
    }
    Ok(())
}
