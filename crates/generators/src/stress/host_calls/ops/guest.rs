//! What the module does by itself, around the calls of the host.

use super::super::unwind::TAG;
use super::super::values::Operand;
use super::super::world::{Entry, MEMORY_PAGES, PAGE_BYTES, Sig, Site, World, mark};
use super::deeds::guard;
use crate::stress::Choices;
use crate::stress::exception_ops::value::{Datum, Ty};
use crate::stress::naming::name;
use assay_engine::{Features, Trap};
use wasm_encoder::MemArg;

/// Eight bytes, at an address that is not known to be aligned.
const EIGHT: MemArg = MemArg {
    offset: 0,
    align: 0,
    memory_index: 0,
};

/// An address of eight bytes: within the memory, at its end, across it, and behind it.
pub fn address(w: &World, c: &mut Choices<'_, '_>) -> u32 {
    let end = w.memory.len() as u32;
    match c.below(8) {
        0 => end - 8,
        1 => end - 7,
        2 => end - 1,
        3 => end,
        4 => u32::MAX,
        _ => c.below(64),
    }
}

/// An address of eight bytes within the memory.
fn address_within(w: &World, c: &mut Choices<'_, '_>) -> u32 {
    let end = w.memory.len() as u32;
    address(w, c).min(end - 8)
}

/// Writes eight bytes of the memory, if they are within it.
pub fn write(w: &mut World, address: u32, value: u64) -> bool {
    let bytes = w.memory.get_mut(address as usize..);
    let bytes = bytes.and_then(|bytes| bytes.first_chunk_mut());
    bytes.map(|bytes| *bytes = value.to_le_bytes()).is_some()
}

/// The types of values that a function may keep.
fn types(w: &World) -> Vec<Ty> {
    let features = w.setting.features;
    let is = |ty: &Ty| match ty {
        Ty::V128 => features.contains(Features::SIMD),
        Ty::I31 => features.contains(Features::GC),
        Ty::Struct => w.setting.has_structs(),
        number => number.is_plain(),
    };
    Ty::ALL.into_iter().filter(is).collect()
}

/// Keeps a value.
pub fn keep(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let ty = c.one_of(&types(w))?;
    let operand = w.operand(c, ty, 0);
    w.push(&operand);
    w.keep(c.id(), ty, operand.datum);
    Some(())
}

/// Keeps some values of each type, so that there are more than registers.
pub fn keep_many(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let each = 1 + c.below(3);
    let places = (0..each).flat_map(|_| types(w)).zip(0..);
    let operands: Vec<(u32, Operand)> = places
        .map(|(ty, place)| (place, w.operand(c, ty, place)))
        .collect();
    for (place, operand) in operands {
        w.push(&operand);
        w.keep(name(c.id(), place), operand.ty, operand.datum);
    }
    Some(())
}

/// Looks at all that is kept.
pub fn look(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    w.note_held();
    Some(())
}

/// Writes to the memory.
pub fn store(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let address = address_within(w, c);
    let value = mark(c.id());
    write(w, address, value);
    w.sink()
        .i32_const(address.cast_signed())
        .i64_const(value.cast_signed())
        .i64_store(EIGHT);
    Some(())
}

/// Looks into the memory.
pub fn load(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let address = address_within(w, c);
    let bytes = w.memory.get(address as usize..)?.first_chunk()?;
    let word = u64::from_le_bytes(*bytes);
    w.sink().i32_const(address.cast_signed()).i64_load(EIGHT);
    w.note(word);
    Some(())
}

/// Grows the memory, or asks for too much.
pub fn grow(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let pages = c.below(3);
    let old = w.memory.len() as u32 / PAGE_BYTES;
    w.sink()
        .i32_const(pages.cast_signed())
        .memory_grow(0)
        .i64_extend_i32_u();
    if old + pages <= MEMORY_PAGES.1 {
        w.memory.resize(((old + pages) * PAGE_BYTES) as usize, 0);
        w.note(old.into());
    } else {
        w.note(u32::MAX.into());
    }
    Some(())
}

/// Calls a new function, and code goes on in there.
pub fn call(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let guard = guard(w, c);
    w.open(Site {
        id: c.id(),
        guard,
        results: Vec::new(),
    });
    let function = w.function(Sig::Plain, None);
    let index = w.index(function);
    w.sink().call(index);
    w.enter(Entry::Call, function);
    Some(())
}

/// Throws.
pub fn throw(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let fields = w.setting.fields.clone();
    let operands = w.operands(c, &fields);
    w.push_all(&operands);
    w.sink().throw(TAG);
    let payload: Vec<Datum> = operands.iter().map(|operand| operand.datum).collect();
    w.threw(&payload);
    Some(())
}

/// Traps, by one of some means.
pub fn trap(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let end = (w.memory.len() as u32).cast_signed();
    let way = c.below(3);
    let mut f = w.sink();
    let trap = match way {
        0 => {
            f.unreachable();
            Trap::Unreachable
        }
        1 => {
            f.i32_const(1).i32_const(0).i32_div_u().drop();
            Trap::IntegerDivideByZero
        }
        _ => {
            f.i32_const(end).i64_load(EIGHT).drop();
            Trap::OutOfBoundsMemoryAccess
        }
    };
    w.trapped(trap.into());
    Some(())
}

/// Ends the innermost function.
pub fn end(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    w.finish_one();
    Some(())
}

/// Ends the call of the case.
pub fn next_call(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    w.finish_call();
    Some(())
}
