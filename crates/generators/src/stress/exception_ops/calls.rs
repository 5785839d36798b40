//! Where execution goes by calls: into functions, and out of them with results.

use super::operand::{Operand, data};
use super::value::{Datum, Ty, seen};
use super::world::{End, Entry, Frame, Function, Held, Origin, Record, Sig, World};
use crate::stress::body::Body;
use crate::stress::naming::name;
use crate::stress::scopes::{Blocks, Clause, Kind, Label};
use assay_engine::Outcome;

impl World {
    /// Adds a function that is about to run.
    pub fn function(&mut self, sig: Sig, args: Vec<Datum>) -> u32 {
        self.functions.push(Function {
            sig,
            args,
            export: None,
            body: Body::default(),
            record: None,
        });
        self.functions.len() as u32 - 1
    }

    /// A function that the host calls.
    pub fn exported(&mut self, name: String) -> u32 {
        let args = vec![Datum::Extern(self.setting.reference)];
        let function = self.function(Sig::Own(0), args);
        self.functions[function as usize].export = Some(name);
        function
    }

    /// Begins the next call of the case.
    pub fn begin_call(&mut self) {
        let function = self.exported(format!("{}", self.calls.len()));
        self.enter(0, Entry::Export, function, Vec::new());
        if self.setting.guards_calls() {
            self.guard();
        }
    }

    /// Begins the start function: whatever is thrown in there ends in there.
    pub fn begin_start(&mut self) {
        let function = self.function(Sig::Start, Vec::new());
        self.enter(0, Entry::Start, function, Vec::new());
        self.guard();
    }

    /// Opens a block that catches all, around the whole function: it ends with it.
    fn guard(&mut self) {
        let all = Clause {
            kind: Kind::All,
            tag: 0,
            label: Label::Done(0),
        };
        self.open(vec![all], None);
        let frame = self.frame();
        frame.prologue = frame.body.code.len();
    }

    /// Whether a function has such a block.
    pub fn is_guarded(&self, frame: &Frame) -> bool {
        match frame.entry {
            Entry::Start => true,
            Entry::Export => self.setting.guards_calls(),
            _ => false,
        }
    }

    /// Begins to run a function; what it keeps first is its parameters.
    pub fn enter(&mut self, id: u32, entry: Entry, function: u32, mut origins: Vec<Origin>) {
        let Function { sig, ref args, .. } = self.functions[function as usize];
        let params = self.params(sig);
        let held = |(local, (&ty, &datum)): (u32, (&Ty, &Datum))| Held {
            id: name(id, local),
            ty,
            datum,
            local,
        };
        origins.push(Origin {
            function,
            start: self.log.len(),
            repeats: true,
        });
        let held = (0..).zip(params.iter().zip(args)).map(held).collect();
        self.frames.push(Frame {
            entry,
            body: Body::new(params.iter().map(|ty| ty.local())),
            scopes: Vec::new(),
            held,
            prologue: 0,
            ended: 0,
            replaced: Vec::new(),
            origins,
        });
    }

    /// A function takes the place of the one that runs, as tail calls do: its handlers are gone.
    pub fn replace(&mut self, id: u32, function: u32) {
        let Some(mut frame) = self.frames.pop() else {
            return;
        };
        let handlers = frame.scopes.iter().filter(|scope| scope.in_body);
        let clauses: Vec<Clause> = handlers.flat_map(|it| it.clauses.clone()).collect();
        if frame.scopes.iter().any(|scope| scope.in_body) {
            self.hit("return_call", "from within try_table");
        }
        self.complete(&mut frame);
        frame.replaced.extend(clauses);
        self.enter(id, frame.entry, function, frame.origins);
        self.frame().replaced = frame.replaced;
    }

    /// Completes the code of a function that does not come to its end.
    fn complete(&mut self, frame: &mut Frame) {
        frame.close_dead(&self.types(), 0);
        frame.out().unreachable();
        self.define(frame);
    }

    /// The code of a function is complete.
    fn define(&mut self, frame: &mut Frame) {
        if let Some(own) = frame.origins.last() {
            let function = &mut self.functions[own.function as usize];
            function.body = std::mem::take(&mut frame.body);
        }
    }

    /// Takes away the function that runs: its code is complete, but for `unreachable` where it does
    /// not come to its end.
    pub(super) fn leave(&mut self, end: Option<&End>) -> Option<Frame> {
        let mut frame = self.frames.pop()?;
        let to_its_end = matches!(end, Some(End::Returned(_))) && frame.scopes.is_empty();
        if to_its_end {
            self.define(&mut frame);
        } else {
            self.complete(&mut frame);
        }
        let tells_digest = matches!(
            (&frame.entry, end),
            (Entry::Export | Entry::Start, Some(End::Returned(_)))
        );
        for origin in &frame.origins {
            if let (true, false, Some(end)) = (origin.repeats, tells_digest, end) {
                self.functions[origin.function as usize].record = Some(Record {
                    words: self.log[origin.start..].to_vec(),
                    end: end.clone(),
                });
            }
        }
        Some(frame)
    }

    /// The results of the function that runs: its first says what was seen so far where the host
    /// gets it.
    pub fn push_results(&mut self, results: &[Operand]) -> Vec<Datum> {
        let mut values = data(results);
        let entry = self.frame().entry.clone();
        match entry {
            Entry::Start => return Vec::new(),
            Entry::Export => {
                self.sink().global_get(super::world::DIGEST);
                values[0] = Datum::Bits(self.digest.into());
                self.push_all(&results[1..]);
            }
            _ => self.push_all(results),
        }
        values
    }

    /// The function that runs returns. Its results are on the stack, or arrive at the function's
    /// label.
    pub fn returned(&mut self, id: u32, values: Vec<Datum>) {
        let types = self.setting.all_results();
        let end = End::Returned(values);
        let Some(frame) = self.leave(Some(&end)) else {
            return;
        };
        let End::Returned(values) = end else { return };
        match frame.entry {
            Entry::Start => self.started(&frame),
            Entry::Export => self.over(&frame, Outcome::Returned(seen(&types, &values))),
            Entry::Call | Entry::Neighbour(_) => self.take(id, &types, &values),
            Entry::Callback { value, .. } => {
                self.host.ascend();
                self.note(value);
            }
        }
    }

    /// Puts results of a call into locals, and into the digest.
    pub fn take(&mut self, id: u32, types: &[Ty], values: &[Datum]) {
        let results = types.iter().zip(values).enumerate().rev();
        let kept: Vec<Held> = results
            .map(|(place, (&ty, &datum))| self.keep(name(id, 8 + place as u32), ty, datum))
            .collect();
        self.note_all(&kept);
    }

    fn started(&mut self, frame: &Frame) {
        self.start = frame.origins.last().map(|origin| origin.function);
        self.begin_call();
    }

    /// A call of the case is over.
    pub(super) fn over(&mut self, frame: &Frame, outcome: Outcome) {
        let digest = seen(&[Ty::I64], &[Datum::Bits(self.digest.into())]);
        self.told = matches!(&outcome, Outcome::Returned(values) if values.starts_with(&digest));
        let first = frame.origins.first().map_or(0, |origin| origin.function);
        self.calls.push((first, outcome));
        if self.calls.len() < super::world::MAX_CALLS {
            self.begin_call();
        }
    }

    /// Whether the current call has not done anything yet.
    pub fn is_idle(&self) -> bool {
        match self.frames.as_slice() {
            [] => true,
            [frame] => {
                let exported = matches!(frame.entry, Entry::Export);
                exported && frame.body.code.len() == frame.prologue && frame.origins.len() == 1
            }
            _ => false,
        }
    }

    /// Ends all that runs in the current call, by its way.
    pub fn finish_call(&mut self) {
        let calls = self.calls.len();
        self.frame();
        while self.calls.len() == calls && !self.frames.is_empty() {
            self.finish_one();
        }
    }

    /// Ends the innermost scope, or else the function.
    pub fn finish_one(&mut self) {
        if self.scopes() > 0 {
            return self.close();
        }
        self.note_held();
        let types = self.setting.all_results();
        let plain: Vec<_> = types
            .iter()
            .map(|&ty| self.fresh(ty, 0, true, false))
            .collect();
        let values: Vec<Datum> = self.push_results(&plain);
        self.returned(0, values);
    }

    /// Brings what runs to its end, and adds a call that tells the digest, unless the last one does.
    pub(super) fn end_all(&mut self) {
        if !self.is_idle() {
            self.finish_call();
        }
        if !self.told {
            self.finish_call();
        }
        // The call that would be the next has no code.
        self.frames.clear();
        let is_idle = |function: &Function| function.body.code.is_empty();
        self.functions.pop_if(|last| is_idle(last));
    }
}
