//! What the agents of a store have in common beside memories: whose turn it is, and who waits.

use super::Slice;

/// The results of a wait: it was notified, it found another value, its time was over.
pub(crate) const NOTIFIED: u64 = 0;
pub(crate) const UNEQUAL: u64 = 1;
pub(crate) const TIMED_OUT: u64 = 2;

/// Where an agent waits: a memory of the store, and a byte of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub memory: usize,
    pub address: u64,
}

/// An agent that waits.
#[derive(Clone, Copy, Debug)]
struct Waiter {
    agent: usize,
    place: Place,
    until_ns: Option<u64>,
}

/// The stack of an agent that stands still, of which the slots below `top` are in use.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    pub slots: Box<[u64]>,
    pub top: usize,
}

/// What the agents of a store have in common beside memories.
#[derive(Debug)]
pub(crate) struct Agents {
    /// The agent that runs; none while the host does.
    pub running: Option<usize>,
    /// How far it runs, and how many operations of that it has run.
    pub slice: Slice,
    pub ran: u64,
    pub now_ns: u64,
    /// The stack of each agent, but of the one that runs.
    pub stacks: Vec<Stack>,
    /// In the order in which they began to wait.
    waiters: Vec<Waiter>,
}

impl Default for Agents {
    fn default() -> Self {
        Self {
            running: None,
            slice: Slice::ToAccess,
            ran: 0,
            now_ns: 0,
            stacks: Vec::new(),
            waiters: Vec::new(),
        }
    }
}

impl Agents {
    /// What is on the stacks.
    pub fn operands(&self) -> impl Iterator<Item = &u64> {
        let used = |stack: &'_ Stack| stack.top.min(stack.slots.len());
        self.stacks
            .iter()
            .flat_map(move |stack| &stack.slots[..used(stack)])
    }

    pub fn is_waiting(&self, agent: usize) -> bool {
        self.waiters.iter().any(|waiter| waiter.agent == agent)
    }

    /// When the wait of an agent ends by itself, if it does; `None` when it does not wait.
    pub fn wait_of(&self, agent: usize) -> Option<Option<u64>> {
        let waiter = self.waiters.iter().find(|waiter| waiter.agent == agent);
        waiter.map(|waiter| waiter.until_ns)
    }

    /// Lets the agent that runs wait, if one does.
    pub fn wait(&mut self, place: Place, timeout_ns: Option<u64>) -> bool {
        let Some(agent) = self.running else {
            return false;
        };
        self.waiters.push(Waiter {
            agent,
            place,
            until_ns: timeout_ns.map(|timeout| self.now_ns.saturating_add(timeout)),
        });
        true
    }

    /// Wakes so many agents that wait at a place, those that began first, and tells how many
    /// there were.
    pub fn notify(&mut self, place: Place, count: u32) -> u32 {
        let mut woken = 0;
        while woken < count
            && let Some(at) = self.waiters.iter().position(|waiter| waiter.place == place)
        {
            self.wake(at, NOTIFIED);
            woken += 1;
        }
        woken
    }

    /// Ends the wait of an agent by time, if it is in one that has a limit.
    pub fn time_out(&mut self, agent: usize) {
        let mut waiters = self.waiters.iter();
        let Some(at) = waiters.position(|waiter| waiter.agent == agent) else {
            return;
        };
        if let Some(until) = self.waiters[at].until_ns {
            self.now_ns = self.now_ns.max(until);
            self.wake(at, TIMED_OUT);
        }
    }

    fn wake(&mut self, at: usize, result: u64) {
        let Waiter { agent, .. } = self.waiters.remove(at);
        let Stack { slots, top } = &mut self.stacks[agent];
        slots[*top] = result;
        *top += 1;
    }

    /// All that tells it from another of the same program. The time is no part of that: what counts
    /// is who waits, in which order, and whether that has a limit.
    pub fn write_state(&self, state: &mut Vec<u64>) {
        for stack in &self.stacks {
            state.push(stack.top as u64);
            state.extend(&stack.slots[..stack.top]);
        }
        state.push(self.waiters.len() as u64);
        for waiter in &self.waiters {
            let Place { memory, address } = waiter.place;
            let limited = u64::from(waiter.until_ns.is_some());
            state.extend([waiter.agent as u64, memory as u64, address, limited]);
        }
    }
}
