//! Structures.

use super::super::model::{Datum, Ref};
use super::super::operand::{Manner, Operand, Target, reasons};
use super::super::types::{Field, Heap, RefTy, Shape, Storage};
use super::super::world::World;
use crate::stress::Choices;
use assay_engine::Trap;

/// The types of structures that fit.
fn structs(w: &World, fits: impl Fn(&[Field]) -> bool) -> Vec<u32> {
    let is = |&ty: &u32| matches!(w.types.shape(ty), Some(Shape::Struct(fields)) if fits(fields));
    w.types.all().filter(is).collect()
}

/// `struct.new`
pub fn new(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let ty = c.one_of(&structs(w, |_| true))?;
    let storages: Vec<Storage> = w.types.fields(ty).iter().map(|it| it.storage).collect();
    let mut operands = w.operands(c, storages)?;
    let manner = Manner::choose(c);
    if w.is_labelled(ty) {
        operands[0] = Operand::Made(w.fresh());
    }
    w.meet("StructNew", operands.is_empty().then_some("no fields"));
    let data: Vec<Datum> = operands.iter().map(|operand| operand.datum()).collect();
    let twice = |(at, datum): (usize, &Datum)| {
        matches!(datum, Datum::Ref(Ref::Object(_))) && data[..at].contains(datum)
    };
    let shares = data.iter().enumerate().any(twice);
    w.meet("StructNew", shares.then_some("sharing"));
    w.hand(&operands, manner);
    w.sink().struct_new(ty);
    let value = w.objects.add(ty, data);
    w.give(c.id(), RefTy::non_null(Heap::Type(ty)), value);
    Some(())
}

/// `struct.new_default`
pub fn new_default(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let has_default = |ty: &u32| {
        let mut fields = w.types.fields(*ty).iter();
        fields.all(|it| it.storage.has_default()) && !w.is_labelled(*ty)
    };
    let types: Vec<u32> = structs(w, |_| true)
        .into_iter()
        .filter(has_default)
        .collect();
    let ty = c.one_of(&types)?;
    let fields = w.types.fields(ty).iter();
    let data = fields.map(|it| it.storage.zero()).collect();
    w.sink().struct_new_default(ty);
    let value = w.objects.add(ty, data);
    w.give(c.id(), RefTy::non_null(Heap::Type(ty)), value);
    Some(())
}

/// A structure and one of its fields that fits.
fn field(
    w: &World,
    c: &mut Choices<'_, '_>,
    fits: impl Fn(&Field) -> bool,
) -> Option<(Target, u32, Field)> {
    let target = w.target(c, &structs(w, |fields| fields.iter().any(&fits)))?;
    let fields = (0..).zip(w.types.fields(target.ty));
    // Nothing but its structure holds a label.
    let fields = fields.skip(usize::from(w.is_labelled(target.ty)));
    let fields: Vec<(u32, Field)> = fields
        .map(|(at, field)| (at, *field))
        .filter(|(_, it)| fits(it))
        .collect();
    let (at, field) = c.one_of(&fields)?;
    Some((target, at, field))
}

/// How a packed field is read.
#[derive(Clone, Copy, PartialEq)]
enum Extension {
    None,
    Signed,
    Unsigned,
}

/// `struct.get`
pub fn get(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    read(w, c, Extension::None)
}

/// `struct.get_s`
pub fn get_s(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    read(w, c, Extension::Signed)
}

/// `struct.get_u`
pub fn get_u(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    read(w, c, Extension::Unsigned)
}

fn read(w: &mut World, c: &mut Choices<'_, '_>, extension: Extension) -> Option<()> {
    let packed = extension != Extension::None;
    let (target, at, field) = field(w, c, |field| field.storage.is_packed() == packed)?;
    w.push(&target.operand);
    let traps = reasons(&[(w.objects.get(target.value).is_none(), Trap::NullReference)]);
    if traps.is_some() {
        w.save_digest();
    }
    match extension {
        Extension::None => w.sink().struct_get(target.ty, at),
        Extension::Signed => w.sink().struct_get_s(target.ty, at),
        Extension::Unsigned => w.sink().struct_get_u(target.ty, at),
    };
    if let Some(traps) = traps {
        w.trapped(traps);
        return Some(());
    }
    let datum = w
        .objects
        .get(target.value)?
        .data
        .get(at as usize)
        .copied()?;
    let high = field.storage.has_highest_bit(datum);
    match extension {
        Extension::None => {}
        Extension::Signed => w.meet("StructGetS", high.then_some("negative")),
        Extension::Unsigned => w.meet("StructGetU", high.then_some("highest bit")),
    }
    w.take(c, field.storage, datum, extension == Extension::Signed);
    Some(())
}

/// `struct.set`
pub fn set(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (target, at, field) = field(w, c, |field| field.mutable)?;
    let operand = w.operand(c, field.storage)?;
    let manner = Manner::choose(c);
    w.push(&target.operand);
    w.hand(&[operand], manner);
    let traps = reasons(&[(w.objects.get(target.value).is_none(), Trap::NullReference)]);
    if traps.is_some() {
        w.save_digest();
    }
    w.sink().struct_set(target.ty, at);
    if let Some(traps) = traps {
        w.trapped(traps);
        return Some(());
    }
    w.meet(
        "StructSet",
        (operand.datum() == Datum::Ref(target.value)).then_some("cycle"),
    );
    let object = w.objects.get_mut(target.value)?;
    *object.data.get_mut(at as usize)? = operand.datum();
    Some(())
}

impl World {
    /// Whether structures of a type have labels.
    pub fn is_labelled(&self, ty: u32) -> bool {
        self.labels && self.types.fields(ty).first() == Some(&Field::LABEL)
    }

    /// Takes what a field gave, which is on the stack: a number goes into the digest, a reference
    /// gets a name.
    pub fn take(&mut self, c: &Choices<'_, '_>, storage: Storage, datum: Datum, signed: bool) {
        match (storage, datum) {
            (Storage::Ref(ty), Datum::Ref(value)) => self.give(c.id(), ty, value),
            (storage, Datum::Bits(bits)) => {
                let bits = if signed { storage.extended(bits) } else { bits };
                self.note_number(storage, bits);
            }
            // A field of numbers holds numbers.
            (_, Datum::Ref(_)) => {}
        }
    }
}

impl Storage {
    /// Whether a packed field has its highest bit set.
    pub fn has_highest_bit(self, datum: Datum) -> bool {
        match (self, datum) {
            (Self::I8, Datum::Bits(bits)) => bits & 0x80 != 0,
            (Self::I16, Datum::Bits(bits)) => bits & 0x8000 != 0,
            _ => false,
        }
    }

    /// The bits of a packed field as an `i32` that keeps the sign.
    fn extended(self, bits: u128) -> u128 {
        let bits = bits as u32;
        u128::from(match self {
            Self::I8 => i32::from(bits as i8).cast_unsigned(),
            Self::I16 => i32::from(bits as i16).cast_unsigned(),
            _ => bits,
        })
    }
}
