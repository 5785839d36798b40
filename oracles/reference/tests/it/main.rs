//! Tests of the interpreter from outside.

mod agents;
mod atomics;
mod conformance;
mod coverage;
mod exceptions;
mod fixture;
mod heap;
mod host;
mod limits;
mod nans;
mod suite;
