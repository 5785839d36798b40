//! JavaScript engines in a child process: V8 in Node.js or Deno, JavaScriptCore in Bun.
//!
//! One script, `host/`, runs under all three. A program is one frame to the child and one back,
//! so that the child works while this process does something else; the script makes the same
//! steps as [`assay_engine::drive`] and the same host calls as [`assay_engine::HostState`].
//!
//! [`discover`] finds the runtimes, or installs them from npm; [`JsEngine::start`] starts one.
//! Both trust a probe, never a version.
//!
//! # What JavaScript does not show
//!
//! - A call cannot pass or return a `v128`, nor an exception reference, and the bits of a NaN may
//!   change on the way: programs cross by integers, see [`assay_engine`]. Handing over such a
//!   value, or letting an exception that carries one go uncaught, is [`EngineError::Misuse`].
//! - Internal references are opaque: a struct or an array is [`Reference::Internal`].
//! - Traps are told by their message only, and some share one: see [`messages`].
//!
//! [`EngineError::Misuse`]: assay_engine::EngineError::Misuse
//! [`Reference::Internal`]: assay_engine::Reference::Internal

mod ahead;
mod child;
mod discover;
mod engine;
mod frame;
mod install;
mod instance;
pub mod messages;
mod nursery;
mod probe;
mod reply;
mod request;
mod script;
pub mod signature;
mod spec;
mod stacks;
mod stepwise;

pub use discover::{Discovery, Found, GivenRefused, JsOptions, Missing, Origin, discover};
pub use engine::{JsEngine, StartError};
pub use spec::{ENGINES, JsSpec, Runtime};
