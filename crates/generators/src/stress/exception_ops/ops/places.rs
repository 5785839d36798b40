//! Exceptions kept in globals and in a table.

use super::super::value::{Datum, Ty};
use super::super::world::{FIRST_PLACE, PLACES, World};
use crate::stress::Choices;

/// Which exception a value is.
fn number(datum: Datum) -> Option<u32> {
    match datum {
        Datum::Exn(number) => Some(number),
        _ => None,
    }
}

/// An exception as a value.
fn datum(number: Option<u32>) -> Datum {
    number.map_or(Datum::Null, Datum::Exn)
}

/// `global.set`
pub fn global_set(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let global = c.below(w.globals.len() as u32);
    let operand = w.operand(c, Ty::Exn, 0);
    *w.globals.get_mut(global as usize)? = number(operand.datum);
    w.is_once();
    w.push(&operand);
    w.sink().global_set(FIRST_PLACE + global);
    Some(())
}

/// `global.get`
pub fn global_get(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let global = c.below(w.globals.len() as u32);
    let value = datum(*w.globals.get(global as usize)?);
    w.is_once();
    w.sink().global_get(FIRST_PLACE + global);
    w.keep(c.id(), Ty::Exn, value);
    if value != Datum::Null {
        w.hit("exnref", "kept in a global");
    }
    Some(())
}

/// `table.set`
pub fn table_set(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let at = c.below(w.table.len() as u32);
    let operand = w.operand(c, Ty::Exn, 0);
    *w.table.get_mut(at as usize)? = number(operand.datum);
    w.is_once();
    w.sink().i32_const(at.cast_signed());
    w.push(&operand);
    w.sink().table_set(PLACES);
    Some(())
}

/// `table.get`
pub fn table_get(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let at = c.below(w.table.len() as u32);
    let value = datum(*w.table.get(at as usize)?);
    w.is_once();
    w.sink().i32_const(at.cast_signed()).table_get(PLACES);
    w.keep(c.id(), Ty::Exn, value);
    if value != Datum::Null {
        w.hit("exnref", "kept in a table");
    }
    Some(())
}
