//! The corners of stacks: the table *kind of edge × special case*.
//!
//! An edge of the call graph counts at a moment when a stack was taken then in which a function is
//! that came to run by it. What must be absent counts when it was there before, in the same call.

use super::model::{Before, Edge, Place, Tail, Way};
use assay_engine::{Moment, Stack};
use std::collections::BTreeSet;

/// A kind of edge, or of what ends a call, and a special case of it.
pub type Corner = (&'static str, &'static str);

/// The operators under test, by the names that the decoder gives them.
pub const OPERATORS: &[&str] = &[
    "Call",
    "CallIndirect",
    "CallRef",
    "ReturnCall",
    "ReturnCallIndirect",
    "ReturnCallRef",
    "Throw",
    "Unreachable",
];

const HOST_CALL: &str = "in a stack at a host call";
const TRAP: &str = "in a stack at a trap";
const EXCEPTION: &str = "in a stack at an exception";
const EARLIER: &str = "into an earlier instance";
const LATER: &str = "into a later instance";
const HOST: &str = "of the host";

/// The special cases that the model notes.
pub const SPECIAL: &[(&str, &[&str])] = &[
    ("export", &[HOST_CALL, TRAP, EXCEPTION, EARLIER]),
    ("callback", &[HOST_CALL, TRAP, EXCEPTION, EARLIER]),
    ("call", &[HOST_CALL, TRAP, EXCEPTION, EARLIER, HOST]),
    (
        "call_indirect",
        &[HOST_CALL, TRAP, EXCEPTION, EARLIER, LATER, HOST],
    ),
    (
        "call_ref",
        &[HOST_CALL, TRAP, EXCEPTION, EARLIER, LATER, HOST],
    ),
    ("return_call", &[HOST_CALL, TRAP, EXCEPTION, EARLIER, HOST]),
    (
        "return_call_indirect",
        &[HOST_CALL, TRAP, EXCEPTION, EARLIER, LATER, HOST],
    ),
    (
        "return_call_ref",
        &[HOST_CALL, TRAP, EXCEPTION, EARLIER, LATER, HOST],
    ),
    ("start", &[HOST_CALL, TRAP, EXCEPTION]),
    ("not there", &["returned", "unwound", "replaced"]),
    (
        "unwound",
        &[
            "no function",
            "one function",
            "several functions",
            "eight functions or more",
            "into another instance",
            "through the host",
        ],
    ),
    (
        "caught",
        &[
            "by catch",
            "by catch_ref",
            "by catch_all",
            "by catch_all_ref",
        ],
    ),
    (
        "stack",
        &[
            "empty",
            "of one function",
            "of 64 functions or more",
            "of three instances",
            "one function twice at two places",
        ],
    ),
    (
        "recursion",
        &["of one function", "of two instances", "returns"],
    ),
    (
        "throw_ref",
        &["where it was caught", "after other functions have run"],
    ),
    (
        "host",
        &["traps", "throws", "calls back twice", "in a loop"],
    ),
    (
        "host in a tail call",
        &["returns", "throws", "traps", "calls back"],
    ),
    ("trap", super::ops::traps::NAMES),
];

/// The special cases that no case can meet, and why not.
pub const UNREACHABLE: &[(&str, &str, &str)] = &[
    (
        "start",
        TRAP,
        "there would be no instance, and so nothing to call",
    ),
    (
        "start",
        EXCEPTION,
        "there would be no instance, and so nothing to call",
    ),
];

impl Edge {
    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Export => "export",
            Self::Callback => "callback",
            Self::Call(Way::Direct, Tail::No) => "call",
            Self::Call(Way::Indirect, Tail::No) => "call_indirect",
            Self::Call(Way::Reference, Tail::No) => "call_ref",
            Self::Call(Way::Direct, Tail::Yes) => "return_call",
            Self::Call(Way::Indirect, Tail::Yes) => "return_call_indirect",
            Self::Call(Way::Reference, Tail::Yes) => "return_call_ref",
        }
    }

    /// The special case of a function in this module that is called from one in that.
    pub fn crossing(from: u32, to: u32) -> Option<&'static str> {
        match from.cmp(&to) {
            std::cmp::Ordering::Less => Some(LATER),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(EARLIER),
        }
    }

    /// The special case of a function of the host's.
    pub const OF_HOST: &'static str = HOST;
}

/// The corners of a stack.
pub fn of_stack(met: &mut BTreeSet<Corner>, moment: Moment, places: &[Place], before: Before) {
    let case = match moment {
        Moment::HostCall => HOST_CALL,
        Moment::Trap => TRAP,
        Moment::Exception => EXCEPTION,
    };
    let active = places.iter().filter(|place| !place.gone);
    met.extend(active.map(|place| (place.edge.name(), case)));
    let not_there = [
        (before.returned, "returned"),
        (before.unwound > 0, "unwound"),
        (before.replaced, "replaced"),
    ];
    let not_there = not_there.into_iter().filter(|(holds, _)| *holds);
    met.extend(not_there.map(|(_, case)| ("not there", case)));
}

/// The corners of the stacks of a call.
pub fn of_case(met: &mut BTreeSet<Corner>, stacks: &[Stack]) {
    for stack in stacks {
        let frames: Vec<_> = stack.active().collect();
        let instances: BTreeSet<_> = frames.iter().map(|frame| frame.module).collect();
        let function = |at: usize| frames.get(at).map(|it| (it.module, it.function));
        let twice = (1..frames.len())
            .flat_map(|b| (0..b).map(move |a| (a, b)))
            .take(200)
            .any(|(a, b)| function(a) == function(b) && frames[a].offset != frames[b].offset);
        let cases = [
            (frames.is_empty(), "empty"),
            (frames.len() == 1, "of one function"),
            (frames.len() >= 64, "of 64 functions or more"),
            (instances.len() == 3, "of three instances"),
            (twice, "one function twice at two places"),
        ];
        let cases = cases.into_iter().filter(|(holds, _)| *holds);
        met.extend(cases.map(|(_, case)| ("stack", case)));
    }
}
