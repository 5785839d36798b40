//! The corners of host calls: the table *way of the call × what the host does*, and what is around it.
//!
//! One counts where the model has seen it happen, and the answers vouch for that.

/// A way of calling, or another part of the matter, and a special case of it.
pub type Corner = (&'static str, &'static str);

/// The ways of calling a function of the host's.
pub const WAYS: &[&str] = &[
    "call",
    "call_indirect",
    "call_ref",
    "table.set and call_indirect",
    "return_call",
    "return_call_indirect",
    "return_call_ref",
];

/// What the host does, each in each of the [`WAYS`].
pub const DEEDS: &[&str] = &[
    "returns",
    "collects",
    "throws",
    "traps",
    "interrupts",
    "calls back",
    "calls back too deep",
    "calls back before there is an instance",
    "calls the same function again",
    "exchanges bytes",
    "exchanges out of bounds",
    "exchanges before there is an instance",
    "grows the memory",
    "is refused memory",
    "grows the table",
    "is refused elements",
    "grows before there is an instance",
];

/// The special cases beside those.
pub const SPECIAL: &[(&str, &[&str])] = &[
    (
        "signature",
        &[
            "no values",
            "more than eight parameters",
            "more than four results",
            "a vector",
            "floats",
            "a reference of the host's",
            "a function",
            "an object",
        ],
    ),
    ("callback", &["in a callback"]),
    (
        "trap of a callee",
        &["goes on", "is swallowed", "is let go of again"],
    ),
    (
        "exception of a callee",
        &["goes on", "is swallowed", "is let go of again"],
    ),
    (
        "guard",
        &["catches the tag", "catches all", "a trap goes by"],
    ),
    ("exception", &["leaves the call"]),
];

/// All corners.
pub fn all() -> impl Iterator<Item = Corner> {
    let ways = WAYS.iter().copied();
    let deeds = ways.flat_map(|way| DEEDS.iter().map(move |&deed| (way, deed)));
    let special = SPECIAL.iter().copied();
    deeds.chain(special.flat_map(|(of, cases)| cases.iter().map(move |&case| (of, case))))
}
