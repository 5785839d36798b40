//! How operations choose values, and push them.

use super::value::{ARRAY, Datum, NODE, Storage, Ty};
use super::world::{COLLECT, Held, World};
use crate::stress::Choices;
use crate::stress::naming::distinct;
use crate::stress::numbers;

/// Bits of numbers at which something changes; a type takes as many as it has.
const EDGES: [u128; 8] = [
    0,
    1,
    u128::MAX,
    0x8080_8080_8080_8080,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0x7fa0_0001_7fa0_0001_7fa0_0001_7fa0_0001,
    0x7ff4_0000_0000_0001_7ff4_0000_0000_0001,
];

/// Something to push, as a value of a type.
#[derive(Clone, Copy, Debug)]
pub enum Operand {
    /// The bits of a number.
    Number(Ty, u128),
    /// What is in a local; a reference is cast if need be.
    Held(Ty, Held),
    /// Null.
    Null(Ty),
    /// An unboxed integer.
    I31(u32),
    /// A structure of a type with this number, in which all else is null or 0.
    Node(u32, u64),
    /// An array of one structure with this number.
    Array(u64),
}

/// How operands are handed over.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Whether their locals give them up, so that only what gets them keeps them.
    gives_up: bool,
    /// Whether there is a collection while they are on the stack.
    collects: bool,
}

impl Manner {
    /// One of the four.
    pub fn choose(c: &mut Choices<'_, '_>) -> Self {
        Self {
            gives_up: c.once_in(2),
            collects: c.once_in(6),
        }
    }
}

impl World {
    /// Whether a value can be had as one of a type.
    pub fn can_be(&self, held: &Held, ty: Ty) -> bool {
        let related = held.ty == ty || (held.ty.is_eq() && ty.is_eq());
        let object = |wanted| match held.datum {
            Datum::Object(_) => self
                .heap
                .object(held.datum)
                .is_some_and(|it| it.ty == wanted),
            datum => datum == Datum::Null,
        };
        related
            && match ty.nullable() {
                Ty::Node => object(NODE),
                Ty::Array => object(ARRAY),
                Ty::I31 => matches!(held.datum, Datum::I31(_) | Datum::Null),
                _ => true,
            }
    }

    /// A value of a type: mostly one that the function keeps, or else a new one. `place` tells the values
    /// of one operation apart.
    pub fn operand(&self, c: &mut Choices<'_, '_>, ty: Ty, place: u32) -> Operand {
        let way = c.below(8);
        if ty.is_number() {
            let bits = if way == 7 {
                EDGES[c.below(EDGES.len() as u32) as usize]
            } else {
                distinct(c.id(), place)
            };
            return Operand::Number(ty, ty.kept(bits));
        }
        let fits = |held: &Held| held.datum != Datum::Null && self.can_be(held, ty);
        let wants_held = way < 5 || matches!(ty, Ty::Extern | Ty::Exn);
        if way != 7
            && wants_held
            && let Some(name) = c.named(&self.names(fits))
            && let Some(held) = self.named(name, fits)
        {
            return Operand::Held(ty, held);
        }
        let number = distinct(c.id(), place) as u64;
        match ty {
            Ty::NonNullEq | Ty::NonNullNode => Operand::Node(NODE, number),
            Ty::I31 if way != 7 => Operand::I31(number as u32 & 0x7fff_ffff),
            Ty::Eq if way == 6 => Operand::I31(number as u32 & 0x7fff_ffff),
            Ty::Eq | Ty::Node if way != 7 => Operand::Node(NODE, number),
            Ty::Array if way != 7 => Operand::Array(number),
            _ => Operand::Null(ty),
        }
    }

    /// Values of all these types.
    pub fn operands(&self, c: &mut Choices<'_, '_>, types: &[Ty]) -> Vec<Operand> {
        let places = types.iter().zip(0..);
        places
            .map(|(&ty, place)| self.operand(c, ty, place))
            .collect()
    }

    /// Pushes all of these, and gives what they are.
    pub fn push_all(&mut self, operands: &[Operand]) -> Vec<Datum> {
        let push = |operand: &Operand| self.push(operand);
        operands.iter().map(push).collect()
    }

    /// Pushes all of these, so that in the end they are only where the manner says.
    pub fn hand(&mut self, operands: &[Operand], manner: Manner) -> Vec<Datum> {
        let data = self.push_all(operands);
        if manner.gives_up {
            for operand in operands {
                if let Operand::Held(_, held) = operand {
                    self.give_up(held.local);
                }
            }
        }
        if manner.collects {
            self.sink().call(COLLECT);
            self.collected(&data);
        }
        data
    }

    /// Pushes a value, and gives what it is.
    pub fn push(&mut self, operand: &Operand) -> Datum {
        match *operand {
            Operand::Number(ty, bits) => self.push_number(ty, bits),
            Operand::Held(ty, held) => {
                self.sink().local_get(held.local);
                let casts = held.ty == Ty::Eq && ty.nullable() != Ty::Eq;
                match (casts, ty == ty.nullable()) {
                    (true, true) => _ = self.sink().ref_cast_nullable(ty.heap()),
                    (true, false) => _ = self.sink().ref_cast_non_null(ty.heap()),
                    (false, true) => {}
                    (false, false) => _ = self.sink().ref_as_non_null(),
                }
                held.datum
            }
            Operand::Null(ty) => {
                self.sink().ref_null(ty.heap());
                Datum::Null
            }
            Operand::I31(bits) => {
                self.sink().i32_const(bits.cast_signed()).ref_i31();
                Datum::I31(bits)
            }
            Operand::Node(ty, number) => {
                let number = Operand::Number(Ty::I64, number.into());
                self.push_node(ty, number, Operand::Null(Ty::Eq))
            }
            Operand::Array(number) => {
                let node = self.push(&Operand::Node(NODE, number));
                self.sink().array_new_fixed(ARRAY, 1);
                self.object(ARRAY, vec![node])
            }
        }
    }

    /// Makes a structure in which all but the first two fields is null or 0.
    pub fn push_node(&mut self, ty: u32, number: Operand, next: Operand) -> Datum {
        let mut data = self.push_all(&[number, next]);
        for storage in self.rest_of(ty) {
            data.push(self.push_zero(storage.unpacked()));
        }
        self.sink().struct_new(ty);
        self.object(ty, data)
    }

    /// The fields of a structure behind the first two.
    pub fn rest_of(&self, ty: u32) -> Vec<Storage> {
        self.heap.fields(ty).iter().skip(2).copied().collect()
    }

    /// Pushes 0 or null.
    pub fn push_zero(&mut self, ty: Ty) -> Datum {
        let zero = if ty.is_number() {
            Operand::Number(ty, 0)
        } else {
            Operand::Null(ty)
        };
        self.push(&zero)
    }

    fn push_number(&mut self, ty: Ty, bits: u128) -> Datum {
        numbers::push(&mut self.sink(), ty.encoded(), bits);
        Datum::Bits(bits)
    }

    /// A structure that the function keeps, and of which type it is.
    pub fn node(&self, c: &mut Choices<'_, '_>, fits: impl Fn(u32) -> bool) -> Option<(Held, u32)> {
        let ty = |held: &Held| {
            let object = self.heap.object(held.datum)?;
            let is_node = held.ty.is_eq() && self.heap.element(object.ty).is_none();
            (is_node && fits(object.ty)).then_some(object.ty)
        };
        let name = c.named(&self.names(|held| ty(held).is_some()))?;
        let held = self.named(name, |held| ty(held).is_some())?;
        Some((held, ty(&held)?))
    }

    /// An array that the function keeps, and of which type it is.
    pub fn array(&self, c: &mut Choices<'_, '_>) -> Option<(Held, u32)> {
        let ty = |held: &Held| {
            let object = self.heap.object(held.datum)?;
            let is_array = held.ty.is_eq() && self.heap.element(object.ty).is_some();
            (is_array && !object.data.is_empty()).then_some(object.ty)
        };
        let name = c.named(&self.names(|held| ty(held).is_some()))?;
        let held = self.named(name, |held| ty(held).is_some())?;
        Some((held, ty(&held)?))
    }

    /// Pushes an object as one of a type that it is of.
    pub fn push_object(&mut self, held: Held, ty: u32) {
        let known = match held.ty {
            Ty::Node => NODE,
            Ty::Array => ARRAY,
            _ => u32::MAX,
        };
        let mut f = self.sink();
        f.local_get(held.local);
        if known != ty {
            f.ref_cast_non_null(wasm_encoder::HeapType::Concrete(ty));
        }
    }
}
