//! Chapter 4, section "Control Instructions": `throw`, `throw_ref`, and `rethrow` of the legacy
//! proposal. Catching is the machine's: see `machine/unwind.rs`.

use super::reference::non_null;
use crate::machine::{Context, Stop};
use crate::store::Ref;
use crate::store::heap::Object;

/// Makes an exception of the operands; there is always one to throw, or none was to be had.
pub(crate) fn throw(cx: &mut Context<'_>, tag: u32) -> Stop {
    let tag = cx.instance().tags[tag as usize];
    let (count, _) = cx.store.types.func_slots(cx.store.tags[tag as usize]);
    let made = cx.allocate(8 * count, |operands| {
        let slots = operands[operands.len() - count..].into();
        Object::Exception { tag, slots }
    });
    match made {
        Ok(exception) => Stop::Exception(Ref(exception)),
        Err(stop) => stop,
    }
}

pub(crate) fn throw_ref(cx: &mut Context<'_>) -> Stop {
    match non_null(cx.pop()) {
        Ok(exception) => {
            mutate!(RethrowForgets => if let Some(Object::Exception { slots, .. }) =
                cx.store.heap.get_mut(exception)
            {
                slots.fill(0)
            });
            Stop::Exception(Ref(exception))
        }
        Err(trap) => trap.into(),
    }
}

/// Throws again what a legacy clause has caught and keeps in a slot of the frame.
pub(crate) fn rethrow(cx: &Context<'_>, slot: u32) -> Stop {
    Stop::Exception(Ref(cx.stack[cx.base + slot as usize]))
}
