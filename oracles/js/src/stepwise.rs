//! Programs that fill V8's heap, which ends the process.

use crate::engine::{JsEngine, Stop, time_limit};
use crate::reply::Record;
use crate::request::Request;
use crate::signature::Signatures;
use crate::stacks::Told;
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
        let (start, _) = self.one_step(request, program)?;
        let started = matches!(start.0.outcome, Outcome::Returned(_));
        let mut steps = vec![start];
        for call in program.calls.iter().filter(|_| started) {
            let mut request = Request::new();
            let written = request.step(call, &signatures);
            self.unless_refused(written)
                .map_err(|stop| self.failure(stop))?;
            let (step, gone) = self.one_step(request, program)?;
            steps.push(step);
            if gone {
                break;
            }
        }
        self.transcript(program, steps)
    }

    /// A step, and whether the child ended in it.
    fn one_step(
        &mut self,
        request: Request,
        program: &Program,
    ) -> Result<((Step, Vec<Told>), bool), EngineError> {
        match self.exchange(&request.finish(), time_limit(&program.limits)) {
            Ok(mut records) => match records.pop() {
                Some(Record::Instantiated(step, told) | Record::Stepped(step, told)) => {
                    Ok(((step, told), false))
                }
                _ => Err(self.misuse("a step has no record")),
            },
            Err(Stop::HeapFull) => {
                let outcome = Outcome::Exhausted(Resource::Memory);
                let step = Step {
                    stacks: Vec::new(),
                    outcome,
                    host: Vec::new(),
                    state: None,
                };
                Ok(((step, Vec::new()), true))
            }
            Err(Stop::Failed(error)) => Err(error),
        }
    }
}
