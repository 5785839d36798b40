//! Tests of the adapter against small programs in the text format.

mod configurations;
mod features;
mod host;
mod outcomes;
mod support;
mod traps;
mod values;
