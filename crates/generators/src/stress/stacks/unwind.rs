//! Where execution goes when functions end: back to who called, up to who catches, or out of the call.

use super::body::Keeps;
use super::model::Event;
use super::scopes::{CAUGHT, Clause, Scope};
use super::world::{Call, End, Entry, Kept, Running, World};
use assay_engine::{Outcome, Traps};

/// How long the doings of a function may be for them to be done again.
const MAX_RECORD: usize = 600;

impl World {
    /// The code of a function is complete: it goes on as though nothing had happened.
    pub(super) fn complete(&mut self, running: &mut Running) {
        while let Some(scope) = running.scopes.pop() {
            scope.close(&mut running.body);
        }
        running.body.finish();
        let function = &mut self.functions[running.function as usize];
        function.body = Some(std::mem::take(&mut running.body));
    }

    /// Takes away the function that runs. What it did, up to this last event, is on record.
    fn leave(&mut self, end: Option<End>, event: Event) -> Option<Running> {
        let mut top = self.running.pop()?;
        self.complete(&mut top);
        self.act(event);
        for origin in &top.origins {
            let events = &self.log[origin.start..];
            if let (true, true, Some(end)) = (origin.repeats, events.len() < MAX_RECORD, end) {
                let function = &mut self.functions[origin.function as usize];
                function.record = Some((events.to_vec(), end));
            }
        }
        Some(top)
    }

    /// The function that runs returns: at its end, once its blocks are closed.
    pub fn returned(&mut self) {
        let word = self.top().body.word;
        self.end(Event::Return(word));
    }

    /// The host takes the place of the function that runs; the code for that is there already.
    pub fn vacate(&mut self) {
        let top = self.top();
        top.is_gone = true;
        while let Some(scope) = top.scopes.pop() {
            scope.close(&mut top.body);
        }
        self.act(Event::Vacate);
    }

    /// The host, which has taken the place of the function that runs, returns.
    pub fn handed_over(&mut self) {
        self.end(Event::HandOver);
    }

    fn end(&mut self, event: Event) {
        let Some(top) = self.leave(Some(End::Returned), event) else {
            return;
        };
        match top.entry {
            Entry::Start => {
                self.start = top.origins.first().map(|origin| origin.function);
                self.begin_call(0, Keeps::default());
            }
            Entry::Export => self.over(&top),
            Entry::Call if self.top().is_gone => self.handed_over(),
            Entry::Call => self.act(Event::Take),
        }
    }

    /// A call of the case is over.
    fn over(&mut self, bottom: &Running) {
        let function = bottom.origins.first().map_or(0, |origin| origin.function);
        let events = self.log[self.call_began..].to_vec();
        self.calls.push(Call { function, events });
        if !self.is_full() {
            self.begin_call(0, Keeps::default());
        }
    }

    /// Makes a call again that has been made; `false` where there is none.
    pub fn repeat(&mut self, call: usize) -> bool {
        let Some(Call { function, events }) = self.calls.get(call).cloned() else {
            return false;
        };
        self.call_began = self.log.len();
        events.iter().for_each(|event| self.act(event.clone()));
        self.calls.push(Call { function, events });
        if !self.is_full() {
            self.begin_call(0, Keeps::default());
        }
        true
    }

    /// The call traps, for one of these reasons: nothing catches that.
    pub fn trapped(&mut self, traps: Traps) {
        let mut bottom = None;
        while let Some(mut top) = self.running.pop() {
            self.complete(&mut top);
            bottom = Some(top);
        }
        self.act(Event::Trap(traps));
        if let Some(bottom) = bottom {
            self.over(&bottom);
        }
    }

    /// Whether something catches an exception of this tag that is thrown where code is.
    pub fn is_caught(&self, tag: u32) -> bool {
        let scopes = self.running.iter().flat_map(|it| &it.scopes);
        let mut clauses = scopes.filter_map(Scope::clause);
        clauses.any(|clause| clause.catches(tag))
    }

    /// Whether an exception of this tag can be thrown where code is: the start function must end.
    pub fn can_throw(&self, tag: u32) -> bool {
        !self.is_starting() || self.is_caught(tag)
    }

    /// An exception of this tag goes from where code is to the clause that catches it.
    pub fn propagate(&mut self, tag: u32) {
        self.propagate_up(tag, 0, self.module());
    }

    /// The same, where it has left so many functions already, the first of which is in this module.
    pub fn propagate_up(&mut self, tag: u32, mut left: u32, from: u32) {
        loop {
            let catches = |scope: &Scope| scope.clause().is_some_and(|it| it.catches(tag));
            if let Some(place) = self.top().scopes.iter().rposition(catches) {
                return self.catch(place, tag, left, from);
            }
            let Some(top) = self.leave(Some(End::Threw(tag)), Event::Unwind) else {
                return;
            };
            left += 1;
            if top.by_host {
                self.hit("unwound", "through the host");
            }
            if self.running.is_empty() {
                self.act(Event::Uncaught(tag));
                return self.over(&top);
            }
        }
    }

    /// Goes on behind a block that has caught an exception, which has left so many functions.
    fn catch(&mut self, place: usize, tag: u32, left: u32, from: u32) {
        let cases: [(bool, &str); 5] = [
            (left == 0, "no function"),
            (left == 1, "one function"),
            (left > 1, "several functions"),
            (left > 7, "eight functions or more"),
            (self.module() != from, "into another instance"),
        ];
        let met = cases.into_iter().filter(|(holds, _)| *holds);
        self.model
            .met
            .extend(met.map(|(_, case)| ("unwound", case)));
        let caught = self.log.len();
        let top = self.top();
        while top.scopes.len() > place + 1 {
            if let Some(scope) = top.scopes.pop() {
                scope.close(&mut top.body);
            }
        }
        let Some(scope) = top.scopes.pop() else {
            return;
        };
        let kept = scope.close(&mut top.body);
        top.kept
            .extend(kept.map(|local| Kept { local, tag, caught }));
        if let Some(clause) = scope.clause() {
            self.caught(clause, kept.is_some());
        }
    }

    fn caught(&mut self, clause: Clause, keeps: bool) {
        if keeps {
            self.act(Event::Keep);
        }
        if clause.has_fields() {
            self.act(Event::NotePayload);
        }
        self.act(Event::Note(CAUGHT));
        self.hit("caught", clause.name());
    }

    /// Ends the innermost block, or else the function.
    pub fn finish_one(&mut self) {
        let top = self.top();
        match top.scopes.pop() {
            Some(scope) => _ = scope.close(&mut top.body),
            None => self.returned(),
        }
    }

    /// Ends all that runs in the current call.
    pub fn finish_call(&mut self) {
        let calls = self.calls.len();
        let starts = self.start;
        while self.calls.len() == calls && self.start == starts && !self.running.is_empty() {
            self.finish_one();
        }
    }

    /// Ends all, and adds a call that tells the digest, unless the last one does.
    pub fn end_all(&mut self) {
        if self.is_starting() {
            self.finish_call();
        }
        if !self.retract() && !self.running.is_empty() {
            self.finish_call();
            self.retract();
        }
        let last = self.model.calls.last();
        let told = matches!(last, Some((Outcome::Returned(_), _)));
        if !told {
            self.begin_call(0, Keeps::default());
            self.finish_call();
            self.retract();
        }
    }
}
