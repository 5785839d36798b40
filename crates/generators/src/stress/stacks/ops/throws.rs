//! Exceptions.

use super::super::model::{Event, fields};
use super::super::types::TAGS;
use super::super::world::World;
use crate::stress::Choices;
use assay_engine::Value;
use wasm_encoder::{BlockType, Instruction as I};

/// `throw`, from where a compiler knows that it is executed, or does not. Mostly something that is caught.
pub fn throw(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let caught: Vec<u32> = (0..TAGS).filter(|&tag| w.is_caught(tag)).collect();
    let anything = c.once_in(3);
    let tag = if anything {
        c.below(TAGS)
    } else {
        c.one_of(&caught)?
    };
    let opaque = c.once_in(2);
    if !w.can_throw(tag) {
        return None;
    }
    let word = (u64::from(c.id()) + 1).wrapping_mul(0x0001_0000_0001);
    let values = vec![Value::I64(word); fields(tag).len()];
    let body = w.body();
    if opaque {
        body.push_i32(1, true).op(I::If(BlockType::Empty));
    }
    for _ in &values {
        body.push_i64(word, opaque);
    }
    let mark = body.mark();
    body.op(I::Throw(tag));
    if opaque {
        body.op(I::End);
    }
    w.act(Event::At(mark));
    w.act(Event::Throw(values));
    w.propagate(tag);
    Some(())
}

/// `throw_ref` of an exception that the function has caught: the stack is that of this moment.
pub fn throw_ref(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let kept = w.top().kept.clone();
    let number = c.below(kept.len() as u32);
    let kept = *kept.get(number as usize)?;
    if !w.can_throw(kept.tag) {
        return None;
    }
    let body = w.body();
    body.op(I::LocalGet(kept.local));
    let mark = body.mark();
    body.op(I::ThrowRef);
    let case = if w.has_called_since(kept) {
        "after other functions have run"
    } else {
        "where it was caught"
    };
    w.hit("throw_ref", case);
    w.act(Event::At(mark));
    w.act(Event::Rethrow(number));
    w.propagate(kept.tag);
    Some(())
}
