//! The types that a module declares: some of a list, in another order.

use super::super::matching::Types;
use super::super::types::{Field, Heap, RefTy, Shape, Storage, TypeDef};
use super::Other;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Types in an order of their own.
pub struct Declared<'a> {
    types: &'a Types,
    /// The definitions, by their new numbers.
    pub defs: Vec<TypeDef>,
    /// The new numbers of the first of all types that are the same.
    numbers: BTreeMap<u32, u32>,
}

impl<'a> Declared<'a> {
    /// The groups of these types and of all that they refer to.
    pub fn new(types: &'a Types, wanted: impl IntoIterator<Item = u32>, other: &Other) -> Self {
        let mut declared = Self {
            types,
            defs: Vec::new(),
            numbers: BTreeMap::new(),
        };
        let mut left = groups_of(types, wanted);
        while !left.is_empty() {
            let ready: Vec<usize> = (0..left.len())
                .filter(|&at| declared.has_all_before(&left[at]))
                .collect();
            let Some(&next) = ready.get(other.order as usize % ready.len().max(1)) else {
                break;
            };
            let group = left.remove(next);
            declared.add(group, other.pads);
        }
        declared
    }

    /// The new number of a type.
    pub fn number(&self, ty: u32) -> u32 {
        let first = self.types.canonical(ty);
        self.numbers.get(&first).copied().unwrap_or(0)
    }

    /// A storage with new numbers.
    pub fn storage(&self, storage: Storage) -> Storage {
        match storage {
            Storage::Ref(ty) => Storage::Ref(self.reference(ty)),
            number => number,
        }
    }

    /// A reference type with new numbers.
    pub fn reference(&self, ty: RefTy) -> RefTy {
        let heap = self.heap(ty.heap);
        RefTy { heap, ..ty }
    }

    /// A heap type with new numbers.
    pub fn heap(&self, heap: Heap) -> Heap {
        match heap {
            Heap::Type(ty) => Heap::Type(self.number(ty)),
            other => other,
        }
    }

    fn has_all_before(&self, group: &Range<u32>) -> bool {
        let mut types = group.clone().flat_map(|ty| referred(self.types, ty));
        types.all(|ty| group.contains(&ty) || self.numbers.contains_key(&ty))
    }

    fn add(&mut self, group: Range<u32>, pads: bool) {
        if pads {
            self.defs.push(padding(self.defs.len()));
        }
        let start = self.defs.len() as u32;
        let places = group.clone().zip(start..);
        self.numbers.extend(places);
        for ty in group {
            let def = &self.types.defs()[ty as usize];
            let def = def.renumbered(|ty| self.number(ty));
            self.defs.push(def);
        }
    }
}

/// A type that nobody else has, by so many fields.
fn padding(fields: usize) -> TypeDef {
    let field = Field {
        storage: Storage::I16,
        mutable: false,
    };
    TypeDef {
        begins_group: true,
        is_final: true,
        supertype: None,
        shape: Shape::Struct(vec![field; fields % 9]),
    }
}

/// What a type refers to, by the first types that are the same.
fn referred(types: &Types, ty: u32) -> impl Iterator<Item = u32> {
    let def = &types.defs()[ty as usize];
    let storages: Vec<Storage> = match &def.shape {
        Shape::Struct(fields) => fields.iter().map(|it| it.storage).collect(),
        Shape::Array(element) => vec![element.storage],
        Shape::Func => Vec::new(),
    };
    let fields = storages.into_iter().filter_map(|it| match it.reference() {
        Some(RefTy {
            heap: Heap::Type(ty),
            ..
        }) => Some(ty),
        _ => None,
    });
    fields.chain(def.supertype).map(|ty| types.canonical(ty))
}

/// The groups of these types, each once for all that are the same, and those of all that they refer to.
fn groups_of(types: &Types, wanted: impl IntoIterator<Item = u32>) -> Vec<Range<u32>> {
    let mut pending: Vec<u32> = wanted.into_iter().map(|ty| types.canonical(ty)).collect();
    let mut starts = BTreeSet::new();
    while let Some(ty) = pending.pop() {
        let group = types.group(ty);
        if starts.insert(group.start) {
            pending.extend(group.flat_map(|ty| referred(types, ty)));
        }
    }
    starts.into_iter().map(|start| types.group(start)).collect()
}
