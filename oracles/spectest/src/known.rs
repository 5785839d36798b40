//! What engines are known to do otherwise than the suite says.

use std::collections::BTreeMap;

/// Directives that fail on some engines.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The engines, by name.
    pub engines: &'static [&'static str],
    /// The file, as [`File::name`](crate::File::name) has it.
    pub file: &'static str,
    /// The lines at which the directives begin.
    pub lines: &'static [usize],
    /// The cause.
    pub why: &'static str,
}

/// V8 in all its forms.
const JSC: &[&str] = &["jsc", "jsc-inlining"];

const V8: &[&str] = &["v8", "v8-liftoff", "v8-turbofan", "v8-inprocess"];

/// The part of `unreached-invalid.wast` that stands at the same lines in every version.
const UNREACHED: &[usize] = &[
    20, 26, 32, 41, 45, 49, 55, 59, 63, 70, 76, 82, 88, 94, 100, 106, 112, 118, 124, 131, 137, 143,
    149, 155, 161, 167, 173, 179, 185, 192, 198, 204, 210, 216, 222, 228, 234, 240, 246, 252, 258,
    264, 270, 469, 476, 483, 497, 506, 514, 520, 526,
];

/// What its newest versions have behind that.
const UNREACHED_REFERENCES: &[usize] = &[
    668, 675, 686, 697, 709, 714, 720, 725, 730, 736, 743, 763, 773,
];

const fn dead_code(file: &'static str, lines: &'static [usize]) -> Known {
    Known {
        engines: JSC,
        file,
        lines,
        why: "JavaScriptCore does not check the types of code that is never reached",
    }
}

const fn large_table(file: &'static str) -> Known {
    Known {
        engines: V8,
        file,
        lines: &[9],
        why: "V8 refuses tables of more than 10,000,000 elements, as JavaScript's interface has it",
    }
}

/// All that is known.
pub const KNOWN: &[Known] = &[
    Known {
        engines: V8,
        file: "gc/array_init_elem.wast",
        lines: &[92, 93],
        why: "where both the array and the segment are too short, V8 reports the segment",
    },
    large_table("wasm-latest/table.wast"),
    large_table("wasm-v3/table.wast"),
    Known {
        engines: &["winch"],
        file: "threads/imports.wast",
        lines: &[309, 313, 317],
        why: "Winch has several tables, though not all of the reference types they came with",
    },
    dead_code("function-references/unreached-invalid.wast", UNREACHED),
    dead_code(
        "function-references/unreached-invalid.wast",
        UNREACHED_REFERENCES,
    ),
    dead_code("reference-types/unreached-invalid.wast", UNREACHED),
    dead_code("reference-types/unreached-invalid.wast", &[683, 690, 701]),
    dead_code("wasm-latest/unreached-invalid.wast", UNREACHED),
    dead_code("wasm-latest/unreached-invalid.wast", UNREACHED_REFERENCES),
    dead_code("wasm-v1/unreached-invalid.wast", UNREACHED),
    dead_code("wasm-v1/unreached-invalid.wast", &[684, 691, 702]),
    dead_code("wasm-v2/unreached-invalid.wast", UNREACHED),
    dead_code(
        "wasm-v2/unreached-invalid.wast",
        &[668, 675, 686, 698, 703, 709, 714, 719, 725, 732],
    ),
    dead_code("wasm-v3/unreached-invalid.wast", UNREACHED),
    dead_code("wasm-v3/unreached-invalid.wast", UNREACHED_REFERENCES),
    dead_code("function-references/return_call_indirect.wast", &[406]),
    dead_code("tail-call/return_call_indirect.wast", &[406]),
    dead_code("wasm-latest/return_call_indirect.wast", &[443]),
    dead_code("wasm-v3/return_call_indirect.wast", &[434]),
    dead_code("function-references/call_ref.wast", &[167, 183]),
    dead_code("function-references/return_call_ref.wast", &[336, 352]),
    dead_code("wasm-latest/call_ref.wast", &[167, 183]),
    dead_code("wasm-latest/return_call_ref.wast", &[336, 352]),
    dead_code("wasm-v3/call_ref.wast", &[167, 183]),
    dead_code("wasm-v3/return_call_ref.wast", &[336, 352]),
];

/// The lines of a file that are known to fail on an engine, and why.
pub(crate) fn lines(engine: &str, file: &str) -> BTreeMap<usize, &'static str> {
    let rows = KNOWN.iter();
    let rows = rows.filter(|row| row.engines.contains(&engine) && row.file == file);
    rows.flat_map(|row| row.lines.iter().map(|&line| (line, row.why)))
        .collect()
}
