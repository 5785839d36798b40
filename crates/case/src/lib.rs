//! The case format: a WebAssembly script beside a TOML header.
//!
//! A [`Case`] is everything that one test needs, and it outlives whatever made it. On disk it is
//! a folder with two files, or the two in one file:
//!
//! - `case.toml`, the header: what a script has no words for.
//! - `case.wast`, the script: the modules, the calls, and what they are expected to do, so that
//!   any engine's own runner of such scripts can execute it where it needs no host function.
//! - `NAME.case.wast`: the header as comment lines that begin with `;;;`, then the script. The
//!   header is all such lines at the very top; without `;;; ` (or a bare `;;;`) they are
//!   `case.toml`.
//!
//! # Which file says what
//!
//! No datum is in both, so a person may edit either.
//!
//! | datum | where |
//! |---|---|
//! | modules, and the names of all but the last | script: `(module ..)`, `(register "name")` |
//! | name of the main module, the last | header: `main`; a failed module cannot be registered |
//! | calls | script; `unreached` in the header where the expected instantiation fails |
//! | the shape of a shim, and the names of its functions and slots | header: `[shim]` |
//! | expected outcomes and slots | script: `assert_*` lines |
//! | what an outcome has beyond the words of a script | header: `outcome` of a `[[step]]` |
//! | expected host calls, call stacks and digests of memories | header: `[[step]]` |
//! | everything else | header |
//!
//! Both files end with a line that says so (`# end`, `;; end`), so that one that was cut off is
//! never read as a shorter case.
//!
//! # With a shim and without
//!
//! With a [`Shim`](assay_engine::Shim) all calls are calls of
//! [`assay:call`](assay_engine::names::CALL), and what such a call returns is a *row*: results,
//! status, slots of the state. So one line asserts all that the script knows of a call. Where no
//! row came back, a *look* follows, as [`drive`](assay_engine::drive) has it: a call with the number
//! [`Shim::LOOK`](assay_engine::Shim::LOOK), and otherwise zeros and nulls, which returns zeros and
//! nulls, the status 0, and the slots. Another look stands after the module; where nothing is
//! expected it asserts nothing, and only refills the fuel. No other call may have that number. What
//! stands behind `;;` after a call, the name of the function, is for people alone.
//!
//! Without a shim there are plain calls of any exports. A state has no slots then, and so no line:
//! it is there after every call that did not exhaust the engine.
//!
//! # Outcomes in a script
//!
//! | outcome | line |
//! |---|---|
//! | returned | `assert_return` with all bits, also of a NaN; with a shim, a row with status 0 |
//! | trapped | `assert_trap` with [`Trap::text`](assay_engine::Trap::text); with `""` and the traps in the header where several may be meant |
//! | threw | `assert_exception`, tag and payload in the header |
//! | threw what the shim caught: a payload as wide as its results, or no tag that the module knows | `assert_return` with a row |
//! | exhausted its fuel | `assert_trap` with `"unreachable"`; the fuel slot of the look after it is negative |
//! | exhausted its stack | `assert_exhaustion` |
//! | other | a bare `invoke`, or a bare `module`; the header says the rest |
//!
//! A transcript does not say which of several modules failed to be instantiated: the script says
//! that the last did. A refused module is `assert_invalid` (`assert_malformed` where it cannot be
//! decoded) or `assert_unlinkable`. One that throws stands in `assert_exception`, which not every
//! runner takes.
//!
//! # Modules as text
//!
//! A module is written as text when that text assembles to the very same bytes, and as
//! `(module binary ..)` when not, so a case always reads back with the bytes that it had.
//! [`Case::new`] first replaces each module by what its text assembles to, where the printed text
//! of both is the same, so that nearly all become readable. [`Case::exact`] leaves them alone,
//! for a finding that depends on the encoding itself.
//!
//! # Values
//!
//! Arguments of calls are numbers, vectors, null, and [`Extern`](assay_engine::Reference::Extern):
//! a script can make no other reference. Results may be any [`Value`](assay_engine::Value).

mod case;
mod error;
mod files;
mod header;
mod join;
mod modules;
mod script;
mod split;
mod text;

pub use case::{Case, EngineRecord, FindingRecord, Role, Seen};
pub use error::CaseError;
pub use header::FORMAT;
