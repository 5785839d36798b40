//! Where references are kept: globals, locals.

use super::super::operand::Manner;
use super::super::types::{Heap, RefTy, Storage};
use super::super::world::{FIRST_GLOBAL, Place, World};
use crate::stress::Choices;

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

/// Puts the value of this operation, which has just got its name, into a global that holds just that.
/// Mostly: then it lives on while its local does not. Whether it did.
pub fn keep_in_global(w: &mut World, c: &mut Choices<'_, '_>, heap: Heap) -> bool {
    let fits = (0..).zip(&w.globals).filter(|(_, it)| it.heap == heap);
    let fits: Vec<u32> = fits.map(|(number, _)| number).collect();
    let kept = !c.once_in(3);
    if let Some(number) = c.one_of(&fits)
        && kept
        && let Some(var) = w.var(c.id())
    {
        w.sink()
            .local_get(var.local)
            .global_set(FIRST_GLOBAL + number);
        set(&mut w.globals, number, 0, &[var.value]);
        return true;
    }
    false
}

/// Writes over what places hold.
pub fn set(places: &mut [Place], number: u32, start: u32, values: &[super::super::model::Ref]) {
    if let Some(place) = places.get_mut(number as usize) {
        let slots = place.values.iter_mut().skip(start as usize);
        slots.zip(values).for_each(|(slot, value)| *slot = *value);
    }
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
