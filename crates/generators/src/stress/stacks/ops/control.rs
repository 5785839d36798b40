//! Blocks, and ways out of them and of functions.

use super::super::scopes::{Clause, Kind, Scope};
use super::super::types::TAGS;
use super::super::world::World;
use super::calls::keeps;
use crate::stress::Choices;
use wasm_encoder::{BlockType, Instruction as I};

/// `try_table`, with a clause that catches what is thrown later, or does not.
pub fn try_table(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let kind = c.one_of(&[Kind::OneRef, Kind::One, Kind::All, Kind::AllRef])?;
    let tag = c.below(TAGS);
    let scope = Scope::open_try(w.body(), Clause { kind, tag });
    w.top().scopes.push(scope);
    Some(())
}

/// `block`, `loop` or `if`.
pub fn block(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let kind = c.below(4);
    let body = w.body();
    match kind {
        0 => body.op(I::Block(BlockType::Empty)),
        1 => body.op(I::Loop(BlockType::Empty)),
        2 => body.push_i32(1, true).op(I::If(BlockType::Empty)),
        _ => body
            .push_i32(0, true)
            .ops([I::If(BlockType::Empty), I::Unreachable, I::Else]),
    };
    w.top().scopes.push(Scope::Plain);
    Some(())
}

/// Ends the innermost block, or the function where there is none.
pub fn end(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    if w.is_idle() {
        return None;
    }
    w.finish_one();
    Some(())
}

/// `return`
pub fn return_(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    if w.is_idle() {
        return None;
    }
    let body = w.body();
    body.finish();
    body.op(I::Return);
    w.returned();
    Some(())
}

/// Ends the call, so that what goes on is another one, in any module.
pub fn next_call(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let module = c.below(w.setting.modules);
    let keeps = keeps(w, c);
    if !w.retract() {
        w.finish_call();
        w.retract();
    }
    if w.is_full() {
        return Some(());
    }
    w.begin_call(module, keeps);
    if module > 0 {
        w.hit("export", "into an earlier instance");
    }
    Some(())
}

/// Makes a call of the case once more: the same, but for what the host returns.
pub fn repeat(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let call = c.below(w.calls.len() as u32);
    if !w.retract() {
        w.finish_call();
        w.retract();
    }
    if !w.is_full() {
        w.repeat(call as usize);
    }
    Some(())
}
