//! All outcomes of a small program.
//!
//! Agents have nothing but shared memories in common, so it makes no difference where they pause
//! between two operations that work on one: turns go [to the next access](Slice::ToAccess). Of all
//! schedules of such turns, those that come to a state where another has been go no further, since
//! what follows is the same. States are compared whole, so that nothing is left out; and a loop that
//! waits for a value comes back to where it was, so that it ends.

use super::run::Run;
use super::{AgentCall, AgentEnd, AgentState, AgentsError, AgentsRun, Slice, Turn};
use crate::machine::Stop;
use crate::store::Store;
use assay_engine::Resource;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// How much an exploration may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many states it may come to.
    pub states: usize,
    /// How many operations a schedule may have: the fuel of its store.
    pub operations: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            states: 100_000,
            operations: 100_000,
        }
    }
}

/// What an exploration ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// It came to too many states and gave up.
    States,
    /// A schedule had too many operations and is without outcome; all others were looked at.
    Operations,
}

/// What schedules come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exploration<O> {
    /// The outcomes, each with a schedule that leads to it.
    pub outcomes: BTreeMap<O, Vec<Turn>>,
    /// How many states there are.
    pub states: usize,
    /// Why there may be more outcomes; none if these are all.
    pub bound: Option<Bound>,
}

/// Runs a small program in all ways that make a difference, and gives all outcomes.
///
/// `setup` makes the store and the calls, always the same: once for each schedule, so that small
/// stacks save time. `outcome` tells what of the end counts:
/// the ends of the agents, what the store holds then. There are no host functions, since what they
/// remember could not be seen.
///
/// # Errors
///
/// Those of `setup`, and calls that cannot be agents.
pub fn explore<O: Ord, E: From<AgentsError>>(
    mut setup: impl FnMut() -> Result<(Store, Vec<AgentCall>), E>,
    mut outcome: impl FnMut(&mut Store, &[AgentEnd]) -> O,
    bounds: Bounds,
) -> Result<Exploration<O>, E> {
    let mut found = Exploration {
        outcomes: BTreeMap::new(),
        states: 0,
        bound: None,
    };
    let mut seen = HashSet::new();
    let mut open = vec![Vec::new()];
    while let Some(path) = open.pop() {
        let (mut store, calls) = setup()?;
        store.set_fuel(bounds.operations);
        let modules = Arc::clone(&store.modules);
        let run = Run::start(&mut store, &modules, &calls)?;
        let mut walk = Walk {
            run,
            path,
            open: &mut open,
            seen: &mut seen,
            max_states: bounds.states,
        };
        let walked = walk.go(&mut store)?;
        found.states = walk.seen.len();
        let AgentsRun { ends, schedule, .. } = walk.run.end(&mut store);
        match walked {
            Walked::Known => {}
            Walked::TooManyStates => {
                found.bound = Some(Bound::States);
                break;
            }
            Walked::Ended if ends.contains(&OUT_OF_FUEL) => {
                found.bound = Some(Bound::Operations);
            }
            Walked::Ended => {
                let outcome = outcome(&mut store, &ends);
                found.outcomes.entry(outcome).or_insert(schedule);
            }
        }
    }
    Ok(found)
}

const OUT_OF_FUEL: AgentEnd = AgentEnd::Stopped(Stop::Exhausted(Resource::Fuel));

/// One run of an exploration: along a path that is known, and on from there.
struct Walk<'a, 'm> {
    run: Run<'m>,
    path: Vec<Turn>,
    /// The paths that remain to be gone.
    open: &'a mut Vec<Vec<Turn>>,
    seen: &'a mut HashSet<Box<[u64]>>,
    max_states: usize,
}

/// How a walk ended.
enum Walked {
    /// Where no agent can run.
    Ended,
    /// Where another has been.
    Known,
    TooManyStates,
}

impl Walk<'_, '_> {
    fn go(&mut self, store: &mut Store) -> Result<Walked, AgentsError> {
        for &turn in &self.path {
            self.run.take(store, &mut (), turn)?;
        }
        loop {
            if !self.seen.insert(state(store, &self.run)) {
                return Ok(Walked::Known);
            }
            if self.seen.len() > self.max_states {
                return Ok(Walked::TooManyStates);
            }
            let mut turns = turns(store, &self.run).into_iter();
            let Some(first) = turns.next() else {
                return Ok(Walked::Ended);
            };
            for other in turns {
                let mut path = self.path.clone();
                path.push(other);
                self.open.push(path);
            }
            self.path.push(first);
            self.run.take(store, &mut (), first)?;
        }
    }
}

/// The turns that make a difference. That a wait ends is a turn without an operation.
fn turns(store: &Store, run: &Run<'_>) -> Vec<Turn> {
    let turn = |(agent, state): (usize, AgentState)| {
        let slice = match state {
            AgentState::Ready => Slice::ToAccess,
            _ => Slice::Operations(0),
        };
        state.may_run().then_some(Turn { agent, slice })
    };
    let states = run.states(store);
    states.into_iter().enumerate().filter_map(turn).collect()
}

/// All that what follows can depend on.
fn state(store: &Store, run: &Run<'_>) -> Box<[u64]> {
    let mut state = Vec::new();
    store.write_state(&mut state);
    run.write_state(store, &mut state);
    state.into()
}
