//! Exceptions kept in globals and in a table.

use super::super::operand::Operand;
use super::super::value::{Datum, Ty};
use super::super::world::{EXN, FIRST_PLACE, Held, PLACES, World};
use crate::stress::Choices;

/// Which exception a value is.
pub fn number(datum: Datum) -> Option<u32> {
    match datum {
        Datum::Exn(number) => Some(number),
        _ => None,
    }
}

/// An exception as a value.
pub fn datum(number: Option<u32>) -> Datum {
    number.map_or(Datum::Null, Datum::Exn)
}

/// An exception that the function keeps, or once in a while null.
pub fn exception(w: &World, c: &mut Choices<'_, '_>) -> Option<Operand> {
    if c.once_in(8) {
        return Some(w.fresh(Ty::Exn, 0, true, false));
    }
    let held: Vec<Held> = w.exceptions_held().collect();
    let names: Vec<u32> = held.iter().map(|held| held.id).collect();
    let name = c.named(&names)?;
    let held = held.into_iter().find(|held| held.id == name);
    held.map(Operand::from)
}

/// The places that hold one, or all of them where none does.
fn full(places: &[Option<u32>]) -> Vec<u32> {
    let numbered = || (0..).zip(places);
    let full: Vec<u32> = numbered()
        .filter(|(_, place)| place.is_some())
        .map(|(number, _)| number)
        .collect();
    if full.is_empty() {
        numbered().map(|(number, _)| number).collect()
    } else {
        full
    }
}

/// Puts null into all locals that hold this, so that nothing but the place keeps it.
fn forget(w: &mut World, datum: Datum) {
    let held: Vec<Held> = w.exceptions_held().collect();
    for held in held.iter().filter(|held| held.datum == datum) {
        w.sink().ref_null(EXN).local_set(held.local);
    }
    let same = w.frame().held.iter_mut().filter(|it| it.datum == datum);
    same.for_each(|held| held.datum = Datum::Null);
}

/// `global.set`
pub fn global_set(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let global = c.below(w.globals.len() as u32);
    let operand = exception(w, c)?;
    let moves = c.once_in(2);
    *w.globals.get_mut(global as usize)? = number(operand.datum);
    w.is_once();
    w.push(&operand);
    w.sink().global_set(FIRST_PLACE + global);
    if moves {
        forget(w, operand.datum);
    }
    Some(())
}

/// `global.get`
pub fn global_get(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let global = c.one_of(&full(&w.globals))?;
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
    let operand = exception(w, c)?;
    let moves = c.once_in(2);
    *w.table.get_mut(at as usize)? = number(operand.datum);
    w.is_once();
    w.sink().i32_const(at.cast_signed());
    w.push(&operand);
    w.sink().table_set(PLACES);
    if moves {
        forget(w, operand.datum);
    }
    Some(())
}

/// `table.get`
pub fn table_get(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let at = c.one_of(&full(&w.table))?;
    let value = datum(*w.table.get(at as usize)?);
    w.is_once();
    w.sink().i32_const(at.cast_signed()).table_get(PLACES);
    w.keep(c.id(), Ty::Exn, value);
    if value != Datum::Null {
        w.hit("exnref", "kept in a table");
    }
    Some(())
}
