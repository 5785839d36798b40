//! Arrays, many elements at a time, and segments.

use super::super::corners::{of_copy, of_range};
use super::super::model::{Datum, Ref};
use super::super::operand::{is_beyond, reasons};
use super::super::types::{Field, Storage};
use super::super::world::World;
use super::arrays::{arrays, length, numbers};
use crate::stress::Choices;
use assay_engine::{Trap, Traps};

/// Emits an instruction; where it traps, the call ends there, and the answer is yes.
fn traps(w: &mut World, traps: Option<Traps>, emit: impl FnOnce(&mut World)) -> bool {
    if traps.is_some() {
        w.save_digest();
    }
    emit(w);
    if let Some(traps) = traps {
        w.trapped(traps);
    }
    traps.is_some()
}

/// Writes over elements.
fn write(w: &mut World, array: Ref, start: u32, data: &[Datum]) {
    if let Some(object) = w.objects.get_mut(array)
        && let Some(range) = object.data.get_mut(start as usize..)
    {
        for (element, &datum) in range.iter_mut().zip(data) {
            *element = datum;
        }
    }
}

/// The reasons of an array that is written from `start` on.
fn of_array(w: &World, array: Ref, start: u32, count: u32) -> [(bool, Trap); 2] {
    let object = w.objects.get(array).is_some();
    let beyond = object && is_beyond(start, count, length(w, array));
    [
        (!object, Trap::NullReference),
        (beyond, Trap::OutOfBoundsArrayAccess),
    ]
}

/// Notes a range of an array that is there.
fn meet(w: &mut World, operator: &'static str, array: Ref, (start, count): (u32, u32)) {
    if w.objects.get(array).is_some() {
        w.meet(operator, of_range(start, count, length(w, array)));
    }
}

/// `array.fill`
pub fn fill(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let target = w.target(c, &arrays(w, |element| element.mutable))?;
    let operand = w.operand(c, w.types.element(target.ty)?.storage)?;
    let ([start], count) = w.ranges(c, [length(w, target.value)]);
    w.push(&target.operand);
    w.push_i32(start);
    w.push(&operand);
    w.push_i32(count);
    let why = reasons(&of_array(w, target.value, start, count));
    meet(w, "ArrayFill", target.value, (start, count));
    if !traps(w, why, |w| _ = w.sink().array_fill(target.ty)) {
        write(
            w,
            target.value,
            start,
            &vec![operand.datum(); count as usize],
        );
    }
    Some(())
}

/// `array.copy`
pub fn copy(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let to = w.target(c, &arrays(w, |element| element.mutable))?;
    let storage = w.types.element(to.ty)?.storage;
    let fits = |element: Field| match (element.storage, storage) {
        (Storage::Ref(from), Storage::Ref(to)) => w.types.matches(from, to),
        (from, to) => from == to,
    };
    let from = w.target(c, &arrays(w, fits))?;
    let lengths = [length(w, to.value), length(w, from.value)];
    let ([at, start], count) = w.ranges(c, lengths);
    w.push(&to.operand);
    w.push_i32(at);
    w.push(&from.operand);
    w.push_i32(start);
    w.push_i32(count);
    let [a, b] = of_array(w, to.value, at, count);
    let [d, e] = of_array(w, from.value, start, count);
    meet(w, "ArrayCopy", to.value, (at, count));
    meet(w, "ArrayCopy", from.value, (start, count));
    let same = to.value == from.value && !(a.0 || b.0 || e.0);
    w.meet("ArrayCopy", of_copy(same, at, start, count));
    if !traps(w, reasons(&[a, b, d, e]), |w| {
        _ = w.sink().array_copy(to.ty, from.ty)
    }) {
        let data = &w.objects.get(from.value)?.data;
        let data = data[start as usize..][..count as usize].to_vec();
        write(w, to.value, at, &data);
    }
    Some(())
}

/// `array.init_data`
pub fn init_data(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let fits = |element: Field| element.mutable && element.storage.bytes().is_some();
    let target = w.target(c, &arrays(w, fits))?;
    let width = w.types.element(target.ty)?.storage.bytes()?;
    let bytes = w.data.len() as u32;
    let lengths = [length(w, target.value), bytes / width];
    let ([at, from], count) = w.ranges(c, lengths);
    let start = from
        .wrapping_mul(width)
        .wrapping_add(c.below(width).min(bytes % width));
    w.push(&target.operand);
    w.push_i32(at);
    w.push_i32(start);
    w.push_i32(count);
    let [a, b] = of_array(w, target.value, at, count);
    meet(w, "ArrayInitData", target.value, (at, count));
    w.meet("ArrayInitData", of_range(from, count, bytes / width));
    let end = u64::from(start) + u64::from(count) * u64::from(width);
    let beyond = (end > u64::from(bytes), Trap::OutOfBoundsMemoryAccess);
    if !traps(w, reasons(&[a, b, beyond]), |w| {
        _ = w.sink().array_init_data(target.ty, 0)
    }) {
        let data = numbers(&w.data[start as usize..end as usize], width);
        write(w, target.value, at, &data);
    }
    Some(())
}

/// `array.init_elem`
pub fn init_elem(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let segment = c.below(w.segments.len() as u32);
    let from = super::super::types::RefTy::null(w.segments.get(segment as usize)?.heap);
    let fits = |element: Field| match element.storage {
        Storage::Ref(ty) => element.mutable && w.types.matches(from, ty),
        _ => false,
    };
    let target = w.target(c, &arrays(w, fits))?;
    let values = w.segments[segment as usize].values.clone();
    let lengths = [length(w, target.value), values.len() as u32];
    let ([at, start], count) = w.ranges(c, lengths);
    w.push(&target.operand);
    w.push_i32(at);
    w.push_i32(start);
    w.push_i32(count);
    let [a, b] = of_array(w, target.value, at, count);
    meet(w, "ArrayInitElem", target.value, (at, count));
    w.meet("ArrayInitElem", of_range(start, count, values.len() as u32));
    let beyond = is_beyond(start, count, values.len() as u32);
    let why = reasons(&[a, b, (beyond, Trap::OutOfBoundsTableAccess)]);
    if !traps(w, why, |w| _ = w.sink().array_init_elem(target.ty, segment)) {
        let values = &values[start as usize..][..count as usize];
        let data: Vec<Datum> = values.iter().map(|&value| Datum::Ref(value)).collect();
        write(w, target.value, at, &data);
    }
    Some(())
}

/// `data.drop`
pub fn data_drop(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    w.meet("DataDrop", w.data.is_empty().then_some("again"));
    w.sink().data_drop(0);
    w.data.clear();
    Some(())
}

/// `elem.drop`
pub fn elem_drop(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let segment = c.below(w.segments.len() as u32);
    let dropped = std::mem::replace(&mut w.segments.get_mut(segment as usize)?.dropped, true);
    w.meet("ElemDrop", dropped.then_some("again"));
    w.segments[segment as usize].values.clear();
    w.sink().elem_drop(segment);
    Some(())
}
