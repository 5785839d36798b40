//! Objects and exceptions in globals and tables.

use super::super::operand::Operand;
use super::super::setting::TABLE_LENGTH;
use super::super::value::Datum;
use super::super::world::{FIRST_GLOBAL, World};
use crate::stress::Choices;

/// Gives up what was put elsewhere, so that nothing but the place keeps it.
fn moved(w: &mut World, operand: Operand) {
    if let Operand::Held(_, held) = operand {
        let same = w.held().iter().filter(|it| it.datum == held.datum);
        let locals: Vec<u32> = same.map(|it| it.local).collect();
        locals.into_iter().for_each(|local| w.give_up(local));
    }
}

/// The places that hold something, or all of them where none does.
fn full(places: &[Datum]) -> Vec<u32> {
    let numbered = || (0..).zip(places);
    let full = numbered().filter(|(_, datum)| **datum != Datum::Null);
    let full: Vec<u32> = full.map(|(number, _)| number).collect();
    if full.is_empty() {
        numbered().map(|(number, _)| number).collect()
    } else {
        full
    }
}

/// `global.set`
pub fn global_set(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let global = c.below(w.globals.len() as u32);
    let ty = w.setting.globals.get(global as usize)?.ty();
    let operand = w.operand(c, ty, 0);
    let moves = c.once_in(2);
    let datum = w.push(&operand);
    *w.globals.get_mut(global as usize)? = datum;
    w.sink().global_set(FIRST_GLOBAL + global);
    if moves {
        moved(w, operand);
    }
    Some(())
}

/// `global.get`
pub fn global_get(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let global = c.one_of(&full(&w.globals))?;
    let ty = w.setting.globals.get(global as usize)?.ty();
    let datum = *w.globals.get(global as usize)?;
    w.sink().global_get(FIRST_GLOBAL + global);
    w.keep(c.id(), ty, datum);
    Some(())
}

/// `table.set`
pub fn table_set(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let table = c.below(w.tables.len() as u32);
    let at = c.below(TABLE_LENGTH);
    let ty = w.setting.tables.get(table as usize)?.ty();
    let operand = w.operand(c, ty, 0);
    let moves = c.once_in(2);
    w.sink().i32_const(at.cast_signed());
    let datum = w.push(&operand);
    *w.tables.get_mut(table as usize)?.get_mut(at as usize)? = datum;
    w.sink().table_set(table);
    if moves {
        moved(w, operand);
    }
    Some(())
}

/// `table.get`
pub fn table_get(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let table = c.below(w.tables.len() as u32);
    let ty = w.setting.tables.get(table as usize)?.ty();
    let data = w.tables.get(table as usize)?;
    let at = c.one_of(&full(data))?;
    let datum = *data.get(at as usize)?;
    w.sink().i32_const(at.cast_signed()).table_get(table);
    w.keep(c.id(), ty, datum);
    Some(())
}
