//! Agents: calls that run side by side in one store (threads proposal).
//!
//! [`Store::run_agents`] starts several calls, each an *agent* with a stack of its own. One runs at
//! a time, for a *slice* of operations, and a [`Scheduler`] that the caller supplies says whose
//! *turn* it is. The schedule is all that is open: the same one gives the same run, and the one that
//! was taken is part of what comes out, to be [replayed](Replay). [`explore`] takes every schedule
//! that can make a difference, and gives all outcomes.
//!
//! # What agents share
//!
//! Shared memories, and nothing else that can change: each agent has an instance of its own, and
//! they import one memory. Calls that would have more in common are refused, with the name of what
//! it is ([`AgentsError::InCommon`]). An instance itself may be shared when all that it can change
//! lies in shared memories. Arguments are numbers and null references.
//!
//! The fuel and the limits for memories and the heap are those of the store, for all agents
//! together; the limit of the stack is for each. An agent that traps, throws, or runs into a limit
//! ends, and the others go on.
//!
//! A host function is one operation of its agent, whatever it does. What it calls does not pause:
//! it can notify agents, but in a wait it is alone.
//!
//! # Waiting
//!
//! A wait ends when it is notified, in the order in which waits at that place began, or by time;
//! never without a reason. Time is virtual: it passes only when a wait ends by it. The
//! specification does not say how much of it anything takes, so a scheduler may end any wait that
//! has a limit, whenever it likes; those of this crate go by the [time](AgentState::Waiting) that is
//! set. When no agent is ready and no wait has a limit, those that wait end
//! [asleep](AgentEnd::Asleep).
//!
//! # What this cannot show
//!
//! Each operation is done before the next one of any agent begins, and all agents see memory as
//! one: the interpreter is sequentially consistent. Every outcome that it gives is one that the
//! memory model allows (threads proposal, section "Relaxed Memory Model"). Without data races it
//! gives all of them: when accesses of one place by several agents, of which one writes, are atomic
//! and of one width, or are kept apart by such. With data races the model allows more than is ever
//! shown here:
//!
//! - accesses that take effect in another order than that of the program: both agents read the old
//!   value in *store buffering*, both the new one in *load buffering*, a reader sees the flag but
//!   not the message in *message passing*, and readers disagree on the order of two writes;
//! - an access that is seen in parts: one that is not aligned, is wider than four bytes, or races
//!   with one that overlaps it in part may tear; and `memory.fill`, `memory.copy` and `memory.init`
//!   write byte by byte;
//! - an access that is out of bounds although another agent has grown the memory before: only what
//!   is synchronised with `memory.grow` knows the new size for sure.
//!
//! So an engine's outcome that is among those explored is right, and one that is not is wrong if
//! the program has no data race.
//!
//! # An example
//!
//! ```
//! use assay_engine::Features;
//! use assay_reference::agents::{AgentCall, AgentEnd, RoundRobin, Slice};
//! use assay_reference::{Config, Extern, Module, Store, Val};
//!
//! let owner = wat::parse_str(r#"(module (memory (export "memory") 1 1 shared))"#)?;
//! let user = wat::parse_str(
//!     r#"(module
//!         (import "owner" "memory" (memory 1 1 shared))
//!         (func (export "add") (result i32)
//!             (i32.atomic.rmw.add (i32.const 0) (i32.const 1))))"#,
//! )?;
//! let owner = Module::new(&owner, Features::all())?;
//! let user = Module::new(&user, Features::all())?;
//! let mut store = Store::new(Config::default());
//! let owner = store.instantiate(&mut (), &owner, &[])?;
//! let memory = store.export(owner, "memory").expect("there is such an export");
//! let mut calls = Vec::new();
//! for _ in 0..2 {
//!     let instance = store.instantiate(&mut (), &user, &[memory])?;
//!     let Some(Extern::Func(func)) = store.export(instance, "add") else {
//!         panic!("there is such an export");
//!     };
//!     calls.push(AgentCall { func, args: Vec::new() });
//! }
//! let mut scheduler = RoundRobin::new(Slice::Operations(1));
//! let ran = store.run_agents(&mut (), &mut scheduler, &calls)?;
//! assert_eq!(ran.ends[0], AgentEnd::Returned(vec![Val::I32(0)]));
//! assert_eq!(ran.ends[1], AgentEnd::Returned(vec![Val::I32(1)]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod explore;
mod run;
mod scheduler;
mod separate;
mod waiting;

pub use explore::{Bound, Bounds, Exploration, explore};
pub use scheduler::{AgentState, Random, Replay, RoundRobin, Scheduler, Situation, Slice, Turn};
pub(crate) use waiting::{Agents, Place, TIMED_OUT, UNEQUAL};

use crate::machine::{Host, Stop};
use crate::store::{Func, Global, Instance, Memory, Store, Table, Val};
use run::Run;
use std::sync::Arc;

/// A call that an agent makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentCall {
    /// A function of WebAssembly, not the host's.
    pub func: Func,
    /// Numbers and null references, of its type.
    pub args: Vec<Val>,
}

/// What became of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentEnd {
    /// It returned.
    Returned(Vec<Val>),
    /// It stopped before.
    Stopped(Stop),
    /// It waits, and nobody is left who could end that: a deadlock.
    Asleep,
    /// The scheduler left it at that.
    Unfinished,
}

/// What became of all agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentsRun {
    /// The end of each, in the order of the calls. References may be used until the store runs
    /// code again.
    pub ends: Vec<AgentEnd>,
    /// The turns that were taken, with their number of operations.
    pub schedule: Vec<Turn>,
    /// The virtual time at the end.
    pub now_ns: u64,
}

impl AgentsRun {
    /// Whether an agent waits for what cannot come.
    pub fn is_deadlock(&self) -> bool {
        self.ends.contains(&AgentEnd::Asleep)
    }
}

/// Something that can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutable {
    /// An instance that has segments left to drop.
    Instance(Instance),
    /// A table.
    Table(Table),
    /// A memory that is not shared.
    Memory(Memory),
    /// A mutable global, or one that refers to an object of the heap.
    Global(Global),
}

/// Why agents do not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentsError {
    /// A call has other arguments than its function takes, or a reference that is not null.
    #[error("agent {0} has wrong arguments")]
    Arguments(usize),
    /// The function of a call is the host's.
    #[error("agent {0} would run a host function")]
    HostFunction(usize),
    /// Two agents could reach something that agents cannot share.
    #[error("agents {0} and {1} have {2:?} in common")]
    InCommon(usize, usize, Mutable),
    /// A host function would start agents while its caller waits.
    #[error("agents cannot be started from a host function")]
    Nested,
    /// The scheduler gave a turn that cannot be taken.
    #[error("{0:?} cannot be taken")]
    Turn(Turn),
}

impl Store {
    /// Runs calls side by side until all of them have ended or the scheduler gives no more turns.
    /// Agents that end do so in their own way: see [`AgentsRun::ends`].
    ///
    /// # Errors
    ///
    /// When the calls cannot be agents, or the scheduler gives a turn that cannot be taken.
    pub fn run_agents(
        &mut self,
        host: &mut dyn Host,
        scheduler: &mut dyn Scheduler,
        calls: &[AgentCall],
    ) -> Result<AgentsRun, AgentsError> {
        let modules = Arc::clone(&self.modules);
        let mut run = Run::start(self, &modules, calls)?;
        let ran = run.follow(self, host, scheduler);
        let ended = run.end(self);
        ran.map(|()| ended)
    }
}
