//! Where execution goes: into functions, out of them with results, and out of them with an exception.

use super::operand::{Operand, data};
use super::value::{Datum, Ty, seen};
use super::world::{End, Entry, Exception, Frame, Function, Held, Origin, Record, Sig, World};
use crate::stress::body::Body;
use crate::stress::naming::name;
use crate::stress::scopes::{Blocks, Clause, Kind, Label, Payloads};
use assay_engine::{OnFailure, Outcome, Traps};

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

    /// Begins the next call of the case.
    pub fn begin_call(&mut self) {
        let function = self.exported(format!("{}", self.calls.len()));
        self.enter(0, Entry::Export, function, Vec::new());
        if self.setting.guards_calls() {
            self.guard();
        }
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

    /// A function that the host calls.
    pub fn exported(&mut self, name: String) -> u32 {
        let args = vec![Datum::Extern(self.setting.reference)];
        let function = self.function(Sig::Own(0), args);
        self.functions[function as usize].export = Some(name);
        function
    }

    /// Begins the start function: whatever is thrown in there ends in there.
    pub fn begin_start(&mut self) {
        let function = self.function(Sig::Start, Vec::new());
        self.enter(0, Entry::Start, function, Vec::new());
        self.guard();
    }

    /// Takes away the function that runs: its code is complete, but for `unreachable` where it does
    /// not come to its end.
    fn leave(&mut self, end: Option<&End>) -> Option<Frame> {
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
    fn over(&mut self, frame: &Frame, outcome: Outcome) {
        let digest = seen(&[Ty::I64], &[Datum::Bits(self.digest.into())]);
        self.told = matches!(&outcome, Outcome::Returned(values) if values.starts_with(&digest));
        let first = frame.origins.first().map_or(0, |origin| origin.function);
        let goes_on = !matches!(outcome, Outcome::Exhausted(_));
        self.calls.push((first, outcome));
        if !goes_on {
            // No engine is asked for more.
            self.told = true;
        } else if self.calls.len() < super::world::MAX_CALLS {
            self.begin_call();
        }
    }

    /// The case is over, with this outcome of the call that runs.
    pub fn ends_all(&mut self, outcome: Outcome) {
        let mut last = None;
        while let Some(frame) = self.leave(None) {
            if let Entry::Callback { .. } = frame.entry {
                self.host.ascend();
            }
            if !self.frames.is_empty() {
                self.sink().unreachable();
            }
            last = Some(frame);
        }
        if let Some(frame) = last {
            self.over(&frame, outcome);
        }
    }

    /// The call traps, for one of these reasons: no handler catches that, only the host.
    pub fn trapped(&mut self, traps: Traps) {
        if self.frames.iter().any(|frame| !frame.scopes.is_empty()) {
            self.hit("trap", "through handlers");
        }
        let mut last = None;
        while let Some(frame) = self.leave(None) {
            if let Entry::Callback { failure, value, .. } = frame.entry {
                self.host.ascend();
                match failure {
                    OnFailure::Onward => self.hit("trap", "through the host"),
                    OnFailure::Again => self.hit("host", "takes hold of a trap, and traps again"),
                    OnFailure::Swallow => {
                        self.hit("host", "swallows a trap");
                        return self.note(value);
                    }
                }
            }
            if !self.frames.is_empty() {
                self.sink().unreachable();
            }
            last = Some(frame);
        }
        if let Some(frame) = last {
            self.over(&frame, Outcome::Trapped(traps));
        }
    }

    /// An exception that has come up so many functions goes on from where code is, to the clause that
    /// catches it.
    pub fn throws(&mut self, id: u32, mut exception: u32, mut up: u32) {
        loop {
            if let Some((scope, clause)) = self.handler(exception) {
                self.corners_of_catch(up, scope, clause, exception);
                return self.catch(id, scope, clause, exception);
            }
            let Some(frame) = self.leave(Some(&End::Threw(exception))) else {
                return;
            };
            up += 1;
            if frame
                .replaced
                .iter()
                .any(|clause| self.fits(*clause, exception))
            {
                self.hit(
                    "return_call",
                    "a handler of the replaced function does not catch",
                );
            }
            match frame.entry {
                Entry::Call => _ = self.sink().unreachable(),
                Entry::Callback {
                    caught,
                    failure,
                    value,
                } => {
                    self.host.ascend();
                    if caught {
                        self.hit("host", "swallows an exception");
                        return self.note(value);
                    }
                    self.hit(
                        "host",
                        match failure {
                            OnFailure::Again => "takes hold of an exception, and throws it again",
                            _ => "an exception goes through",
                        },
                    );
                    self.sink().unreachable();
                }
                Entry::Neighbour(deed) => {
                    up += 1;
                    match self.at_neighbour(deed, exception) {
                        Some(other) => {
                            exception = other;
                            self.sink().unreachable();
                        }
                        None => return self.returns_plain(id),
                    }
                }
                // The start function has a handler around all.
                Entry::Start | Entry::Export => {
                    let outcome = self.uncaught(exception);
                    return self.over(&frame, outcome);
                }
            }
        }
    }

    fn uncaught(&mut self, exception: u32) -> Outcome {
        let Exception { tag, payload } = self.exceptions[exception as usize].clone();
        self.hit(
            "uncaught",
            if payload.is_empty() {
                "empty payload"
            } else {
                "with payload"
            },
        );
        if self.setting.uncaught {
            self.hit("uncaught", "read by the host");
        }
        let types = self.types().fields(tag);
        Outcome::Threw {
            tag: Some(tag),
            payload: seen(&types, &payload),
        }
    }

    /// The scope of the function that runs and the clause in it that catches, if any does.
    fn handler(&self, exception: u32) -> Option<(usize, usize)> {
        let catches = |clause: &Clause| self.fits(*clause, exception);
        let scopes = self.frames.last()?.scopes.iter().enumerate().rev();
        scopes
            .filter(|(_, scope)| scope.in_body)
            .find_map(|(number, scope)| Some((number, scope.clauses.iter().position(catches)?)))
    }

    /// Whether something catches exceptions of a tag that are thrown where code is.
    pub fn is_caught(&self, tag: u32) -> bool {
        let catches = |it: &Clause| !it.has_tag() || self.setting.are_same(it.tag, tag);
        for frame in self.frames.iter().rev() {
            let mut open = frame.scopes.iter().filter(|scope| scope.in_body);
            if open.any(|scope| scope.clauses.iter().any(catches)) {
                return true;
            }
            if let Entry::Callback { caught: true, .. } = frame.entry {
                return true;
            }
            if let Entry::Neighbour(deed) = frame.entry
                && self.neighbour_keeps_all(deed)
            {
                return true;
            }
        }
        false
    }

    /// Whether a clause catches an exception.
    fn fits(&self, clause: Clause, exception: u32) -> bool {
        let exception = self.exceptions.get(exception as usize);
        let is = |it: &Exception| self.setting.are_same(clause.tag, it.tag);
        !clause.has_tag() || exception.is_some_and(is)
    }

    /// Goes on where a clause lands.
    fn catch(&mut self, id: u32, scope: usize, number: usize, exception: u32) {
        let types = self.types();
        let frame = self.frame();
        frame.close_dead(&types, scope + 1);
        let clause = frame.scopes[scope].clauses[number];
        let Exception { payload, .. } = self.exceptions[exception as usize].clone();
        match clause.label {
            Label::Own => {
                let frame = self.frame();
                let landing = frame.scopes[scope].landing(number);
                frame.land(&types, landing);
                let tag = payload.into_iter().filter(|_| clause.has_tag());
                let itself = clause.has_exception().then_some(Datum::Exn(exception));
                let data: Vec<Datum> = tag.chain(itself).collect();
                self.take_arrived(id, &clause.arrives(&types), &data);
            }
            Label::Done(out) => {
                self.frame().close_dead(&types, scope + 1 - out as usize);
                self.close();
                // With the last block, a function may have come to its end.
                if !self.is_idle() {
                    self.note_held();
                }
            }
            Label::Function => {
                let exception = clause.has_exception().then_some(Datum::Exn(exception));
                self.returned(id, payload.into_iter().chain(exception).collect());
            }
        }
    }

    /// Takes what has arrived where a clause lands from the stack, and looks at all that the function
    /// keeps.
    pub fn take_arrived(&mut self, id: u32, types: &[Ty], data: &[Datum]) {
        let mut extra = Vec::new();
        let fields = types.iter().zip(data).enumerate().rev();
        for (place, (&ty, &datum)) in fields {
            // An exception that comes last is kept under the operation's own name.
            let own = place + 1 == types.len() && ty == Ty::Exn;
            let name = if own { id } else { name(id, 1 + place as u32) };
            let held = self.keep(name, ty, datum);
            if self.held().last().map(|last| last.local) != Some(held.local) && !own {
                extra.push(held);
            }
        }
        self.note_all(&extra);
        self.note_held();
    }

    /// Opens a scope.
    pub fn open(&mut self, clauses: Vec<Clause>, below: Option<u64>) {
        let types = self.types();
        self.frame().open(&types, clauses, below);
    }

    /// Ends the innermost scope, where code comes to its end. The start function ends with its last
    /// scope, which catches all.
    pub fn close(&mut self) {
        let types = self.types();
        if let Some(below) = self.frame().close(&types) {
            self.note(below);
        }
        let last = self.frames.last();
        if last.is_some_and(|frame| self.is_guarded(frame) && frame.scopes.is_empty()) {
            self.finish_one();
        }
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
}
