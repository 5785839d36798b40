//! Objects: made, read, written, compared and forgotten.

use super::super::corners::Place;
use super::super::model::DEPTH;
use super::super::operand::Manner;
use super::super::value::{ARRAY, Datum, EXCEPTIONS, NODE, Storage, Ty};
use super::super::world::{Held, World};
use crate::stress::Choices;
use crate::stress::naming::distinct;

/// The most elements that an array begins with.
const MAX_ELEMENTS: u32 = 4;

/// `struct.new`
pub fn new(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let ty = NODE + c.below(w.heap.nodes.len() as u32);
    let fields: Vec<Ty> = w.heap.fields(ty).iter().map(|it| it.unpacked()).collect();
    let operands: Vec<_> = fields.iter().skip(1).zip(1..).collect();
    let operands: Vec<_> = operands
        .into_iter()
        .map(|(&ty, place)| w.operand(c, ty, place))
        .collect();
    let manner = Manner::choose(c);
    let number = distinct(c.id(), 0) as u64;
    w.sink().i64_const(number.cast_signed());
    let handed = w.hand(&operands, manner);
    let fields = w.heap.fields(ty).iter().skip(1);
    let kept = fields
        .zip(handed)
        .map(|(storage, datum)| storage.kept(datum));
    let data = [Datum::Bits(number.into())]
        .into_iter()
        .chain(kept)
        .collect();
    w.sink().struct_new(ty);
    let datum = w.object(ty, data);
    w.keep(c.id(), if ty == NODE { Ty::Node } else { Ty::Eq }, datum);
    Some(())
}

/// `array.new_fixed`, of objects or of exceptions.
pub fn new_array(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let ty = c.one_of(&[ARRAY, EXCEPTIONS])?;
    array(w, c, ty)
}

/// `array.new_fixed`, of vectors.
pub fn new_vectors(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let ty = w.heap.vectors?;
    array(w, c, ty)
}

/// Makes an array of a type.
fn array(w: &mut World, c: &mut Choices<'_, '_>, ty: u32) -> Option<()> {
    let count = 1 + c.below(MAX_ELEMENTS);
    let element = w.heap.element(ty)?;
    let operands = w.operands(c, &vec![element; count as usize]);
    let manner = Manner::choose(c);
    let data = w.hand(&operands, manner);
    w.sink().array_new_fixed(ty, count);
    let datum = w.object(ty, data);
    w.keep(c.id(), if ty == ARRAY { Ty::Array } else { Ty::Eq }, datum);
    Some(())
}

/// `ref.i31`
pub fn i31(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let bits = distinct(c.id(), 0) as u32 & 0x7fff_ffff;
    w.sink().i32_const(bits.cast_signed()).ref_i31();
    w.keep(c.id(), Ty::I31, Datum::I31(bits));
    Some(())
}

/// A field behind the number: mostly one that holds a reference, or a packed one.
fn field(w: &World, c: &mut Choices<'_, '_>, ty: u32) -> Option<(u32, Storage)> {
    let fields = (0..).zip(w.heap.fields(ty).iter().copied()).skip(1);
    let is_reference = |storage: Storage| !storage.is_packed() && !storage.unpacked().is_number();
    let wanted = c.below(3);
    let fits = |(_, storage): &(u32, Storage)| match wanted {
        0 => is_reference(*storage),
        1 => storage.is_packed(),
        _ => true,
    };
    c.one_of(&fields.filter(fits).collect::<Vec<_>>())
}

/// `struct.get`, `struct.get_s` and `struct.get_u`
pub fn get(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (target, ty) = w.node(c, |_| true)?;
    let (at, storage) = field(w, c, ty)?;
    let signed = c.once_in(2);
    let datum = *w.heap.object(target.datum)?.data.get(at as usize)?;
    w.push_object(target, ty);
    if !storage.is_packed() {
        w.sink().struct_get(ty, at);
        w.keep(c.id(), storage.unpacked(), datum);
        return Some(());
    }
    let Datum::Bits(bits) = datum else {
        return None;
    };
    let arrived = target.place == Place::Payload;
    let negative = storage.signed(bits) != bits;
    if signed {
        w.sink().struct_get_s(ty, at);
    } else {
        w.sink().struct_get_u(ty, at);
    }
    if arrived {
        w.hit("packed", "one of what has arrived");
    }
    if arrived && signed && negative {
        w.hit("packed", "a negative one of what has arrived");
    }
    w.sink().i64_extend_i32_u();
    let seen = if signed { storage.signed(bits) } else { bits };
    w.note(seen as u64);
    Some(())
}

/// `struct.set`
pub fn set(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (target, ty) = w.node(c, |_| true)?;
    let (at, storage) = field(w, c, ty)?;
    let operand = w.operand(c, storage.unpacked(), 0);
    w.push_object(target, ty);
    let datum = w.push(&operand);
    w.sink().struct_set(ty, at);
    w.corners_of_write(target.datum, datum);
    write(w, target.datum, at, storage.kept(datum));
    Some(())
}

fn write(w: &mut World, target: Datum, at: u32, datum: Datum) {
    if let Datum::Object(number) = target
        && let Some(place) = w.heap.objects[number as usize].data.get_mut(at as usize)
    {
        *place = datum;
    }
}

/// `array.get`
pub fn array_get(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (target, ty) = w.array(c)?;
    let data = &w.heap.object(target.datum)?.data;
    let at = c.below(data.len() as u32);
    let datum = *data.get(at as usize)?;
    w.push_object(target, ty);
    w.sink().i32_const(at.cast_signed()).array_get(ty);
    w.keep(c.id(), w.heap.element(ty)?, datum);
    Some(())
}

/// `array.set`
pub fn array_set(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (target, ty) = w.array(c)?;
    let at = c.below(w.heap.object(target.datum)?.data.len() as u32);
    let operand = w.operand(c, w.heap.element(ty)?, 0);
    w.push_object(target, ty);
    w.sink().i32_const(at.cast_signed());
    let datum = w.push(&operand);
    w.sink().array_set(ty);
    w.corners_of_write(target.datum, datum);
    write(w, target.datum, at, datum);
    Some(())
}

/// One of the values that fit.
fn choose(w: &World, c: &mut Choices<'_, '_>, fits: impl Fn(&Held) -> bool) -> Option<Held> {
    let name = c.named(&w.names(&fits))?;
    w.named(name, fits)
}

fn is_object(held: &Held) -> bool {
    matches!(held.datum, Datum::Object(_))
}

/// `extern.convert_any`
pub fn externalize(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let held = choose(w, c, |held| held.ty.is_eq() && is_object(held))?;
    w.sink().local_get(held.local).extern_convert_any();
    w.keep(c.id(), Ty::Extern, held.datum);
    Some(())
}

/// `any.convert_extern`, of what is an object.
pub fn internalize(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let held = choose(w, c, |held| held.ty == Ty::Extern && is_object(held))?;
    w.sink()
        .local_get(held.local)
        .any_convert_extern()
        .ref_cast_nullable(Ty::Eq.heap());
    w.keep(c.id(), Ty::Eq, held.datum);
    Some(())
}

/// `ref.eq`
pub fn compare(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let fits = |held: &Held| held.ty.is_eq();
    let a = choose(w, c, fits)?;
    let b = choose(w, c, fits)?;
    w.ref_eq(&a, &b);
    Some(())
}

/// Walks what can be reached.
pub fn look(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let held = choose(w, c, |held| !held.ty.is_number())?;
    w.look(held, DEPTH);
    Some(())
}

/// Puts null in place of a reference.
pub fn forget(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let held = choose(w, c, |held| !held.ty.is_number())?;
    w.give_up(held.local);
    Some(())
}
