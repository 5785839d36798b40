//! What an engine is asked to run.

use crate::{Host, Shim, Value};
use serde::{Deserialize, Serialize};

/// Modules, a host, and the calls to make: all that an engine needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// The modules in the order of instantiation; the last is the main one. Each is registered
    /// under its name for the imports of those that follow. Only the main one imports from
    /// [`names::HOST_MODULE`](crate::names::HOST_MODULE).
    pub modules: Vec<Module>,
    /// The host functions of the main module.
    pub host: Host,
    /// The calls, made in order on the one instance.
    pub calls: Vec<Call>,
    /// What the results of the calls mean, where all calls are of the shim. Without it calls are
    /// what they are, and no slots are observed.
    pub shim: Option<Shim>,
    /// How many memories of the main module to observe
    /// ([`names::memory`](crate::names::memory)`(0..memories)`).
    pub memories: u32,
    /// How many tags of the main module the host may meet
    /// ([`names::tag`](crate::names::tag)`(0..tags)`).
    pub tags: u32,
    /// Whether to tell the call stack at each host call, trap and uncaught exception, where the engine
    /// can ([`Step::stacks`](crate::Step::stacks)).
    pub stacks: bool,
    /// What the engine may spend.
    pub limits: Limits,
}

/// A named module in the binary format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The name that later modules import from.
    pub name: String,
    /// The module in the binary format.
    pub wasm: Vec<u8>,
}

/// One call of an export of the main module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Call {
    /// The export.
    pub export: String,
    /// Its arguments.
    pub args: Vec<Value>,
}

/// What an engine may spend on a program. Fuel is not here: the module counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The time after which an engine in another process is killed, in milliseconds.
    pub time_ms: u32,
    /// The size of the stack for WebAssembly, in bytes, where an engine has such a setting.
    pub stack_bytes: u32,
    /// The size to which the garbage-collected heap may grow, in bytes, where an engine has such
    /// a setting.
    pub gc_heap_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time_ms: 10_000,
            stack_bytes: 2 << 20,
            gc_heap_bytes: 64 << 20,
        }
    }
}

impl Program {
    /// The main module.
    ///
    /// # Panics
    ///
    /// When there is no module at all; a program has at least one.
    pub fn main(&self) -> &Module {
        self.modules.last().expect("a program has a main module")
    }
}
