//! Where execution goes: into functions, out of them, and to the clause that catches an exception.

use super::corners::Place;
use super::model::{DEPTH, SHALLOW};
use super::value::{Datum, Ty};
use super::world::{COLLECT, Caught, Entry, Frame, Function, Held, MAX_CALLS, Sig, World};
use crate::stress::Choices;
use crate::stress::body::Body;
use crate::stress::naming::name;
use crate::stress::scopes::{Blocks, Clause, Kind};
use assay_engine::{Outcome, Traps};

/// One exception in so many may be thrown where nothing catches it.
const UNCAUGHT: u32 = 12;

/// What a landing place does with what arrives.
#[derive(Clone, Copy, Debug)]
pub struct Landing {
    /// Whether there is a collection before anything is taken from the stack.
    collects: bool,
    /// Whether the payload is dropped where the exception keeps it.
    drops: bool,
}

impl Landing {
    /// One of the four.
    pub fn choose(c: &mut Choices<'_, '_>) -> Self {
        Self {
            collects: c.once_in(2),
            drops: c.once_in(3),
        }
    }
}

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

    /// Begins the next call of the case.
    pub fn begin_call(&mut self) {
        self.unwound.clear();
        let function = self.exported(format!("{}", self.calls.len()));
        let args = [Datum::Host(self.setting.reference)];
        self.enter(0, Entry::Export, function, &args);
    }

    /// A function that the host calls.
    pub fn exported(&mut self, name: String) -> u32 {
        let function = self.function(Sig::Export);
        self.functions[function as usize].export = Some(name);
        function
    }

    /// Takes away the function that runs. Its code is complete, but for `unreachable` where it does not
    /// come to its end.
    fn leave(&mut self, returns: bool) -> Option<Frame> {
        let types = self.types();
        let mut frame = self.frames.pop()?;
        if !returns {
            frame.close_dead(&types, 0);
            frame.out().unreachable();
        }
        self.functions[frame.function as usize].body = std::mem::take(&mut frame.body);
        Some(frame)
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
    fn over(&mut self, outcome: Outcome) {
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

    /// The call traps, for one of these reasons: nothing catches that.
    pub fn trapped(&mut self, traps: Traps) {
        while let Some(frame) = self.leave(false) {
            if matches!(frame.entry, Entry::Callback { .. }) {
                self.host.ascend();
            }
            if !self.frames.is_empty() {
                self.sink().unreachable();
            }
        }
        self.over(Outcome::Trapped(traps));
    }

    /// An exception goes on from where code is, to the clause that catches it.
    pub fn throws(&mut self, id: u32, exception: u32, landing: Landing) {
        self.throws_past(id, exception, landing, Vec::new());
    }

    /// The same, where it has left functions already that kept these.
    pub fn throws_past(
        &mut self,
        id: u32,
        exception: u32,
        landing: Landing,
        mut unwound: Vec<Held>,
    ) {
        loop {
            if let Some((scope, clause)) = self.handler(exception) {
                self.corners_of_catch(scope, clause, exception, &unwound);
                self.remember(unwound, scope, clause);
                return self.catch(id, (scope, clause), exception, landing);
            }
            let Some(frame) = self.leave(false) else {
                return;
            };
            unwound.extend(frame.kept().copied());
            if let Some(clauses) = &frame.replaced {
                let tag = self.heap.exceptions[exception as usize].tag;
                let fits = |it: &Clause| !it.has_tag() || it.tag == tag;
                let gone = clauses.iter().any(fits);
                self.hit_all(&[
                    (
                        true,
                        ("tail call", "an exception leaves the one that was called"),
                    ),
                    (gone, ("tail call", "a handler that is gone does not catch")),
                ]);
            }
            match frame.entry {
                Entry::Call => _ = self.sink().unreachable(),
                Entry::Callback { caught, value } => {
                    self.host.ascend();
                    if caught {
                        self.hit("host", "swallows an exception");
                        return self.note(value);
                    }
                    self.hit("host", "an exception goes through");
                    self.sink().unreachable();
                }
                Entry::Export => {
                    let outcome = self.uncaught(exception);
                    return self.over(outcome);
                }
            }
        }
    }

    fn uncaught(&mut self, exception: u32) -> Outcome {
        let exception = self.heap.exceptions[exception as usize].clone();
        self.hit("uncaught", "any payload");
        let fields = self.setting.tags[exception.tag as usize].clone();
        let payload = fields.iter().zip(&exception.payload);
        Outcome::Threw {
            tag: Some(exception.tag),
            payload: payload.map(|(&ty, &datum)| self.seen(ty, datum)).collect(),
        }
    }

    /// The block of the function that runs and the clause in it that catches, if any does.
    fn handler(&self, exception: u32) -> Option<(usize, usize)> {
        let tag = self.heap.exceptions.get(exception as usize)?.tag;
        let catches = |clause: &Clause| !clause.has_tag() || clause.tag == tag;
        let scopes = self.frames.last()?.scopes.iter().enumerate().rev();
        scopes
            .filter(|(_, scope)| scope.in_body)
            .find_map(|(number, scope)| Some((number, scope.clauses.iter().position(catches)?)))
    }

    /// Whether something catches exceptions of a tag that are thrown where code is.
    pub fn is_caught(&self, tag: u32) -> bool {
        let open = self.frames.iter().flat_map(|frame| &frame.scopes);
        let mut clauses = open.filter(|it| it.in_body).flat_map(|it| &it.clauses);
        clauses.any(|clause| !clause.has_tag() || clause.tag == tag)
    }

    /// Whether an exception of a tag is to be thrown where code is: mostly where something catches it.
    pub fn may_throw(&self, c: &mut Choices<'_, '_>, tag: u32) -> bool {
        c.once_in(UNCAUGHT) || self.is_caught(tag)
    }

    /// What a clause catches passes by all that is kept where it lands.
    fn remember(&mut self, unwound: Vec<Held>, scope: usize, clause: usize) {
        let frame = self.frame();
        let caught = Caught {
            kind: frame.scopes[scope].clauses[clause].kind,
            scope,
            is_over: false,
        };
        for held in frame.kept_mut() {
            held.caught = Some(caught);
            if matches!(held.place, Place::Payload | Place::Caught) {
                held.place = Place::Local;
            }
        }
        let depth = self.frames.len();
        self.unwound.extend(unwound.into_iter().map(|held| {
            let (place, caught) = (Place::Unwound, Some(caught));
            (
                Held {
                    place,
                    caught,
                    ..held
                },
                depth,
            )
        }));
    }

    /// Goes on where a clause lands.
    fn catch(
        &mut self,
        id: u32,
        (scope, number): (usize, usize),
        exception: u32,
        landing: Landing,
    ) {
        let types = self.types();
        let frame = self.frame();
        frame.close_dead(&types, scope + 1);
        let clause = frame.scopes[scope].clauses[number];
        let place = frame.scopes[scope].landing(number);
        frame.land(&types, place);
        let payload = self.heap.exceptions[exception as usize].payload.clone();
        let mut arrived = if clause.has_tag() {
            payload
        } else {
            Vec::new()
        };
        arrived.extend(
            clause
                .has_exception()
                .then_some(Datum::Exception(exception)),
        );
        let types = clause.arrives(&types);
        let caught = Caught {
            kind: clause.kind,
            scope,
            is_over: false,
        };
        if landing.collects {
            self.sink().call(COLLECT);
            self.collected_in_landing(&arrived, caught);
        }
        let drops = landing.drops && clause.has_exception();
        self.take(id, &types, &arrived, caught, drops);
        self.compare(&arrived);
        self.look_at_all(SHALLOW);
    }

    /// Takes what has arrived from the stack.
    fn take(&mut self, id: u32, types: &[Ty], data: &[Datum], caught: Caught, drops: bool) {
        let has_exception = matches!(caught.kind, Kind::OneRef | Kind::AllRef);
        let arrived = types.iter().zip(data).enumerate().rev();
        for (place, (&ty, &datum)) in arrived {
            let is_exception = has_exception && place + 1 == data.len();
            if drops && !is_exception {
                self.sink().drop();
                continue;
            }
            let held = self.keep(name(id, place as u32), ty, datum);
            let place = if is_exception {
                Place::Caught
            } else {
                Place::Payload
            };
            let mut all = self.frame().held.iter_mut();
            if let Some(it) = all.find(|it| it.local == held.local) {
                it.place = place;
                it.caught = Some(caught);
            }
        }
    }

    /// Compares an object that has arrived with one that was there, by `ref.eq`: the same one, if that
    /// can be had.
    fn compare(&mut self, arrived: &[Datum]) {
        let objects = |held: &&Held| held.ty.is_eq() && matches!(held.datum, Datum::Object(_));
        let held: Vec<Held> = self.held().iter().filter(objects).copied().collect();
        let is_new = |held: &&Held| held.place == Place::Payload && arrived.contains(&held.datum);
        let Some(new) = held.iter().rev().find(is_new) else {
            return;
        };
        let old = || held.iter().filter(|it| it.local != new.local);
        let same = old().find(|it| it.datum == new.datum);
        if let Some(old) = same.or(old().next()) {
            if same.is_some() {
                self.hit("ref.eq", "what was thrown and what has arrived");
            }
            self.ref_eq(new, old);
        }
    }

    /// Whether two values are the same one.
    pub fn ref_eq(&mut self, a: &Held, b: &Held) {
        let mut f = self.sink();
        f.local_get(a.local)
            .local_get(b.local)
            .ref_eq()
            .i64_extend_i32_u();
        self.note((a.datum == b.datum).into());
    }

    /// Opens a block.
    pub fn open(&mut self, clauses: Vec<Clause>, below: Option<Held>) {
        let types = self.types();
        self.frame().open(&types, clauses, below);
    }

    /// Ends the innermost block, where code comes to its end. What lies below it is kept.
    pub fn close(&mut self, id: u32) {
        let types = self.types();
        let below = self.frame().close(&types);
        let (scopes, depth) = (self.scopes(), self.frames.len());
        let end = |held: &mut Held| {
            let caught = held.caught.iter_mut();
            let over = caught.filter(|caught| caught.scope >= scopes);
            over.for_each(|caught| caught.is_over = true);
        };
        self.frame().kept_mut().for_each(end);
        let here = self.unwound.iter_mut().filter(|(_, at)| *at >= depth);
        here.for_each(|(held, _)| end(held));
        if let Some(mut below) = below {
            end(&mut below);
            let kept = self.keep(name(id, 30), below.ty, below.datum);
            self.look(kept, SHALLOW);
            let mut all = self.frame().held.iter_mut();
            if let Some(it) = all.find(|it| it.local == kept.local) {
                *it = Held {
                    id: kept.id,
                    local: kept.local,
                    ..below
                };
            }
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
