//! One run of a module: all that it imports is made, and all that it exports is called.

use crate::guest::Guest;
use crate::log::{End, Event, Log, seen};
use assay_engine::Features;
use assay_reference::{
    Config, Extern, GlobalType, ImportType, InstantiationError, Module, Store, TableType, TypeId,
};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How a module is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As it is.
    Plain,
    /// Recorded, and with the heap collected all the time.
    Collecting,
}

/// The fuel of the instantiation, and of each call.
pub const FUEL_PER_CALL: u64 = 30_000;

/// How many calls are made at most.
const CALLS: usize = 24;

/// The limits of a run.
pub fn config(manner: Manner) -> Config {
    let collecting = manner == Manner::Collecting;
    Config {
        stack_bytes: 128 << 10,
        memory_bytes: 1 << 20,
        heap_bytes: 256 << 10,
        fuel: Some(FUEL_PER_CALL),
        coverage: collecting,
        objects_per_collection: collecting.then_some(7),
        ..Config::default()
    }
}

/// Runs a module within these limits.
pub fn run(wasm: &[u8], config: Config) -> Log {
    let module = match Module::new(wasm, Features::all()) {
        Ok(module) => module,
        Err(error) => {
            return Log {
                events: vec![Event::Refused(error.to_string())],
                ..Log::default()
            };
        }
    };
    let mut store = Store::new(config);
    let mut guest = Guest::new(config.objects_per_collection.is_some());
    let Some(imports) = provide(&mut store, &mut guest, &module) else {
        guest.log.events.push(Event::Unprovided);
        return guest.log;
    };
    let made = store.instantiate(&mut guest, &module, &imports);
    guest.look(&mut store);
    guest.log.fuel_left.push(store.fuel());
    let instance = match made {
        Ok(instance) => instance,
        Err(error) => {
            guest.log.events.push(match error {
                InstantiationError::Link(error) => Event::Unlinked(error.to_string()),
                InstantiationError::Stop(stop) => Event::Instantiated(End::of(&store, Err(&stop))),
            });
            return guest.log;
        }
    };
    let returned = Event::Instantiated(End::Returned(Vec::new()));
    guest.log.events.push(returned);
    guest.exports = module
        .exports()
        .filter_map(|name| Some((name.to_owned(), store.export(instance, name)?)))
        .collect();
    call_all(&mut store, &mut guest);
    guest.log
}

/// Calls all exported functions in turn, as often as there are calls.
fn call_all(store: &mut Store, guest: &mut Guest) {
    let mut calls = 0;
    while calls < CALLS {
        let before = calls;
        for index in 0..guest.exports.len() {
            let (name, Extern::Func(func)) = guest.exports[index].clone() else {
                continue;
            };
            let (_, ty) = store.func_type(func);
            let Some(args) = guest.values(store, &ty.params) else {
                continue;
            };
            store.set_fuel(FUEL_PER_CALL);
            let ran = store.invoke(guest, func, &args);
            let end = End::of(store, ran.as_deref());
            guest.log.fuel_left.push(store.fuel());
            guest.log.events.push(Event::Called(name, end));
            if let Ok(results) = ran {
                guest.keep(store, &results);
            }
            guest.look(store);
            let digest = state(store, guest);
            guest.log.events.push(Event::State(digest));
            calls += 1;
            if calls == CALLS {
                return;
            }
        }
        if calls == before {
            return;
        }
    }
}

/// A digest of all that is exported and is no function.
fn state(store: &Store, guest: &Guest) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (_, export) in &guest.exports {
        match export {
            Extern::Memory(memory) => store.memory(*memory).hash(&mut hasher),
            Extern::Global(global) => {
                format!("{:?}", seen(store, store.global(*global))).hash(&mut hasher);
            }
            Extern::Table(table) => {
                let kinds = store.table(*table).map(|element| store.kind(element));
                // Some are long, and beyond the first elements all is alike as a rule.
                kinds
                    .take(256)
                    .for_each(|kind| format!("{kind:?}").hash(&mut hasher));
            }
            Extern::Func(_) | Extern::Tag(_) => {}
        }
    }
    hasher.finish()
}

/// Makes all that a module imports, within the limits of the store.
fn provide(store: &mut Store, guest: &mut Guest, module: &Module) -> Option<Vec<Extern>> {
    let types = store.types_of(module);
    module
        .imports()
        .map(|import| provide_one(store, guest, &types, import.ty))
        .collect()
}

fn provide_one(
    store: &mut Store,
    guest: &mut Guest,
    types: &[TypeId],
    wanted: ImportType,
) -> Option<Extern> {
    let mut name = |index: u32| types[index as usize];
    Some(match wanted {
        ImportType::Func(ty) => {
            let ty = name(ty);
            let number = guest.results.len() as u32;
            guest.results.push(store.types().func(ty)?.results.clone());
            Extern::Func(store.new_host_func(ty, number))
        }
        ImportType::Table(ty) => {
            let ty: TableType = ty.map(&mut name);
            let init = guest.reference(store, ty.element)?;
            Extern::Table(store.new_table(ty, init).ok()?)
        }
        ImportType::Memory(ty) => Extern::Memory(store.new_memory(ty).ok()?),
        ImportType::Global(ty) => {
            let ty: GlobalType = ty.map(&mut name);
            let value = guest.value(store, ty.content)?;
            Extern::Global(store.new_global(ty, value))
        }
        ImportType::Tag(ty) => {
            let tag = store.new_tag(name(ty));
            guest.tags.push(tag);
            Extern::Tag(tag)
        }
    })
}
