//! What a generator gives: a module as it is, and the calls to make, in the module's own types.

use assay_engine::{Action, Call, Features, Limits, Program, Value};
use assay_module::{Exports, Info, Plan, PrepareError, prepare};
use std::collections::BTreeSet;

/// A case before it is made ready for engines: no fuel, no shims, original signatures.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The module, in the binary format. What it imports will be provided.
    pub wasm: Vec<u8>,
    /// The calls, in the types of the exports.
    pub calls: Vec<DraftCall>,
    /// The features that the module may use.
    pub features: Features,
    /// Which functions are called.
    pub exports: Exports,
    /// How many calls of a script have arguments that no host can make.
    pub calls_left_out: usize,
    /// What array lengths are masked with, if they are ([`Plan::array_mask`]).
    pub array_mask: Option<i32>,
    /// Whether functions may become part of the shim ([`Plan::fuse`]).
    pub fuse: bool,
    /// Whether the state is told as one digest ([`Plan::digest`]).
    pub digest: bool,
    /// The exports whose exceptions are to reach the host ([`Plan::uncaught`]).
    pub uncaught: BTreeSet<String>,
    /// Mixed into what host functions return.
    pub host_seed: u32,
    /// What each imported function does; those that are missing return.
    pub actions: Vec<Vec<Action>>,
}

/// One call of an export by its own types.
#[derive(Clone, Debug)]
pub struct DraftCall {
    /// The export.
    pub export: String,
    /// Its arguments, in the types of its parameters.
    pub args: Vec<Value>,
}

/// Why a call of a script is left out.
const NO_SUCH_ARGUMENT: &str = "an argument that no host can make";

/// A draft made ready.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What engines run.
    pub program: Program,
    /// Why exports, or calls that a script makes, are not called: one entry for each.
    pub left_out: Vec<&'static str>,
}

impl Draft {
    /// Makes the module ready for engines ([`prepare`]) and its calls into calls of the shims.
    ///
    /// # Errors
    ///
    /// Those of [`prepare`].
    pub fn finish(&self) -> Result<Finished, PrepareError> {
        let info = Info::read(&self.wasm).map_err(|e| PrepareError::Malformed(e.to_string()))?;
        let plan = Plan {
            features: self.features,
            exports: self.exports,
            array_mask: self.array_mask,
            fuse: self.fuse,
            digest: self.digest,
            uncaught: self.uncaught.clone(),
            host_seed: self.host_seed,
            actions: self.actions.clone(),
            ..Plan::default()
        };
        let ready = prepare(&self.wasm, &info, &plan)?;
        let call = |call: &DraftCall| -> Option<Call> {
            let callable = ready
                .callables
                .iter()
                .find(|callable| callable.name == call.export)?;
            Some(callable.call(&call.args))
        };
        let calls = self.calls.iter().filter_map(call).collect();
        let exports = ready.left_out.iter().map(|(_, why)| *why);
        let calls_left_out = std::iter::repeat_n(NO_SUCH_ARGUMENT, self.calls_left_out);
        let program = Program {
            modules: ready.modules,
            host: ready.host,
            calls,
            shim: Some(ready.shim),
            memories: ready.memories,
            tags: ready.tags,
            limits: Limits::default(),
        };
        Ok(Finished {
            program,
            left_out: exports.chain(calls_left_out).collect(),
        })
    }
}
