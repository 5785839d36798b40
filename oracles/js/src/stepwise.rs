//! Programs that fill V8's heap, which ends the process.

use crate::engine::{JsEngine, Stop, time_limit};
use crate::reply::Record;
use crate::request::Request;
use crate::signature::Signatures;
use assay_engine::{EngineError, Outcome, Program, Resource, Step, Transcript};

impl JsEngine {
    /// The transcript of a program in which the heap runs full, which a dead child cannot give:
    /// runs it again, one command at a time, to see at which step.
    pub(crate) fn run_stepwise(&mut self, program: &Program) -> Result<Transcript, EngineError> {
        let signatures = Signatures::of(&program.main().wasm);
        let mut request = Request::new();
        let written = request.instantiate(program, &signatures, true);
        self.unless_refused(written)
            .map_err(|stop| self.failure(stop))?;
        let instantiation = self.one_step(request, program)?;
        let mut transcript = Transcript {
            drops: None,
            instantiation,
            calls: Vec::new(),
        };
        for call in &program.calls {
            if transcript
                .calls
                .last()
                .unwrap_or(&transcript.instantiation)
                .state
                .is_none()
            {
                break;
            }
            let mut request = Request::new();
            let written = request.step(call, &signatures);
            self.unless_refused(written)
                .map_err(|stop| self.failure(stop))?;
            transcript.calls.push(self.one_step(request, program)?);
        }
        Ok(transcript)
    }

    fn one_step(&mut self, request: Request, program: &Program) -> Result<Step, EngineError> {
        match self.exchange(&request.finish(), time_limit(&program.limits)) {
            Ok(mut records) => match records.pop() {
                Some(Record::Instantiated(step) | Record::Stepped(step)) => Ok(step),
                _ => Err(self.misuse("a step has no record")),
            },
            Err(Stop::HeapFull) => {
                let outcome = Outcome::Exhausted(Resource::Memory);
                Ok(Step {
                    stacks: Vec::new(),
                    outcome,
                    host: Vec::new(),
                    state: None,
                })
            }
            Err(Stop::Failed(error)) => Err(error),
        }
    }
}
