//! Bugs of engines that are known and not ours, so that a campaign stays quiet about them.
//!
//! Each has a folder of its own name under `corpus/regressions`, with the smallest case that shows
//! it and what the specification says of that. A row here says as exactly as can be told which
//! findings are that bug: it looks at the program for the very decision that the engine takes
//! wrongly, so that another bug with the same symptom is still found.

mod inlining;
mod jsc;
mod jsc_handlers;
mod jsc_relaxed;
mod v8;
mod wasmi;
mod wasmi_tables;
mod wasmi_tail;
mod wasmtime;

use assay_checks::Difference;
use assay_checks::allowed::{Site, Wrong};
use assay_engine::Program;
use assay_wasmtime::{Compiler, Configuration, InlineCalls};

/// A known bug that shows as a difference.
pub struct KnownBug {
    /// Its name, and that of its folder.
    pub name: &'static str,
    /// The engines that have it.
    pub engines: &'static [&'static str],
    /// Whether it is the cause of a difference from that engine on this program.
    pub explains: fn(&Difference, &Program) -> bool,
}

/// All known bugs that show as differences.
pub const KNOWN_BUGS: &[KnownBug] = &[
    KnownBug {
        name: "jsc-convert-noextern",
        engines: &["jsc", "jsc-inlining"],
        explains: jsc::convert_noextern,
    },
    KnownBug {
        name: "jsc-dead-br-on-cast",
        engines: &["jsc", "jsc-inlining"],
        explains: jsc::dead_br_on_cast,
    },
    KnownBug {
        name: "jsc-dead-br-on-null",
        engines: &["jsc", "jsc-inlining"],
        explains: jsc::dead_br_on_null,
    },
    KnownBug {
        name: "jsc-frame-of-inlined-tail-call",
        engines: &["jsc-inlining"],
        explains: inlining::frame_beside,
    },
    KnownBug {
        name: "jsc-handler-of-inlined-tail-call",
        engines: &["jsc-inlining"],
        explains: jsc_handlers::handler_of_tail_caller,
    },
    KnownBug {
        name: "v8-frame-of-inlined-tail-call",
        engines: &["v8", "v8-turbofan"],
        explains: inlining::frame_of_any_beside,
    },
    KnownBug {
        name: "v8-place-of-call-in-try",
        engines: &["v8", "v8-turbofan"],
        explains: v8::place_of_call_in_try,
    },
    KnownBug {
        name: "wasmi-br-table-over-operand",
        engines: &["wasmi"],
        explains: wasmi_tables::br_table_over_operand,
    },
    KnownBug {
        name: "wasmi-loop-over-local",
        engines: &["wasmi"],
        explains: wasmi::loop_over_local,
    },
    KnownBug {
        name: "wasmi-parameters-over-local",
        engines: &["wasmi"],
        explains: wasmi::parameters_over_local,
    },
    KnownBug {
        name: "wasmi-select-after-eqz",
        engines: &["wasmi"],
        explains: wasmi::select_after_eqz,
    },
    KnownBug {
        name: "wasmtime-frame-of-inlined-tail-call",
        engines: &["wasmtime", "pulley"],
        explains: inlining::frame_instead,
    },
    KnownBug {
        name: "wasmtime-no-offset-of-inlined-call",
        engines: &["wasmtime", "pulley"],
        explains: inlining::frame_unplaced,
    },
    KnownBug {
        name: "wasmtime-offset-of-trap-behind-if",
        engines: &["wasmtime", "pulley"],
        explains: wasmtime::offset_of_trap_behind_if,
    },
    KnownBug {
        name: "wasmtime-offset-of-trap-behind-epoch-check",
        engines: &["wasmtime", "pulley"],
        explains: wasmtime::offset_of_trap_behind_epoch_check,
    },
];

/// A known bug that shows as a result that nobody allows.
pub struct KnownResult {
    /// Its name, and that of its folder.
    pub name: &'static str,
    /// The engine that has it.
    pub engine: &'static str,
    /// What that engine gives at such a place, to the bit; nothing where the bug does not matter.
    pub gives: fn(&Site) -> Option<u128>,
}

/// All known bugs that show as results that nobody allows.
pub const KNOWN_RESULTS: &[KnownResult] = &[
    KnownResult {
        name: "jsc-relaxed-laneselect-by-byte",
        engine: "jsc",
        gives: jsc_relaxed::laneselect,
    },
    KnownResult {
        name: "jsc-relaxed-trunc-f32x4-u-as-signed",
        engine: "jsc",
        gives: jsc_relaxed::trunc_f32x4_u,
    },
    KnownResult {
        name: "jsc-relaxed-trunc-f64x2-u-low-bits",
        engine: "jsc",
        gives: jsc_relaxed::trunc_f64x2_u_zero,
    },
];

/// A known bug that takes the subject's process down, so that nothing is run in a configuration
/// that has it.
pub struct KnownCrash {
    /// Its name, and that of its folder.
    pub name: &'static str,
    /// Whether a configuration has it.
    pub has: fn(&Configuration) -> bool,
}

/// All known bugs that take the subject's process down. [`Configuration::normalised`] avoids them,
/// so only a case that a person wrote can have one.
pub const KNOWN_CRASHES: &[KnownCrash] = &[
    KnownCrash {
        // The first address of each function is looked up in a map that is empty.
        name: "wasmtime-debug-info-without-address-map",
        has: |configuration| has_debug_info(configuration) && !configuration.code.address_map,
    },
    KnownCrash {
        // The same, of functions of which only what they have inlined is left: that has no addresses.
        name: "wasmtime-debug-info-of-inlined-calls",
        has: |configuration| {
            has_debug_info(configuration) && configuration.code.inlining != InlineCalls::No
        },
    },
];

fn has_debug_info(configuration: &Configuration) -> bool {
    configuration.compiler == Compiler::Cranelift && configuration.code.native_debug_info
}

/// A known bug that takes an oracle's process down: the oracle is not asked about programs that may show it.
pub struct Unasked {
    /// Its name, and that of its folder.
    pub name: &'static str,
    /// The oracle that has it.
    pub engine: &'static str,
    /// Whether a program may show it.
    pub has: fn(&Program) -> bool,
}

/// All known bugs for which an oracle is not asked.
pub const UNASKED: &[Unasked] = &[Unasked {
    name: "wasmi-tail-call-of-host",
    engine: "wasmi",
    has: wasmi_tail::calls_host,
}];

/// The name of the bug for which an oracle is not asked about a program, if there is one.
pub(crate) fn of_program(oracle: &str, program: &Program) -> Option<&'static str> {
    let mut bugs = UNASKED.iter();
    let bug = bugs.find(|bug| bug.engine == oracle && (bug.has)(program))?;
    Some(bug.name)
}

/// The name of the bug of an engine that explains a difference, if one does.
pub(crate) fn of_difference(
    engine: &str,
    difference: &Difference,
    program: &Program,
) -> Option<&'static str> {
    let bug = KNOWN_BUGS
        .iter()
        .find(|bug| bug.engines.contains(&engine) && (bug.explains)(difference, program))?;
    Some(bug.name)
}

/// The name of the bug of an engine that explains a wrong result, if one does.
pub(crate) fn of_result(engine: &str, wrong: &Wrong) -> Option<&'static str> {
    let mut bugs = KNOWN_RESULTS.iter().filter(|bug| bug.engine == engine);
    let explains = |bug: &&KnownResult| {
        wrong
            .result
            .is_some_and(|x| (bug.gives)(&wrong.site) == Some(x))
    };
    Some(bugs.find(explains)?.name)
}

/// The name of the bug that makes a configuration of the subject useless, if one does.
pub(crate) fn of_configuration(configuration: &Configuration) -> Option<&'static str> {
    let crash = KNOWN_CRASHES
        .iter()
        .find(|crash| (crash.has)(configuration))?;
    Some(crash.name)
}

#[cfg(test)]
mod tests;
