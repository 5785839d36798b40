//! What throws.

use super::super::operand::Manner;
use super::super::unwind::Landing;
use super::super::value::{Datum, Ty};
use super::super::world::{Held, World};
use crate::stress::Choices;
use assay_engine::Trap;

/// `throw`
pub fn throw(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let tag = tag(w, c)?;
    let fields = w.setting.tags.get(tag as usize)?.clone();
    let operands = w.operands(c, &fields);
    let manner = Manner::choose(c);
    let landing = Landing::choose(c);
    let payload = w.hand(&operands, manner);
    w.sink().throw(tag);
    corners(w, &fields, &payload);
    let exception = w.exception(tag, payload);
    w.throws(c.id(), exception, landing);
    Some(())
}

/// A tag: mostly one that something catches.
fn tag(w: &World, c: &mut Choices<'_, '_>) -> Option<u32> {
    let tags: Vec<u32> = (0..w.setting.tags.len() as u32).collect();
    let caught: Vec<u32> = tags
        .iter()
        .copied()
        .filter(|&tag| w.is_caught(tag))
        .collect();
    let tag = c.one_of(if caught.is_empty() { &tags } else { &caught })?;
    w.may_throw(c, tag).then_some(tag)
}

fn corners(w: &mut World, fields: &[Ty], payload: &[Datum]) {
    match fields.len() {
        0 => w.hit("throw", "empty payload"),
        6 => w.hit("throw", "largest payload"),
        _ => {}
    }
    let object = |it: &Datum| matches!(it, Datum::Object(_));
    if payload.iter().any(object) && fields.iter().any(|ty| ty.is_number()) {
        w.hit("throw", "references and numbers");
    }
    let holds = |array: bool| {
        payload.iter().any(|&it| {
            let object = w.heap.object(it);
            object.is_some_and(|object| match w.heap.element(object.ty) {
                Some(element) => array && element == Ty::V128,
                None => {
                    let mut fields = w.heap.fields(object.ty).iter();
                    !array && fields.any(|field| field.unpacked() == Ty::V128)
                }
            })
        })
    };
    let (arrays, objects) = (holds(true), holds(false));
    let non_null = fields.iter().any(|ty| *ty != ty.nullable());
    w.hit_all(&[
        (arrays, ("vectors", "in an array in the payload")),
        (objects, ("vectors", "in an object in the payload")),
        (non_null, ("throw", "an object that is not null")),
    ]);
    if payload.iter().any(|it| matches!(it, Datum::Exception(_))) {
        w.hit("throw", "an exception in the payload");
    }
}

/// `throw_ref` of an exception that was caught.
pub fn throw_ref(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let is_exception = |held: &Held| matches!(held.datum, Datum::Exception(_));
    let name = c.named(&w.names(is_exception))?;
    let held = w.named(name, is_exception)?;
    let Datum::Exception(exception) = held.datum else {
        return None;
    };
    let landing = Landing::choose(c);
    let moves = c.once_in(2);
    if !w.may_throw(c, w.heap.exception(held.datum)?.tag) {
        return None;
    }
    w.sink().local_get(held.local);
    if moves {
        w.give_up(held.local);
    }
    w.sink().throw_ref();
    if w.frame().scopes.iter().any(|scope| !scope.in_body) {
        w.hit("throw_ref", "in a handler");
    }
    let again = &mut w.heap.exceptions[exception as usize].again;
    *again += 1;
    if *again > 1 {
        w.hit("throw_ref", "twice");
    }
    w.throws(c.id(), exception, landing);
    Some(())
}

/// `throw_ref` of null, which traps.
pub fn throw_null(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    w.sink().ref_null(Ty::Exn.heap()).throw_ref();
    w.hit("throw_ref", "null");
    w.trapped(Trap::NullReference.into());
    Some(())
}
