//! The corners of exception handling: the table *instruction × special case*.
//!
//! Of the ways of [`OPERATORS`] the reference interpreter has evidence of its own. [`SPECIAL`] has the other
//! cases. One counts where the model has seen it happen: a clause has caught, an exception has gone
//! through; and the answers vouch for that.

use super::world::World;
use crate::stress::scopes::{Clause, Kind, Label, Payloads};

/// An instruction, or another part of the matter, and a special case of it.
pub type Corner = (&'static str, &'static str);

/// The operators under test, by the names that the decoder gives them.
pub const OPERATORS: &[&str] = &["Throw", "ThrowRef", "TryTable"];

/// The special cases that the model notes, of instructions, of clauses, and of what is around them.
pub const SPECIAL: &[(&str, &[&str])] = &[
    (
        "throw",
        &[
            "empty payload",
            "largest payload",
            "a vector in the payload",
            "null in the payload",
            "an exception in the payload",
            "an object in the payload",
            "a function that is not null",
            "a host's reference that is not null",
            "an object that is not null",
            "in a handler",
            "of an imported tag",
        ],
    ),
    (
        "throw_ref",
        &[
            "null",
            "null within try_table",
            "in a handler",
            "the payload is what it was",
            "of what the host has thrown",
            "twice",
        ],
    ),
    (
        "try_table",
        &[
            "without clauses",
            "with the most clauses",
            "one tag under two indices",
            "the same tag twice",
            "clauses behind one that catches all",
            "in a handler",
            "within another",
            "one behind another",
        ],
    ),
    (
        "catch",
        &[
            "first of several clauses",
            "second clause",
            "last of several clauses",
            "under another index",
            "of what the host has thrown",
            "no payload",
            "largest payload",
        ],
    ),
    (
        "catch_ref",
        &[
            "first of several clauses",
            "second clause",
            "last of several clauses",
            "under another index",
            "of what the host has thrown",
            "no payload",
            "largest payload",
        ],
    ),
    (
        "catch_all",
        &[
            "first of several clauses",
            "second clause",
            "last of several clauses",
            "of what the host has thrown",
            "a trap of the host goes by",
        ],
    ),
    (
        "catch_all_ref",
        &[
            "first of several clauses",
            "second clause",
            "last of several clauses",
            "of what the host has thrown",
        ],
    ),
    (
        "clause",
        &[
            "behind a decoy of the same type",
            "a later one would catch as well",
        ],
    ),
    (
        "caught",
        &[
            "in the same function",
            "one function up",
            "eight functions up or more",
            "behind blocks that do not catch",
            "in the start function",
        ],
    ),
    (
        "label",
        &[
            "0",
            "of the outermost of several places",
            "behind the block itself",
            "behind a block further out",
            "of the function",
        ],
    ),
    (
        "live values",
        &[
            "two of each class",
            "changed within try_table",
            "on the stack below",
        ],
    ),
    ("br", &["out of try_table", "out of several blocks"]),
    (
        "branch",
        &[
            "out of try_table to where a clause lands",
            "past several handlers",
            "from where a clause has landed to where another lands",
            "out of the function, past handlers",
            "over a live value",
            "with an exception",
            "not taken",
        ],
    ),
    (
        "br_table",
        &["the default, with values", "several targets with values"],
    ),
    ("return", &["from within try_table"]),
    ("call", &["a function throws again"]),
    (
        "return_call",
        &[
            "from within try_table",
            "a handler of the replaced function does not catch",
        ],
    ),
    ("exnref", &["kept in a global", "kept in a table"]),
    ("trap", &["through handlers", "through the host"]),
    (
        "host",
        &[
            "swallows an exception",
            "an exception goes through",
            "takes hold of an exception, and throws it again",
            "takes hold of a trap, and traps again",
            "swallows a trap",
            "calls back twice",
        ],
    ),
    (
        "uncaught",
        &["empty payload", "with payload", "read by the host"],
    ),
    (
        "neighbour",
        &[
            "throws a tag that it shares",
            "throws a tag of its own",
            "throws by a decoy",
            "throws by a decoy of the main module's",
            "throws what it has kept",
            "gives what it has kept",
            "an exception goes through",
            "it has made a tail call",
            "its handler does not fit",
            "throws what it has caught again",
            "throws another tag",
            "keeps what it has caught",
            "lets go what it has caught",
        ],
    ),
    ("recursion", &["handlers within", "one level returns"]),
    (
        "loop",
        &["catches in each round", "its label is a clause's"],
    ),
    ("start", &["an exception leaves it"]),
    (
        "exhaustion",
        &[
            "a handler for everything at each level",
            "exceptions on the way down",
            "through handlers",
        ],
    ),
];

/// The special cases that no case can meet, and why not.
pub const UNREACHABLE: &[(&str, &str, &str)] = &[(
    "start",
    "an exception leaves it",
    "there would be no instance, and so nothing to call",
)];

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
        self.met.extend(held.map(|&(_, corner)| corner));
    }
}
