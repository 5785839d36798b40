//! The corners of garbage collection together with exceptions: where a reference is while something is
//! thrown and caught × by which clause × when there is a collection.
//!
//! A cell counts where the model has seen it happen with a reference to an object that is looked at
//! afterwards; [`SPECIAL`] has other cases behind these. Of [`OPERATORS`] the reference interpreter has
//! evidence of its own.

use super::value::Datum;
use super::world::{Caught, Frame, Held, World};
use crate::stress::scopes::Kind;
use std::collections::BTreeMap;

/// A part of the matter, and a case of it.
pub type Corner = (&'static str, &'static str);

/// The operators under test, by the names that the decoder gives them.
pub const OPERATORS: &[&str] = &["Throw", "ThrowRef", "TryTable"];

/// Where a reference is while an exception passes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a local of the function that catches.
    Local,
    /// In one of its parameters.
    Parameter,
    /// On its stack, below the block.
    Stack,
    /// In a function that the exception leaves, and elsewhere.
    Unwound,
    /// In the payload.
    Payload,
    /// The exception itself.
    Caught,
}

/// When there is a collection.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Before,
    Between,
    Landing,
    After,
}

/// The cells of each place: clause by clause, moment by moment.
const CELLS: &[&str; 16] = &[
    "catch: before the throw",
    "catch: between throw and catch",
    "catch: in the landing pad",
    "catch: after",
    "catch_ref: before the throw",
    "catch_ref: between throw and catch",
    "catch_ref: in the landing pad",
    "catch_ref: after",
    "catch_all: before the throw",
    "catch_all: between throw and catch",
    "catch_all: in the landing pad",
    "catch_all: after",
    "catch_all_ref: before the throw",
    "catch_all_ref: between throw and catch",
    "catch_all_ref: in the landing pad",
    "catch_all_ref: after",
];

/// The place of an exception that was caught before, whatever holds it.
const KEPT: &str = "a kept exception";

/// The cases that the model notes.
pub const SPECIAL: &[(&str, &[&str])] = &[
    ("a local", CELLS),
    ("a parameter", CELLS),
    ("the stack below", CELLS),
    ("an unwound function", CELLS),
    ("the payload", CELLS),
    (KEPT, CELLS),
    (
        "throw",
        &[
            "empty payload",
            "largest payload",
            "references and numbers",
            "an exception in the payload",
            "an object that is not null",
        ],
    ),
    ("throw_ref", &["null", "twice", "in a handler"]),
    (
        "exception",
        &[
            "in a local is the only root",
            "in a global is the only root",
            "in a table is the only root",
            "in an object is the only root",
            "in an exception is the only root",
            "refers to itself",
        ],
    ),
    (
        "barrier",
        &[
            "an old object refers to a new one",
            "a new object refers to an old one",
            "an old object refers to an exception",
        ],
    ),
    (
        "host",
        &[
            "swallows an exception",
            "an exception goes through",
            "throws past objects",
        ],
    ),
    ("uncaught", &["any payload"]),
    ("ref.eq", &["what was thrown and what has arrived"]),
    (
        "packed",
        &[
            "a negative one of what has arrived",
            "one of what has arrived",
        ],
    ),
    ("try_table", &["in a handler", "two with roots below"]),
    ("recursion", &["handlers within", "eight functions or more"]),
    ("loop", &["each round's payload has the last one's object"]),
    ("garbage", &["fills a small heap"]),
    (
        "tail call",
        &[
            "of a function that kept objects",
            "from within try_table",
            "an exception leaves the one that was called",
            "a handler that is gone does not catch",
            "a collection in the one that was called",
        ],
    ),
    (
        "vectors",
        &["in an array in the payload", "in an object in the payload"],
    ),
];

const GONE: &str = "what nothing but the payload holds is gone";

/// The cases that cannot be, and why not.
pub const UNREACHABLE: &[(&str, &str, &str)] = &[
    ("the payload", "catch_all: in the landing pad", GONE),
    ("the payload", "catch_all: after", GONE),
];

fn cell(place: &'static str, kind: Kind, moment: Moment) -> Corner {
    let kind = match kind {
        Kind::One => 0,
        Kind::OneRef => 1,
        Kind::All => 2,
        Kind::AllRef => 3,
    };
    (place, CELLS[4 * kind + moment as usize])
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Local => "a local",
            Self::Parameter => "a parameter",
            Self::Stack => "the stack below",
            Self::Unwound => "an unwound function",
            Self::Payload | Self::Caught => "the payload",
        }
    }
}

impl World {
    /// In what place a value is that counts.
    fn place(&self, held: &Held) -> Option<&'static str> {
        match (held.datum, held.place) {
            (Datum::Object(_), place) => Some(place.name()),
            (Datum::Exception(_), Place::Caught) => {
                let exception = self.heap.exception(held.datum)?;
                let object = |it: &Datum| matches!(it, Datum::Object(_));
                let holds = exception.payload.iter().any(object);
                holds.then_some(Place::Payload.name())
            }
            (Datum::Exception(_), Place::Unwound) => None,
            (Datum::Exception(_), _) => Some(KEPT),
            _ => None,
        }
    }

    /// The corners of an exception that a clause of the innermost function catches, having left
    /// functions that kept some values.
    pub fn corners_of_catch(
        &mut self,
        scope: usize,
        clause: usize,
        exception: u32,
        unwound: &[Held],
    ) {
        let Some(frame) = self.frames.last() else {
            return;
        };
        let kind = frame.scopes[scope].clauses[clause].kind;
        let below = frame.scopes.iter().take(scope + 1);
        let below: Vec<Held> = below.filter_map(|scope| scope.below).collect();
        let live = frame.held.iter().chain(&below);
        let live = live.filter_map(|held| Some((self.place(held)?, held.since)));
        let gone = unwound.iter().map(|held| Held {
            place: Place::Unwound,
            ..*held
        });
        let gone = gone.filter_map(|held| Some((self.place(&held)?, held.since)));
        let thrown = &self.heap.exceptions[exception as usize];
        let payload = thrown.payload.iter().filter_map(|&datum| {
            let object = self.heap.object(datum)?;
            Some((Place::Payload.name(), object.born))
        });
        let (first, now) = (thrown.thrown, self.collections);
        let mut met = Vec::new();
        for (place, since) in live.chain(gone).chain(payload) {
            if since < first {
                met.push(cell(place, kind, Moment::Before));
            }
            if since <= first && first < now {
                met.push(cell(place, kind, Moment::Between));
            }
        }
        if below.len() > 1 {
            met.push(("try_table", "two with roots below"));
        }
        self.met.extend(met);
    }

    /// The case has been in those of the corners that hold.
    pub fn hit_all(&mut self, all: &[(bool, Corner)]) {
        let held = all.iter().filter(|(holds, _)| *holds);
        self.met.extend(held.map(|&(_, corner)| corner));
    }

    /// There has been a collection with these on the stack of the function that runs.
    pub fn collected(&mut self, on_stack: &[Datum]) {
        self.collections += 1;
        let mut frames = self.frames.iter();
        let tail = frames.any(|frame| frame.replaced.is_some());
        self.hit_all(&[(
            tail,
            ("tail call", "a collection in the one that was called"),
        )]);
        let roots: Vec<Datum> = self
            .roots()
            .into_iter()
            .chain(on_stack.iter().copied())
            .collect();
        let all = self.heap.reached(roots, true);
        let kept = self.frames.iter().flat_map(Frame::kept);
        let is_alive = |held: &&Held| match held.datum {
            Datum::Object(number) => all.contains(&(false, number)),
            _ => false,
        };
        let unwound = self.unwound.iter().map(|(held, _)| held).filter(is_alive);
        let met: Vec<Corner> = kept
            .chain(unwound)
            .filter_map(|held| {
                let caught = held.caught?;
                Some(cell(self.place(held)?, caught.kind, caught.moment()))
            })
            .collect();
        self.met.extend(met);
        self.corners_of_exceptions(on_stack);
    }

    /// The same in a landing pad, where these have arrived.
    pub fn collected_in_landing(&mut self, arrived: &[Datum], caught: Caught) {
        self.collected(arrived);
        let object = |it: &Datum| matches!(it, Datum::Object(_));
        let of_exception = arrived.last().and_then(|it| self.heap.exception(*it));
        let in_it = of_exception.is_some_and(|it| it.payload.iter().any(object));
        if in_it || arrived.iter().any(object) {
            let corner = cell(Place::Payload.name(), caught.kind, Moment::Landing);
            self.met.insert(corner);
        }
    }

    /// Which exceptions are all that keeps an object, and where they are.
    fn corners_of_exceptions(&mut self, on_stack: &[Datum]) {
        let roots: Vec<Datum> = self
            .roots()
            .into_iter()
            .chain(on_stack.iter().copied())
            .collect();
        let opaque = self.heap.reached(roots.iter().copied(), false);
        let all = self.heap.reached(roots, true);
        let mut places: BTreeMap<u32, Vec<&'static str>> = BTreeMap::new();
        let mut add = |datum: &Datum, place| {
            if let Datum::Exception(number) = datum {
                let places = places.entry(*number).or_default();
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        };
        let kept = self.frames.iter().flat_map(Frame::kept);
        kept.for_each(|held| add(&held.datum, "in a local is the only root"));
        on_stack.iter().for_each(|it| add(it, "on the stack"));
        let globals = self.globals.iter();
        globals.for_each(|it| add(it, "in a global is the only root"));
        let tables = self.tables.iter().flatten();
        tables.for_each(|it| add(it, "in a table is the only root"));
        for &(is_exception, number) in &all {
            let (data, place) = if is_exception {
                let exception = &self.heap.exceptions[number as usize];
                (&exception.payload, "in an exception is the only root")
            } else {
                let object = &self.heap.objects[number as usize];
                (&object.data, "in an object is the only root")
            };
            data.iter().for_each(|it| add(it, place));
        }
        let mut met = Vec::new();
        for (exception, places) in places {
            let payload = &self.heap.exceptions[exception as usize].payload;
            let reached = self.heap.reached(payload.iter().copied(), true);
            if reached.contains(&(true, exception)) {
                met.push("refers to itself");
            }
            let only = reached.iter().any(|it| !it.0 && !opaque.contains(it));
            if let ([place], true) = (places.as_slice(), only) {
                met.extend((*place != "on the stack").then_some(*place));
            }
        }
        self.met
            .extend(met.into_iter().map(|case| ("exception", case)));
    }

    /// The corners of a reference that is written into an object, while something may be thrown.
    pub fn corners_of_write(&mut self, target: Datum, value: Datum) {
        let Some(target) = self.heap.object(target) else {
            return;
        };
        if !self.is_guarded() {
            return;
        }
        let now = self.collections;
        let is_old = target.born < now;
        let case = match (value, self.heap.object(value)) {
            (_, Some(value)) if is_old && value.born == now => "an old object refers to a new one",
            (_, Some(value)) if !is_old && value.born < now => "a new object refers to an old one",
            (Datum::Exception(_), _) if is_old => "an old object refers to an exception",
            _ => return,
        };
        self.hit("barrier", case);
    }
}

impl Caught {
    fn moment(self) -> Moment {
        if self.is_over {
            Moment::After
        } else {
            Moment::Landing
        }
    }
}
