//! What is looked for, what is left out, and why.

use assay_oom::Verdict;

/// What must not be reached where memory may run out.
pub struct Root {
    /// What it is called in what is printed.
    pub name: &'static str,
    /// What it does to the process.
    pub why: &'static str,
    /// What the explorer says where it is reached, and only there.
    pub verdict: Option<Verdict>,
    /// Its functions, without generic arguments.
    pub functions: &'static [&'static str],
    /// A text that is in every function into which it was inlined.
    pub text: Option<&'static str>,
}

/// All roots.
pub const ROOTS: &[Root] = &[
    Root {
        name: "handle_alloc_error",
        why: "ends the process; what of the standard library cannot fail calls it",
        verdict: Some(Verdict::Abort),
        functions: &[
            "alloc::alloc::handle_alloc_error",
            // Of vectors; there is no other way on from it.
            "alloc::raw_vec::handle_error",
            // What the former becomes at link time.
            "__rustc::__rust_alloc_error_handler",
            "__rust_alloc_error_handler",
            "std::alloc::rust_oom",
        ],
        text: None,
    },
    Root {
        name: "panic_on_oom",
        why: "panics; Wasmtime calls it where a signature has no room for the error",
        verdict: None,
        functions: &[
            "<core::result::Result as wasmtime_internal_core::alloc::PanicOnOom>::panic_on_oom",
        ],
        text: Some("unhandled out-of-memory error: "),
    },
];

/// A function through which no path goes on.
pub struct Stop {
    /// Its name without generic arguments.
    pub function: &'static str,
    /// Why not.
    pub why: &'static str,
}

/// All stops.
pub const STOPS: &[Stop] = &[
    Stop {
        function: "__rustc::rust_begin_unwind",
        why: "whatever can panic would reach the end of memory: a panic allocates",
    },
    Stop {
        function: "wasmtime_internal_core::alloc::vec::TryVec::push",
        why: "it reserves first, and so never grows",
    },
    Stop {
        function: "wasmtime_environ::collections::primary_map::TryPrimaryMap::push",
        why: "it reserves first, and so never grows",
    },
];

/// The crates that are looked at unless others are named: those whose names begin so.
pub const PACKAGE: &str = "wasmtime";

/// What of them is the compiler's, which no operation of a scenario runs: crates and modules.
pub const COMPILERS: &[&str] = &[
    "wasmtime::compile",
    "wasmtime_environ::compile",
    "wasmtime_environ::component::compiler",
    "wasmtime_environ::component::dfg",
    "wasmtime_environ::component::translate",
    "wasmtime_environ::component::types_builder",
    "wasmtime_environ::fact",
    "wasmtime_internal_cranelift",
    "wasmtime_internal_winch",
];
