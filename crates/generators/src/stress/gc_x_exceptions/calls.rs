//! Where execution goes by calls: into functions, and out of them with results.

use super::corners::Place;
use super::model::DEPTH;
use super::value::{Datum, Ty};
use super::world::{Entry, Frame, Function, Held, MAX_CALLS, Sig, World};
use crate::stress::body::Body;
use crate::stress::naming::name;
use crate::stress::scopes::{Blocks, Clause};
use assay_engine::Outcome;

impl World {
    /// Adds a function that is about to run.
    pub fn function(&mut self, sig: Sig) -> u32 {
        self.functions.push(Function {
            sig,
            export: None,
            body: Body::default(),
        });
        self.functions.len() as u32 - 1
    }

    /// A function that the host calls.
    pub fn exported(&mut self, name: String) -> u32 {
        let function = self.function(Sig::Export);
        self.functions[function as usize].export = Some(name);
        function
    }

    /// Begins the next call of the case.
    pub fn begin_call(&mut self) {
        self.unwound.clear();
        let function = self.exported(format!("{}", self.calls.len()));
        let args = [Datum::Host(self.setting.reference)];
        self.enter(0, Entry::Export, function, &args);
    }

    /// Begins to run a function with these arguments; what it keeps first is its parameters.
    pub fn enter(&mut self, id: u32, entry: Entry, function: u32, args: &[Datum]) {
        let params = self.params(self.functions[function as usize].sig);
        let held = |(local, (&ty, &datum)): (u32, (&Ty, &Datum))| {
            self.value(name(id, local), ty, datum, local, Place::Parameter)
        };
        let held = (0..).zip(params.iter().zip(args)).map(held).collect();
        self.frames.push(Frame {
            entry,
            function,
            body: Body::new(params.iter().map(|ty| ty.local())),
            scopes: Vec::new(),
            held,
            replaced: None,
        });
    }

    /// A function takes the place of the one that runs, as tail calls do: what that kept is gone, and so
    /// are its handlers.
    pub fn replace(&mut self, id: u32, function: u32, args: &[Datum]) {
        let frame = self.frame();
        let lost =
            |held: &Held| matches!(held.datum, Datum::Object(_)) && !args.contains(&held.datum);
        let left = frame.kept().any(lost);
        let open = frame.scopes.iter().filter(|scope| scope.in_body);
        let clauses: Vec<Clause> = open.flat_map(|scope| scope.clauses.clone()).collect();
        self.hit_all(&[
            (left, ("tail call", "of a function that kept objects")),
            (!clauses.is_empty(), ("tail call", "from within try_table")),
        ]);
        let Some(frame) = self.leave(false) else {
            return;
        };
        self.enter(id, frame.entry, function, args);
        let before = frame.replaced.into_iter().flatten();
        self.frame().replaced = Some(before.chain(clauses).collect());
    }

    /// Takes away the function that runs. Its code is complete, but for `unreachable` where it does not
    /// come to its end.
    pub(super) fn leave(&mut self, returns: bool) -> Option<Frame> {
        let types = self.types();
        let mut frame = self.frames.pop()?;
        if !returns {
            frame.close_dead(&types, 0);
            frame.out().unreachable();
        }
        self.functions[frame.function as usize].body = std::mem::take(&mut frame.body);
        Some(frame)
    }

    /// The function that runs comes to its end, outside of all blocks.
    fn returns(&mut self) {
        self.look_at_all(DEPTH);
        let entry = self.frame().entry.clone();
        let results = match entry {
            Entry::Call => Vec::new(),
            Entry::Export | Entry::Callback { .. } => self.push_results(),
        };
        self.leave(true);
        match entry {
            Entry::Export => self.over(Outcome::Returned(results)),
            Entry::Call => {}
            Entry::Callback { value, .. } => {
                self.host.ascend();
                self.note(value);
            }
        }
    }

    /// Pushes what the host gets: the digest, and the last of its references, or what passes for one.
    fn push_results(&mut self) -> Vec<assay_engine::Value> {
        let digest = Datum::Bits(self.digest().into());
        self.sink().global_get(crate::stress::scopes::DIGEST);
        let mut held = self.held().iter().rev();
        let held = held.find(|held| held.ty == Ty::Extern).copied();
        let datum = match held {
            Some(held) => {
                self.sink().local_get(held.local);
                held.datum
            }
            None => self.push_zero(Ty::Extern),
        };
        vec![self.seen(Ty::I64, digest), self.seen(Ty::Extern, datum)]
    }

    /// A call of the case is over.
    pub(super) fn over(&mut self, outcome: Outcome) {
        let name = self.calls.len().to_string();
        let function = self
            .functions
            .iter()
            .position(|it| it.export.as_ref() == Some(&name));
        self.calls.push((function.unwrap_or(0) as u32, outcome));
        if self.calls.len() < MAX_CALLS {
            self.begin_call();
        }
    }

    /// Ends the innermost block, or else the function.
    pub fn finish_one(&mut self, id: u32) {
        if self.scopes() > 0 {
            self.close(id);
        } else {
            self.returns();
        }
    }

    /// Ends all that runs in the current call, by its way.
    pub fn finish_call(&mut self) {
        let calls = self.calls.len();
        self.frame();
        while self.calls.len() == calls && !self.frames.is_empty() {
            self.finish_one(0);
        }
    }

    /// Whether the current call has not done anything yet.
    pub fn is_idle(&self) -> bool {
        match self.frames.as_slice() {
            [] => true,
            [frame] => frame.body.code.is_empty(),
            _ => false,
        }
    }
}
