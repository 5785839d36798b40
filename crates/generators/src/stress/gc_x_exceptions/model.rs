//! The model: what objects and exceptions hold, and the digests that follow from it.

use super::value::{ARRAY, Datum, EXCEPTIONS, NODE, Storage, Ty};
use crate::stress::digest::{HOST, I31, NULL, OBJECT, TOO_DEEP, mix};
use std::collections::BTreeSet;

/// How deep a walk follows references where something is looked at, and where it is passed by.
pub const DEPTH: u32 = 3;
pub const SHALLOW: u32 = 2;

/// How many elements of an array a walk looks at.
pub const ELEMENTS: usize = 4;

/// What a walk says first of an exception; its tag is added.
pub const EXCEPTION: u64 = 64;

/// A structure or an array.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its type.
    pub ty: u32,
    /// Its fields, of which the first of a structure is a number that no other has, or its elements.
    pub data: Vec<Datum>,
    /// How many collections there had been.
    pub born: u32,
}

/// An exception.
#[derive(Clone, Debug)]
pub struct Exception {
    /// Its tag.
    pub tag: u32,
    /// Its fields.
    pub payload: Vec<Datum>,
    /// How many collections there had been when it was first thrown.
    pub thrown: u32,
    /// How often it was thrown again.
    pub again: u32,
}

/// What there is, dead or alive, and of what types.
#[derive(Clone, Debug, Default)]
pub struct Heap {
    /// The fields of each structure type.
    pub nodes: Vec<Vec<Storage>>,
    /// The type of arrays of vectors, if there is one.
    pub vectors: Option<u32>,
    /// The fields of each tag.
    pub tags: Vec<Vec<Ty>>,
    /// The objects.
    pub objects: Vec<Object>,
    /// The exceptions.
    pub exceptions: Vec<Exception>,
}

impl Heap {
    /// The fields of a structure type; none where the type is one of arrays.
    pub fn fields(&self, ty: u32) -> &[Storage] {
        let node = ty.checked_sub(NODE);
        node.and_then(|node| self.nodes.get(node as usize))
            .map_or(&[], Vec::as_slice)
    }

    /// What the elements of a type of arrays are.
    pub fn element(&self, ty: u32) -> Option<Ty> {
        match ty {
            ARRAY => Some(Ty::Eq),
            EXCEPTIONS => Some(Ty::Exn),
            _ if self.vectors == Some(ty) => Some(Ty::V128),
            _ => None,
        }
    }

    /// How many types of objects there are.
    pub fn types(&self) -> u32 {
        NODE + self.nodes.len() as u32 + u32::from(self.vectors.is_some())
    }

    /// What a value refers to.
    pub fn object(&self, datum: Datum) -> Option<&Object> {
        match datum {
            Datum::Object(number) => self.objects.get(number as usize),
            _ => None,
        }
    }

    /// Which exception a value is.
    pub fn exception(&self, datum: Datum) -> Option<&Exception> {
        match datum {
            Datum::Exception(number) => self.exceptions.get(number as usize),
            _ => None,
        }
    }

    /// The digest that a walk gives.
    pub fn walk(&self, datum: Datum, depth: u32) -> u64 {
        match datum {
            Datum::Null => NULL,
            Datum::Host(_) => HOST,
            _ if depth == 0 => TOO_DEEP,
            Datum::I31(bits) => I31 | u64::from(bits),
            Datum::Bits(bits) => bits as u64,
            Datum::Object(_) => self
                .object(datum)
                .map_or(HOST, |it| self.walk_object(it, depth)),
            Datum::Exception(_) => {
                let exception = self.exception(datum);
                exception.map_or(HOST, |it| self.walk_exception(it, depth))
            }
        }
    }

    fn walk_object(&self, object: &Object, depth: u32) -> u64 {
        let digest = OBJECT + u64::from(object.ty);
        let Some(element) = self.element(object.ty) else {
            let fields = self.fields(object.ty).iter().map(|field| field.unpacked());
            return self.mix_all(digest, fields.zip(&object.data), depth);
        };
        let digest = mix(digest, object.data.len() as u64);
        let elements = object.data.iter().take(ELEMENTS);
        self.mix_all(digest, elements.map(|datum| (element, datum)), depth)
    }

    fn walk_exception(&self, exception: &Exception, depth: u32) -> u64 {
        let digest = EXCEPTION + u64::from(exception.tag);
        let fields = self.tags.get(exception.tag as usize);
        let fields = fields.map_or(&[][..], Vec::as_slice).iter().copied();
        self.mix_all(digest, fields.zip(&exception.payload), depth)
    }

    fn mix_all<'a>(
        &self,
        digest: u64,
        data: impl Iterator<Item = (Ty, &'a Datum)>,
        depth: u32,
    ) -> u64 {
        data.fold(digest, |digest, (ty, &datum)| {
            let words = self.words(ty, datum, depth - 1);
            words.into_iter().fold(digest, mix)
        })
    }

    /// What a digest sees of a value of a type, walking so deep.
    pub fn words(&self, ty: Ty, datum: Datum, depth: u32) -> Vec<u64> {
        match (ty, datum) {
            (Ty::V128, Datum::Bits(bits)) => vec![bits as u64, (bits >> 64) as u64],
            (_, Datum::Bits(bits)) => vec![bits as u64],
            _ => vec![self.walk(datum, depth)],
        }
    }

    /// The objects, and the exceptions, that can be reached from these. Exceptions are followed only
    /// if they are transparent.
    pub fn reached(
        &self,
        roots: impl IntoIterator<Item = Datum>,
        transparent: bool,
    ) -> BTreeSet<(bool, u32)> {
        let mut seen = BTreeSet::new();
        let mut left: Vec<Datum> = roots.into_iter().collect();
        while let Some(datum) = left.pop() {
            match datum {
                Datum::Object(number) if seen.insert((false, number)) => {
                    left.extend(self.object(datum).iter().flat_map(|it| &it.data));
                }
                Datum::Exception(number) if transparent && seen.insert((true, number)) => {
                    left.extend(self.exception(datum).iter().flat_map(|it| &it.payload));
                }
                _ => {}
            }
        }
        seen
    }
}
