//! The official test suite on any engine.
//!
//! A file of the suite becomes one [`Script`](assay_engine::Script), so that an engine in a child
//! process gets one frame and gives one; the outcomes are then judged directive by directive.
//!
//! **All engines are judged alike.** JavaScript has no `v128`, may change the bits of a NaN, and
//! cannot take every reference. So a function whose type is not made of `i32`, `i64` and
//! `externref` alone is called through a module of our own, the *wrapper*, which takes and gives
//! integers, on every engine; so is every global that a script reads.
//!
//! **Nothing is skipped silently.** What does not reach an engine, or would ask of it what it has
//! never claimed, is counted with a [`Skip`]. What the standard has changed since a file was
//! written stands in the table [`OUTDATED`], and what an engine is known to do wrong in
//! [`KNOWN`], line by line and with the reason; a row that passes is a failure.

mod encode;
mod expected;
mod host;
mod known;
mod needs;
mod patterns;
mod perform;
mod plan;
mod report;
mod run;
mod suite;
mod wrapper;

pub use known::{KNOWN, Known};
pub use report::{Failure, Report, Skip};
pub use run::run;
pub use suite::{File, OUTDATED, Outdated, UNSUPPORTED, files};
