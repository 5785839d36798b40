//! Values: how they get onto the stack, and how they cross the boundary.

use super::world::{Held, SEED, World};
use crate::stress::Choices;
use crate::stress::exception_ops::operand::EDGES;
use crate::stress::exception_ops::value::{Datum, STRUCT, Ty};
use crate::stress::host::code;
use crate::stress::naming::distinct;
use crate::stress::numbers;
use assay_engine::{Reference, Slot, Value};

/// Something to push.
#[derive(Clone, Copy, Debug)]
pub struct Operand {
    /// Its type.
    pub ty: Ty,
    /// What it is.
    pub datum: Datum,
    /// The local that it is in, if it is in one.
    pub local: Option<u32>,
    /// Whether it is made so that no compiler knows it.
    pub opaque: bool,
}

impl World {
    /// A value of a type: one that the function keeps, one at which something changes, or mostly one
    /// that differs from all others. `place` tells the values of one operation apart.
    pub fn operand(&self, c: &mut Choices<'_, '_>, ty: Ty, place: u32) -> Operand {
        let way = c.below(6);
        let held = self.held().iter().filter(|held| held.ty == ty);
        let names: Vec<u32> = held.map(|held| held.id).collect();
        let wants_held = way >= 4 || ty == Ty::Extern;
        if way != 1
            && wants_held
            && let Some(name) = c.named(&names)
            && let Some(&held) = self.held().iter().find(|it| (it.id, it.ty) == (name, ty))
        {
            return Operand {
                ty,
                datum: held.datum,
                local: Some(held.local),
                opaque: false,
            };
        }
        let bits = match way {
            3 => EDGES[c.below(EDGES.len() as u32) as usize],
            _ => distinct(c.id(), place),
        };
        fresh(ty, bits, way == 1, way != 2)
    }

    /// Values of all these types.
    pub fn operands(&self, c: &mut Choices<'_, '_>, types: &[Ty]) -> Vec<Operand> {
        let places = types.iter().zip(0..);
        places
            .map(|(&ty, place)| self.operand(c, ty, place))
            .collect()
    }

    /// Pushes a value.
    pub fn push(&mut self, operand: &Operand) {
        let Operand {
            ty,
            datum,
            local,
            opaque,
        } = *operand;
        match (local, datum) {
            (Some(local), _) => _ = self.sink().local_get(local),
            (_, Datum::Bits(bits)) => self.push_bits(ty, bits, opaque),
            (_, Datum::I31(bits)) => {
                self.push_bits(Ty::I32, bits.into(), opaque);
                self.sink().ref_i31();
            }
            (_, Datum::Struct(number)) => {
                self.push_bits(Ty::I64, number.into(), opaque);
                self.sink().struct_new(STRUCT);
            }
            (_, Datum::Func) => {
                let function = self.nothing();
                self.referred.insert(function);
                self.sink().ref_func(function);
            }
            _ => _ = self.sink().ref_null(ty.heap()),
        }
    }

    /// Pushes all of these.
    pub fn push_all(&mut self, operands: &[Operand]) {
        operands.iter().for_each(|operand| self.push(operand));
    }

    fn push_bits(&mut self, ty: Ty, bits: u128, opaque: bool) {
        let ty = ty.encoded();
        match opaque {
            true => numbers::push_opaque(&mut self.sink(), SEED, ty, bits),
            false => numbers::push(&mut self.sink(), ty, bits),
        }
    }
}

/// A value that is made on the spot.
pub fn fresh(ty: Ty, bits: u128, null: bool, opaque: bool) -> Operand {
    let kept = ty.kept(bits);
    let datum = match ty {
        Ty::I31 if !null => Datum::I31(kept as u32),
        Ty::Struct if !null => Datum::Struct(kept as u64),
        Ty::Func if !null => Datum::Func,
        _ => Datum::of(ty, bits),
    };
    Operand {
        ty,
        datum,
        local: None,
        opaque,
    }
}

/// The names under which a function keeps its own parameters.
pub fn parameters(types: &[Ty], data: &[Datum]) -> Vec<Held> {
    let pairs = (0..).zip(types.iter().zip(data));
    let held = pairs.map(|(local, (&ty, &datum))| Held {
        id: local,
        ty,
        datum,
        local,
    });
    held.collect()
}

/// How the host's functions see values.
#[derive(Clone, Copy, Debug)]
pub struct Boundary {
    /// Whether the module runs as it is.
    pub bare: bool,
}

impl Boundary {
    /// The slots of what leaves the module.
    pub fn slots_out(self, types: &[Ty]) -> Vec<Slot> {
        let slots = types.iter().flat_map(|&ty| match ty {
            Ty::Extern if !self.bare => vec![Slot::I64, Slot::Extern],
            ty => slots_in(ty),
        });
        slots.collect()
    }

    /// The slots of what comes into the module.
    pub fn slots_in(types: &[Ty]) -> Vec<Slot> {
        types.iter().flat_map(|&ty| slots_in(ty)).collect()
    }

    /// What leaves the module.
    pub fn lower(self, types: &[Ty], data: &[Datum]) -> Vec<Value> {
        let pairs = types.iter().zip(data);
        let slots = pairs.flat_map(|(&ty, &datum)| match (ty, datum.seen(ty)) {
            (Ty::I32 | Ty::F32, value) => vec![Value::I32(value.bits() as u32)],
            (Ty::I64 | Ty::F64, value) => vec![Value::I64(value.bits() as u64)],
            (Ty::V128, value) => {
                let bits = value.bits();
                vec![Value::I64(bits as u64), Value::I64((bits >> 64) as u64)]
            }
            (Ty::Extern, value) if self.bare => vec![value],
            (Ty::Extern, value) => vec![Value::I64(code(value)), value],
            (_, value) => vec![Value::I64(code(value))],
        });
        slots.collect()
    }

    /// What comes into the module.
    pub fn lift(types: &[Ty], slots: &[Value]) -> Vec<Datum> {
        let mut slots = slots.iter();
        let mut next = || slots.next().copied().unwrap_or(Value::I64(0));
        let mut lift = |ty| match (ty, next()) {
            (Ty::V128, low) => Datum::Bits(next().bits() << 64 | low.bits()),
            (Ty::Extern, Value::Ref(Reference::Extern(number))) => Datum::Extern(number),
            (Ty::I31, value) if value.bits() & 7 != 0 => {
                Datum::I31((value.bits() >> 3) as u32 & 0x7fff_ffff)
            }
            (Ty::Struct, value) if value.bits() & 7 != 0 => Datum::Struct(0),
            (Ty::Func, value) if value.bits() & 7 != 0 => Datum::Func,
            (ty, value) if ty.is_number() => Datum::Bits(value.bits()),
            _ => Datum::Null,
        };
        types.iter().map(|&ty| lift(ty)).collect()
    }
}

fn slots_in(ty: Ty) -> Vec<Slot> {
    match ty {
        Ty::I32 | Ty::F32 => vec![Slot::I32],
        Ty::V128 => vec![Slot::I64, Slot::I64],
        Ty::Extern => vec![Slot::Extern],
        _ => vec![Slot::I64],
    }
}
