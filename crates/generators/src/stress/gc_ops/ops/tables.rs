//! Tables: element by element, many at once, and growing.

use super::super::corners::{of_copy, of_place, of_range};
use super::super::operand::{Manner, is_beyond};
use super::super::setting::TABLE_MAXIMUM;
use super::super::types::{Heap, RefTy};
use super::super::world::World;
use super::places::set;
use crate::stress::Choices;
use assay_engine::Trap;

fn table(w: &World, c: &mut Choices<'_, '_>) -> Option<(u32, Heap, u32)> {
    let number = c.below(w.tables.len() as u32);
    let table = w.tables.get(number as usize)?;
    Some((number, table.heap, table.values.len() as u32))
}

/// Emits an instruction on a table; where it is out of bounds, the call ends there, and the answer
/// is yes.
fn traps(w: &mut World, beyond: bool, emit: impl FnOnce(&mut World)) -> bool {
    if beyond {
        w.save_digest();
    }
    emit(w);
    if beyond {
        w.trapped(Trap::OutOfBoundsTableAccess.into());
    }
    beyond
}

/// `table.set`
pub fn table_set(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (number, heap, length) = table(w, c)?;
    let operand = w.reference(c, RefTy::null(heap))?;
    let index = w.index(c, length);
    let manner = Manner::choose(c);
    w.push_i32(index);
    w.hand(&[operand], manner);
    w.meet("TableSet", of_place(index, length));
    if !traps(w, index >= length, |w| _ = w.sink().table_set(number)) {
        set(
            &mut w.tables,
            number,
            index,
            &[operand.datum().reference()?],
        );
    }
    Some(())
}

/// `table.get`
pub fn table_get(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (number, heap, length) = table(w, c)?;
    let index = w.index(c, length);
    w.push_i32(index);
    w.meet("TableGet", of_place(index, length));
    if !traps(w, index >= length, |w| _ = w.sink().table_get(number)) {
        let value = *w.tables[number as usize].values.get(index as usize)?;
        w.give(c.id(), RefTy::null(heap), value);
    }
    Some(())
}

/// `table.fill`
pub fn table_fill(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (number, heap, length) = table(w, c)?;
    let operand = w.reference(c, RefTy::null(heap))?;
    let ([start], count) = w.ranges(c, [length]);
    w.push_i32(start);
    w.push(&operand);
    w.push_i32(count);
    w.meet("TableFill", of_range(start, count, length));
    let beyond = is_beyond(start, count, length);
    if !traps(w, beyond, |w| _ = w.sink().table_fill(number)) {
        let values = vec![operand.datum().reference()?; count as usize];
        set(&mut w.tables, number, start, &values);
    }
    Some(())
}

/// `table.copy`
pub fn table_copy(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (to, heap, length) = table(w, c)?;
    let tables = (0..).zip(&w.tables);
    let fits = tables.filter(|(_, it)| w.types.is_below(it.heap, heap));
    let from = c.one_of(&fits.map(|(number, _)| number).collect::<Vec<u32>>())?;
    let values = w.tables[from as usize].values.clone();
    let ([at, start], count) = w.ranges(c, [length, values.len() as u32]);
    w.push_i32(at);
    w.push_i32(start);
    w.push_i32(count);
    w.meet("TableCopy", of_range(at, count, length));
    w.meet("TableCopy", of_range(start, count, values.len() as u32));
    let beyond = is_beyond(at, count, length) || is_beyond(start, count, values.len() as u32);
    w.meet(
        "TableCopy",
        of_copy(to == from && !beyond, at, start, count),
    );
    if !traps(w, beyond, |w| _ = w.sink().table_copy(to, from)) {
        set(
            &mut w.tables,
            to,
            at,
            &values[start as usize..][..count as usize],
        );
    }
    Some(())
}

/// `table.init`
pub fn table_init(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (number, heap, length) = table(w, c)?;
    let segments = (0..).zip(&w.segments);
    let fits = segments.filter(|(_, it)| w.types.is_below(it.heap, heap));
    let segment = c.one_of(&fits.map(|(number, _)| number).collect::<Vec<u32>>())?;
    let values = w.segments[segment as usize].values.clone();
    let ([at, start], count) = w.ranges(c, [length, values.len() as u32]);
    w.push_i32(at);
    w.push_i32(start);
    w.push_i32(count);
    w.meet("TableInit", of_range(at, count, length));
    w.meet("TableInit", of_range(start, count, values.len() as u32));
    let beyond = is_beyond(at, count, length) || is_beyond(start, count, values.len() as u32);
    if !traps(w, beyond, |w| _ = w.sink().table_init(number, segment)) {
        set(
            &mut w.tables,
            number,
            at,
            &values[start as usize..][..count as usize],
        );
    }
    Some(())
}

/// By how much a table grows: more than there is room for, once in a while, which it does not do.
fn growth(c: &mut Choices<'_, '_>, length: u32) -> (u32, Option<&'static str>) {
    let room = TABLE_MAXIMUM.saturating_sub(length);
    match c.below(8) {
        0 => (0, Some("by none")),
        1 if room > 0 => (room, Some("to the maximum")),
        2 => (room + 1, Some("one beyond")),
        3 => (u32::MAX, Some("far beyond")),
        4 => (0x8000_0000, Some("far beyond")),
        _ => (1 + c.below(4), None),
    }
}

/// `table.grow`: the new elements are all one reference, and the old size is seen, or that it did not grow.
pub fn table_grow(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (number, heap, length) = table(w, c)?;
    let operand = w.reference(c, RefTy::null(heap))?;
    let (by, case) = growth(c, length);
    let collects = c.once_in(3);
    let manner = Manner::choose(c);
    w.hand(&[operand], manner);
    w.push_i32(by);
    w.sink().table_grow(number);
    w.meet("TableGrow", case);
    let grows = by <= TABLE_MAXIMUM - length;
    w.note_i32(if grows { length } else { u32::MAX });
    if grows {
        let value = operand.datum().reference()?;
        let values = &mut w.tables[number as usize].values;
        values.extend(std::iter::repeat_n(value, by as usize));
    }
    if collects {
        w.collect();
    }
    Some(())
}

/// `table.size`
pub fn table_size(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (number, _, length) = table(w, c)?;
    w.sink().table_size(number);
    w.note_i32(length);
    Some(())
}
