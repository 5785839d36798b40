//! What throws, and what traps.

use super::super::operand::data;
use super::super::value::{Datum, Ty};
use super::super::world::{EXN, Held, World};
use crate::stress::Choices;
use crate::stress::scopes::Payloads;
use assay_engine::{Trap, Traps};

/// `throw`
pub fn throw(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let tag = tag(w, c)?;
    let fields = w.types().fields(tag);
    let operands = w.operands(c, &fields);
    w.push_all(&operands);
    w.sink().throw(tag);
    w.thrown.insert(tag);
    if w.setting.tags[tag as usize].import.is_some() {
        w.hit("throw", "of an imported tag");
    }
    let payload = data(&operands);
    corners(w, &fields, &payload);
    let exception = w.exception(tag, payload);
    w.throws(c.id(), exception, 0);
    Some(())
}

/// A tag that something catches; any tag, once in three times.
fn tag(w: &World, c: &mut Choices<'_, '_>) -> Option<u32> {
    let any = c.once_in(3);
    let tags = 0..w.setting.tags.len() as u32;
    let fits = tags.filter(|&tag| any || w.is_caught(tag));
    c.one_of(&fits.collect::<Vec<u32>>())
}

fn corners(w: &mut World, fields: &[Ty], payload: &[Datum]) {
    match fields.len() {
        0 => w.hit("throw", "empty payload"),
        6 => w.hit("throw", "largest payload"),
        _ => {}
    }
    if fields.contains(&Ty::V128) {
        w.hit("throw", "a vector in the payload");
    }
    if payload.contains(&Datum::Null) {
        w.hit("throw", "null in the payload");
    }
    if payload.iter().any(|datum| matches!(datum, Datum::Exn(_))) {
        w.hit("throw", "an exception in the payload");
    }
    if payload
        .iter()
        .any(|datum| matches!(datum, Datum::Struct(_)))
    {
        w.hit("throw", "an object in the payload");
    }
    for (ty, case) in [
        (Ty::NonNullFunc, "a function that is not null"),
        (Ty::NonNullExtern, "a host's reference that is not null"),
        (Ty::NonNullStruct, "an object that is not null"),
    ] {
        w.hit_all(&[(fields.contains(&ty), ("throw", case))]);
    }
    let in_handler = w.frame().scopes.iter().any(|scope| !scope.in_body);
    if in_handler {
        w.hit("throw", "in a handler");
    }
}

/// `throw_ref` of an exception that was caught.
pub fn throw_ref(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let held: Vec<Held> = w.exceptions_held().collect();
    let names: Vec<u32> = held.iter().map(|held| held.id).collect();
    let name = c.named(&names)?;
    let held = *held.iter().find(|held| held.id == name)?;
    let Datum::Exn(exception) = held.datum else {
        return None;
    };
    w.sink().local_get(held.local).throw_ref();
    if w.frame().scopes.iter().any(|scope| !scope.in_body) {
        w.hit("throw_ref", "in a handler");
    }
    w.rethrown.push(exception);
    w.throws(c.id(), exception, 0);
    Some(())
}

/// `throw_ref` of null, which traps.
pub fn throw_null(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    let null = w
        .held()
        .iter()
        .find(|held| held.ty == Ty::Exn && held.datum == Datum::Null);
    match null.copied() {
        Some(held) => _ = w.sink().local_get(held.local),
        None => _ = w.sink().ref_null(EXN),
    }
    w.sink().throw_ref();
    w.hit("throw_ref", "null");
    if w.frame().scopes.iter().any(|scope| scope.in_body) {
        w.hit("throw_ref", "null within try_table");
    }
    w.trapped(Trap::NullReference.into());
    Some(())
}

/// Traps, for one of several reasons.
pub fn trap(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let zero = w.fresh(Ty::I64, 0, false, true);
    let trap = c.one_of(&[Trap::Unreachable, Trap::IntegerDivideByZero])?;
    if trap == Trap::IntegerDivideByZero {
        w.sink().i64_const(1);
        w.push(&zero);
        w.sink().i64_div_s().drop();
    }
    w.sink().unreachable();
    w.trapped(Traps::from(trap));
    Some(())
}
