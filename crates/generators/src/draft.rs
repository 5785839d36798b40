//! What a generator gives: a module as it is, and the calls to make, in the module's own types.

use arbitrary::Unstructured;
use assay_engine::{
    Action, Answers, Call, Features, Host, HostFunction, Limits, Lives, Module, Outcome, Program,
    Stack, Value,
};
use assay_module::{Exports, Info, Plan, PrepareError, Telling, prepare};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A case before it is made ready for engines: no fuel, no shims, original signatures.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The module, in the binary format. What it imports will be provided.
    pub wasm: Vec<u8>,
    /// The calls, in the types of the exports.
    pub calls: Vec<DraftCall>,
    /// What each of them must come to, by its number, in the types of the exports, where the generator
    /// knows; a reference by what it refers to, whatever its type.
    pub answers: Vec<Outcome>,
    /// The call stacks that each call must have, by its number, where the generator knows; only of a
    /// module that runs as it is.
    pub stacks: Vec<Vec<Stack>>,
    /// What must become of the host's objects, where the generator knows.
    pub lives: Option<Lives>,
    /// The special cases of operators that it meets, by the model of its generator.
    pub met: BTreeSet<(&'static str, &'static str)>,
    /// The features that the module may use.
    pub features: Features,
    /// What the module declares, where the generator has read it already.
    pub info: Option<Info>,
    /// Which functions are called.
    pub exports: Exports,
    /// How many calls of a script have arguments that no host can make.
    pub calls_left_out: usize,
    /// What array lengths are masked with, if they are ([`Plan::array_mask`]).
    pub array_mask: Option<i32>,
    /// Whether functions may become part of the shim ([`Plan::fuse`]).
    pub fuse: bool,
    /// How the state is told ([`Plan::state`]).
    pub state: Telling,
    /// The exports whose exceptions are to reach the host ([`Plan::uncaught`]).
    pub uncaught: BTreeSet<String>,
    /// Whether its calls end by construction. Then fuel bounds nothing, and is counted, so that engines can
    /// be compared by it, only where functions stay as they are.
    pub ends: bool,
    /// To what size the garbage-collected heap may grow, where that is not the usual one
    /// ([`Limits::gc_heap_bytes`]).
    pub gc_heap_bytes: Option<u32>,
    /// Mixed into what host functions return.
    pub host_seed: u32,
    /// What each imported function does; those that are missing return.
    pub actions: Vec<Vec<Action>>,
    /// What is known of the module where it runs as it is.
    pub bare: Option<Bare>,
}

/// A module that runs as it is: no fuel, no shim, and nothing observed but what its calls come to. For
/// generators that must know where each instruction is, or that need several instances. All that
/// crosses the boundary must be able to ([`Slot`](assay_engine::Slot)), and all calls must end.
#[derive(Clone, Debug, Default)]
pub struct Bare {
    /// The modules that are instantiated before it, in order.
    pub before: Vec<Module>,
    /// The functions that it imports from the host.
    pub functions: Vec<HostFunction>,
    /// How many memories and tags it exports ([`Program::memories`], [`Program::tags`]).
    pub exports: (u32, u32),
    /// Whether stacks are told ([`Program::stacks`]).
    pub stacks: bool,
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

/// More fuel than any case takes that ends by construction.
const MORE_THAN_ENOUGH: i32 = 1 << 30;

/// A draft made ready.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What engines run.
    pub program: Program,
    /// What is known of its run, as it is seen behind the shim.
    pub answers: Answers,
    /// Why exports, or calls that a script makes, are not called: one entry for each.
    pub left_out: Vec<&'static str>,
}

/// The state of a module that tells nothing by itself: mostly as a digest.
pub(crate) fn telling(u: &mut Unstructured<'_>) -> arbitrary::Result<Telling> {
    Ok(match u.ratio(7, 8)? {
        true => Telling::Digest,
        false => Telling::Slots,
    })
}

impl Draft {
    /// Makes the module ready for engines ([`prepare`]) and its calls into calls of the shims.
    ///
    /// # Errors
    ///
    /// Those of [`prepare`].
    pub fn finish(&self) -> Result<Finished, PrepareError> {
        if let Some(bare) = &self.bare {
            return Ok(self.finish_bare(bare));
        }
        let info = match &self.info {
            Some(info) => Cow::Borrowed(info),
            None => {
                let info = Info::read(&self.wasm);
                Cow::Owned(info.map_err(|e| PrepareError::Malformed(e.to_string()))?)
            }
        };
        let plan = Plan {
            features: self.features,
            exports: self.exports,
            array_mask: self.array_mask,
            fuse: self.fuse,
            state: self.state,
            uncaught: self.uncaught.clone(),
            host_seed: self.host_seed,
            actions: self.actions.clone(),
            fuel: self.fuel(),
        };
        let ready = prepare(&self.wasm, &info, &plan)?;
        let mut calls: Vec<Call> = Vec::new();
        let mut outcomes = Vec::new();
        for (number, call) in self.calls.iter().enumerate() {
            let mut callables = ready.callables.iter();
            let Some(callable) = callables.find(|callable| callable.name == call.export) else {
                continue;
            };
            calls.push(callable.call(&call.args));
            let answer = self.answers.get(number);
            outcomes.extend(answer.map(|answer| match answer {
                // The host reads these by itself, in their own types.
                Outcome::Threw { .. } if self.uncaught.contains(&call.export) => answer.clone(),
                _ => callable.outcome(answer, &info),
            }));
        }
        let exports = ready.left_out.iter().map(|(_, why)| *why);
        let calls_left_out = std::iter::repeat_n(NO_SUCH_ARGUMENT, self.calls_left_out);
        let program = Program {
            stacks: false,
            modules: ready.modules,
            host: ready.host,
            calls,
            shim: Some(ready.shim),
            memories: ready.memories,
            tags: ready.tags,
            limits: self.limits(),
        };
        Ok(Finished {
            program,
            answers: self.answers(outcomes),
            left_out: exports.chain(calls_left_out).collect(),
        })
    }

    fn fuel(&self) -> Option<i32> {
        match self.ends {
            true => (!self.fuse).then_some(MORE_THAN_ENOUGH),
            false => Plan::default().fuel,
        }
    }

    /// The program is what the draft says.
    fn finish_bare(&self, bare: &Bare) -> Finished {
        let main = Module {
            name: "main".into(),
            wasm: self.wasm.clone(),
        };
        let calls = self.calls.iter().map(|call| Call {
            export: call.export.clone(),
            args: call.args.clone(),
        });
        let (memories, tags) = bare.exports;
        let program = Program {
            modules: bare.before.iter().cloned().chain([main]).collect(),
            host: Host {
                seed: self.host_seed,
                functions: bare.functions.clone(),
            },
            calls: calls.collect(),
            shim: None,
            memories,
            tags,
            stacks: bare.stacks,
            limits: self.limits(),
        };
        Finished {
            program,
            answers: Answers {
                stacks: self.stacks.clone(),
                ..self.answers(self.answers.clone())
            },
            left_out: Vec::new(),
        }
    }

    fn answers(&self, outcomes: Vec<Outcome>) -> Answers {
        Answers {
            outcomes,
            stacks: Vec::new(),
            lives: self.lives.clone(),
        }
    }

    fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            gc_heap_bytes: self.gc_heap_bytes.unwrap_or(usual.gc_heap_bytes),
            ..usual
        }
    }
}
