//! Requests: the commands of a frame. The codes are those of `host/main.js` and
//! `host/functions.js`.

use crate::frame::{NotForJs, Writer};
use crate::messages::Row;
use crate::signature::Signatures;
use assay_engine::{
    Action, Call, HostFunction, OnFailure, Program, Script, Shim, Value, names, script,
};

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
    /// Performs a script.
    Perform = 8,
}

/// A frame of commands.
#[derive(Debug)]
pub(crate) struct Request {
    writer: Writer,
    /// The export that the last call or step is of. Mostly all are of one, and only the first
    /// says of which.
    target: Option<String>,
}

impl Request {
    pub fn new() -> Self {
        Self {
            writer: Writer::new(),
            target: None,
        }
    }

    pub fn finish(self) -> Vec<u8> {
        self.writer.finish()
    }

    /// All these commands, so many times. Each time makes an instance anew, and says again of what its
    /// calls are.
    pub fn repeated(mut self, times: usize) -> Self {
        self.writer.repeat(times);
        self
    }

    pub fn hello(&mut self, rows: &[Row]) {
        let w = self.command(Command::Hello);
        w.len(rows.len());
        for row in rows {
            w.text(row.text);
            w.u8(row.means.exhausts().into());
        }
    }

    /// Makes the instance, and with `observes` observes it too.
    pub fn instantiate(
        &mut self,
        program: &Program,
        signatures: &Signatures,
        observes: bool,
    ) -> Result<(), NotForJs> {
        self.target = None;
        let w = self.command(Command::Instantiate);
        w.u8(observes.into());
        w.u8(program.stacks.into());
        w.u8(signatures.complete.into());
        w.u32(program.memories);
        w.u32(program.tags);
        for tag in 0..program.tags {
            w.kinds(signatures.fields(&names::tag(tag)));
        }
        w.u8(program.shim.is_some().into());
        if let Some(shim) = &program.shim {
            write_shim(w, shim, signatures)?;
        }
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
        self.command(Command::Call);
        self.target_and_args(export, args, signatures)
    }

    pub fn step(&mut self, call: &Call, signatures: &Signatures) -> Result<(), NotForJs> {
        self.command(Command::Step);
        self.target_and_args(&call.export, &call.args, signatures)
    }

    /// A script; `signatures` are those of the modules that its actions instantiate, by index.
    pub fn perform(
        &mut self,
        script: &Script,
        signatures: &[Option<Signatures>],
    ) -> Result<(), NotForJs> {
        let w = self.command(Command::Perform);
        w.len(script.actions.len());
        for action in &script.actions {
            match action {
                script::Action::Compile { wasm } => {
                    w.u8(0);
                    w.bytes(wasm);
                }
                script::Action::Instantiate { wasm, sources } => {
                    w.u8(1);
                    w.len(sources.len());
                    for source in sources {
                        w.text(&source.name);
                        w.len(source.instance);
                    }
                    w.bytes(wasm);
                }
                script::Action::Call {
                    instance,
                    export,
                    args,
                } => {
                    w.u8(2);
                    w.len(*instance);
                    let known = signatures.get(*instance).and_then(Option::as_ref);
                    w.text(export);
                    w.kinds(known.map_or(&[], |known| known.results(export)));
                    w.values(args)?;
                }
            }
        }
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
        self.writer.u8(command as u8);
        &mut self.writer
    }

    fn target_and_args(
        &mut self,
        export: &str,
        args: &[Value],
        signatures: &Signatures,
    ) -> Result<(), NotForJs> {
        let is_another = self.target.as_deref() != Some(export);
        self.writer.u8(is_another.into());
        if is_another {
            write_target(&mut self.writer, export, signatures);
            self.target = Some(export.to_owned());
        }
        self.writer.values(args)
    }
}

fn write_target(w: &mut Writer, export: &str, signatures: &Signatures) {
    w.text(export);
    w.kinds(signatures.results(export));
}

fn write_shim(w: &mut Writer, shim: &Shim, signatures: &Signatures) -> Result<(), NotForJs> {
    write_target(w, names::CALL, signatures);
    w.values(&shim.look())?;
    w.u32(shim.results);
    w.len(shim.state.len());
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
        Action::Call {
            export,
            args,
            failure,
        } => {
            w.u8(5);
            write_target(w, export, signatures);
            w.values(args)?;
            w.u8(match failure {
                OnFailure::Onward => 0,
                OnFailure::Swallow => 1,
                OnFailure::Again => 2,
            });
        }
        Action::Collect => w.u8(6),
        Action::Fresh => w.u8(7),
        Action::Exchange {
            memory,
            address,
            value,
        } => {
            w.u8(8);
            w.u32(*memory);
            w.u32(*address);
            w.u64(*value);
        }
        // Nothing interrupts JavaScript from inside.
        Action::Interrupt => w.u8(1),
    }
    Ok(())
}
