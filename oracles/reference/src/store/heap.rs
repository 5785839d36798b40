//! The heap: structures, arrays and exceptions (chapter 4, section "Runtime
//! Structure").
//!
//! Objects lie in an arena and are freed by mark and sweep. What globals, tables, segments and
//! other objects hold is known exactly; the value stack is untyped, so every slot on it that looks
//! like a reference to an object keeps that object.

use super::value::{OBJECT, tag_of};
use crate::types::{Layout, TypeId, TypeRegistry};

/// An object.
#[derive(Debug)]
pub(crate) enum Object {
    Free,
    Struct {
        ty: TypeId,
        slots: Box<[u64]>,
    },
    Array {
        ty: TypeId,
        len: u32,
        bytes: Box<[u8]>,
    },
    Exception {
        tag: u32,
        slots: Box<[u64]>,
    },
}

/// What an object takes beside its fields, for the limit.
const OVERHEAD_BYTES: usize = 32;

/// The least heap that is worth a collection.
const MIN_THRESHOLD_BYTES: usize = 1 << 20;

impl Object {
    /// What it takes of the limit.
    pub fn bytes(&self) -> usize {
        OVERHEAD_BYTES
            + match self {
                Self::Free => 0,
                Self::Struct { slots, .. } | Self::Exception { slots, .. } => 8 * slots.len(),
                Self::Array { bytes, .. } => bytes.len(),
            }
    }
}

/// All objects of a store.
#[derive(Debug)]
pub(crate) struct Heap {
    objects: Vec<Object>,
    free: Vec<u32>,
    bytes: usize,
    /// How many bytes the heap may have before the next collection.
    threshold: usize,
    limit: usize,
    /// Whether the last collection left next to no room: else every few objects would cost one.
    full: bool,
    /// How many objects may be added before the next collection, and how many that is each time.
    objects_left: u32,
    objects_per_collection: u32,
}

/// The index of the object that a slot refers to, if it does.
#[inline(always)]
pub(crate) fn index_of(slot: u64) -> Option<u32> {
    (tag_of(slot) == OBJECT).then_some(slot as u32)
}

/// A slot, but null where it refers to an object that was made after this one: what a collector of the young
/// alone forgets without a write barrier.
#[cfg(feature = "mutants")]
fn unless_younger(slot: u64, object: u32) -> u64 {
    match index_of(slot) {
        Some(index) if index > object => 0,
        _ => slot,
    }
}

impl Heap {
    pub fn new(limit: usize, objects_per_collection: Option<u32>) -> Self {
        let threshold = MIN_THRESHOLD_BYTES.min(limit);
        let objects_per_collection = objects_per_collection.unwrap_or(u32::MAX);
        Self {
            objects: Vec::new(),
            free: Vec::new(),
            bytes: 0,
            threshold,
            limit,
            full: false,
            objects_left: objects_per_collection,
            objects_per_collection,
        }
    }

    /// The object that a slot refers to; [`Object::Free`] for anything else.
    #[inline(always)]
    pub fn get(&self, slot: u64) -> &Object {
        match index_of(slot) {
            Some(index) => self.objects.get(index as usize).unwrap_or(&Object::Free),
            None => &Object::Free,
        }
    }

    #[inline(always)]
    pub fn get_mut(&mut self, slot: u64) -> Option<&mut Object> {
        self.objects.get_mut(index_of(slot)? as usize)
    }

    /// Whether an object of so many bytes should wait for a collection.
    pub fn wants_collection(&self, bytes: usize) -> bool {
        let after = self
            .bytes
            .saturating_add(bytes)
            .saturating_add(OVERHEAD_BYTES);
        after > self.threshold || self.objects_left == 0
    }

    /// Whether an object of so many bytes fits, once a collection was made where one was wanted.
    pub fn has_room(&self, bytes: usize) -> bool {
        let after = self
            .bytes
            .saturating_add(bytes)
            .saturating_add(OVERHEAD_BYTES);
        !self.full && after <= self.limit && self.objects.len() < u32::MAX as usize
    }

    /// How many objects there are, with the places of those that were freed.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Adds an object for which there is room, and gives its index.
    pub fn add(&mut self, object: Object) -> u32 {
        self.bytes += object.bytes();
        self.objects_left = self.objects_left.saturating_sub(1);
        if let Some(index) = self.free.pop() {
            self.objects[index as usize] = object;
            return index;
        }
        self.objects.push(object);
        (self.objects.len() - 1) as u32
    }

    /// Frees all that cannot be reached from these slots. Slots that are met and refer to no object go to
    /// `others`.
    pub fn collect(
        &mut self,
        roots: impl Iterator<Item = u64>,
        types: &TypeRegistry,
        tags: &[TypeId],
        tag_refs: impl Fn(TypeId) -> Vec<u32>,
        mut others: impl FnMut(u64),
    ) {
        let mut marked = vec![false; self.objects.len()];
        let mut pending = Vec::new();
        let mut mark = |slot: u64, pending: &mut Vec<u32>| {
            let Some(index) = index_of(slot) else {
                return others(slot);
            };
            if let Some(mark) = marked.get_mut(index as usize)
                && !*mark
            {
                *mark = true;
                pending.push(index);
            }
        };
        for slot in roots {
            mark(slot, &mut pending);
        }
        while let Some(index) = pending.pop() {
            match &self.objects[index as usize] {
                Object::Free => {}
                Object::Struct { ty, slots } => {
                    if let Layout::Struct { refs, .. } = types.layout(*ty) {
                        for &slot in refs {
                            let slot = slots[slot as usize];
                            mutate!(ForgetKeptExceptions => if self.is_exception(slot) {
                                continue;
                            });
                            mark(
                                mutate!(slot, SkipBarrier => unless_younger(slot, index)),
                                &mut pending,
                            );
                        }
                    }
                }
                Object::Array { ty, bytes, .. } => {
                    if matches!(types.layout(*ty), Layout::Array { is_ref: true, .. }) {
                        for slot in mutate!(bytes.as_chunks().0, ForgetElements => &[]) {
                            mark(u64::from_le_bytes(*slot), &mut pending);
                        }
                    }
                }
                Object::Exception { tag, slots } => {
                    for slot in mutate!(tag_refs(tags[*tag as usize]), ForgetPayloads => Vec::new())
                    {
                        mark(slots[slot as usize], &mut pending);
                    }
                }
            }
        }
        self.sweep(&marked);
    }

    /// Whether a reference is one to an exception.
    #[cfg(feature = "mutants")]
    fn is_exception(&self, slot: u64) -> bool {
        let object = index_of(slot).and_then(|index| self.objects.get(index as usize));
        matches!(object, Some(Object::Exception { .. }))
    }

    fn sweep(&mut self, marked: &[bool]) {
        self.free.clear();
        self.bytes = 0;
        for (index, (object, &marked)) in self.objects.iter_mut().zip(marked).enumerate() {
            if mutate!(marked, KeepGarbage => true) && !matches!(object, Object::Free) {
                self.bytes += object.bytes();
            } else {
                *object = Object::Free;
                self.free.push(index as u32);
            }
        }
        self.threshold = (2 * self.bytes).max(MIN_THRESHOLD_BYTES).min(self.limit);
        self.objects_left = self.objects_per_collection;
        self.full = self.bytes > self.limit - self.limit / 16;
    }

    /// All objects that have not been freed.
    pub fn live(&self) -> impl Iterator<Item = &Object> {
        self.objects
            .iter()
            .filter(|object| !matches!(object, Object::Free))
    }
}
