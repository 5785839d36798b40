//! Chapter 4, section "Reference Instructions": null, functions, identity, unboxed integers.
//!
//! `any.convert_extern` and `extern.convert_any` need no code: both sides of a conversion are the
//! same slot.

use crate::machine::{Context, Stop};
use crate::store::{Ref, RefKind};
use assay_engine::Trap;

/// A reference that must not be null.
#[inline(always)]
pub(crate) fn non_null(slot: u64) -> Result<u64, Trap> {
    if slot == 0 {
        Err(Trap::NullReference)
    } else {
        Ok(slot)
    }
}

pub(crate) fn func(cx: &mut Context<'_>, func: u32) {
    let address = cx.instance().funcs[func as usize];
    cx.push(Ref::func(address).0);
}

pub(crate) fn as_non_null(cx: &mut Context<'_>) -> Result<(), Stop> {
    let reference = cx.pop();
    cx.push(non_null(reference)?);
    Ok(())
}

pub(crate) fn i31(cx: &mut Context<'_>) {
    let number = cx.pop_u32();
    cx.push(Ref::i31(number).0);
}

pub(crate) fn i31_get(cx: &mut Context<'_>, signed: bool) -> Result<(), Stop> {
    let reference = non_null(cx.pop())?;
    let number = match cx.store.kind(Ref(reference)) {
        RefKind::I31(number) if mutate!(signed, I31Unsigned => false) => number.cast_unsigned(),
        RefKind::I31(number) => number.cast_unsigned() & 0x7fff_ffff,
        _ => 0,
    };
    cx.push(number.into());
    Ok(())
}
