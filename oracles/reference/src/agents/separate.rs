//! That agents share nothing that can change but shared memories.
//!
//! What an agent can reach is what the instances that it can reach hold. It reaches the instance of
//! its function, and those of all functions that an instance imports or refers to.

use super::{AgentCall, AgentsError, Mutable};
use crate::store::instance::{FuncKind, InstanceData};
use crate::store::value::{FUNC, OBJECT, tag_of};
use crate::store::{Func, Global, Instance, Memory, Ref, Store, Table, Val};
use std::collections::{HashMap, HashSet};

/// Refuses calls that cannot be agents of one run.
pub(super) fn check(store: &Store, calls: &[AgentCall]) -> Result<(), AgentsError> {
    let mut owners: HashMap<Mutable, usize> = HashMap::new();
    for (agent, call) in calls.iter().enumerate() {
        let (_, ty) = store.func_type(call.func);
        let is_plain = |arg: &Val| !matches!(arg, Val::Ref(reference) if *reference != Ref::NULL);
        if !store.are_of(&call.args, &ty.params) || !call.args.iter().all(is_plain) {
            return Err(AgentsError::Arguments(agent));
        }
        let instance = instance_of(store, call.func).ok_or(AgentsError::HostFunction(agent))?;
        for part in reachable(store, instance) {
            let owner = *owners.entry(part).or_insert(agent);
            if owner != agent {
                return Err(AgentsError::InCommon(owner, agent, part));
            }
        }
    }
    Ok(())
}

/// The instance that a function runs for; none for one of the host's.
fn instance_of(store: &Store, func: Func) -> Option<u32> {
    match store.funcs[func.0 as usize].kind {
        FuncKind::Wasm { instance, .. } => Some(instance),
        FuncKind::Host { .. } => None,
    }
}

/// What can change of all that can be reached from an instance, each once, in the order in which it
/// is met.
fn reachable(store: &Store, first: u32) -> Vec<Mutable> {
    let mut seen = HashSet::from([first]);
    let mut pending = vec![first];
    let mut parts = Vec::new();
    while let Some(number) = pending.pop() {
        let instance = &store.instances[number as usize];
        parts.extend(changeable(store, number, instance));
        for func in functions(store, instance) {
            let reached = instance_of(store, func);
            pending.extend(reached.filter(|&reached| seen.insert(reached)));
        }
    }
    parts
}

/// What can change of what an instance holds.
fn changeable(store: &Store, number: u32, instance: &InstanceData) -> Vec<Mutable> {
    let segments = instance.dropped.contains(&false)
        || instance.elements.iter().any(|items| !items.is_empty());
    let mut parts = Vec::new();
    parts.extend(segments.then_some(Mutable::Instance(Instance(number))));
    parts.extend(
        instance
            .tables
            .iter()
            .map(|&table| Mutable::Table(Table(table))),
    );
    let unshared = |memory: &&u32| !store.memories[**memory as usize].ty.shared;
    let memories = instance.memories.iter().filter(unshared);
    parts.extend(memories.map(|&memory| Mutable::Memory(Memory(memory))));
    let changes = |global: &&u32| {
        let global = &store.globals[**global as usize];
        global.ty.mutable || global.ty.content.is_ref() && tag_of(global.value[0]) == OBJECT
    };
    let globals = instance.globals.iter().filter(changes);
    parts.extend(globals.map(|&global| Mutable::Global(Global(global))));
    parts
}

/// The functions that an instance imports or refers to.
fn functions(store: &Store, instance: &InstanceData) -> Vec<Func> {
    let tables = instance.tables.iter();
    let elements = tables.flat_map(|&table| &store.tables[table as usize].elements);
    let segments = instance.elements.iter().flatten();
    let globals = instance.globals.iter();
    let globals = globals.map(|&global| &store.globals[global as usize]);
    let globals = globals.filter(|global| global.ty.content.is_ref());
    let references = elements
        .chain(segments)
        .copied()
        .chain(globals.map(|global| global.value[0]))
        .filter(|&slot| tag_of(slot) == FUNC);
    let funcs = instance.funcs.iter().copied();
    funcs
        .chain(references.map(|slot| slot as u32))
        .map(Func)
        .collect()
}
