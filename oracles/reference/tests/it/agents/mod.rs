//! Agents: see [`assay_reference::agents`].

mod accesses;
mod litmus;
mod refused;
mod schedules;
mod shared_store;
mod waiting;

use crate::fixture::module;
use assay_reference::agents::{
    AgentCall, AgentEnd, AgentsError, AgentsRun, Bounds, Exploration, Random, Replay, Scheduler,
    explore,
};
use assay_reference::{Config, Extern, Host, Module, Store, Val};

/// Enough for these programs. Every run of an exploration clears a stack for each agent.
const STACK_BYTES: usize = 16 << 10;

/// A program whose agents each have an instance of one module, which imports the memory `$m` of one
/// page, or of two once it has grown.
struct Program {
    owner: Module,
    user: Module,
    config: Config,
    /// The exports that the agents call, and what with.
    calls: Vec<(&'static str, Vec<Val>)>,
}

impl Program {
    /// Each agent calls its own export, without arguments.
    fn new(body: &str, exports: &[&'static str]) -> Self {
        let user = format!(r#"(module (import "owner" "m" (memory $m 1 2 shared)) {body})"#);
        Self {
            owner: module(r#"(module (memory (export "m") 1 2 shared))"#),
            user: module(&user),
            config: Config {
                stack_bytes: STACK_BYTES,
                ..Config::default()
            },
            calls: exports.iter().map(|&name| (name, Vec::new())).collect(),
        }
    }

    fn start(&self) -> Result<(Store, Vec<AgentCall>), AgentsError> {
        let mut store = Store::new(self.config);
        let owner = store.instantiate(&mut (), &self.owner, &[]);
        let memory = store.export(owner.expect("it instantiates"), "m");
        let memory = memory.expect("there is a memory");
        let call = |(export, args): &(&str, Vec<Val>)| {
            let instance = store.instantiate(&mut (), &self.user, &[memory]);
            match store.export(instance.expect("it instantiates"), export) {
                Some(Extern::Func(func)) => AgentCall {
                    func,
                    args: args.clone(),
                },
                other => panic!("{export:?} is {other:?}"),
            }
        };
        let calls = self.calls.iter().map(call).collect();
        Ok((store, calls))
    }

    fn run(&self, scheduler: &mut dyn Scheduler) -> Result<AgentsRun, AgentsError> {
        self.run_with(&mut (), scheduler)
    }

    fn run_with(
        &self,
        host: &mut dyn Host,
        scheduler: &mut dyn Scheduler,
    ) -> Result<AgentsRun, AgentsError> {
        let (mut store, calls) = self.start()?;
        store.run_agents(host, scheduler, &calls)
    }

    /// All that its agents can return. The schedule of each leads there, and whatever a random one
    /// gives is among them.
    fn outcomes(&self) -> Vec<Vec<Option<u32>>> {
        let explored = self.explore(Bounds::default());
        assert_eq!(explored.bound, None);
        for (outcome, schedule) in &explored.outcomes {
            let ran = self.run(&mut Replay::new(schedule.clone()));
            assert_eq!(results(&ran.expect("it runs").ends), *outcome);
        }
        let outcomes: Vec<_> = explored.outcomes.into_keys().collect();
        for seed in 0..200 {
            let ran = self.run(&mut Random::new(seed, 1 + seed % 9));
            let outcome = results(&ran.expect("it runs").ends);
            assert!(outcomes.contains(&outcome), "{outcome:?} with seed {seed}");
        }
        outcomes
    }

    fn explore(&self, bounds: Bounds) -> Exploration<Vec<Option<u32>>> {
        let explored = explore(|| self.start(), |_, ends| results(ends), bounds);
        explored.expect("these calls can be agents")
    }
}

/// What each agent returned: one number, or nothing if it is asleep.
fn results(ends: &[AgentEnd]) -> Vec<Option<u32>> {
    let result = |end: &AgentEnd| match end {
        AgentEnd::Returned(values) => match values.as_slice() {
            [Val::I32(x)] => Some(*x),
            other => panic!("not one i32: {other:?}"),
        },
        AgentEnd::Asleep => None,
        other => panic!("no result: {other:?}"),
    };
    ends.iter().map(result).collect()
}
