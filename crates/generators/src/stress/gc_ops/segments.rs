//! Element segments: what is in them, and how it is made.

use super::model::{Datum, Ref};
use super::other::GONE_LENGTH;
use super::setting::Segment;
use super::types::{Heap, Shape};
use super::world::World;

/// An element segment.
#[derive(Clone, Debug)]
pub struct Elements {
    /// What its elements are, or null.
    pub heap: Heap,
    /// How each is made.
    pub made: Vec<Constant>,
    /// What is left: nothing once it is dropped.
    pub values: Vec<Ref>,
    /// Whether it was dropped.
    pub dropped: bool,
}

/// A constant expression that gives a reference.
#[derive(Clone, Copy, Debug)]
pub enum Constant {
    /// Null.
    Null,
    /// An unboxed integer.
    I31(u32),
    /// A structure of this type, as `struct.new_default` makes it.
    New(u32),
    /// A function.
    Func(u32),
}

impl World {
    /// An element segment, and the objects that it makes at instantiation.
    pub(super) fn elements(&mut self, segment: &Segment) -> Elements {
        let made: Vec<Constant> = segment
            .elements
            .iter()
            .map(|&number| self.constant(segment.heap, number))
            .collect();
        let values = made.iter().map(|&constant| match constant {
            Constant::Null => Ref::Null,
            Constant::I31(number) => Ref::I31(number),
            Constant::Func(number) => Ref::Func(number),
            Constant::New(ty) => self.default_object(ty),
        });
        Elements {
            heap: segment.heap,
            values: values.collect(),
            made: made.clone(),
            dropped: false,
        }
    }

    /// A new object whose fields are what they are unless told otherwise; an array is so long as those that
    /// are made at instantiation.
    pub(super) fn default_object(&mut self, ty: u32) -> Ref {
        let data: Vec<Datum> = match self.types.element(ty) {
            Some(element) => vec![element.storage.zero(); GONE_LENGTH],
            None => {
                let fields = self.types.fields(ty).iter();
                fields.map(|it| it.storage.zero()).collect()
            }
        };
        self.objects.add(ty, data)
    }

    /// The constant that a number stands for, of those that are of a type.
    fn constant(&self, heap: Heap, number: u32) -> Constant {
        let below = |sub: Heap| self.types.is_below(sub, heap);
        let new = |&ty: &u32| {
            let is_struct = matches!(self.types.shape(ty), Some(Shape::Struct(_)));
            is_struct && self.types.is_defaultable(ty) && below(Heap::Type(ty))
        };
        let mut all = vec![Constant::Null];
        if below(Heap::I31) {
            all.push(Constant::I31(number));
        }
        all.extend(self.types.all().filter(new).map(Constant::New));
        let functions = (0..).zip(&self.functions);
        let fit = functions.filter(|&(_, &ty)| below(Heap::Type(ty)));
        all.extend(fit.map(|(number, _)| Constant::Func(number)));
        all[number as usize % all.len()]
    }
}
