//! Chapter 4, section "Table Instructions": `table.get`, `set`, `size`, `grow`, `fill`, `copy`,
//! `init`, and `elem.drop`.
//!
//! As for memories, both ranges are checked before the first element moves, even for no elements
//! at all. An index has the type of the table's addresses: 32 or 64 bits.

use super::bulk::{copy, copy_within, grown, part_mut};
use crate::machine::{Context, Stop};
use assay_engine::Trap;

/// The element at an index.
pub(crate) fn element(elements: &[u64], index: u64) -> Option<u64> {
    elements
        .get(usize::try_from(mutate!(index, TableIndex32 => u64::from(index as u32))).ok()?)
        .copied()
}

pub(crate) fn get(cx: &mut Context<'_>, table: u32) -> Result<(), Stop> {
    let index = cx.pop();
    let value = element(&cx.table(table).elements, index).ok_or(Trap::OutOfBoundsTableAccess)?;
    cx.push(value);
    Ok(())
}

pub(crate) fn set(cx: &mut Context<'_>, table: u32) -> Result<(), Stop> {
    let [index, value] = cx.take();
    let place = part_mut(&mut cx.table(table).elements, index, 1);
    place.ok_or(Trap::OutOfBoundsTableAccess)?[0] = value;
    Ok(())
}

pub(crate) fn size(cx: &mut Context<'_>, table: u32) {
    let size = cx.table(table).elements.len() as u64;
    cx.push(size);
}

pub(crate) fn grow(cx: &mut Context<'_>, table: u32) -> Result<(), Stop> {
    let [value, by] = cx.take();
    let address = cx.table_address(table) as u32;
    let old = cx.store.grow_table(address, by, value)?;
    if old.is_some() {
        cx.moves(8 * by);
    }
    let is64 = cx.table(table).ty.table64;
    cx.push(grown(old, is64));
    Ok(())
}

pub(crate) fn fill(cx: &mut Context<'_>, table: u32) -> Result<(), Stop> {
    let [at, value, len] = cx.take();
    let count = usize::try_from(len).unwrap_or(usize::MAX);
    let place = part_mut(&mut cx.table(table).elements, at, count);
    place.ok_or(Trap::OutOfBoundsTableAccess)?.fill(value);
    cx.moves(8 * len);
    Ok(())
}

pub(crate) fn table_copy(cx: &mut Context<'_>, to: u32, from: u32) -> Result<(), Stop> {
    let [at, start, len] = cx.take();
    let (to, from) = (cx.table_address(to), cx.table_address(from));
    let copied = match cx.store.tables.get_disjoint_mut([to, from]) {
        Ok([to, from]) => copy(&mut to.elements, at, &from.elements, start, len),
        Err(_) => copy_within(&mut cx.store.tables[to].elements, at, start, len),
    };
    copied.ok_or(Trap::OutOfBoundsTableAccess)?;
    cx.moves(8 * len);
    Ok(())
}

pub(crate) fn init(cx: &mut Context<'_>, table: u32, segment: u32) -> Result<(), Stop> {
    let [at, start, len] = cx.take();
    let table = cx.table_address(table);
    let source = &cx.store.instances[cx.instance as usize].elements[segment as usize];
    let first = mutate!(start, TableInitOffByOne => start.saturating_sub(1));
    let copied = copy(&mut cx.store.tables[table].elements, at, source, first, len);
    copied.ok_or(Trap::OutOfBoundsTableAccess)?;
    cx.moves(8 * len);
    Ok(())
}

pub(crate) fn element_drop(cx: &mut Context<'_>, segment: u32) {
    let segment = &mut cx.store.instances[cx.instance as usize].elements[segment as usize];
    mutate!(*segment = Vec::new(), ElementDropIgnored => ());
}
