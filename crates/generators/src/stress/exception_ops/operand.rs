//! How operations choose values, and push them.

use super::value::{Datum, STRUCT, Ty};
use super::world::{Held, SEED, World};
use crate::stress::Choices;
use crate::stress::naming::distinct;
use crate::stress::numbers;

/// Bits of numbers at which something changes; a type takes as many as it has.
pub const EDGES: [u128; 8] = [
    0,
    1,
    u128::MAX,
    0x8000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0x7fa0_0001_7fa0_0001_7fa0_0001_7fa0_0001,
    0x7ff4_0000_0000_0001_7ff4_0000_0000_0001,
];

/// How a value gets onto the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// As a constant.
    Constant,
    /// From a global of which a compiler does not know what is in it.
    Opaque,
    /// From a local.
    Local(u32),
}

/// Something to push.
#[derive(Clone, Copy, Debug)]
pub struct Operand {
    /// Its type.
    pub ty: Ty,
    /// What it is.
    pub datum: Datum,
    /// How it gets there.
    pub how: How,
}

impl From<Held> for Operand {
    fn from(held: Held) -> Self {
        Self {
            ty: held.ty,
            datum: held.datum,
            how: How::Local(held.local),
        }
    }
}

impl World {
    /// A value of a type: mostly one that differs from all others. `place` tells the values of one
    /// operation apart.
    pub fn operand(&self, c: &mut Choices<'_, '_>, ty: Ty, place: u32) -> Operand {
        let way = c.below(6);
        let fits = |held: &&Held| {
            let is_null = held.datum == Datum::Null;
            held.ty.nullable() == ty.nullable() && (ty == ty.nullable() || !is_null)
        };
        let held = self.held().iter().filter(fits);
        let names: Vec<u32> = held.map(|held| held.id).collect();
        let wants_held = way >= 4 || matches!(ty.nullable(), Ty::Extern | Ty::Exn);
        if way != 1
            && wants_held
            && let Some(name) = c.named(&names)
            && let Some(&held) = self.held().iter().filter(fits).find(|it| it.id == name)
        {
            return Operand { ty, ..held.into() };
        }
        let bits = if way == 3 {
            EDGES[c.below(EDGES.len() as u32) as usize]
        } else {
            distinct(c.id(), place)
        };
        let null = way == 1;
        self.fresh(ty, bits, null, way != 2)
    }

    /// Values of all these types.
    pub fn operands(&self, c: &mut Choices<'_, '_>, types: &[Ty]) -> Vec<Operand> {
        let places = types.iter().zip(0..);
        places
            .map(|(&ty, place)| self.operand(c, ty, place))
            .collect()
    }

    /// A value that is made on the spot.
    pub fn fresh(&self, ty: Ty, bits: u128, null: bool, opaque: bool) -> Operand {
        let kept = ty.kept(bits);
        let null = null && ty == ty.nullable();
        let datum = match ty {
            Ty::NonNullExtern => Datum::I31(kept as u32),
            Ty::I31 if !null => Datum::I31(kept as u32),
            Ty::Struct | Ty::NonNullStruct if !null => Datum::Struct(kept as u64),
            Ty::Func | Ty::NonNullFunc if !null => Datum::Func,
            _ => Datum::of(ty, bits),
        };
        let how = if opaque { How::Opaque } else { How::Constant };
        Operand { ty, datum, how }
    }

    /// How to push this value, if that can be done here.
    pub fn again(&self, ty: Ty, datum: Datum) -> Option<Operand> {
        let held = self.held().iter();
        let mut same = held.filter(|held| held.ty == ty && held.datum == datum);
        match (datum, same.next()) {
            (_, Some(&held)) => Some(held.into()),
            (Datum::Extern(_) | Datum::Exn(_), None) => None,
            _ => Some(Operand {
                ty,
                datum,
                how: How::Opaque,
            }),
        }
    }

    /// Pushes a value.
    pub fn push(&mut self, operand: &Operand) {
        let opaque = operand.how == How::Opaque;
        match (operand.how, operand.datum) {
            (How::Local(local), _) => operand.ty.get(&mut self.sink(), local),
            (_, Datum::Bits(bits)) => self.push_bits(operand.ty, bits, opaque),
            (_, Datum::I31(bits)) => {
                self.push_bits(Ty::I32, bits.into(), opaque);
                self.sink().ref_i31();
                if operand.ty.nullable() == Ty::Extern {
                    self.sink().extern_convert_any();
                }
            }
            (_, Datum::Struct(number)) => {
                self.push_bits(Ty::I64, number.into(), opaque);
                self.sink().struct_new(STRUCT);
            }
            (_, Datum::Func) => {
                self.referred.insert(0);
                let function = self.index(0);
                self.sink().ref_func(function);
            }
            _ => _ = self.sink().ref_null(operand.ty.heap()),
        }
    }

    fn push_bits(&mut self, ty: Ty, bits: u128, opaque: bool) {
        let ty = ty.encoded();
        match opaque {
            true => numbers::push_opaque(&mut self.sink(), SEED, ty, bits),
            false => numbers::push(&mut self.sink(), ty, bits),
        }
    }

    /// Pushes all of these.
    pub fn push_all(&mut self, operands: &[Operand]) {
        operands.iter().for_each(|operand| self.push(operand));
    }
}

/// What these are.
pub fn data(operands: &[Operand]) -> Vec<Datum> {
    operands.iter().map(|operand| operand.datum).collect()
}
