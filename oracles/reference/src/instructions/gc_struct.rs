//! Chapter 4, section "Aggregate Instructions", for structures: `struct.new`, `struct.get`,
//! `struct.set`.
//!
//! The fields lie in slots, as on the stack. A packed field keeps all bits that it was given;
//! reading takes those that it has.

use super::gc_array::Access;
use super::reference::non_null;
use crate::machine::{Context, Stop};
use crate::store::heap::Object;
use crate::types::Layout;

/// How many slots the fields of a type take.
fn slots_of(cx: &Context<'_>, ty: crate::types::TypeId) -> usize {
    match cx.store.types.layout(ty) {
        Layout::Struct { slots, .. } => *slots as usize,
        _ => 0,
    }
}

pub(crate) fn new(cx: &mut Context<'_>, ty: u32) -> Result<(), Stop> {
    let ty = cx.type_id(ty);
    let count = slots_of(cx, ty);
    let reference = cx.allocate(8 * count, |operands| {
        let slots = operands[operands.len() - count..].into();
        Object::Struct { ty, slots }
    })?;
    cx.top -= count;
    cx.push(reference);
    Ok(())
}

pub(crate) fn new_default(cx: &mut Context<'_>, ty: u32) -> Result<(), Stop> {
    let ty = cx.type_id(ty);
    let count = slots_of(cx, ty);
    let slots = |_: &[u64]| Object::Struct {
        ty,
        slots: vec![0; count].into(),
    };
    let reference = cx.allocate(8 * count, slots)?;
    cx.push(reference);
    Ok(())
}

pub(crate) fn get(cx: &mut Context<'_>, access: Access, slot: u32) -> Result<(), Stop> {
    let reference = non_null(cx.pop())?;
    let (low, high) = match cx.store.heap.get(reference) {
        Object::Struct { slots, .. } => {
            let at = |slot: u32| slots.get(slot as usize).copied().unwrap_or(0);
            (at(slot), at(slot + 1))
        }
        _ => (0, 0),
    };
    match access {
        Access::S8 => cx.push(mutate!(
            (low as u8 as i8 as i32 as u32).into(), PackedFieldUnsigned => (low as u8).into()
        )),
        Access::U8 => cx.push((low as u8).into()),
        Access::S16 => cx.push((low as u16 as i16 as i32 as u32).into()),
        Access::U16 => cx.push(mutate!((low as u16).into(), PackedFieldKeepsBits => low)),
        Access::B32 | Access::B64 => cx.push(low),
        Access::B128 => {
            cx.push(low);
            cx.push(high);
        }
    }
    Ok(())
}

pub(crate) fn set(cx: &mut Context<'_>, access: Access, slot: u32) -> Result<(), Stop> {
    let high = if access == Access::B128 {
        Some(cx.pop())
    } else {
        None
    };
    let low = cx.pop();
    let reference = non_null(cx.pop())?;
    if let Some(Object::Struct { slots, .. }) = cx.store.heap.get_mut(reference) {
        slots[slot as usize] = low;
        if let Some(high) = high {
            slots[slot as usize + 1] = high;
        }
    }
    Ok(())
}
