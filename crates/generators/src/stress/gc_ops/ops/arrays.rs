//! Arrays, element by element.

use super::super::corners::{of_place, of_range};
use super::super::model::{Datum, Ref};
use super::super::operand::{Manner, is_beyond, reasons};
use super::super::types::{Field, Heap, RefTy, Storage};
use super::super::world::World;
use crate::stress::Choices;
use assay_engine::{Trap, Traps};

/// How long new arrays are.
pub const LENGTHS: [u32; 10] = [3, 1, 0, 2, 4, 5, 8, 9, 17, 40];
/// How many operands `array.new_fixed` gets at most.
const FIXED: u32 = 5;

/// The types of arrays whose elements fit.
pub fn arrays(w: &World, fits: impl Fn(Field) -> bool) -> Vec<u32> {
    let is = |&ty: &u32| w.types.element(ty).is_some_and(&fits);
    w.types.all().filter(is).collect()
}

/// Names the new array on the stack.
fn made(w: &mut World, c: &Choices<'_, '_>, ty: u32, data: Vec<Datum>) {
    let value = w.objects.add(ty, data);
    w.give(c.id(), RefTy::non_null(Heap::Type(ty)), value);
}

/// `array.new`
pub fn new(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let ty = c.one_of(&arrays(w, |_| true))?;
    let operand = w.operand(c, w.types.element(ty)?.storage)?;
    let length = c.one_of(&LENGTHS)?;
    w.push(&operand);
    w.push_i32(length);
    w.meet("ArrayNew", (length == 0).then_some("empty"));
    w.sink().array_new(ty);
    made(w, c, ty, vec![operand.datum(); length as usize]);
    Some(())
}

/// `array.new_default`
pub fn new_default(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let ty = c.one_of(&arrays(w, |element| element.storage.has_default()))?;
    let length = c.one_of(&LENGTHS)?;
    let zero = w.types.element(ty)?.storage.zero();
    w.push_i32(length);
    w.meet("ArrayNewDefault", (length == 0).then_some("empty"));
    w.sink().array_new_default(ty);
    made(w, c, ty, vec![zero; length as usize]);
    Some(())
}

/// `array.new_fixed`
pub fn new_fixed(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let ty = c.one_of(&arrays(w, |_| true))?;
    let length = c.below(FIXED + 1);
    let storage = w.types.element(ty)?.storage;
    let operands = w.operands(c, (0..length).map(|_| storage))?;
    let manner = Manner::choose(c);
    w.hand(&operands, manner);
    w.meet("ArrayNewFixed", (length == 0).then_some("empty"));
    w.sink().array_new_fixed(ty, length);
    let data = operands.iter().map(|operand| operand.datum()).collect();
    made(w, c, ty, data);
    Some(())
}

/// Up to so many elements are read from a segment.
const MOST: u32 = 12;

/// `array.new_data`
pub fn new_data(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let ty = c.one_of(&arrays(w, |element| element.storage.bytes().is_some()))?;
    let storage = w.types.element(ty)?.storage;
    let width = storage.bytes()?;
    let length = w.data.len() as u32;
    let ([from], count) = w.ranges(c, [(length / width).min(MOST)]);
    let start = from
        .wrapping_mul(width)
        .wrapping_add(c.below(width).min(length % width));
    w.push_i32(start);
    w.push_i32(count);
    w.meet("ArrayNewData", of_range(from, count, length / width));
    let bytes = u64::from(count) * u64::from(width);
    if u64::from(start) + bytes > u64::from(length) {
        w.save_digest();
        w.sink().array_new_data(ty, 0);
        w.trapped(Trap::OutOfBoundsMemoryAccess.into());
        return Some(());
    }
    w.sink().array_new_data(ty, 0);
    let data = numbers(&w.data[start as usize..][..bytes as usize], width);
    made(w, c, ty, data);
    Some(())
}

/// The numbers of this width in a segment.
pub fn numbers(bytes: &[u8], width: u32) -> Vec<Datum> {
    let number = |bytes: &[u8]| {
        let digits = bytes.iter().rev();
        digits.fold(0u128, |number, &byte| number << 8 | u128::from(byte))
    };
    let chunks = bytes.chunks_exact(width as usize);
    chunks.map(|bytes| Datum::Bits(number(bytes))).collect()
}

/// `array.new_elem`
pub fn new_elem(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let segment = c.below(w.segments.len() as u32);
    let heap = w.segments.get(segment as usize)?.heap;
    let fits = |element: Field| match element.storage {
        Storage::Ref(ty) => w.types.matches(RefTy::null(heap), ty),
        _ => false,
    };
    let ty = c.one_of(&arrays(w, fits))?;
    let length = w.segments[segment as usize].values.len() as u32;
    let ([start], count) = w.ranges(c, [length]);
    w.push_i32(start);
    w.push_i32(count);
    w.meet("ArrayNewElem", of_range(start, count, length));
    if is_beyond(start, count, length) {
        w.save_digest();
        w.sink().array_new_elem(ty, segment);
        w.trapped(Trap::OutOfBoundsTableAccess.into());
        return Some(());
    }
    w.sink().array_new_elem(ty, segment);
    let values = &w.segments[segment as usize].values[start as usize..][..count as usize];
    let data = values.iter().map(|&value| Datum::Ref(value)).collect();
    made(w, c, ty, data);
    Some(())
}

/// Why an access of an element traps, if it does.
fn access(w: &World, value: Ref, index: u32) -> Option<Traps> {
    let object = w.objects.get(value);
    let length = object.map(|object| object.data.len() as u32);
    reasons(&[
        (length.is_none(), Trap::NullReference),
        (
            length.is_some_and(|length| index >= length),
            Trap::OutOfBoundsArrayAccess,
        ),
    ])
}

/// The length of an array; 0 where it is null.
pub fn length(w: &World, value: Ref) -> u32 {
    w.objects
        .get(value)
        .map_or(0, |object| object.data.len() as u32)
}

/// `array.get`
pub fn get(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    read(
        w,
        c,
        |storage| !storage.is_packed(),
        false,
        |w, ty| {
            w.sink().array_get(ty);
        },
    )
}

/// `array.get_s`
pub fn get_s(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    read(w, c, Storage::is_packed, true, |w, ty| {
        w.sink().array_get_s(ty);
    })
}

/// `array.get_u`
pub fn get_u(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    read(w, c, Storage::is_packed, false, |w, ty| {
        w.sink().array_get_u(ty);
    })
}

fn read(
    w: &mut World,
    c: &mut Choices<'_, '_>,
    fits: fn(Storage) -> bool,
    signed: bool,
    emit: fn(&mut World, u32),
) -> Option<()> {
    let target = w.target(c, &arrays(w, |element| fits(element.storage)))?;
    let storage = w.types.element(target.ty)?.storage;
    let index = w.index(c, length(w, target.value));
    w.push(&target.operand);
    w.push_i32(index);
    if w.objects.get(target.value).is_some() {
        w.meet("ArrayGet", of_place(index, length(w, target.value)));
    }
    if let Some(traps) = access(w, target.value, index) {
        w.save_digest();
        emit(w, target.ty);
        w.trapped(traps);
        return Some(());
    }
    emit(w, target.ty);
    let datum = w
        .objects
        .get(target.value)?
        .data
        .get(index as usize)
        .copied()?;
    if storage.has_highest_bit(datum) && signed {
        w.meet("ArrayGetS", "negative");
    } else if storage.has_highest_bit(datum) {
        w.meet("ArrayGetU", "highest bit");
    }
    w.take(c, storage, datum, signed);
    Some(())
}

/// `array.set`
pub fn set(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let target = w.target(c, &arrays(w, |element| element.mutable))?;
    let operand = w.operand(c, w.types.element(target.ty)?.storage)?;
    let index = w.index(c, length(w, target.value));
    let manner = Manner::choose(c);
    w.push(&target.operand);
    w.push_i32(index);
    w.hand(&[operand], manner);
    if w.objects.get(target.value).is_some() {
        w.meet("ArraySet", of_place(index, length(w, target.value)));
    }
    if let Some(traps) = access(w, target.value, index) {
        w.save_digest();
        w.sink().array_set(target.ty);
        w.trapped(traps);
        return Some(());
    }
    w.sink().array_set(target.ty);
    let object = w.objects.get_mut(target.value)?;
    *object.data.get_mut(index as usize)? = operand.datum();
    Some(())
}

/// `array.len`
pub fn len(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let target = w.target(c, &arrays(w, |_| true))?;
    w.push(&target.operand);
    if w.objects.get(target.value).is_none() {
        w.save_digest();
        w.sink().array_len();
        w.trapped(Trap::NullReference.into());
        return Some(());
    }
    w.sink().array_len();
    w.note_i32(length(w, target.value));
    Some(())
}
