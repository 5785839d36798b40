//! What happens around references: walks, calls, collections.

use super::super::operand::{Manner, Operand};
use super::super::types::{Heap, RefTy};
use super::super::world::World;
use super::refs::any;
use crate::stress::Choices;
use wasm_encoder::{BlockType, ValType};

/// Walks the graph from a value, and mixes what comes of it into the digest.
pub fn walk(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let var = any(w, c)?;
    w.walk(var);
    Some(())
}

/// Hands a value to a function that collects, and gets it back.
pub fn pass(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let ty = RefTy::null(Heap::Any);
    let fits = w.names(|var| w.can_be(var, ty));
    let var = w.var(c.named(&fits)?)?;
    let manner = Manner::choose(c);
    w.hand(&[Operand::Var(var, ty)], manner);
    let passer = w.passer();
    w.sink().call(passer);
    w.collections += 1;
    w.give(c.id(), ty, var.value);
    Some(())
}

/// Asks the host for a collection.
pub fn collect(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    w.collect();
    Some(())
}

/// How many objects of garbage are made at once.
const GARBAGE: [u32; 4] = [3, 20, 100, 400];
/// How many times as many where the heap is small.
const FILLS: u32 = 40;

/// Makes objects that nothing holds, so that the heap grows, and the engine collects by itself.
pub fn garbage(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let fills = if w.small_heap { FILLS } else { 1 };
    let count = c.one_of(&GARBAGE)? * fills;
    let fits = |&ty: &u32| w.types.is_defaultable(ty);
    let ty = c.one_of(&w.types.all().filter(fits).collect::<Vec<u32>>())?;
    let is_array = w.types.element(ty).is_some();
    let left = w.local(ValType::I32);
    let mut f = w.sink();
    f.i32_const(count.cast_signed())
        .local_set(left)
        .loop_(BlockType::Empty);
    if is_array {
        f.local_get(left)
            .i32_const(7)
            .i32_and()
            .array_new_default(ty);
    } else {
        f.struct_new_default(ty);
    }
    f.drop()
        .local_get(left)
        .i32_const(1)
        .i32_sub()
        .local_tee(left)
        .br_if(0)
        .end();
    Some(())
}

/// Ends the call, so that what goes on is another one.
pub fn next_call(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    // An empty call would say nothing.
    if w.body.code.len() <= 4 {
        return None;
    }
    w.end_call();
    Some(())
}
