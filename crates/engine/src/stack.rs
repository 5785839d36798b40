//! What an engine tells of its call stack.
//!
//! Asked for by [`Program::stacks`](crate::Program::stacks), and told in
//! [`Step::stacks`](crate::Step::stacks). The specification knows no backtraces, so an engine that has
//! none tells none; but one that tells a stack must tell the right one.

use serde::{Deserialize, Serialize};

/// The functions of WebAssembly that were active at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stack {
    /// When it was taken.
    pub moment: Moment,
    /// The innermost first. Frames of the host are not among them.
    pub frames: Vec<Frame>,
}

/// When a stack was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// Inside a host function, before it does anything.
    HostCall,
    /// At the trap that ended the call.
    Trap,
    /// At the exception that left the call uncaught.
    Exception,
}

/// One function that is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// The index of its module in [`Program::modules`](crate::Program::modules), where the engine
    /// tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<u32>,
    /// Its index in the function index space of that module.
    pub function: u32,
    /// Where the instruction at which it is (the one that trapped, threw, or calls) begins, in bytes
    /// from the beginning of the module's binary, where the engine tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u32>,
}
