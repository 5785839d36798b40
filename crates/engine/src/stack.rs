//! What an engine tells of its call stack.
//!
//! Asked for by [`Program::stacks`](crate::Program::stacks), and told in
//! [`Step::stacks`](crate::Step::stacks). The specification knows no backtraces, so an engine that has
//! none tells none; but one that tells a stack must tell the right one. Which ones it tells it says
//! beforehand ([`Tells`]), so that one that falls silent is seen.

mod fit;

pub use fit::Fit;

use crate::Outcome;
use serde::{Deserialize, Serialize};
use std::fmt;

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
    /// At the exception that left the call uncaught: where it was thrown last, which may be a
    /// `throw_ref`. What passes through a host function on its way out is not thrown again there.
    Exception,
}

/// What an engine tells of its stacks, in the configuration that it has.
///
/// Nothing is told of an instantiation that fails, nor where the engine is exhausted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tells {
    /// Whether it tells the stack of each host call.
    pub host_calls: bool,
    /// Whether it tells the stack of each trap that ends a call.
    pub traps: bool,
    /// Whether it tells the stack of each exception that ends a call.
    pub exceptions: bool,
    /// Whether it tells the module of each frame. One that does not may tell some.
    pub modules: bool,
    /// Whether it tells the offset in each frame. One that does not may tell some.
    pub offsets: bool,
    /// How many frames of a stack it tells at most, the innermost.
    pub frames: u32,
    /// What becomes of the frames of functions that it inlines.
    pub inlined: Inlined,
}

/// What becomes of the frames of functions that an engine inlines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inlined {
    /// Nothing: it inlines none.
    #[default]
    None,
    /// They are one with the frame of the function that they were inlined into, which is told of
    /// them all.
    Merged,
    /// Each is told, by what the compiler has written down.
    Apart,
}

impl Stack {
    /// The frames that are active.
    pub fn active(&self) -> impl Iterator<Item = &Frame> {
        self.frames.iter().filter(|frame| !frame.gone)
    }
}

impl Tells {
    /// Nothing at all.
    pub const NOTHING: Self = Self {
        host_calls: false,
        traps: false,
        exceptions: false,
        modules: false,
        offsets: false,
        frames: 0,
        inlined: Inlined::None,
    };

    /// All that there is.
    pub const ALL: Self = Self {
        host_calls: true,
        traps: true,
        exceptions: true,
        modules: true,
        offsets: true,
        frames: u32::MAX,
        inlined: Inlined::None,
    };

    /// Whether it tells the stacks of such moments.
    pub fn tells(&self, moment: Moment) -> bool {
        match moment {
            Moment::HostCall => self.host_calls,
            Moment::Trap => self.traps,
            Moment::Exception => self.exceptions,
        }
    }
}

impl Moment {
    /// The moment at which a call with this outcome ended, if it is one.
    pub fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Trapped(_) => Some(Self::Trap),
            Outcome::Threw { .. } => Some(Self::Exception),
            Outcome::Returned(_) | Outcome::Exhausted(_) | Outcome::Rejected(_) => None,
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostCall => "host call",
            Self::Trap => "trap",
            Self::Exception => "exception",
        })
    }
}

/// One function that is active. In an answer, also one that was.
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
    /// Whether it is active no more: it made a tail call, at the offset, and what is active in its
    /// place stands before it. Answers alone have such frames, to tell in which way an engine is wrong.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

impl fmt::Display for Frame {
    /// As in `module 0, function 5 at 0x3a`; in parentheses where it is gone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let module = self.module.map(|module| format!("module {module}, "));
        let offset = self.offset.map(|offset| format!(" at {offset:#x}"));
        let text = format!(
            "{}function {}{}",
            module.unwrap_or_default(),
            self.function,
            offset.unwrap_or_default()
        );
        match self.gone {
            true => write!(f, "({text})"),
            false => f.write_str(&text),
        }
    }
}

impl fmt::Display for Stack {
    /// As in `trap in [function 5 at 0x3a; function 2 at 0x21]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frames: Vec<_> = self.frames.iter().map(Frame::to_string).collect();
        write!(f, "{} in [{}]", self.moment, frames.join("; "))
    }
}
