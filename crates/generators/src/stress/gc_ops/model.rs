//! The model: what the objects of a case hold, and the digests that follow from it.

pub use crate::stress::digest::{FACTOR, HOST, I31, NULL, OBJECT, TOO_DEEP, mix};

use super::matching::Types;
use super::types::{Heap, Hierarchy, RefTy, Storage};

/// A reference, whatever its static type: conversions between hierarchies keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ref {
    /// Null.
    Null,
    /// An unboxed integer: its 31 bits.
    I31(u32),
    /// A structure or an array, by its number.
    Object(u32),
    /// A function, by its number among those that can be referred to.
    Func(u32),
    /// A reference of the host's.
    Host(u32),
    /// An exception, by its number.
    Exception(u32),
}

impl Ref {
    /// The number of an object.
    pub fn object(self) -> Option<u32> {
        match self {
            Self::Object(number) => Some(number),
            _ => None,
        }
    }
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datum {
    /// The bits of a number, as many as the field has.
    Bits(u128),
    /// A reference.
    Ref(Ref),
}

/// A structure or an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its type.
    pub ty: u32,
    /// Its fields, or its elements.
    pub data: Vec<Datum>,
}

/// An exception that was caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its tag.
    pub tag: u32,
    /// What it carries.
    pub data: Vec<Datum>,
    /// How many collections were asked for before it was thrown.
    pub born: u32,
}

/// How deep a walk follows references.
pub const DEPTH: u32 = 3;

/// How many elements of an array a walk looks at.
pub const ELEMENTS: usize = 6;

impl Storage {
    /// As many of the bits as a field of this type keeps.
    pub fn kept(self, bits: u128) -> u128 {
        match self.bytes() {
            Some(bytes) if bytes < 16 => bits & ((1 << (8 * bytes)) - 1),
            _ => bits,
        }
    }

    /// What a field of this type begins with, where nobody says.
    pub fn zero(self) -> Datum {
        match self {
            Self::Ref(_) => Datum::Ref(Ref::Null),
            _ => Datum::Bits(0),
        }
    }
}

/// The objects of a case.
#[derive(Clone, Debug, Default)]
pub struct Objects(pub Vec<Object>);

impl Objects {
    /// Adds an object.
    pub fn add(&mut self, ty: u32, data: Vec<Datum>) -> Ref {
        self.0.push(Object { ty, data });
        Ref::Object(self.0.len() as u32 - 1)
    }

    /// What a reference refers to.
    pub fn get(&self, reference: Ref) -> Option<&Object> {
        match reference {
            Ref::Object(number) => self.0.get(number as usize),
            _ => None,
        }
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, reference: Ref) -> Option<&mut Object> {
        match reference {
            Ref::Object(number) => self.0.get_mut(number as usize),
            _ => None,
        }
    }

    /// Whether a reference of some hierarchy is a value of a type in it. `functions` are the types
    /// of functions.
    pub fn is_of(&self, types: &Types, functions: &[u32], reference: Ref, ty: RefTy) -> bool {
        let below = |heap| types.is_below(heap, ty.heap);
        // Outside of its own hierarchy nothing is known of a reference.
        let external = types.hierarchy(ty.heap) == Hierarchy::Extern;
        match reference {
            Ref::Null => ty.nullable,
            _ if external => ty.heap == Heap::Extern,
            Ref::I31(_) => below(Heap::I31),
            Ref::Host(_) => ty.heap == Heap::Any,
            Ref::Exception(_) => ty.heap == Heap::Exn,
            Ref::Func(number) => functions
                .get(number as usize)
                .is_some_and(|&ty| below(Heap::Type(ty))),
            Ref::Object(_) => self
                .get(reference)
                .is_some_and(|object| below(Heap::Type(object.ty))),
        }
    }

    /// The digest that a walk gives.
    pub fn walk(&self, types: &Types, reference: Ref, depth: u32) -> u64 {
        let object = match reference {
            Ref::Null => return NULL,
            Ref::Host(_) | Ref::Func(_) | Ref::Exception(_) => return HOST,
            _ if depth == 0 => return TOO_DEEP,
            Ref::I31(number) => return I31 | u64::from(number),
            Ref::Object(_) => self.get(reference),
        };
        let Some(object) = object else { return HOST };
        let mut digest = OBJECT + u64::from(types.canonical(object.ty));
        let storages: Vec<Storage> = match types.element(object.ty) {
            Some(element) => {
                digest = mix(digest, object.data.len() as u64);
                let seen = object.data.len().min(ELEMENTS);
                vec![element.storage; seen]
            }
            None => types
                .fields(object.ty)
                .iter()
                .map(|it| it.storage)
                .collect(),
        };
        for (storage, &datum) in storages.into_iter().zip(&object.data) {
            digest = self.mix_datum(types, digest, storage, datum, depth);
        }
        digest
    }

    fn mix_datum(
        &self,
        types: &Types,
        digest: u64,
        storage: Storage,
        datum: Datum,
        depth: u32,
    ) -> u64 {
        match (storage, datum) {
            (Storage::V128, Datum::Bits(bits)) => {
                mix(mix(digest, bits as u64), (bits >> 64) as u64)
            }
            (_, Datum::Bits(bits)) => mix(digest, bits as u64),
            (Storage::Ref(ty), Datum::Ref(reference)) if types.hierarchy(ty.heap).is_opaque() => {
                mix(digest, u64::from(reference == Ref::Null))
            }
            (_, Datum::Ref(reference)) => mix(digest, self.walk(types, reference, depth - 1)),
        }
    }
}
