//! Running out of memory everywhere.

mod alloc;
mod debug;
mod explore;
mod flight;
mod hook;
mod plan;
mod scenario;
mod scope;
mod sites;
mod sys;
mod tape;
mod verdict;

pub use alloc::FaultAllocator;
pub use debug::{Checks, Realloc};
pub use explore::*;
pub use plan::{Plan, PlanError, Resource, Rule};
pub use scenario::{Response, Scenario, Simple, digest};
pub use scope::{
    Balance, Scope, Tally, intercept_system_calls, is_installed, stop_intercepting_system_calls,
};
pub use sites::symbols::{Place, Shims};
pub use sys::Unavailable;
pub use verdict::Verdict;
