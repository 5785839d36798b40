//! Chapter 4, section "Reference Instructions", for casts: `ref.test`, `ref.cast`, and, from section
//! "Control Instructions", `br_on_cast` and `br_on_cast_fail`.
//!
//! A cast looks at the type of the value, not of the place that it came from: the canonical type of
//! the object or function, matched against the type named, with the types of the instance that
//! runs. Null is of every nullable type of its hierarchy.

use crate::machine::{Context, Stop};
use crate::types::{HeapType, RefType};
use assay_engine::Trap;

/// A reference type of a module in 32 bits: the lowest says whether it is nullable, the next
/// whether it is a defined type, and the rest is its index or its place in [`ABSTRACT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CastType(pub u32);

/// The abstract heap types, by their number in a [`CastType`].
const ABSTRACT: [HeapType<u32>; 12] = [
    HeapType::Func,
    HeapType::NoFunc,
    HeapType::Extern,
    HeapType::NoExtern,
    HeapType::Any,
    HeapType::Eq,
    HeapType::I31,
    HeapType::Struct,
    HeapType::Array,
    HeapType::None,
    HeapType::Exn,
    HeapType::NoExn,
];

impl CastType {
    /// Packs a type.
    pub(crate) fn new(ty: RefType<u32>) -> Self {
        let heap = match ty.heap {
            HeapType::Defined(index) => index << 1 | 1,
            heap => {
                (ABSTRACT
                    .iter()
                    .position(|&known| known == heap)
                    .unwrap_or(0) as u32)
                    << 1
            }
        };
        Self(heap << 1 | u32::from(ty.nullable))
    }

    /// The type.
    pub(crate) fn unpack(self) -> RefType<u32> {
        let number = self.0 >> 2;
        let heap = match self.0 & 2 {
            0 => ABSTRACT[number as usize % ABSTRACT.len()],
            _ => HeapType::Defined(number),
        };
        RefType {
            nullable: self.0 & 1 == 1,
            heap,
        }
    }
}

/// Whether the reference on the top is of a type; it stays there.
pub(crate) fn top_is(cx: &Context<'_>, ty: u32) -> bool {
    let types = &cx.instance().types;
    let ty = CastType(ty)
        .unpack()
        .map(&mut |index| types[index as usize]);
    cx.store.ref_is_of(cx.stack[cx.top - 1], ty)
}

pub(crate) fn test(cx: &mut Context<'_>, ty: u32) {
    let is = top_is(cx, ty);
    cx.stack[cx.top - 1] = is.into();
}

pub(crate) fn cast(cx: &mut Context<'_>, ty: u32) -> Result<(), Stop> {
    if top_is(cx, ty) {
        Ok(())
    } else {
        Err(Trap::CastFailure.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_survive_packing() {
        let defined = [HeapType::Defined(0), HeapType::Defined(999_999)];
        for heap in ABSTRACT.into_iter().chain(defined) {
            for nullable in [false, true] {
                let ty = RefType { nullable, heap };
                assert_eq!(CastType::new(ty).unpack(), ty);
            }
        }
    }
}
