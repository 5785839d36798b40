//! Where execution goes when something is thrown, or traps: up to the clause that catches.

use super::value::{Datum, Ty, seen};
use super::world::{End, Entry, Exception, World};
use crate::stress::naming::name;
use crate::stress::scopes::{Blocks, Clause, Label, Payloads};
use assay_engine::{OnFailure, Outcome, Traps};

impl World {
    /// The call that runs is over, with this outcome: neither a handler nor the host takes hold of it.
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
}
