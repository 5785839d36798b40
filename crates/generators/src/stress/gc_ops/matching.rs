//! Which types are the same, or below one another.
//!
//! Written from Core, sections 2.3 ("Types") and 3.2 ("Matching"); it shares nothing with the
//! interpreter, which has its own account of it.

use super::types::{Field, Heap, Hierarchy, RefTy, Shape, Storage, TypeDef};
use std::ops::Range;

/// All types of a case, valid, with what follows from them.
#[derive(Clone, Debug)]
pub struct Types {
    defs: Vec<TypeDef>,
    /// The first type that each one is the same as.
    canonical: Vec<u32>,
}

impl Types {
    /// The types of a setting; those that cannot be are mended there.
    pub fn new(defs: &mut [TypeDef]) -> Self {
        super::mend::mend(defs);
        Self {
            canonical: canonical(defs),
            defs: defs.to_vec(),
        }
    }

    /// The types as they are, each the same as itself alone: what is below another by this is so
    /// whatever becomes of the rest.
    pub(super) fn unmended(defs: &[TypeDef]) -> Self {
        Self {
            canonical: (0..defs.len() as u32).collect(),
            defs: defs.to_vec(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.defs.len() as u32
    }

    /// All of them, by number.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = u32> + use<> {
        0..self.len()
    }

    /// The definitions.
    pub fn defs(&self) -> &[TypeDef] {
        &self.defs
    }

    /// The first type that this one is the same as (Core, section 3.1.4, "Recursive Types").
    pub fn canonical(&self, ty: u32) -> u32 {
        self.canonical.get(ty as usize).copied().unwrap_or(ty)
    }

    /// The types of the group that a type is in.
    pub fn group(&self, ty: u32) -> Range<u32> {
        let begins = |ty: &u32| self.defs[*ty as usize].begins_group;
        let start = (0..=ty).rev().find(begins).unwrap_or(0);
        let end = (ty + 1..self.len()).find(begins).unwrap_or(self.len());
        start..end
    }

    /// Whether two types differ, but in nothing that is seen of their values: in what is mutable, what is
    /// final, what they are below, or in the rest of their groups.
    pub fn are_nearly_the_same(&self, a: u32, b: u32) -> bool {
        let storage = |storage: Storage| match storage {
            Storage::Ref(RefTy {
                nullable,
                heap: Heap::Type(_),
            }) => (nullable, None),
            other => (false, Some(other)),
        };
        let alike = |(a, b): (&Field, &Field)| storage(a.storage) == storage(b.storage);
        let same_shape = match (self.shape(a), self.shape(b)) {
            (Some(Shape::Struct(a)), Some(Shape::Struct(b))) => {
                a.len() == b.len() && a.iter().zip(b).all(alike)
            }
            (Some(Shape::Array(a)), Some(Shape::Array(b))) => alike((a, b)),
            _ => false,
        };
        same_shape && self.canonical(a) != self.canonical(b)
    }

    /// Whether there is a structure or an array of a type whose fields are what they are unless told otherwise.
    pub fn is_defaultable(&self, ty: u32) -> bool {
        match self.shape(ty) {
            Some(Shape::Struct(fields)) => fields.iter().all(|it| it.storage.has_default()),
            Some(Shape::Array(element)) => element.storage.has_default(),
            _ => false,
        }
    }

    /// The fields of a structure; those of others are none.
    pub fn fields(&self, ty: u32) -> &[Field] {
        match self.shape(ty) {
            Some(Shape::Struct(fields)) => fields,
            _ => &[],
        }
    }

    /// What the elements of an array are.
    pub fn element(&self, ty: u32) -> Option<Field> {
        match self.shape(ty) {
            Some(&Shape::Array(field)) => Some(field),
            _ => None,
        }
    }

    /// What the values of a type are.
    pub fn shape(&self, ty: u32) -> Option<&Shape> {
        Some(&self.defs.get(ty as usize)?.shape)
    }

    /// The hierarchy that a heap type is in.
    pub fn hierarchy(&self, heap: Heap) -> Hierarchy {
        match heap {
            Heap::Func | Heap::NoFunc => Hierarchy::Func,
            Heap::Extern | Heap::NoExtern => Hierarchy::Extern,
            Heap::Exn => Hierarchy::Exn,
            Heap::Type(ty) if self.shape(ty) == Some(&Shape::Func) => Hierarchy::Func,
            _ => Hierarchy::Any,
        }
    }

    /// Whether one heap type is below another, or the same (Core, section 3.2.2).
    pub fn is_below(&self, sub: Heap, sup: Heap) -> bool {
        if self.hierarchy(sub) != self.hierarchy(sup) {
            return false;
        }
        match (sub, sup) {
            (Heap::None | Heap::NoFunc | Heap::NoExtern, _) => true,
            (_, Heap::Any | Heap::Func | Heap::Extern) => true,
            (Heap::Any, _) => false,
            (_, Heap::Eq) => true,
            (Heap::Type(a), Heap::Type(b)) => self.is_declared_below(a, b),
            (Heap::Type(a), Heap::Struct) => matches!(self.shape(a), Some(Shape::Struct(_))),
            (Heap::Type(a), Heap::Array) => matches!(self.shape(a), Some(Shape::Array(_))),
            _ => sub == sup,
        }
    }

    fn is_declared_below(&self, sub: u32, sup: u32) -> bool {
        let sup = self.canonical(sup);
        let above = |ty: &u32| self.defs.get(*ty as usize)?.supertype;
        let mut chain = std::iter::successors(Some(sub), above);
        chain.any(|ty| self.canonical(ty) == sup)
    }

    /// Whether one reference type matches another (Core, section 3.2.3).
    pub fn matches(&self, sub: RefTy, sup: RefTy) -> bool {
        (sup.nullable || !sub.nullable) && self.is_below(sub.heap, sup.heap)
    }
}

impl Types {
    /// Whether one field can stand where another is inherited (Core, section 3.2.9, "Field Types").
    pub(super) fn field_matches(&self, sub: Field, sup: Field) -> bool {
        match (sub.storage, sup.storage) {
            (Storage::Ref(a), Storage::Ref(b)) if !sub.mutable && !sup.mutable => {
                self.matches(a, b)
            }
            _ => sub == sup,
        }
    }
}

/// For each type the first one that it is the same as: groups are, whose types are the same but for
/// references among them, which are by place.
fn canonical(defs: &[TypeDef]) -> Vec<u32> {
    let mut canonical: Vec<u32> = Vec::with_capacity(defs.len());
    let mut groups: Vec<(u32, Vec<TypeDef>)> = Vec::new();
    for group in defs.chunk_by(|_, next| !next.begins_group) {
        let start = canonical.len() as u32;
        let rolled: Vec<TypeDef> = group
            .iter()
            .map(|def| rolled(def, start, &canonical))
            .collect();
        let known = groups.iter().find(|(_, other)| *other == rolled);
        let first = known.map_or(start, |&(first, _)| first);
        canonical.extend((0..group.len() as u32).map(|place| first + place));
        if first == start {
            groups.push((start, rolled));
        }
    }
    canonical
}

/// Numbers from here on are places within the group.
const PLACES: u32 = 1 << 16;

/// A type with the numbers of others by what they are the same as, or by their places.
fn rolled(def: &TypeDef, start: u32, canonical: &[u32]) -> TypeDef {
    let number = |ty: u32| match canonical.get(ty as usize) {
        Some(&first) => first,
        None => PLACES + ty - start,
    };
    TypeDef {
        begins_group: false,
        ..def.renumbered(number)
    }
}
