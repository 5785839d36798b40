//! Instructions that say nothing of the stack, but move what does: code that compilers fold, drop and
//! move.

use super::super::body::{Body, at};
use super::super::model::Event;
use super::super::world::World;
use crate::stress::Choices;
use assay_engine::Features;
use wasm_encoder::{BlockType, Instruction as I, ValType};

/// Emits code that leaves an `i64` on the stack, and gives what it is.
type Filler = fn(&mut Body, u64) -> u64;

/// All of them.
const FILLERS: &[Filler] = &[
    |body, word| {
        body.push_i64(word, false);
        word
    },
    |body, word| {
        body.push_i64(word, true);
        word
    },
    folded,
    dead_code,
    nested_blocks,
    branches,
    one_round,
    through_memory,
    through_locals,
    selected,
    floats,
    |body, word| {
        (0..=word % 140).for_each(|_| _ = body.op(I::Nop));
        body.push_i64(word, false);
        word
    },
    |body, word| {
        if body.has(Features::SIMD) {
            vectors(body, word)
        } else {
            folded(body, word)
        }
    },
];

/// Fills: what it gives is looked at, or dropped.
pub fn filler(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let number = c.below(FILLERS.len() as u32);
    let looks = c.once_in(2);
    let word = (u64::from(c.id()) * 64 + u64::from(c.below(1000)) + 1)
        .wrapping_mul(0x0123_4567_89ab_cdef)
        >> 6;
    let filler = FILLERS.get(number as usize)?;
    let body = w.body();
    let word = filler(body, word);
    if looks {
        body.note();
        w.act(Event::Note(word));
    } else {
        body.op(I::Drop);
    }
    Some(())
}

fn folded(body: &mut Body, word: u64) -> u64 {
    body.push_i64(word, false);
    for number in 1..=4 {
        body.ops([I::I64Const(number), I::I64Add, I::I64Const(3), I::I64Mul]);
    }
    (1..=4).fold(word, |word, number| {
        word.wrapping_add(number).wrapping_mul(3)
    })
}

fn dead_code(body: &mut Body, word: u64) -> u64 {
    body.ops([
        I::Block(BlockType::Empty),
        I::Br(0),
        I::I64Const(1),
        I::I64Const(0),
        I::I64DivU,
        I::Drop,
        I::Unreachable,
        I::End,
    ]);
    body.push_i64(word, false);
    word
}

fn nested_blocks(body: &mut Body, word: u64) -> u64 {
    body.ops([
        I::Block(BlockType::Result(ValType::I64)),
        I::Block(BlockType::Empty),
        I::Loop(BlockType::Empty),
        I::Nop,
        I::End,
        I::End,
    ]);
    body.push_i64(word, true)
        .ops([I::Br(0), I::End, I::I64Const(1), I::I64Add]);
    word.wrapping_add(1)
}

fn branches(body: &mut Body, word: u64) -> u64 {
    body.push_i32(word as u32 & 1, true)
        .op(I::If(BlockType::Result(ValType::I64)));
    body.push_i64(word, false).op(I::Else);
    body.push_i64(!word, false).op(I::End);
    if word & 1 == 1 { word } else { !word }
}

fn one_round(body: &mut Body, word: u64) -> u64 {
    let local = body.local(ValType::I64);
    body.push_i64(word, true).op(I::LocalSet(local));
    body.ops([
        I::Loop(BlockType::Empty),
        I::LocalGet(local),
        I::I64Const(1),
        I::I64Add,
        I::LocalSet(local),
    ]);
    body.push_i32(0, true)
        .ops([I::BrIf(0), I::End, I::LocalGet(local)]);
    word.wrapping_add(1)
}

fn through_memory(body: &mut Body, word: u64) -> u64 {
    let address = 64 + (word % 256) as i32;
    body.op(I::I32Const(address));
    body.push_i64(word, true).op(I::I64Store(at(3)));
    body.ops([I::I32Const(address), I::I64Load32U(at(3))]);
    word & 0xffff_ffff
}

fn through_locals(body: &mut Body, word: u64) -> u64 {
    let (a, b) = (body.local(ValType::I64), body.local(ValType::F64));
    body.push_i64(word, true).ops([
        I::LocalTee(a),
        I::F64ReinterpretI64,
        I::LocalSet(b),
        I::LocalGet(a),
        I::LocalGet(b),
        I::I64ReinterpretF64,
        I::I64Sub,
        I::LocalGet(a),
        I::I64Or,
    ]);
    word
}

fn selected(body: &mut Body, word: u64) -> u64 {
    body.push_i64(word, true).push_i64(!word, false);
    body.push_i32(1, true).op(I::Select);
    word
}

fn floats(body: &mut Body, word: u64) -> u64 {
    let small = word & 0xffff;
    body.push_i64(small, true).ops([
        I::F64ConvertI64U,
        I::F64Sqrt,
        I::Drop,
        I::I64Const(small.cast_signed()),
        I::F64ConvertI64S,
        I::I64TruncF64U,
    ]);
    small
}

fn vectors(body: &mut Body, word: u64) -> u64 {
    body.push_i64(word, true).ops([
        I::I64x2Splat,
        I::V128Const(1),
        I::I64x2Add,
        I::I64x2ExtractLane(0),
    ]);
    word.wrapping_add(1)
}
