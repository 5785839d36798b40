//! Who says which agent runs.

/// What an agent can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// It can run.
    Ready,
    /// It waits to be notified.
    Waiting {
        /// When the wait ends by itself, if it does.
        until_ns: Option<u64>,
    },
    /// It has come to its end.
    Ended,
}

impl AgentState {
    /// Whether the scheduler may give it a turn: it is ready, or its wait has a limit.
    pub fn may_run(self) -> bool {
        match self {
            Self::Ready => true,
            Self::Waiting { until_ns } => until_ns.is_some(),
            Self::Ended => false,
        }
    }
}

/// What a scheduler decides on.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The virtual time: the end of the wait that has ended last by itself.
    pub now_ns: u64,
    /// All agents, in the order in which they were started. At least one may run.
    pub agents: &'a [AgentState],
}

impl Situation<'_> {
    fn ready(&self) -> impl Iterator<Item = usize> {
        let agents = self.agents.iter().enumerate();
        agents.filter_map(|(agent, state)| (*state == AgentState::Ready).then_some(agent))
    }

    /// The agents that wait with a limit, the one that is due first in front.
    fn due(&self) -> Vec<usize> {
        let until = |(agent, state): (usize, &AgentState)| match state {
            AgentState::Waiting {
                until_ns: Some(until),
            } => Some((*until, agent)),
            _ => None,
        };
        let mut due: Vec<_> = self.agents.iter().enumerate().filter_map(until).collect();
        due.sort_unstable();
        due.into_iter().map(|(_, agent)| agent).collect()
    }
}

/// How far an agent runs before the next decision, unless it ends or waits earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slice {
    /// So many operations.
    Operations(u64),
    /// At least one operation, and then up to the next that works on a shared memory.
    ToAccess,
}

/// The turn of an agent. One that waits with a limit is told that its time is over, and then runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Turn {
    /// The agent, by its number.
    pub agent: usize,
    /// How far it runs. That is not no operation at all, unless a wait ends.
    pub slice: Slice,
}

/// Says which agent runs.
pub trait Scheduler {
    /// The next turn; none to leave it at that. An agent that [may not
    /// run](AgentState::may_run) must not be chosen.
    fn next(&mut self, situation: &Situation<'_>) -> Option<Turn>;
}

/// One agent after the other. Time passes when none is ready.
#[derive(Clone, Debug)]
pub struct RoundRobin {
    slice: Slice,
    next: usize,
}

impl RoundRobin {
    /// The first agent begins; each runs as far as `slice` says.
    pub fn new(slice: Slice) -> Self {
        Self { slice, next: 0 }
    }
}

impl Scheduler for RoundRobin {
    fn next(&mut self, situation: &Situation<'_>) -> Option<Turn> {
        let count = situation.agents.len();
        // Whom it was left at may have been of a run with more agents.
        let behind = |agent: &usize| (agent + count - self.next % count) % count;
        let ready = situation.ready().min_by_key(behind);
        let agent = ready.or_else(|| situation.due().first().copied())?;
        self.next = (agent + 1) % count;
        Some(Turn {
            agent,
            slice: self.slice,
        })
    }
}

/// Any agent, for any number of operations, as a seed has it. Waits may end by time while other
/// agents are ready, the one that is due first in front.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
    max_operations: u64,
}

impl Random {
    /// Turns have between one and `max_operations` operations.
    pub fn new(seed: u64, max_operations: u64) -> Self {
        Self {
            state: seed,
            max_operations: max_operations.max(1),
        }
    }

    /// A number below `bound`: a counter in steps of the golden ratio, mixed so that each bit of it
    /// changes about half of the result's.
    fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        for multiplier in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb] {
            mixed = (mixed ^ mixed >> 30).wrapping_mul(multiplier);
        }
        (mixed ^ mixed >> 31) % bound.max(1)
    }
}

impl Scheduler for Random {
    fn next(&mut self, situation: &Situation<'_>) -> Option<Turn> {
        let mut candidates: Vec<_> = situation.ready().collect();
        candidates.extend(situation.due().first());
        let at = self.below(candidates.len() as u64);
        let operations = 1 + self.below(self.max_operations);
        Some(Turn {
            agent: *candidates.get(at as usize)?,
            slice: Slice::Operations(operations),
        })
    }
}

/// The turns of an earlier run. Behind the last it leaves it at that.
#[derive(Clone, Debug)]
pub struct Replay(std::vec::IntoIter<Turn>);

impl Replay {
    /// These turns, in their order.
    pub fn new(turns: Vec<Turn>) -> Self {
        Self(turns.into_iter())
    }
}

impl Scheduler for Replay {
    fn next(&mut self, _: &Situation<'_>) -> Option<Turn> {
        self.0.next()
    }
}
