//! An instance that is worked with call by call.

use crate::engine::{JsEngine, Stop, time_limit};
use crate::reply::Record;
use crate::request::Request;
use crate::signature::Signatures;
use crate::stacks::Told;
use assay_engine::{
    EngineError, HostCall, Instance, Instantiated, MemoryDigest, Outcome, Program, Resource, Stack,
    Step, Value,
};
use std::time::Duration;

/// The instance that lives in the child.
pub(crate) struct JsInstance<'a> {
    engine: &'a mut JsEngine,
    program: &'a Program,
    signatures: Signatures,
    limit: Duration,
    host: Vec<HostCall>,
    stacks: Vec<Stack>,
    /// Whether the child ended because its heap was full.
    gone: bool,
}

impl<'a> JsInstance<'a> {
    /// Instantiates a program.
    pub fn make(
        engine: &'a mut JsEngine,
        program: &'a Program,
    ) -> Result<Instantiated<'a>, EngineError> {
        let signatures = Signatures::of(&program.main().wasm);
        let mut request = Request::new();
        let written = request.instantiate(program, &signatures, false);
        let limit = time_limit(&program.limits);
        let mut this = Self {
            engine,
            program,
            signatures,
            limit,
            host: Vec::new(),
            stacks: Vec::new(),
            gone: false,
        };
        let record = this.one(written, request);
        let (outcome, host) = match record {
            Ok(Record::Instantiated(Step { outcome, host, .. }, told)) => {
                this.keep_stacks(told)?;
                (outcome, host)
            }
            Ok(_) => return Err(this.no_record()),
            Err(Stop::HeapFull) => (Outcome::Exhausted(Resource::Memory), Vec::new()),
            Err(Stop::Failed(error)) => return Err(error),
        };
        let instance =
            matches!(outcome, Outcome::Returned(_)).then(|| Box::new(this) as Box<dyn Instance>);
        Ok(Instantiated {
            outcome,
            host,
            instance,
        })
    }

    /// Sends one command, if it could be written, and gives its record.
    fn one(
        &mut self,
        written: Result<(), crate::frame::NotForJs>,
        request: Request,
    ) -> Result<Record, Stop> {
        self.engine.unless_refused(written)?;
        let mut records = self.engine.exchange(&request.finish(), self.limit)?;
        records.pop().ok_or_else(|| Stop::Failed(self.no_record()))
    }

    fn keep_stacks(&mut self, told: Vec<Told>) -> Result<(), EngineError> {
        if self.program.stacks {
            let stacks = self.engine.stacks(self.program, &[told])?;
            self.stacks.extend(stacks.into_iter().flatten());
        }
        Ok(())
    }

    fn no_record(&self) -> EngineError {
        self.engine.misuse("a command has no record")
    }

    /// As [`JsInstance::one`], where a full heap is no outcome.
    fn read(&mut self, request: Request) -> Result<Record, EngineError> {
        self.one(Ok(()), request).map_err(|stop| match stop {
            Stop::Failed(error) => error,
            Stop::HeapFull => self.engine.misuse("the heap ran full as memory was read"),
        })
    }
}

impl Instance for JsInstance<'_> {
    fn call(&mut self, export: &str, args: &[Value]) -> Result<Outcome, EngineError> {
        let mut request = Request::new();
        let written = request.call(export, args, &self.signatures);
        let outcome = match self.one(written, request) {
            Ok(Record::Called(outcome)) => outcome,
            Ok(_) => return Err(self.no_record()),
            Err(Stop::HeapFull) => {
                self.gone = true;
                return Ok(Outcome::Exhausted(Resource::Memory));
            }
            Err(Stop::Failed(error)) => return Err(error),
        };
        let mut request = Request::new();
        request.trace();
        match self.read(request)? {
            Record::Trace(host, told) => {
                self.host.extend(host);
                self.keep_stacks(told)?;
            }
            _ => return Err(self.no_record()),
        }
        Ok(outcome)
    }

    fn memory(&mut self, index: u32) -> Result<MemoryDigest, EngineError> {
        let mut request = Request::new();
        request.digest(index);
        match self.read(request)? {
            Record::Digest(digest) => Ok(digest),
            _ => Err(self.no_record()),
        }
    }

    fn read_memory(&mut self, index: u32) -> Result<Vec<u8>, EngineError> {
        let mut request = Request::new();
        request.read(index);
        match self.read(request)? {
            Record::Bytes(bytes) => Ok(bytes),
            _ => Err(self.no_record()),
        }
    }

    fn take_host_calls(&mut self) -> Vec<HostCall> {
        std::mem::take(&mut self.host)
    }

    fn is_gone(&self) -> bool {
        self.gone
    }

    fn take_stacks(&mut self) -> Vec<Stack> {
        std::mem::take(&mut self.stacks)
    }
}
