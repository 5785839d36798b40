//! Where references are kept: globals, tables, locals.

use super::super::corners::{of_copy, of_place, of_range};
use super::super::operand::{Manner, is_beyond};
use super::super::types::{Heap, RefTy, Storage};
use super::super::world::{FIRST_GLOBAL, Place, World};
use crate::stress::Choices;
use assay_engine::Trap;

fn global(w: &World, c: &mut Choices<'_, '_>) -> Option<(u32, Heap)> {
    let number = c.below(w.globals.len() as u32);
    Some((number, w.globals.get(number as usize)?.heap))
}

/// `global.set`
pub fn global_set(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (number, heap) = global(w, c)?;
    let operand = w.reference(c, RefTy::null(heap))?;
    let manner = Manner::choose(c);
    w.hand(&[operand], manner);
    w.sink().global_set(FIRST_GLOBAL + number);
    set(&mut w.globals, number, 0, &[operand.datum().reference()?]);
    Some(())
}

/// `global.get`
pub fn global_get(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (number, heap) = global(w, c)?;
    let value = *w.globals[number as usize].values.first()?;
    w.sink().global_get(FIRST_GLOBAL + number);
    w.give(c.id(), RefTy::null(heap), value);
    Some(())
}

/// Writes over what places hold.
fn set(places: &mut [Place], number: u32, start: u32, values: &[super::super::model::Ref]) {
    if let Some(place) = places.get_mut(number as usize) {
        let slots = place.values.iter_mut().skip(start as usize);
        slots.zip(values).for_each(|(slot, value)| *slot = *value);
    }
}

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

/// Gives up a value: its local is set to null, where it can be, so that an object may die.
pub fn forget(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let fits = w.names(|var| var.ty.nullable);
    let var = w.var(c.named(&fits)?)?;
    w.give_up(var);
    Some(())
}

impl super::super::model::Datum {
    /// The reference, if it is one.
    pub fn reference(self) -> Option<super::super::model::Ref> {
        match self {
            Self::Ref(reference) => Some(reference),
            Self::Bits(_) => None,
        }
    }
}

impl Storage {
    /// The type of a value of it on the stack.
    pub fn unpacked(self) -> wasm_encoder::ValType {
        self.encoded().unpack()
    }
}
