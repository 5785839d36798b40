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
//! | expected outcomes and slots | script: `assert_*` lines |
//! | what an outcome has beyond the words of a script | header: `outcome` of a `[[step]]` |
//! | expected host calls and digests of memories | header: `[[step]]` |
//! | everything else | header |
//!
//! Whether a call catches follows from the name of its export
//! ([`names::CATCH`](assay_engine::names::CATCH)). After each call stands the line that observes
//! the state, which also refills the fuel, as [`drive`](assay_engine::drive) does.
//!
//! Both files end with a line that says so (`# end`, `;; end`), so that one that was cut off is
//! never read as a shorter case.
//!
//! # Outcomes in a script
//!
//! | outcome | line |
//! |---|---|
//! | returned | `assert_return` with all bits, also of a NaN; a catching call returns its status 0 too |
//! | trapped | `assert_trap` with [`Trap::text`](assay_engine::Trap::text); with `""` and the traps in the header where several may be meant |
//! | threw | `assert_exception`, tag and payload in the header; a catching call returns zeros and the status, and the payload is asserted after it |
//! | exhausted its fuel | `assert_trap` with `"unreachable"`; the fuel slot of the observation after it is negative |
//! | exhausted its stack | `assert_exhaustion` |
//! | other | a bare `invoke`, or a bare `module`; the header says the rest |
//!
//! What a catching call returns before its status when it threw is known to be zeros where the
//! shim's results are slots; where they are not, a bare `invoke` stands there.
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
