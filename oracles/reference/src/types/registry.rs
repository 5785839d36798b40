//! The canonical types of a store (chapter 3, "Validation", sections "Conventions" and "Matching").
//!
//! Two defined types are the same exactly when their recursive groups are equal up to the names
//! of the members, and they stand at the same place in them. Each group is therefore kept once,
//! keyed by its structure, so that equality of types is equality of numbers; a type also carries
//! the chain of its declared supertypes, so that subtyping is one lookup.

use super::{
    CompositeType, FieldType, FuncType, HeapType, RefType, SubType, TypeIndex, ValType, slots_of,
};
use std::collections::HashMap;

/// A defined type of a store. Equal numbers are equal types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub(crate) u32);

/// The name of a type while its recursive group is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    /// A member of the same group.
    Inside(u32),
    /// A type that is known already.
    Outside(TypeId),
}

/// How objects and frames hold values of a type.
#[derive(Clone, Debug)]
pub enum Layout {
    /// A function: the slots of its parameters and of its results.
    Func {
        /// Slots of the parameters.
        params: u32,
        /// Slots of the results.
        results: u32,
    },
    /// A structure: how many slots its fields take, and which of them hold references.
    Struct {
        /// Slots of the fields.
        slots: u32,
        /// The slots that hold references.
        refs: Box<[u32]>,
    },
    /// An array: how many bytes an element takes, and whether it is a reference.
    Array {
        /// Bytes of an element.
        bytes: u32,
        /// Whether elements are references.
        is_ref: bool,
    },
}

#[derive(Debug)]
struct Entry {
    ty: SubType,
    layout: Layout,
    /// All supertypes from the root down to the type itself.
    chain: Box<[TypeId]>,
}

/// All canonical types of a store.
#[derive(Debug, Default)]
pub struct TypeRegistry {
    entries: Vec<Entry>,
    groups: HashMap<Vec<SubType<Place>>, TypeId>,
}

impl TypeRegistry {
    /// Adds the groups of a module, in order, and gives the type behind each of its indices.
    pub fn add_module(&mut self, groups: &[Vec<SubType<TypeIndex>>]) -> Vec<TypeId> {
        let mut known = Vec::new();
        for group in groups {
            let first = self.add_group(group, &known);
            known.extend((0..group.len() as u32).map(|member| TypeId(first.0 + member)));
        }
        known
    }

    /// The type of functions of a kind that no module needs to declare.
    pub fn add_func(&mut self, ty: FuncType) -> TypeId {
        let ty = SubType {
            is_final: true,
            supertype: None,
            composite: CompositeType::Func(ty),
        };
        let key = vec![ty.map(&mut Place::Outside)];
        self.intern(key)
    }

    fn add_group(&mut self, group: &[SubType<TypeIndex>], known: &[TypeId]) -> TypeId {
        let first = known.len() as u32;
        let mut place = |index: TypeIndex| match known.get(index as usize) {
            Some(&id) => Place::Outside(id),
            None => Place::Inside(mutate!(index - first, CanonicalPosition => 0)),
        };
        let key = group.iter().map(|ty| ty.map(&mut place)).collect();
        self.intern(key)
    }

    fn intern(&mut self, key: Vec<SubType<Place>>) -> TypeId {
        if let Some(&id) = self.groups.get(&key) {
            return id;
        }
        let first = TypeId(self.entries.len() as u32);
        let mut name = |place| match place {
            Place::Inside(member) => TypeId(first.0 + member),
            Place::Outside(id) => id,
        };
        for (member, ty) in key.iter().enumerate() {
            let ty = ty.map(&mut name);
            let id = TypeId(first.0 + member as u32);
            let mut chain = match ty.supertype {
                Some(parent) => self.entry(parent).chain.to_vec(),
                None => Vec::new(),
            };
            chain.push(id);
            let layout = layout(&ty.composite);
            self.entries.push(Entry {
                ty,
                layout,
                chain: chain.into(),
            });
        }
        self.groups.insert(key, first);
        first
    }

    fn entry(&self, id: TypeId) -> &Entry {
        &self.entries[id.0 as usize]
    }

    /// The definition of a type.
    pub fn get(&self, id: TypeId) -> &SubType {
        &self.entry(id).ty
    }

    /// How values of the type are held.
    pub fn layout(&self, id: TypeId) -> &Layout {
        &self.entry(id).layout
    }

    /// The function type behind `id`; `None` for a structure or an array.
    pub fn func(&self, id: TypeId) -> Option<&FuncType> {
        match &self.get(id).composite {
            CompositeType::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// The slots of the parameters and of the results of a function type.
    pub(crate) fn func_slots(&self, id: TypeId) -> (usize, usize) {
        match *self.layout(id) {
            Layout::Func { params, results } => (params as usize, results as usize),
            _ => (0, 0),
        }
    }

    /// Whether `sub` is `sup` or declared below it ("Defined Types").
    #[inline]
    pub fn is_subtype(&self, sub: TypeId, sup: TypeId) -> bool {
        if sub == sup {
            return true;
        }
        mutate!(SubtypeOfParent => return self.get(sub).supertype == Some(sup));
        let depth = self.entry(sup).chain.len();
        self.entry(sub).chain.get(depth - 1) == Some(&sup)
    }

    /// Whether one heap type matches another ("Heap Types").
    pub fn heap_matches(&self, sub: HeapType, sup: HeapType) -> bool {
        use HeapType as H;
        match (sub, sup) {
            _ if sub == sup => true,
            (H::Defined(a), H::Defined(b)) => self.is_subtype(a, b),
            (H::None, _) => self.heap_matches(sup, H::Any),
            (H::NoFunc, _) => self.heap_matches(sup, H::Func),
            (H::NoExtern, _) => sup == H::Extern,
            (H::NoExn, _) => sup == H::Exn,
            (H::Eq, H::Any) => true,
            (H::I31 | H::Struct | H::Array, H::Eq | H::Any) => true,
            (H::Defined(id), _) => match self.get(id).composite {
                CompositeType::Func(_) => sup == H::Func,
                CompositeType::Struct(_) => matches!(sup, H::Struct | H::Eq | H::Any),
                CompositeType::Array(_) => matches!(sup, H::Array | H::Eq | H::Any),
            },
            _ => false,
        }
    }

    /// Whether one reference type matches another ("Reference Types").
    pub fn ref_matches(&self, sub: RefType, sup: RefType) -> bool {
        (!sub.nullable || sup.nullable) && self.heap_matches(sub.heap, sup.heap)
    }

    /// Whether one value type matches another ("Value Types").
    pub fn val_matches(&self, sub: ValType, sup: ValType) -> bool {
        match (sub, sup) {
            (ValType::Ref(sub), ValType::Ref(sup)) => self.ref_matches(sub, sup),
            _ => sub == sup,
        }
    }
}

fn layout(ty: &CompositeType) -> Layout {
    match ty {
        CompositeType::Func(ty) => Layout::Func {
            params: slots_of(&ty.params),
            results: slots_of(&ty.results),
        },
        CompositeType::Struct(fields) => struct_layout(fields),
        CompositeType::Array(element) => Layout::Array {
            bytes: element.bytes(),
            is_ref: element.is_ref(),
        },
    }
}

fn struct_layout(fields: &[FieldType]) -> Layout {
    let mut slots = 0;
    let mut refs = Vec::new();
    for field in fields {
        if field.is_ref() {
            refs.push(mutate!(slots, ForgetFields => 0));
        }
        slots += field.slots();
    }
    Layout::Struct {
        slots,
        refs: refs.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structure(supertype: Option<u32>, refers_to: u32) -> SubType<u32> {
        let heap = HeapType::Defined(refers_to);
        let storage = super::super::StorageType::Val(ValType::Ref(RefType {
            nullable: true,
            heap,
        }));
        SubType {
            is_final: false,
            supertype,
            composite: CompositeType::Struct(
                [FieldType {
                    storage,
                    mutable: true,
                }]
                .into(),
            ),
        }
    }

    #[test]
    fn equal_groups_are_one_whatever_their_place() {
        let mut registry = TypeRegistry::default();
        let one = registry.add_module(&[vec![structure(None, 0)]]);
        let two = registry.add_module(&[vec![structure(None, 0)], vec![structure(None, 1)]]);
        assert_eq!(two, [one[0], one[0]]);
        let other = registry.add_module(&[vec![structure(None, 1), structure(None, 0)]]);
        assert_ne!(other[0], one[0]);
        assert_ne!(other[0], other[1]);
    }

    #[test]
    fn subtyping_follows_declarations() {
        let mut registry = TypeRegistry::default();
        let ids = registry.add_module(&[
            vec![structure(None, 0)],
            vec![structure(Some(0), 0)],
            vec![structure(Some(1), 0)],
        ]);
        assert!(registry.is_subtype(ids[2], ids[0]));
        assert!(registry.is_subtype(ids[2], ids[2]));
        assert!(!registry.is_subtype(ids[0], ids[2]));
        assert!(registry.heap_matches(HeapType::None, HeapType::Defined(ids[1])));
        assert!(!registry.heap_matches(HeapType::NoFunc, HeapType::Defined(ids[1])));
        assert!(registry.heap_matches(HeapType::Defined(ids[1]), HeapType::Eq));
    }
}
