//! The engine: programs in, transcripts out, and what happens when the child does not live to
//! tell.

use crate::ahead::Ahead;
use crate::child::{Child, Failure};
use crate::frame::{Malformed, NotForJs};
use crate::instance::JsInstance;
use crate::messages::heap_was_full;
use crate::probe;
use crate::reply::{Record, Reply};
use crate::request::Request;
use crate::signature::Signatures;
use crate::spec::{JsSpec, Runtime};
use crate::stacks::{self, Told};
use assay_engine::script::Action;
use assay_engine::{
    Engine, EngineError, Features, Instantiated, Limits, Outcome, Program, Script, Spent, Stack,
    Step, Tells, Transcript,
};
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// How long a runtime may take to start and be probed.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A JavaScript engine in a child process.
///
/// The child is started again, for the next program, after it crashed or hung.
#[derive(Debug)]
pub struct JsEngine {
    spec: JsSpec,
    version: String,
    runtime: String,
    features: Features,
    child: Option<Child>,
    /// How often a program is run by what was sent last, while the reply has not been read.
    begun: Option<usize>,
    /// What has come of runs that nobody has asked for yet.
    ahead: Ahead,
    spent: Spent,
    /// Which rows of the table of messages have occurred.
    seen: Vec<bool>,
}

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The program cannot be run, or the host script not be written.
    #[error("cannot start {}: {source}", path.display())]
    Spawn {
        /// The program.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// It runs, but not as an engine should.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The child ended because its heap was full: to the program, that is an outcome.
    HeapFull,
    /// Anything else.
    Failed(EngineError),
}

impl JsEngine {
    /// Starts the runtime, asks who it is, and probes what it can.
    ///
    /// # Errors
    ///
    /// When the program cannot be run, or does not answer.
    pub fn start(spec: JsSpec) -> Result<Self, StartError> {
        let seen = vec![false; spec.runtime.rows().len()];
        let mut engine = Self {
            spec,
            version: String::new(),
            runtime: String::new(),
            features: Features::empty(),
            child: None,
            begun: None,
            ahead: Ahead::default(),
            spent: Spent::default(),
            seen,
        };
        engine.start_child()?;
        engine.features = engine.probe().map_err(|stop| engine.failure(stop))?;
        engine.spent = Spent::default();
        Ok(engine)
    }

    /// What it was started with.
    pub fn spec(&self) -> &JsSpec {
        &self.spec
    }

    /// The runtime and its version: `Node.js 26.10.0`.
    pub fn runtime(&self) -> &str {
        &self.runtime
    }

    /// The number of the running process, if one is running.
    pub fn process_id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// The texts of the table of messages that have occurred since the last time.
    #[cfg(test)]
    pub(crate) fn take_texts_seen(&mut self) -> Vec<&'static str> {
        let rows = self.spec.runtime.rows().iter().zip(&mut self.seen);
        rows.filter_map(|(row, seen)| std::mem::take(seen).then_some(row.text))
            .collect()
    }

    fn start_child(&mut self) -> Result<(), StartError> {
        let child = Child::start(&self.spec);
        let path = || self.spec.path.clone();
        self.child = Some(child.map_err(|source| StartError::Spawn {
            path: path(),
            source,
        })?);
        let mut request = Request::new();
        request.hello(self.spec.runtime.rows());
        let records = self.exchange(&request.finish(), START_LIMIT);
        match records.map_err(|stop| self.failure(stop))?.pop() {
            Some(Record::Hello { runtime, version }) => {
                self.version = match self.spec.runtime {
                    Runtime::Bun => format!("{version:.12} ({runtime})"),
                    Runtime::Node | Runtime::Deno => version,
                };
                self.runtime = runtime;
                Ok(())
            }
            _ => Err(self.misuse("the child does not say who it is").into()),
        }
    }

    fn probe(&mut self) -> Result<Features, Stop> {
        let mut request = Request::new();
        for program in probe::programs() {
            let signatures = Signatures::of(&program.main().wasm);
            self.unless_refused(request.instantiate(&program, &signatures, false))?;
            for call in &program.calls {
                self.unless_refused(request.call(&call.export, &call.args, &signatures))?;
            }
        }
        self.exchange(&request.finish(), START_LIMIT)
            .map(|records| probe::features(&records))
    }

    /// Sends commands and waits for their records.
    pub(crate) fn exchange(&mut self, frame: &[u8], limit: Duration) -> Result<Vec<Record>, Stop> {
        self.send(frame)?;
        self.receive(limit)
    }

    /// Sends commands to the child, a new one if need be.
    fn send(&mut self, frame: &[u8]) -> Result<(), Stop> {
        if self.begun.is_some() {
            // Someone began a program and did not ask for it. Its reply must not be taken for
            // that to another.
            self.receive(START_LIMIT)?;
        }
        if self.child.is_none() {
            self.start_child()
                .map_err(|error| Stop::Failed(self.restart_failed(error)))?;
        }
        if !self.child.as_mut().is_some_and(Child::is_running) {
            return Err(self.died("before the program, "));
        }
        let sent = self
            .child
            .as_mut()
            .map_or(Err(Failure::Gone), |child| child.send(frame));
        sent.map_err(|_| self.died(""))
    }

    /// Waits for the records of what was sent.
    fn receive(&mut self, limit: Duration) -> Result<Vec<Record>, Stop> {
        self.begun = None;
        let Some(child) = &mut self.child else {
            return Err(Stop::Failed(self.misuse("there is no child")));
        };
        let records = match child.receive(limit) {
            Ok(frame) => records(frame, self.spec.runtime, &mut self.seen, &mut self.spent),
            Err(Failure::Gone) => return Err(self.died("")),
            Err(Failure::TimedOut) => return Err(self.hung(limit)),
            Err(Failure::Nonsense) => return Err(self.derailed()),
        };
        let mut records = records.map_err(|Malformed| self.derailed())?;
        match records.pop() {
            Some(Record::Misuse(what)) => Err(Stop::Failed(self.misuse(what))),
            Some(Record::UnknownText(text)) => {
                let engine = self.spec.name.clone();
                Err(Stop::Failed(EngineError::UnknownText { engine, text }))
            }
            last => {
                records.extend(last);
                Ok(records)
            }
        }
    }

    /// Clears away a child that is gone.
    fn died(&mut self, when: &str) -> Stop {
        let Some(child) = self.child.take() else {
            return Stop::Failed(self.misuse("there is no child"));
        };
        let end = child.end();
        if heap_was_full(&end.stderr) {
            return Stop::HeapFull;
        }
        let how = format!("{when}{}", end.how());
        Stop::Failed(EngineError::Crashed {
            engine: self.spec.name.clone(),
            how,
        })
    }

    fn hung(&mut self, limit: Duration) -> Stop {
        self.child = None;
        let time_ms = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
        Stop::Failed(EngineError::Hung {
            engine: self.spec.name.clone(),
            time_ms,
        })
    }

    /// After a reply that makes no sense, the child is of no more use.
    fn derailed(&mut self) -> Stop {
        self.child = None;
        Stop::Failed(self.misuse("the child's reply is malformed"))
    }

    fn restart_failed(&self, error: StartError) -> EngineError {
        match error {
            StartError::Engine(error) => error,
            StartError::Spawn { .. } => {
                let how = format!("and cannot be started again: {error}");
                EngineError::Crashed {
                    engine: self.spec.name.clone(),
                    how,
                }
            }
        }
    }

    /// The error for a stop that cannot be the program's outcome.
    pub(crate) fn failure(&self, stop: Stop) -> EngineError {
        match stop {
            Stop::Failed(error) => error,
            Stop::HeapFull => {
                let how = "its heap is full".to_owned();
                EngineError::Crashed {
                    engine: self.spec.name.clone(),
                    how,
                }
            }
        }
    }

    pub(crate) fn misuse(&self, what: impl Into<String>) -> EngineError {
        EngineError::misuse(&self.spec.name, what)
    }

    pub(crate) fn unless_refused(&self, written: Result<(), NotForJs>) -> Result<(), Stop> {
        written.map_err(|NotForJs(value)| {
            Stop::Failed(self.misuse(format!("JavaScript cannot be handed {value}")))
        })
    }

    /// What stacks of a program's steps mean.
    pub(crate) fn stacks(
        &self,
        program: &Program,
        steps: &[Vec<Told>],
    ) -> Result<Vec<Vec<Stack>>, EngineError> {
        let JsSpec { name, runtime, .. } = &self.spec;
        stacks::understood(name, *runtime, &program.modules, steps)
    }

    /// The transcript of these steps, the instantiation first.
    pub(crate) fn transcript(
        &self,
        program: &Program,
        steps: Vec<(Step, Vec<Told>)>,
    ) -> Result<Transcript, EngineError> {
        let (mut steps, told): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
        if program.stacks {
            let stacks = self.stacks(program, &told)?;
            for (step, stacks) in steps.iter_mut().zip(stacks) {
                step.stacks = stacks;
            }
        }
        let mut steps = steps.into_iter();
        let instantiation = steps.next();
        Ok(Transcript {
            drops: None,
            instantiation: instantiation
                .ok_or_else(|| self.misuse("the instantiation has no record"))?,
            calls: steps.collect(),
        })
    }

    /// The transcripts of the runs that these records are of.
    fn transcripts(
        &self,
        program: &Program,
        records: Vec<Record>,
    ) -> Result<VecDeque<Transcript>, EngineError> {
        let mut runs = Vec::new();
        for record in records {
            match (record, runs.last_mut()) {
                (Record::Instantiated(step, told), _) => runs.push(vec![(step, told)]),
                (Record::Stepped(step, told), Some(steps)) => steps.push((step, told)),
                _ => return Err(self.misuse("a step has no record")),
            }
        }
        let runs = runs
            .into_iter()
            .map(|steps| self.transcript(program, steps));
        runs.collect()
    }

    /// The frame that runs a program; up to and including call `until`, where that is given.
    fn request(&self, program: &Program, until: Option<usize>) -> Result<Request, EngineError> {
        let signatures = Signatures::of(&program.main().wasm);
        let mut request = Request::new();
        let mut written = request.instantiate(program, &signatures, true);
        for call in program.calls.iter().take(until.unwrap_or(usize::MAX)) {
            written = written.and_then(|()| request.step(call, &signatures));
        }
        self.unless_refused(written)
            .map_err(|stop| self.failure(stop))?;
        Ok(request)
    }
}

/// How long the child may take for a program.
pub(crate) fn time_limit(limits: &Limits) -> Duration {
    Duration::from_millis(limits.time_ms.into())
}

fn records(
    frame: &[u8],
    runtime: Runtime,
    seen: &mut [bool],
    spent: &mut Spent,
) -> Result<Vec<Record>, Malformed> {
    let mut reply = Reply::new(frame, runtime.rows(), seen)?;
    *spent = *spent + reply.spent;
    let mut records = Vec::new();
    while let Some(record) = reply.next()? {
        records.push(record);
    }
    Ok(records)
}

impl Engine for JsEngine {
    fn name(&self) -> &str {
        &self.spec.name
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn features(&self) -> Features {
        self.features
    }

    fn tells(&self) -> Tells {
        stacks::tells(&self.spec)
    }

    /// By the children's own clocks.
    fn spent(&self) -> Spent {
        self.spent
    }

    fn instantiate<'a>(
        &'a mut self,
        program: &'a Program,
    ) -> Result<Instantiated<'a>, EngineError> {
        JsInstance::make(self, program)
    }

    /// All runs are in one request, and what comes of those after the first is kept until it is asked
    /// for: the child does them while this process does other things.
    fn begin(&mut self, program: &Program, runs: usize) -> Result<(), EngineError> {
        if self.ahead.has(program) {
            return Ok(());
        }
        let frame = self.request(program, None)?.repeated(runs).finish();
        match self.send(&frame) {
            Ok(()) => {
                self.begun = Some(runs);
                Ok(())
            }
            Err(stop) => Err(self.failure(stop)),
        }
    }

    fn run(&mut self, program: &Program) -> Result<Transcript, EngineError> {
        if let Some(transcript) = self.ahead.take(program) {
            return Ok(transcript);
        }
        let runs = match self.begun {
            Some(runs) => runs,
            None => {
                self.begin(program, 1)?;
                1
            }
        };
        let limit = time_limit(&program.limits) * u32::try_from(runs).unwrap_or(u32::MAX);
        let records = match self.receive(limit) {
            Ok(records) => records,
            Err(Stop::HeapFull) => return self.run_stepwise(program),
            Err(Stop::Failed(error)) => return Err(error),
        };
        let mut transcripts = self.transcripts(program, records)?;
        let first = transcripts.pop_front();
        self.ahead.keep(program, transcripts);
        first.ok_or_else(|| self.misuse("the instantiation has no record"))
    }

    fn perform(&mut self, script: &Script) -> Result<Vec<Option<Outcome>>, EngineError> {
        let signatures = script.actions.iter().map(|action| match action {
            Action::Instantiate { wasm, .. } => Some(Signatures::of(wasm)),
            _ => None,
        });
        let mut request = Request::new();
        let written = request.perform(script, &signatures.collect::<Vec<_>>());
        let performed = self
            .unless_refused(written)
            .and_then(|()| self.exchange(&request.finish(), time_limit(&script.limits)));
        match performed.map_err(|stop| self.failure(stop))?.pop() {
            Some(Record::Performed(outcomes)) => Ok(outcomes),
            _ => Err(self.misuse("a script has no record")),
        }
    }

    fn memory_after(
        &mut self,
        program: &Program,
        call: Option<usize>,
        memory: u32,
    ) -> Result<Vec<u8>, EngineError> {
        let mut request = self.request(program, Some(call.map_or(0, |n| n + 1)))?;
        request.read(memory);
        let records = self.exchange(&request.finish(), time_limit(&program.limits));
        match records.map_err(|stop| self.failure(stop))?.pop() {
            Some(Record::Bytes(bytes)) => Ok(bytes),
            _ => Err(self.misuse("the memory has no record")),
        }
    }
}
