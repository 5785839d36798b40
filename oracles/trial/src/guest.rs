//! The host of a run: it answers with values of the right types, and now and then with something
//! worse.

use crate::chance::Chance;
use crate::log::{Event, Log, seen_all};
use assay_engine::Trap;
use assay_reference::{Extern, Host, Ref, RefType, Stop, Store, Tag, Usage, Val, ValType};
use std::collections::VecDeque;

/// How many references to objects are kept for later calls.
const KEPT: usize = 16;

/// An export of this name is called back by every call of the host, as deep as that goes.
pub(crate) const AGAIN: &str = "again";

pub(crate) struct Guest {
    pub log: Log,
    /// All exports, once there is an instance.
    pub exports: Vec<(String, Extern)>,
    /// The results of each host function, by its number.
    pub results: Vec<Box<[ValType]>>,
    /// The imported tags.
    pub tags: Vec<Tag>,
    chance: Chance,
    kept: VecDeque<Ref>,
    /// Whether to collect the heap at each look.
    collecting: bool,
}

impl Guest {
    pub fn new(collecting: bool) -> Self {
        Self {
            log: Log::default(),
            exports: Vec::new(),
            results: Vec::new(),
            tags: Vec::new(),
            chance: Chance::new(),
            kept: VecDeque::new(),
            collecting,
        }
    }

    /// Counts what the store holds, and collects its heap where that is to be tried.
    pub fn look(&mut self, store: &mut Store) {
        let usage = store.usage();
        let most = self.log.usage;
        self.log.usage = Usage {
            memory_bytes: most.memory_bytes.max(usage.memory_bytes),
            heap_bytes: most.heap_bytes.max(usage.heap_bytes),
        };
        if self.collecting {
            store.collect();
        }
    }

    /// Keeps the references among these values, so that later calls may get them.
    pub fn keep(&mut self, store: &mut Store, values: &[Val]) {
        for value in values {
            if let &Val::Ref(reference) = value {
                store.keep(reference);
                self.kept.push_back(reference);
            }
        }
        while self.kept.len() > KEPT {
            let oldest = self.kept.pop_front();
            oldest.into_iter().for_each(|oldest| store.release(oldest));
        }
    }

    /// Values of these types; `None` where there is none of one.
    pub fn values(&mut self, store: &Store, types: &[ValType]) -> Option<Vec<Val>> {
        types.iter().map(|&ty| self.value(store, ty)).collect()
    }

    /// A value of a type.
    pub fn value(&mut self, store: &Store, ty: ValType) -> Option<Val> {
        let bits = self.chance.bits();
        Some(match ty {
            ValType::I32 => Val::I32(bits as u32),
            ValType::I64 => Val::I64(bits),
            ValType::F32 => Val::F32((bits >> 32) as u32),
            ValType::F64 => Val::F64(bits),
            ValType::V128 => Val::V128(u128::from(bits) << 64 | u128::from(self.chance.bits())),
            ValType::Ref(ty) => Val::Ref(self.reference(store, ty)?),
        })
    }

    /// A reference of a type.
    pub fn reference(&mut self, store: &Store, ty: RefType) -> Option<Ref> {
        let number = self.chance.bits() as u32;
        let funcs = self.exports.iter().filter_map(|(_, export)| match export {
            Extern::Func(func) => Some(store.func_ref(*func)),
            _ => None,
        });
        let all: Vec<Ref> = [Ref::NULL, Ref::i31(number), Ref::host(number % 4)]
            .into_iter()
            .chain(self.kept.iter().copied())
            .chain(funcs)
            .filter(|&reference| store.is_of(Val::Ref(reference), ValType::Ref(ty)))
            .collect();
        let chosen = self.chance.below(all.len());
        all.get(chosen).copied()
    }

    /// One of the exports for which `pick` has something.
    fn export<T>(&mut self, pick: impl Fn(&Extern) -> Option<T>) -> Option<T> {
        let mut all: Vec<T> = self
            .exports
            .iter()
            .filter_map(|(_, export)| pick(export))
            .collect();
        let chosen = self.chance.below(all.len());
        (!all.is_empty()).then(|| all.swap_remove(chosen))
    }

    fn throw(&mut self, store: &mut Store) -> Option<Stop> {
        let imported = self.tags.clone();
        let exported = self.export(|export| match export {
            Extern::Tag(tag) => Some(*tag),
            _ => None,
        });
        let tags: Vec<Tag> = imported.into_iter().chain(exported).collect();
        let tag = *tags.get(self.chance.below(tags.len()))?;
        let fields = self.values(store, &store.tag_type(tag).params)?;
        Some(match store.new_exception(tag, &fields) {
            Ok(exception) => Stop::Exception(exception),
            Err(stop) => stop,
        })
    }

    fn call_back(&mut self, store: &mut Store) -> Result<(), Stop> {
        let func = self.export(|export| match export {
            Extern::Func(func) => Some(*func),
            _ => None,
        });
        let Some(func) = func else {
            return Ok(());
        };
        let (_, ty) = store.func_type(func);
        let Some(args) = self.values(store, &ty.params) else {
            return Ok(());
        };
        let results = store.invoke(self, func, &args)?;
        self.keep(store, &results);
        Ok(())
    }

    fn grow(&mut self, store: &mut Store) -> Result<(), Stop> {
        let memory = self.export(|export| match export {
            Extern::Memory(memory) => Some(*memory),
            _ => None,
        });
        if let Some(memory) = memory {
            store.memory_grow(memory, self.chance.below(3) as u64)?;
        }
        Ok(())
    }
}

impl Host for Guest {
    fn call(&mut self, store: &mut Store, number: u32, args: &[Val]) -> Result<Vec<Val>, Stop> {
        let args = seen_all(store, args);
        self.log.events.push(Event::Hosted(number, args));
        self.look(store);
        if let Some((_, Extern::Func(again))) = self.exports.iter().find(|(name, _)| name == AGAIN)
        {
            let again = *again;
            return store.invoke(self, again, &[]);
        }
        match self.chance.below(24) {
            0 => return Err(Trap::Host.into()),
            1 => return Err(self.throw(store).unwrap_or(Stop::Host)),
            2 => return Ok(Vec::new()),
            3..=10 => self.call_back(store)?,
            11 => self.grow(store)?,
            _ => {}
        }
        let types = self.results[number as usize].clone();
        self.values(store, &types).ok_or(Stop::Host)
    }
}
