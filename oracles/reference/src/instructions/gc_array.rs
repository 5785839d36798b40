//! Chapter 4, section "Aggregate Instructions", for arrays: `array.*`.
//!
//! The elements lie in bytes, little endian, as many as their type has; a reference takes eight.

use super::bulk::{copy, copy_within, data_bytes, part, part_mut};
use super::reference::non_null;
use crate::machine::{Context, Stop};
use crate::store::heap::Object;
use crate::store::value::wide;
use crate::types::{FieldType, Layout, StorageType, TypeId, ValType};
use assay_engine::{Resource, Trap};

/// How an element or a field is read and written. A signed one differs in reading alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Access {
    U8,
    S8,
    U16,
    S16,
    B32,
    B64,
    B128,
}

impl Access {
    /// How values of a type are accessed.
    pub(crate) fn of(ty: &FieldType<u32>, signed: bool) -> Self {
        match (ty.storage, signed) {
            (StorageType::I8, false) => Self::U8,
            (StorageType::I8, true) => Self::S8,
            (StorageType::I16, false) => Self::U16,
            (StorageType::I16, true) => Self::S16,
            (StorageType::Val(ValType::I32 | ValType::F32), _) => Self::B32,
            (StorageType::Val(ValType::V128), _) => Self::B128,
            (StorageType::Val(_), _) => Self::B64,
        }
    }

    /// How many slots a value takes on the stack.
    pub(crate) fn slots(self) -> u32 {
        if self == Self::B128 { 2 } else { 1 }
    }

    fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::S8 => 1,
            Self::U16 | Self::S16 => 2,
            Self::B32 => 4,
            Self::B64 => 8,
            Self::B128 => 16,
        }
    }

    /// The bits of an element, extended.
    fn read(self, bytes: &[u8]) -> u128 {
        let mut all = [0; 16];
        all[..bytes.len()].copy_from_slice(bytes);
        let bits = u128::from_le_bytes(all);
        match self {
            Self::S8 => u128::from(bits as u8 as i8 as i32 as u32),
            Self::S16 => {
                mutate!(u128::from(bits as u16 as i16 as i32 as u32), PackedElementUnsigned => bits)
            }
            _ => bits,
        }
    }

    fn push(self, cx: &mut Context<'_>, bits: u128) {
        cx.push(bits as u64);
        if self == Self::B128 {
            cx.push((bits >> 64) as u64);
        }
    }

    fn pop(self, cx: &mut Context<'_>) -> u128 {
        match self {
            Self::B128 => cx.pop_wide(),
            _ => cx.pop().into(),
        }
    }
}

/// How many bytes an element of an array type takes.
pub(crate) fn element_bytes(cx: &Context<'_>, ty: TypeId) -> usize {
    match cx.store.types.layout(ty) {
        Layout::Array { bytes, .. } => *bytes as usize,
        _ => 1,
    }
}

/// The length and the bytes of an array.
fn array<'a>(cx: &'a Context<'_>, reference: u64) -> (u32, &'a [u8]) {
    match cx.store.heap.get(reference) {
        Object::Array { len, bytes, .. } => (*len, bytes),
        _ => (0, &[]),
    }
}

fn array_mut<'a>(cx: &'a mut Context<'_>, reference: u64) -> &'a mut [u8] {
    match cx.store.heap.get_mut(reference) {
        Some(Object::Array { bytes, .. }) => bytes,
        _ => &mut [],
    }
}

/// The bytes of `len` elements from `start`, as a start and a length.
fn span(start: u64, len: u64, element: usize) -> (u64, usize) {
    (start * element as u64, (len * element as u64) as usize)
}

/// Makes an array whose bytes `fill` writes, and pushes it in place of `operands` slots.
fn make(
    cx: &mut Context<'_>,
    ty: TypeId,
    len: u32,
    operands: usize,
    fill: impl FnOnce(&[u64], &mut [u8]),
) -> Result<(), Stop> {
    let count = u64::from(len) * element_bytes(cx, ty) as u64;
    let count = usize::try_from(count).map_err(|_| Stop::Exhausted(Resource::Memory))?;
    let reference = cx.allocate(count, |stack| {
        let mut bytes = vec![0; count].into_boxed_slice();
        fill(stack, &mut bytes);
        Object::Array { ty, len, bytes }
    })?;
    cx.top -= operands;
    cx.push(reference);
    Ok(())
}

/// Writes one value over and over.
fn repeat(bytes: &mut [u8], element: usize, bits: u128) {
    let value = bits.to_le_bytes();
    for place in bytes.chunks_exact_mut(element) {
        place.copy_from_slice(&value[..element]);
    }
}

pub(crate) fn new(cx: &mut Context<'_>, ty: u32) -> Result<(), Stop> {
    let ty = cx.type_id(ty);
    let element = element_bytes(cx, ty);
    let width = if element == 16 { 2 } else { 1 };
    let len = cx.stack[cx.top - 1] as u32;
    make(cx, ty, len, 1 + width, |stack, bytes| {
        let value = &stack[stack.len() - 1 - width..];
        repeat(bytes, element, wide(value[0], value[1]));
    })
}

pub(crate) fn new_default(cx: &mut Context<'_>, ty: u32) -> Result<(), Stop> {
    let ty = cx.type_id(ty);
    let len = cx.stack[cx.top - 1] as u32;
    make(cx, ty, len, 1, |_, _| {})
}

pub(crate) fn new_fixed(cx: &mut Context<'_>, pair: u32) -> Result<(), Stop> {
    let (ty, len) = cx.code.pairs[pair as usize];
    let ty = cx.type_id(ty);
    let element = element_bytes(cx, ty);
    let width = if element == 16 { 2 } else { 1 };
    let operands = width * len as usize;
    make(cx, ty, len, operands, |stack, bytes| {
        let values = stack[stack.len() - operands..].chunks_exact(width);
        for (place, value) in bytes.chunks_exact_mut(element).zip(values) {
            let bits = wide(value[0], value.get(1).copied().unwrap_or(0));
            place.copy_from_slice(&bits.to_le_bytes()[..element]);
        }
        mutate!(ArrayFixedReversed => bytes.reverse());
    })
}

pub(crate) fn new_data(cx: &mut Context<'_>, pair: u32) -> Result<(), Stop> {
    let (ty, data) = cx.code.pairs[pair as usize];
    let ty = cx.type_id(ty);
    let element = element_bytes(cx, ty);
    let [start, len] = [cx.stack[cx.top - 2], cx.stack[cx.top - 1]];
    let (_, bytes) = span(0, len, element);
    let first = mutate!(start, ArrayDataScaled => start * element as u64);
    let source = part(data_bytes(cx, data), first, bytes);
    let source = source.ok_or(Trap::OutOfBoundsMemoryAccess)?;
    make(cx, ty, len as u32, 2, |_, bytes| {
        bytes.copy_from_slice(source)
    })
}

pub(crate) fn new_element(cx: &mut Context<'_>, pair: u32) -> Result<(), Stop> {
    let (ty, segment) = cx.code.pairs[pair as usize];
    let ty = cx.type_id(ty);
    let [start, len] = [cx.stack[cx.top - 2], cx.stack[cx.top - 1]];
    let source = part(
        &cx.instance().elements[segment as usize],
        start,
        len as usize,
    );
    let source = source.ok_or(Trap::OutOfBoundsTableAccess)?.to_vec();
    make(cx, ty, len as u32, 2, |_, bytes| {
        write_references(bytes, &source)
    })
}

fn write_references(bytes: &mut [u8], references: &[u64]) {
    for (place, reference) in bytes.chunks_exact_mut(8).zip(references) {
        place.copy_from_slice(&reference.to_le_bytes());
    }
}

pub(crate) fn get(cx: &mut Context<'_>, access: Access) -> Result<(), Stop> {
    let [reference, index] = cx.take();
    let (start, len) = span(index, 1, access.bytes());
    let bytes = part(array(cx, non_null(reference)?).1, start, len);
    let bytes = mutate!(bytes, ArrayGetUnchecked => bytes.or(Some(&[0; 16][..len])))
        .ok_or(Trap::OutOfBoundsArrayAccess)?;
    let bits = access.read(bytes);
    access.push(cx, bits);
    Ok(())
}

pub(crate) fn set(cx: &mut Context<'_>, access: Access) -> Result<(), Stop> {
    let bits = access.pop(cx);
    let [reference, index] = cx.take();
    let (start, len) = span(index, 1, access.bytes());
    let place = part_mut(array_mut(cx, non_null(reference)?), start, len);
    place
        .ok_or(Trap::OutOfBoundsArrayAccess)?
        .copy_from_slice(&bits.to_le_bytes()[..len]);
    Ok(())
}

pub(crate) fn len(cx: &mut Context<'_>) -> Result<(), Stop> {
    let reference = non_null(cx.pop())?;
    let (len, _) = array(cx, reference);
    cx.push(len.into());
    Ok(())
}

pub(crate) fn fill(cx: &mut Context<'_>, access: Access) -> Result<(), Stop> {
    let len = mutate!(cx.pop(), ArrayFillOneShort => cx.pop().saturating_sub(1));
    let bits = access.pop(cx);
    let [reference, index] = cx.take();
    let (start, count) = span(index, len, access.bytes());
    let place = part_mut(array_mut(cx, non_null(reference)?), start, count);
    repeat(
        place.ok_or(Trap::OutOfBoundsArrayAccess)?,
        access.bytes(),
        bits,
    );
    cx.moves(count as u64);
    Ok(())
}

pub(crate) fn array_copy(cx: &mut Context<'_>, element: u8) -> Result<(), Stop> {
    let [to, at, from, start, len] = cx.take();
    let (to, from) = (non_null(to)?, non_null(from)?);
    let element = u64::from(element);
    let (at, start, len) = (at * element, start * element, len * element);
    let copied = if to == from {
        copy_within(array_mut(cx, to), at, start, len)
    } else {
        // Only as much of the source as there is to copy, and nothing when it ends too soon.
        let source = part(array(cx, from).1, start, len as usize).map(<[u8]>::to_vec);
        source.and_then(|source| copy(array_mut(cx, to), at, &source, 0, len))
    };
    mutate!(copied, ArrayCopyOfNothing => copied.or((len == 0).then_some(())))
        .ok_or(Trap::OutOfBoundsArrayAccess)?;
    cx.moves(len);
    Ok(())
}

pub(crate) fn init_data(cx: &mut Context<'_>, element: u8, data: u32) -> Result<(), Stop> {
    let [to, at, start, len] = cx.take();
    let to = non_null(to)?;
    let (at, count) = span(at, len, element.into());
    let source = data_bytes(cx, data);
    let place = part_mut(array_mut(cx, to), at, count).ok_or(Trap::OutOfBoundsArrayAccess)?;
    let source = part(source, start, count).ok_or(Trap::OutOfBoundsMemoryAccess)?;
    place.copy_from_slice(source);
    cx.moves(count as u64);
    Ok(())
}

pub(crate) fn init_element(cx: &mut Context<'_>, segment: u32) -> Result<(), Stop> {
    let [to, at, start, len] = cx.take();
    let to = non_null(to)?;
    let (at, count) = span(at, len, 8);
    part(array(cx, to).1, at, count).ok_or(Trap::OutOfBoundsArrayAccess)?;
    let source = part(
        &cx.instance().elements[segment as usize],
        start,
        len as usize,
    );
    let source = source.ok_or(Trap::OutOfBoundsTableAccess)?.to_vec();
    if let Some(place) = part_mut(array_mut(cx, to), at, count) {
        write_references(place, &source);
    }
    cx.moves(count as u64);
    Ok(())
}
