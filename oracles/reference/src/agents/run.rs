//! Agents that run.

use super::waiting::Stack;
use super::{
    AgentCall, AgentEnd, AgentState, Agents, AgentsError, AgentsRun, Scheduler, Situation, Slice,
    Turn, separate,
};
use crate::machine::{Host, Machine, Stop, begin};
use crate::module::Module;
use crate::store::{Ref, Store, value};
use crate::types::ValType;

/// The agents of a store. What instructions need to know of them is in [`Agents`].
pub(super) struct Run<'m> {
    modules: &'m [Module],
    agents: Vec<Agent<'m>>,
    schedule: Vec<Turn>,
}

struct Agent<'m> {
    life: Life<'m>,
    results: Box<[ValType]>,
    frames_left: usize,
}

enum Life<'m> {
    Running(Machine<'m>),
    Ended(AgentEnd),
}

impl<'m> Run<'m> {
    /// Places each agent before its first operation.
    pub fn start(
        store: &mut Store,
        modules: &'m [Module],
        calls: &[AgentCall],
    ) -> Result<Self, AgentsError> {
        if store.depth > 0 {
            return Err(AgentsError::Nested);
        }
        separate::check(store, calls)?;
        store.agents = Agents::default();
        let agents = calls.iter().map(|call| start(store, modules, call));
        Ok(Self {
            modules,
            agents: agents.collect(),
            schedule: Vec::new(),
        })
    }

    pub fn states(&self, store: &Store) -> Vec<AgentState> {
        (0..self.agents.len())
            .map(|agent| self.state(store, agent))
            .collect()
    }

    fn state(&self, store: &Store, agent: usize) -> AgentState {
        match self.agents.get(agent).map(|agent| &agent.life) {
            Some(Life::Running(_)) => match store.agents.wait_of(agent) {
                Some(until_ns) => AgentState::Waiting { until_ns },
                None => AgentState::Ready,
            },
            _ => AgentState::Ended,
        }
    }

    /// Takes turns as a scheduler says.
    pub fn follow(
        &mut self,
        store: &mut Store,
        host: &mut dyn Host,
        scheduler: &mut dyn Scheduler,
    ) -> Result<(), AgentsError> {
        loop {
            let agents = self.states(store);
            if !agents.iter().any(|state| state.may_run()) {
                return Ok(());
            }
            let situation = Situation {
                now_ns: store.agents.now_ns,
                agents: &agents,
            };
            match scheduler.next(&situation) {
                Some(turn) => self.take(store, host, turn)?,
                None => return Ok(()),
            }
        }
    }

    /// Takes a turn.
    pub fn take(
        &mut self,
        store: &mut Store,
        host: &mut dyn Host,
        turn: Turn,
    ) -> Result<(), AgentsError> {
        let state = self.state(store, turn.agent);
        let empty = state == AgentState::Ready && turn.slice == Slice::Operations(0);
        if empty || !state.may_run() {
            return Err(AgentsError::Turn(turn));
        }
        store.agents.time_out(turn.agent);
        store.agents.slice = turn.slice;
        store.agents.ran = 0;
        let agent = &mut self.agents[turn.agent];
        if let Life::Running(machine) = &mut agent.life {
            let number = turn.agent;
            let ran = go_on(
                store,
                host,
                self.modules,
                machine,
                number,
                &mut agent.frames_left,
            );
            if let Some(end) = ended(store, number, ran, &agent.results) {
                agent.life = Life::Ended(end);
            }
        }
        self.schedule.push(Turn {
            slice: Slice::Operations(store.agents.ran),
            ..turn
        });
        Ok(())
    }

    /// What has become of the agents; the store has none any more.
    pub fn end(self, store: &mut Store) -> AgentsRun {
        let may_run = self.states(store).iter().any(|state| state.may_run());
        let agents = std::mem::take(&mut store.agents);
        let end = |agent: Agent<'_>| match agent.life {
            Life::Ended(end) => end,
            Life::Running(_) if may_run => AgentEnd::Unfinished,
            Life::Running(_) => AgentEnd::Asleep,
        };
        AgentsRun {
            ends: self.agents.into_iter().map(end).collect(),
            schedule: self.schedule,
            now_ns: agents.now_ns,
        }
    }

    /// All that tells the agents from others of the same program.
    pub fn write_state(&self, store: &Store, state: &mut Vec<u64>) {
        store.agents.write_state(state);
        for agent in &self.agents {
            match &agent.life {
                Life::Running(machine) => machine.write_state(state),
                Life::Ended(end) => {
                    let text = format!("{end:?}");
                    state.push(!(text.len() as u64));
                    state.extend(text.bytes().map(u64::from));
                }
            }
        }
    }
}

/// Places an agent before its first operation. Where its first frame does not fit it has ended.
fn start<'m>(store: &mut Store, modules: &'m [Module], call: &AgentCall) -> Agent<'m> {
    let (_, ty) = store.func_type(call.func);
    let mut slots = Box::default();
    let args = value::slots(&call.args);
    let (life, top) = match begin(store, modules, call.func.0, &args, &mut slots) {
        Ok(machine) => {
            let top = machine.top();
            (Life::Running(machine), top)
        }
        Err(stop) => (Life::Ended(AgentEnd::Stopped(stop)), 0),
    };
    store.agents.stacks.push(Stack { slots, top });
    Agent {
        life,
        results: ty.results,
        frames_left: store.frames_left,
    }
}

/// Runs the machine of an agent on its stack, until it ends or pauses.
fn go_on<'m>(
    store: &mut Store,
    host: &mut dyn Host,
    modules: &'m [Module],
    machine: &mut Machine<'m>,
    agent: usize,
    frames_left: &mut usize,
) -> Result<Option<usize>, Stop> {
    let Stack { slots, top } = std::mem::take(&mut store.agents.stacks[agent]);
    let stack = std::mem::replace(&mut store.stack, slots);
    machine.set_top(top);
    std::mem::swap(&mut store.frames_left, frames_left);
    store.depth += 1;
    store.agents.running = Some(agent);
    let ran = machine.go_on(store, host, modules);
    store.agents.running = None;
    store.depth -= 1;
    std::mem::swap(&mut store.frames_left, frames_left);
    store.agents.stacks[agent] = Stack {
        slots: std::mem::replace(&mut store.stack, stack),
        top: machine.top(),
    };
    ran
}

/// The end of an agent, unless it has paused. What its results refer to stays on its stack, so that
/// no collection frees it while others run.
fn ended(
    store: &mut Store,
    agent: usize,
    ran: Result<Option<usize>, Stop>,
    results: &[ValType],
) -> Option<AgentEnd> {
    let Stack { slots, top } = &mut store.agents.stacks[agent];
    match ran {
        Ok(None) => None,
        Ok(Some(count)) => {
            *top = count;
            Some(AgentEnd::Returned(value::values(results, &slots[..count])))
        }
        Err(stop) => {
            *top = 0;
            if let (Stop::Exception(Ref(exception)), Some(slot)) = (&stop, slots.first_mut()) {
                *slot = *exception;
                *top = 1;
            }
            Some(AgentEnd::Stopped(stop))
        }
    }
}
