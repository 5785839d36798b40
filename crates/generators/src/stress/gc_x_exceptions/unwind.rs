//! Where execution goes when something is thrown, or traps: up to the clause that catches.

use super::corners::Place;
use super::model::SHALLOW;
use super::value::{Datum, Ty};
use super::world::{COLLECT, Caught, Entry, Held, World};
use crate::stress::Choices;
use crate::stress::naming::name;
use crate::stress::scopes::{Blocks, Clause};
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
        let has_exception = caught.kind.has_exception();
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
}
