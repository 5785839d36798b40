//! The corners of exception handling: *instruction × special case*, and which of them a case is in.
//!
//! A corner counts where the model has seen it happen: a clause has caught, an exception has gone
//! through. A test asks that generated cases come into all of them.

use super::ExceptionOps;
use super::scopes::{Clause, Kind, Label};
use super::world::World;
use crate::stress::Sequence;
use std::collections::BTreeSet;

/// An instruction, or another part of the matter, and a special case of it.
pub type Corner = (&'static str, &'static str);

/// All corners. Those that no case can be in have the reason.
pub const CORNERS: &[(Corner, Option<&str>)] = &[
    (("throw", "empty payload"), None),
    (("throw", "largest payload"), None),
    (("throw", "a vector in the payload"), None),
    (("throw", "null in the payload"), None),
    (("throw", "an exception in the payload"), None),
    (("throw", "an object in the payload"), None),
    (("throw", "in a handler"), None),
    (("throw", "of an imported tag"), None),
    (("throw_ref", "null"), None),
    (("throw_ref", "null within try_table"), None),
    (("throw_ref", "in a handler"), None),
    (("throw_ref", "the payload is what it was"), None),
    (("throw_ref", "of what the host has thrown"), None),
    (("throw_ref", "twice"), None),
    (("try_table", "without clauses"), None),
    (("try_table", "with the most clauses"), None),
    (("try_table", "one tag under two indices"), None),
    (("try_table", "the same tag twice"), None),
    (("try_table", "clauses behind one that catches all"), None),
    (("try_table", "in a handler"), None),
    (("try_table", "within another"), None),
    (("try_table", "one behind another"), None),
    (("catch", "first of several clauses"), None),
    (("catch", "second clause"), None),
    (("catch", "last of several clauses"), None),
    (("catch", "under another index"), None),
    (("catch", "of what the host has thrown"), None),
    (("catch", "no payload"), None),
    (("catch", "largest payload"), None),
    (("catch_ref", "first of several clauses"), None),
    (("catch_ref", "second clause"), None),
    (("catch_ref", "last of several clauses"), None),
    (("catch_ref", "under another index"), None),
    (("catch_ref", "of what the host has thrown"), None),
    (("catch_ref", "no payload"), None),
    (("catch_ref", "largest payload"), None),
    (("catch_all", "first of several clauses"), None),
    (("catch_all", "second clause"), None),
    (("catch_all", "last of several clauses"), None),
    (("catch_all", "of what the host has thrown"), None),
    (("catch_all", "a trap of the host goes by"), None),
    (("catch_all_ref", "first of several clauses"), None),
    (("catch_all_ref", "second clause"), None),
    (("catch_all_ref", "last of several clauses"), None),
    (("catch_all_ref", "of what the host has thrown"), None),
    (("clause", "behind a decoy of the same type"), None),
    (("clause", "a later one would catch as well"), None),
    (("caught", "in the same function"), None),
    (("caught", "one function up"), None),
    (("caught", "eight functions up or more"), None),
    (("caught", "behind blocks that do not catch"), None),
    (("caught", "in the start function"), None),
    (("label", "0"), None),
    (("label", "of the outermost of several places"), None),
    (("label", "behind the block itself"), None),
    (("label", "behind a block further out"), None),
    (("label", "of the function"), None),
    (("live values", "two of each class"), None),
    (("live values", "changed within try_table"), None),
    (("live values", "on the stack below"), None),
    (("br", "out of try_table"), None),
    (("br", "out of several blocks"), None),
    (("return", "from within try_table"), None),
    (("call", "a function throws again"), None),
    (("return_call", "from within try_table"), None),
    (
        (
            "return_call",
            "a handler of the replaced function does not catch",
        ),
        None,
    ),
    (("exnref", "kept in a global"), None),
    (("exnref", "kept in a table"), None),
    (("trap", "through handlers"), None),
    (("trap", "through the host"), None),
    (("host", "swallows an exception"), None),
    (("host", "an exception goes through"), None),
    (("host", "calls back twice"), None),
    (("uncaught", "empty payload"), None),
    (("uncaught", "with payload"), None),
    (("uncaught", "read by the host"), None),
    (("recursion", "handlers within"), None),
    (("recursion", "one level returns"), None),
    (("loop", "catches in each round"), None),
    (("loop", "its label is a clause's"), None),
    (
        ("start", "an exception leaves it"),
        Some("the instance would not be there, and nothing could be called"),
    ),
    (
        ("stack", "an exception during exhaustion"),
        Some("where a stack ends is up to the engine, so there is no answer"),
    ),
];

/// The corners that a case is in.
pub fn corners(case: &Sequence<ExceptionOps>) -> BTreeSet<Corner> {
    case.state().corners
}

impl Kind {
    /// The name of the clause.
    fn name(self) -> &'static str {
        match self {
            Self::One => "catch",
            Self::OneRef => "catch_ref",
            Self::All => "catch_all",
            Self::AllRef => "catch_all_ref",
        }
    }
}

impl World {
    /// The corners of an exception that a clause of the innermost function catches, having come up so
    /// many functions.
    pub fn corners_of_catch(&mut self, up: u32, scope: usize, number: usize, exception: u32) {
        let Some(frame) = self.frames.last() else {
            return;
        };
        let open = frame.scopes.len();
        let scope_number = scope;
        let scope = frame.scopes[scope_number].clone();
        let clause = scope.clauses[number];
        let tag = self.exceptions[exception as usize].tag;
        self.corners_of_clause(&scope.clauses, number, tag);
        self.corners_of_payload(clause, exception);
        self.hit_all(&[
            (up == 0, ("caught", "in the same function")),
            (up == 1, ("caught", "one function up")),
            (up >= 8, ("caught", "eight functions up or more")),
            (self.is_starting(), ("caught", "in the start function")),
            (
                open > scope_number + 1,
                ("caught", "behind blocks that do not catch"),
            ),
            (scope.below.is_some(), ("live values", "on the stack below")),
        ]);
        let places = scope.landings.len();
        let own = clause.label == Label::Own;
        let place = scope.landing(number);
        self.hit_all(&[
            (own && place + 1 == places, ("label", "0")),
            (
                own && place == 0 && places > 1,
                ("label", "of the outermost of several places"),
            ),
            (
                clause.label == Label::Done(0),
                ("label", "behind the block itself"),
            ),
            (
                matches!(clause.label, Label::Done(1..)),
                ("label", "behind a block further out"),
            ),
            (
                clause.label == Label::Function,
                ("label", "of the function"),
            ),
        ]);
    }

    fn corners_of_clause(&mut self, clauses: &[Clause], number: usize, tag: u32) {
        let clause = clauses[number];
        let name = clause.kind.name();
        let last = number + 1 == clauses.len() && number > 0;
        let types = self.types();
        let decoy = |it: &Clause| it.has_tag() && types.fields(it.tag) == types.fields(tag);
        let decoys = clauses[..number].iter().any(decoy);
        let fits = |it: &Clause| !it.has_tag() || self.setting.are_same(it.tag, tag);
        let later = clauses[number + 1..].iter().any(fits);
        self.hit_all(&[
            (
                number == 0 && clauses.len() > 1,
                (name, "first of several clauses"),
            ),
            (number == 1, (name, "second clause")),
            (last, (name, "last of several clauses")),
            (decoys, ("clause", "behind a decoy of the same type")),
            (later, ("clause", "a later one would catch as well")),
            (
                clause.has_tag() && clause.tag != tag,
                (name, "under another index"),
            ),
        ]);
    }

    fn corners_of_payload(&mut self, clause: Clause, exception: u32) {
        let name = clause.kind.name();
        let fields = self.exceptions[exception as usize].payload.len();
        let of_host = self.of_host.contains(&exception);
        let thrown = self.rethrown.iter().filter(|&&it| it == exception).count();
        self.hit_all(&[
            (of_host, (name, "of what the host has thrown")),
            (clause.has_tag() && fields == 0, (name, "no payload")),
            (clause.has_tag() && fields == 6, (name, "largest payload")),
            (
                thrown > 0 && clause.has_tag() && fields > 0,
                ("throw_ref", "the payload is what it was"),
            ),
            (
                thrown > 0 && of_host,
                ("throw_ref", "of what the host has thrown"),
            ),
            (thrown > 1, ("throw_ref", "twice")),
        ]);
    }

    /// The case has been in those of the corners that hold.
    pub fn hit_all(&mut self, all: &[(bool, Corner)]) {
        let held = all.iter().filter(|(holds, _)| *holds);
        self.corners.extend(held.map(|&(_, corner)| corner));
    }
}
