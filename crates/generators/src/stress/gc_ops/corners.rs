//! The corners of the instructions under test: the table *operator × special case*.
//!
//! Of most special cases the reference interpreter has evidence of its own (the ways that an operator
//! goes, and the traps that it ends in): these are its table, and [`OPERATORS`] says for which
//! operators. [`SPECIAL`] has the others. The model notes them while it performs an operation, and
//! the answers vouch for it.

/// The operators under test, by the names that the decoder gives them.
pub const OPERATORS: &[&str] = &[
    "RefEq",
    "RefNull",
    "RefIsNull",
    "RefFunc",
    "RefAsNonNull",
    "RefI31",
    "I31GetS",
    "I31GetU",
    "StructNew",
    "StructNewDefault",
    "StructGet",
    "StructGetS",
    "StructGetU",
    "StructSet",
    "ArrayNew",
    "ArrayNewDefault",
    "ArrayNewFixed",
    "ArrayNewData",
    "ArrayNewElem",
    "ArrayGet",
    "ArrayGetS",
    "ArrayGetU",
    "ArraySet",
    "ArrayLen",
    "ArrayFill",
    "ArrayCopy",
    "ArrayInitData",
    "ArrayInitElem",
    "RefTestNonNull",
    "RefTestNullable",
    "RefCastNonNull",
    "RefCastNullable",
    "BrOnCast",
    "BrOnCastFail",
    "BrOnNull",
    "BrOnNonNull",
    "AnyConvertExtern",
    "ExternConvertAny",
    "CallRef",
    "TableGet",
    "TableSet",
    "TableFill",
    "TableCopy",
    "TableInit",
    "TableGrow",
    "TableSize",
    "ElemDrop",
    "DataDrop",
    "TypedSelect",
    "Throw",
    "ThrowRef",
];

/// What a range can be like.
const RANGE: &[&str] = &[
    "empty",
    "empty at the end",
    "empty beyond the end",
    "whole",
    "one beyond",
    "around",
];

/// What a place in an array can be like.
const PLACE: &[&str] = &["first", "last", "one beyond", "far beyond"];

/// What a value is, by the type that is asked for.
const CAST: &[&str] = &[
    "own type",
    "above",
    "below",
    "beside",
    "the same type by another name",
    "nearly the same type",
    "made by another instance",
    "bottom",
    "null",
    "unboxed",
    "host",
    "external",
    "function",
];

/// What a conversion is of.
const CONVERSION: &[&str] = &["null", "unboxed", "object", "host"];

/// The special cases that the model notes.
pub const SPECIAL: &[(&str, &[&str])] = &[
    ("StructNew", &["no fields", "sharing"]),
    ("StructSet", &["cycle"]),
    ("StructGetS", &["negative"]),
    ("StructGetU", &["highest bit"]),
    ("ArrayGetS", &["negative"]),
    ("ArrayGetU", &["highest bit"]),
    ("I31GetS", &["negative"]),
    ("I31GetU", &["highest bit"]),
    ("ArrayNew", &["empty", "too large"]),
    ("ArrayNewDefault", &["empty", "too large"]),
    ("ArrayNewFixed", &["empty"]),
    ("ArrayNewData", RANGE),
    ("ArrayNewElem", RANGE),
    ("ArrayFill", RANGE),
    ("ArrayInitData", RANGE),
    ("ArrayInitElem", RANGE),
    ("TableFill", RANGE),
    ("TableInit", RANGE),
    ("ArrayCopy", RANGE),
    (
        "ArrayCopy",
        &[
            "overlapping forwards",
            "overlapping backwards",
            "onto itself",
        ],
    ),
    ("TableCopy", RANGE),
    (
        "TableCopy",
        &[
            "overlapping forwards",
            "overlapping backwards",
            "onto itself",
        ],
    ),
    (
        "TableGrow",
        &["by none", "to the maximum", "one beyond", "far beyond"],
    ),
    ("ArrayGet", PLACE),
    ("ArraySet", PLACE),
    ("TableGet", PLACE),
    ("TableSet", PLACE),
    (
        "RefEq",
        &["same object", "equal numbers", "two nulls", "others"],
    ),
    ("RefTest", CAST),
    ("RefCast", CAST),
    ("BrOnCast", CAST),
    ("BrOnCastFail", CAST),
    ("ExternConvertAny", CONVERSION),
    ("AnyConvertExtern", CONVERSION),
    ("DataDrop", &["again"]),
    ("ElemDrop", &["again"]),
    ("Throw", &["no fields", "reference", "uncaught"]),
    (
        "ThrowRef",
        &["alone kept its payload", "uncaught", "null that was kept"],
    ),
    (
        OTHER,
        &[
            "makes",
            "reads what it made",
            "reads what the main one made",
            "reads null",
            "writes to what it made",
            "writes to what the main one made",
            "tests: the same type",
            "tests: nearly the same type",
            "tests: above",
            "tests: beside",
            "tests: no object",
            "casts: the same type",
            "casts: nearly the same type",
            "casts: above",
            "casts: beside",
            "casts: no object",
            "keeps",
            "gives back what it made",
            "gives back what the main one made",
            "looks into its table",
            "looks beyond its table",
            "is gone, and what it made is not",
        ],
    ),
];

/// What the second instance does, and with what.
pub const OTHER: &str = "another instance";

/// The special cases that no case can meet, and why not.
pub const UNREACHABLE: &[(&str, &str, &str)] = &[];

/// What a range of a list of this length is like.
pub fn of_range(start: u32, count: u32, length: u32) -> Option<&'static str> {
    let end = u64::from(start) + u64::from(count);
    let length = u64::from(length);
    Some(match (count, end) {
        (0, end) if end == length => "empty at the end",
        (0, end) if end > length => "empty beyond the end",
        (0, _) => "empty",
        (_, end) if end > u64::from(u32::MAX) => "around",
        (_, end) if end == length + 1 => "one beyond",
        (_, end) if start == 0 && end == length => "whole",
        _ => return None,
    })
}

/// How a copy of so many lies in one array or table.
pub fn of_copy(same: bool, to: u32, from: u32, count: u32) -> Option<&'static str> {
    if !same || count == 0 || to.abs_diff(from) >= count {
        return None;
    }
    Some(match to.cmp(&from) {
        std::cmp::Ordering::Less => "overlapping forwards",
        std::cmp::Ordering::Equal => "onto itself",
        std::cmp::Ordering::Greater => "overlapping backwards",
    })
}

/// What a place in a list of this length is like.
pub fn of_place(index: u32, length: u32) -> Option<&'static str> {
    if index == length {
        Some("one beyond")
    } else if index > length {
        Some("far beyond")
    } else if index == 0 {
        Some("first")
    } else if index + 1 == length {
        Some("last")
    } else {
        None
    }
}
