//! Chapter 4, section "Memory Instructions", for whole memories and ranges: `size`, `grow`,
//! `fill`, `copy`, `init`, `data.drop`.
//!
//! Both ranges are checked before the first byte moves, even for no bytes at all.

use crate::machine::{Context, Stop};
use crate::store::memory::MemoryInst;
use assay_engine::Trap;

/// `len` items from `start`, when all of them are there.
pub(crate) fn part<T>(items: &[T], start: u64, len: usize) -> Option<&[T]> {
    let start = usize::try_from(start).ok()?;
    items.get(start..start.checked_add(len)?)
}

/// `len` items from `start`, when all of them are there.
pub(crate) fn part_mut<T>(items: &mut [T], start: u64, len: usize) -> Option<&mut [T]> {
    let start = usize::try_from(start).ok()?;
    items.get_mut(start..start.checked_add(len)?)
}

/// Moves items within one list or from one to another; nothing where they do not fit.
pub(crate) fn copy_within<T: Copy>(items: &mut [T], to: u64, from: u64, len: u64) -> Option<()> {
    let count = usize::try_from(len).ok()?;
    part(items, to, count)?;
    part(items, from, count)?;
    let (to, from) = (to as usize, from as usize);
    mutate!(items.copy_within(from..from + count, to), CopyForwards => {
        (0..count).for_each(|i| items[to + i] = items[from + i])
    });
    Some(())
}

/// Copies items of one list to another; nothing where they do not fit.
pub(crate) fn copy<T: Copy>(to: &mut [T], at: u64, from: &[T], start: u64, len: u64) -> Option<()> {
    let count = usize::try_from(len).ok()?;
    let source = part(from, start, count)?;
    part_mut(to, at, count)?.copy_from_slice(source);
    Some(())
}

/// `-1` in the size's type, for what could not grow.
pub(crate) fn grown(old: Option<u64>, is64: bool) -> u64 {
    let failed = if mutate!(is64, GrowFailure32 => false) {
        u64::MAX
    } else {
        u64::from(u32::MAX)
    };
    old.unwrap_or(failed)
}

pub(crate) fn size(cx: &mut Context<'_>, memory: u32) {
    let pages = cx.memory(mutate!(memory, SizeOfFirstMemory => 0)).pages();
    cx.push(pages);
}

pub(crate) fn grow(cx: &mut Context<'_>, memory: u32) -> Result<(), Stop> {
    let pages = cx.pop();
    let address = cx.memory_address(memory) as u32;
    let old = cx.store.grow_memory(address, pages)?;
    let MemoryInst { ty, data } = cx.memory(memory);
    let (is64, bytes) = (ty.memory64, data.len() as u64);
    if old.is_some() && pages > 0 {
        cx.moves(bytes);
    }
    cx.push(grown(
        mutate!(old, GrowGivesNewSize => old.map(|old| old + pages)),
        is64,
    ));
    Ok(())
}

pub(crate) fn fill(cx: &mut Context<'_>, memory: u32) -> Result<(), Stop> {
    let [at, value, len] = cx.take();
    let count = usize::try_from(mutate!(len, FillOneShort => len.saturating_sub(1)));
    let place = part_mut(&mut cx.memory(memory).data, at, count.unwrap_or(usize::MAX));
    place
        .ok_or(Trap::OutOfBoundsMemoryAccess)?
        .fill(value as u8);
    cx.moves(len);
    Ok(())
}

pub(crate) fn memory_copy(cx: &mut Context<'_>, to: u32, from: u32) -> Result<(), Stop> {
    let [at, start, len] = cx.take();
    let (to, from) = (
        cx.memory_address(to),
        cx.memory_address(mutate!(from, CopyWithinOne => to)),
    );
    let copied = match cx.store.memories.get_disjoint_mut([to, from]) {
        Ok([to, from]) => copy(&mut to.data, at, &from.data, start, len),
        Err(_) => copy_within(&mut cx.store.memories[to].data, at, start, len),
    };
    copied.ok_or(Trap::OutOfBoundsMemoryAccess)?;
    cx.moves(len);
    Ok(())
}

pub(crate) fn init(cx: &mut Context<'_>, memory: u32, data: u32) -> Result<(), Stop> {
    let [at, start, len] = cx.take();
    let bytes = data_bytes(cx, data);
    let copied = copy(&mut cx.memory(memory).data, at, bytes, start, len);
    mutate!(copied, InitOfNothing => copied.or((len == 0).then_some(())))
        .ok_or(Trap::OutOfBoundsMemoryAccess)?;
    cx.moves(len);
    Ok(())
}

/// The bytes of a data segment; none once it is dropped.
pub(crate) fn data_bytes<'a>(cx: &Context<'a>, data: u32) -> &'a [u8] {
    if cx.instance().dropped[data as usize] {
        return &[];
    }
    cx.module.bytes(&cx.module.datas[data as usize].bytes)
}

pub(crate) fn data_drop(cx: &mut Context<'_>, data: u32) {
    let dropped = mutate!(true, DataDropIgnored => false);
    cx.store.instances[cx.instance as usize].dropped[data as usize] = dropped;
}
