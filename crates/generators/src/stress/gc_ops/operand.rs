//! How operations choose what they work on, and push it.

use super::model::{Datum, Ref};
use super::types::{Heap, RefTy, Storage};
use super::world::{MAKE, Var, World};
use crate::stress::Choices;
use assay_engine::{Trap, Traps};
use wasm_encoder::Ieee32;
use wasm_encoder::Ieee64;

/// One operation in so many does what traps, where it can.
const TRAPS: u32 = 14;

/// Bits of numbers at which something changes; a type takes as many as it has.
const EDGES: [u128; 16] = [
    0,
    1,
    u128::MAX,
    0x7f,
    0x80,
    0xff80,
    0x7fff,
    0x8000,
    0x7fff_ffff,
    0x8000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0x7fa0_0001_7fa0_0001_7fa0_0001_7fa0_0001,
    0x7ff4_0000_0000_0001_7ff4_0000_0000_0001,
    0x0123_4567_89ab_cdef_0f1e_2d3c_4b5a_6978,
    0x3ff8_0000_3fc0_0000_4005_0000_c228_0000,
];

/// Unboxed integers at the edges, as `i32` of which 31 bits are kept.
const EDGES_31: [u32; 8] = [
    0,
    1,
    0x7fff_ffff,
    0x3fff_ffff,
    0x4000_0000,
    0x8000_0000,
    0xffff_ffff,
    0x2aaa_aaaa,
];

/// Something to push.
#[derive(Clone, Copy, Debug)]
pub enum Operand {
    /// A number of a type.
    Number(Storage, u128),
    /// A value as one of a type, which it is.
    Var(Var, RefTy),
    /// A null of a type.
    Null(Heap),
    /// An unboxed integer, from this `i32`.
    I31(u32),
    /// An object that the host makes then and there.
    Made(Ref),
}

/// How operands are handed over.
#[derive(Clone, Copy, Debug, Default)]
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
            collects: c.once_in(12),
        }
    }
}

/// A structure or an array to work on, or null in its place.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// How to push it.
    pub operand: Operand,
    /// The type by which it is known.
    pub ty: u32,
    /// What it is.
    pub value: Ref,
}

impl Operand {
    /// What it is.
    pub fn datum(&self) -> Datum {
        match *self {
            Self::Number(storage, bits) => Datum::Bits(storage.kept(bits)),
            Self::Var(var, _) => Datum::Ref(var.value),
            Self::Null(_) => Datum::Ref(Ref::Null),
            Self::I31(number) => Datum::Ref(Ref::I31(number & 0x7fff_ffff)),
            Self::Made(value) => Datum::Ref(value),
        }
    }
}

impl World {
    /// A value for a field, or for a parameter.
    pub fn operand(&self, c: &mut Choices<'_, '_>, storage: Storage) -> Option<Operand> {
        match storage {
            Storage::Ref(ty) => self.reference(c, ty),
            number => Some(Operand::Number(number, self.bits(c))),
        }
    }

    /// Values for all of these.
    pub fn operands(
        &self,
        c: &mut Choices<'_, '_>,
        storages: impl IntoIterator<Item = Storage>,
    ) -> Option<Vec<Operand>> {
        storages.into_iter().map(|it| self.operand(c, it)).collect()
    }

    /// The bits of a number.
    pub fn bits(&self, c: &mut Choices<'_, '_>) -> u128 {
        EDGES[c.below(EDGES.len() as u32) as usize]
    }

    /// An `i32` for an unboxed integer.
    pub fn number_31(&self, c: &mut Choices<'_, '_>) -> u32 {
        EDGES_31[c.below(EDGES_31.len() as u32) as usize]
    }

    /// A reference of a type: a value that is of it by its static type or by a cast, or null, or an
    /// unboxed integer.
    pub fn reference(&self, c: &mut Choices<'_, '_>, ty: RefTy) -> Option<Operand> {
        let null = c.once_in(6) && ty.nullable;
        let fits = self.names(|var| self.can_be(var, ty));
        if !null && let Some(var) = c.named(&fits) {
            return Some(Operand::Var(self.var(var)?, ty));
        }
        if ty.nullable {
            Some(Operand::Null(ty.heap))
        } else if self.types.is_below(Heap::I31, ty.heap) {
            Some(Operand::I31(self.number_31(c)))
        } else {
            None
        }
    }

    /// Whether a value can be had as one of a type.
    pub fn can_be(&self, var: &Var, ty: RefTy) -> bool {
        let castable = self.hierarchy(var.ty) == self.hierarchy(ty);
        castable && self.is_of(var.value, ty)
    }

    /// Pushes an operand; a value whose static type does not suffice is cast.
    pub fn push(&mut self, operand: &Operand) {
        match *operand {
            Operand::Number(storage, bits) => self.push_number(storage, bits),
            Operand::Null(heap) => _ = self.sink().ref_null(heap.encoded()),
            Operand::I31(number) => _ = self.sink().i32_const(number.cast_signed()).ref_i31(),
            Operand::Made(_) => _ = self.sink().call(MAKE),
            Operand::Var(var, ty) => {
                let below = self.types.is_below(var.ty.heap, ty.heap);
                let mut f = self.sink();
                f.local_get(var.local);
                if !below && ty.nullable {
                    f.ref_cast_nullable(ty.heap.encoded());
                } else if !below {
                    f.ref_cast_non_null(ty.heap.encoded());
                } else if var.ty.nullable && !ty.nullable {
                    f.ref_as_non_null();
                }
            }
        }
    }

    fn push_number(&mut self, storage: Storage, bits: u128) {
        let mut f = self.sink();
        match storage {
            Storage::I8 | Storage::I16 | Storage::I32 => f.i32_const((bits as u32).cast_signed()),
            Storage::I64 | Storage::Ref(_) => f.i64_const((bits as u64).cast_signed()),
            Storage::F32 => f.f32_const(Ieee32::new(bits as u32)),
            Storage::F64 => f.f64_const(Ieee64::new(bits as u64)),
            Storage::V128 => f.v128_const(bits.cast_signed()),
        };
    }

    /// Pushes all of these, in some manner.
    pub fn hand(&mut self, operands: &[Operand], manner: Manner) {
        self.push_all(operands);
        if manner.gives_up {
            let vars = operands.iter().filter_map(|operand| match operand {
                Operand::Var(var, _) => Some(*var),
                _ => None,
            });
            vars.collect::<Vec<_>>()
                .into_iter()
                .for_each(|var| self.give_up(var));
        }
        if manner.collects {
            self.collect();
        }
    }

    /// Pushes all of these.
    pub fn push_all(&mut self, operands: &[Operand]) {
        operands.iter().for_each(|operand| self.push(operand));
    }

    /// Something to work on, of the types that are wanted; now and then null.
    pub fn target(&self, c: &mut Choices<'_, '_>, wanted: &[u32]) -> Option<Target> {
        if c.once_in(TRAPS) {
            let ty = c.one_of(wanted)?;
            let heap = Heap::Type(ty);
            let nulls =
                self.names(|var| var.value == Ref::Null && self.can_be(var, RefTy::null(heap)));
            let null = c.named(&nulls).and_then(|id| self.var(id));
            let operand = null.map_or(Operand::Null(heap), |var| {
                Operand::Var(var, RefTy::null(heap))
            });
            return Some(Target {
                operand,
                ty,
                value: Ref::Null,
            });
        }
        let is = |var: &Var, ty: u32| self.can_be(var, RefTy::non_null(Heap::Type(ty)));
        let fits = self.names(|var| wanted.iter().any(|&ty| is(var, ty)));
        let var = self.var(c.named(&fits)?)?;
        let types: Vec<u32> = wanted.iter().copied().filter(|&ty| is(&var, ty)).collect();
        let ty = c.one_of(&types)?;
        let operand = Operand::Var(var, RefTy::null(Heap::Type(ty)));
        Some(Target {
            operand,
            ty,
            value: var.value,
        })
    }

    /// An index into something of this length; now and then beyond it.
    pub fn index(&self, c: &mut Choices<'_, '_>, length: u32) -> u32 {
        if length == 0 || c.once_in(TRAPS) {
            let beyond = [length, length + 1, u32::MAX, 0x8000_0000];
            return c.one_of(&beyond).unwrap_or(length);
        }
        match c.below(4) {
            1 => length - 1,
            2 => 0,
            _ => c.below(length),
        }
    }

    /// How many from where, of ranges that all have the same count: one start for each length.
    pub fn ranges<const N: usize>(
        &self,
        c: &mut Choices<'_, '_>,
        lengths: [u32; N],
    ) -> ([u32; N], u32) {
        let most = lengths.iter().copied().min().unwrap_or(0);
        let mut starts = [0; N];
        // Beyond nothing, as beyond a segment that was dropped, is worth more cases.
        let traps = if most == 0 { TRAPS / 3 } else { TRAPS };
        if c.once_in(traps) {
            // One of them goes beyond: by its start, by its count, by both, or around.
            let at = c.below(N as u32) as usize;
            let length = lengths[at];
            let beyond = [
                (length, 1),
                (0, length + 1),
                (length + 1, 0),
                (u32::MAX, 2),
                (1, u32::MAX),
            ];
            let (start, count) = c.one_of(&beyond).unwrap_or((length, 1));
            starts[at] = start;
            return (starts, count);
        }
        let count = match c.below(5) {
            0 => most,
            1 => 0,
            _ => c.below(most + 1),
        };
        for (start, length) in starts.iter_mut().zip(lengths) {
            let last = length - count;
            *start = if c.once_in(3) {
                last
            } else {
                c.below(last + 1)
            };
        }
        (starts, count)
    }

    /// Pushes an `i32`.
    pub fn push_i32(&mut self, number: u32) {
        self.sink().i32_const(number.cast_signed());
    }
}

/// The reasons for which an instruction traps, of those that hold. None where it does not trap.
pub fn reasons(all: &[(bool, Trap)]) -> Option<Traps> {
    let held: Vec<Trap> = all
        .iter()
        .filter(|(holds, _)| *holds)
        .map(|&(_, trap)| trap)
        .collect();
    (!held.is_empty()).then(|| Traps::any_of(&held))
}

/// Whether a range goes beyond a length.
pub fn is_beyond(start: u32, count: u32, length: u32) -> bool {
    u64::from(start) + u64::from(count) > u64::from(length)
}
