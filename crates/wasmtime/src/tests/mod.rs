//! Tests of the adapter against small programs in the text format. What all adapters have in
//! common is in the crate `assay-conformance`; here is what only Wasmtime has.

mod configurations;
mod conformance;
mod counting;
mod embedding;
mod features;
mod interruption;
mod lives;
mod outcomes;
mod stacks;
mod support;
mod values;
