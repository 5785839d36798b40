//! The traits that every engine stands behind.

use std::time::Duration;

use crate::{
    Drops, Features, HostCall, MemoryDigest, Outcome, Program, Script, Stack, Tells, Transcript,
    Value, drive,
};

/// Anything that runs a program.
pub trait Engine {
    /// The name by which it is asked for: `wasmtime`, `v8`, …
    fn name(&self) -> &str;

    /// The version of the engine itself.
    fn version(&self) -> &str;

    /// All features that it runs, in the configuration that it has.
    fn features(&self) -> Features;

    /// Which stacks it tells where a program asks for them ([`Program::stacks`]).
    fn tells(&self) -> Tells {
        Tells::NOTHING
    }

    /// The time spent inside the engine itself since it was made: what is left of a run's time is
    /// the harness's.
    fn spent(&self) -> Spent {
        Spent::default()
    }

    /// Instantiates the modules of a program, in order.
    ///
    /// # Errors
    ///
    /// Where the engine itself fails, see [`EngineError`]; all that WebAssembly knows is an
    /// [`Outcome`].
    fn instantiate<'a>(&'a mut self, program: &'a Program)
    -> Result<Instantiated<'a>, EngineError>;

    /// Begins to run a program, several times in a row, where that goes on without this thread, so that
    /// other engines can work meanwhile. [`Engine::run`] with the same program must follow, at most so many
    /// times; where it comes less often, nobody learns what came of the rest.
    ///
    /// # Errors
    ///
    /// As for [`Engine::run`].
    fn begin(&mut self, _program: &Program, _runs: usize) -> Result<(), EngineError> {
        Ok(())
    }

    /// Runs a program.
    ///
    /// # Errors
    ///
    /// Where the engine itself fails, see [`EngineError`].
    fn run(&mut self, program: &Program) -> Result<Transcript, EngineError> {
        drive(self, program)
    }

    /// Performs a script: one outcome for each action, `None` where an instance that it needs is
    /// not there, because the action that was to make it made none. An engine in this process does
    /// so by [`script::perform`](crate::script::perform).
    ///
    /// # Errors
    ///
    /// Where the engine itself fails, see [`EngineError`]; no outcomes are known then.
    fn perform(&mut self, script: &Script) -> Result<Vec<Option<Outcome>>, EngineError>;

    /// Runs the program up to and including call `call` (`None`: instantiation alone) and gives
    /// the whole content of memory `memory` then. Used once two digests differ.
    ///
    /// # Errors
    ///
    /// As for [`Engine::run`].
    fn memory_after(
        &mut self,
        program: &Program,
        call: Option<usize>,
        memory: u32,
    ) -> Result<Vec<u8>, EngineError> {
        drive::memory_after(self, program, call, memory)
    }
}

/// Time spent inside an engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Decoding, validation and compilation, and making an engine of a configuration.
    pub compile: Duration,
    /// Instantiation, with the start functions, and giving up what it made.
    pub instantiate: Duration,
    /// Calls, with the host functions that they call.
    pub call: Duration,
}

impl Spent {
    /// All of it.
    pub fn total(self) -> Duration {
        self.compile + self.instantiate + self.call
    }
}

impl std::ops::Add for Spent {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            compile: self.compile + other.compile,
            instantiate: self.instantiate + other.instantiate,
            call: self.call + other.call,
        }
    }
}

/// What instantiation comes to.
pub struct Instantiated<'a> {
    /// `Returned([])`, or why there is no instance.
    pub outcome: Outcome,
    /// The host calls made by start functions.
    pub host: Vec<HostCall>,
    /// The main instance, exactly when the outcome is `Returned`.
    pub instance: Option<Box<dyn Instance + 'a>>,
}

/// The main instance of a program.
pub trait Instance {
    /// Calls an export and gives what it did, as it came: status and state are still among the
    /// results of a [`Shim`](crate::Shim).
    ///
    /// # Errors
    ///
    /// Where the engine itself fails.
    fn call(&mut self, export: &str, args: &[Value]) -> Result<Outcome, EngineError>;

    /// The digest of memory `index`, exported as [`names::memory`](crate::names::memory).
    ///
    /// # Errors
    ///
    /// Where the engine itself fails.
    fn memory(&mut self, index: u32) -> Result<MemoryDigest, EngineError>;

    /// The content of memory `index`.
    ///
    /// # Errors
    ///
    /// Where the engine itself fails.
    fn read_memory(&mut self, index: u32) -> Result<Vec<u8>, EngineError>;

    /// Takes the host calls made since the last time.
    fn take_host_calls(&mut self) -> Vec<HostCall>;

    /// Takes the stacks told since the last time ([`Program::stacks`]).
    fn take_stacks(&mut self) -> Vec<Stack> {
        Vec::new()
    }

    /// Whether nothing can be called any more: what the instance lived in ended when it ran out of
    /// something.
    fn is_gone(&self) -> bool {
        false
    }

    /// Gives up the instance. To unmap memories and code is an engine's work, and one that counts
    /// its time overrides this, as does one that tells what became of the host's objects
    /// ([`Drops`]).
    fn close(self: Box<Self>) -> Option<Drops> {
        None
    }
}

/// The engine did not do what an engine does. None of these is an outcome: each is a finding
/// about the engine, or a fault of its adapter, and the variants tell which.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The process that ran it ended, and how.
    #[error("{engine} crashed: {how}")]
    Crashed {
        /// The engine's name.
        engine: String,
        /// The signal or exit status, and the last lines that it printed.
        how: String,
    },
    /// It gave no answer within the time allowed.
    #[error("{engine} gave no answer within {time_ms} ms")]
    Hung {
        /// The engine's name.
        engine: String,
        /// The time allowed, in milliseconds.
        time_ms: u32,
    },
    /// It reported a failure by a text that the adapter's table does not have.
    #[error("{engine} said {text:?}, which its adapter has no row for")]
    UnknownText {
        /// The engine's name.
        engine: String,
        /// The text.
        text: String,
    },
    /// The adapter or the program broke a rule of the vocabulary, such as a missing export. A
    /// fault of Assay.
    #[error("{engine}: {what}")]
    Misuse {
        /// The engine's name.
        engine: String,
        /// Which rule.
        what: String,
    },
}

impl EngineError {
    /// A fault of the adapter or of the program.
    pub fn misuse(engine: &str, what: impl Into<String>) -> Self {
        Self::Misuse {
            engine: engine.into(),
            what: what.into(),
        }
    }
}
