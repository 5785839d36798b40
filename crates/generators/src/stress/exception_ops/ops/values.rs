//! Values that a function keeps.

use super::super::value::{Datum, Ty};
use super::super::world::{Held, World};
use crate::stress::Choices;
use crate::stress::naming::name;

/// The types that there can be values of.
pub fn types(w: &World) -> Vec<Ty> {
    let features = w.setting.features;
    let is = |ty: &Ty| match ty {
        Ty::Struct => w.setting.has_structs(),
        other => other.within(features) == *other,
    };
    Ty::ALL.into_iter().filter(is).collect()
}

/// Keeps a value of some type.
pub fn keep(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let ty = c.one_of(&types(w))?;
    let operand = w.operand(c, ty, 0);
    w.push(&operand);
    w.keep(c.id(), ty, operand.datum);
    Some(())
}

/// Keeps some values of each type of numbers, and of references to objects, so that there are more than
/// registers.
pub fn keep_many(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let each = 1 + c.below(3);
    let all = types(w);
    let classes = all.iter().filter(|&&ty| ty != Ty::Exn && ty != Ty::Func);
    let operands: Vec<_> = classes
        .flat_map(|&ty| (0..each).map(move |_| ty))
        .zip(0..)
        .map(|(ty, place)| (place, w.operand(c, ty, place)))
        .collect();
    for (place, operand) in operands {
        w.push(&operand);
        w.keep(name(c.id(), place), operand.ty, operand.datum);
    }
    if each > 1 {
        w.hit("live values", "two of each class");
    }
    Some(())
}

/// A value that is kept.
fn held(w: &World, c: &mut Choices<'_, '_>) -> Option<usize> {
    let names: Vec<u32> = w.held().iter().map(|held| held.id).collect();
    let name = c.named(&names)?;
    w.held().iter().position(|held| held.id == name)
}

/// Puts another value in place of one that is kept: a sum, where that can be.
pub fn change(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let at = held(w, c)?;
    let Held { ty, local, .. } = w.held()[at];
    let adds = c.once_in(2);
    let operand = w.operand(c, ty, 1);
    let was = w.held()[at].datum;
    w.push(&operand);
    let mut datum = operand.datum;
    if let (true, Datum::Bits(a), Datum::Bits(b)) = (adds, was, datum) {
        match ty {
            Ty::I32 => _ = w.sink().local_get(local).i32_add(),
            Ty::I64 => _ = w.sink().local_get(local).i64_add(),
            _ => {}
        }
        if matches!(ty, Ty::I32 | Ty::I64) {
            datum = Datum::of(ty, a.wrapping_add(b));
        }
    }
    w.sink().local_set(local);
    w.frame().held[at].datum = datum;
    if w.frame().scopes.iter().any(|scope| scope.in_body) {
        w.hit("live values", "changed within try_table");
    }
    Some(())
}

/// Looks at all that is kept.
pub fn look(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    w.note_held();
    Some(())
}
