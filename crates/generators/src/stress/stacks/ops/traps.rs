//! Traps, at one instruction each.

use super::super::body::{Body, HOST_SLOT, NULL_SLOT, Piece, Sig, at};
use super::super::model::{Event, Tail};
use super::super::scopes::Scope;
use super::super::types::Types;
use super::super::world::World;
use crate::stress::Choices;
use assay_engine::{Features, Trap};
use wasm_encoder::{BlockType, HeapType, Instruction as I};

/// A way to trap.
pub struct Row {
    /// Its name, which is that of the instruction where there is only one such way.
    pub name: &'static str,
    /// What the module must be able to use.
    pub needs: Features,
    /// What comes of it.
    pub trap: Trap,
    /// Emits it, with operands that a compiler knows or does not. Leaves nothing on the stack. Gives
    /// the mark of the instruction that traps.
    pub emit: fn(&mut Body, bool) -> u32,
}

const fn row(
    name: &'static str,
    needs: Features,
    trap: Trap,
    emit: fn(&mut Body, bool) -> u32,
) -> Row {
    Row {
        name,
        needs,
        trap,
        emit,
    }
}

/// Marks an instruction, and emits it.
fn marked(body: &mut Body, instruction: I<'static>) -> u32 {
    let mark = body.mark();
    body.op(instruction);
    mark
}

/// The same, where it leaves a value that nobody needs.
fn dropped(body: &mut Body, instruction: I<'static>) -> u32 {
    let mark = marked(body, instruction);
    body.op(I::Drop);
    mark
}

/// An address behind all memories of a case.
const BEYOND: u32 = 0x1_0000;
/// A place behind all tables of a case.
const NO_SLOT: u32 = 0x7fff_ffff;

fn load(body: &mut Body, opaque: bool, bytes: u32, instruction: I<'static>) -> u32 {
    body.push_i32(BEYOND - bytes + 1, opaque);
    dropped(body, instruction)
}

/// An indirect call of what every function gives, from this place.
fn indirect(body: &mut Body, slot: u32, sig: Sig, tail: Tail, opaque: bool) -> u32 {
    if sig == Sig::Level {
        body.push_i32(1, opaque);
    } else {
        body.push_i64(1, opaque);
    }
    body.push_i32(slot, opaque);
    called(body, Piece::Indirect(sig, tail), tail)
}

fn called(body: &mut Body, piece: Piece, tail: Tail) -> u32 {
    let mark = body.mark();
    body.code.push(piece);
    if tail == Tail::No {
        body.take_results();
    }
    mark
}

/// A call of a null reference.
fn null_call(body: &mut Body, tail: Tail) -> u32 {
    body.push_i64(1, false);
    body.code.push(Piece::Null(Sig::Host(0)));
    called(body, Piece::ByReference(Sig::Host(0), tail), tail)
}

const NONE: Features = Features::empty();
const TAIL_CALL_REF: Features = Features::TAIL_CALL.union(Features::FUNCTION_REFERENCES);
const STRUCT: HeapType = HeapType::Abstract {
    shared: false,
    ty: wasm_encoder::AbstractHeapType::Struct,
};

/// All ways to trap.
pub const TRAPS: &[Row] = &[
    row("unreachable", NONE, Trap::Unreachable, |body, opaque| {
        if !opaque {
            return marked(body, I::Unreachable);
        }
        body.push_i32(1, true).op(I::If(BlockType::Empty));
        let mark = marked(body, I::Unreachable);
        body.op(I::End);
        mark
    }),
    row(
        "i32.div_u",
        NONE,
        Trap::IntegerDivideByZero,
        |body, opaque| {
            body.op(I::I32Const(7)).push_i32(0, opaque);
            dropped(body, I::I32DivU)
        },
    ),
    row("i32.div_s", NONE, Trap::IntegerOverflow, |body, opaque| {
        body.push_i32(0x8000_0000, opaque)
            .push_i32(u32::MAX, opaque);
        dropped(body, I::I32DivS)
    }),
    row(
        "i64.rem_s",
        NONE,
        Trap::IntegerDivideByZero,
        |body, opaque| {
            body.op(I::I64Const(7)).push_i64(0, opaque);
            dropped(body, I::I64RemS)
        },
    ),
    row(
        "i64.rem_u",
        NONE,
        Trap::IntegerDivideByZero,
        |body, opaque| {
            body.op(I::I64Const(7)).push_i64(0, opaque);
            dropped(body, I::I64RemU)
        },
    ),
    row(
        "i32.trunc_f32_u",
        NONE,
        Trap::InvalidConversionToInteger,
        |body, opaque| {
            body.push_i32(0x7fc0_0000, opaque).op(I::F32ReinterpretI32);
            dropped(body, I::I32TruncF32U)
        },
    ),
    row(
        "i64.trunc_f64_s",
        NONE,
        Trap::IntegerOverflow,
        |body, opaque| {
            body.push_i64(0x43e0_0000_0000_0000, opaque)
                .op(I::F64ReinterpretI64);
            dropped(body, I::I64TruncF64S)
        },
    ),
    row(
        "i32.load8_u",
        NONE,
        Trap::OutOfBoundsMemoryAccess,
        |body, opaque| load(body, opaque, 1, I::I32Load8U(at(0))),
    ),
    row(
        "i64.load16_s",
        NONE,
        Trap::OutOfBoundsMemoryAccess,
        |body, opaque| load(body, opaque, 2, I::I64Load16S(at(0))),
    ),
    row(
        "f32.load",
        NONE,
        Trap::OutOfBoundsMemoryAccess,
        |body, opaque| load(body, opaque, 4, I::F32Load(at(0))),
    ),
    row(
        "i64.load",
        NONE,
        Trap::OutOfBoundsMemoryAccess,
        |body, opaque| load(body, opaque, 8, I::I64Load(at(0))),
    ),
    row(
        "i64.load far away",
        NONE,
        Trap::OutOfBoundsMemoryAccess,
        |body, opaque| load(body, opaque, 8, I::I64Load(at(0xffff_fff0))),
    ),
    row(
        "v128.load",
        Features::SIMD,
        Trap::OutOfBoundsMemoryAccess,
        |body, opaque| load(body, opaque, 16, I::V128Load(at(0))),
    ),
    row(
        "i32.store8",
        NONE,
        Trap::OutOfBoundsMemoryAccess,
        |body, opaque| {
            body.push_i32(BEYOND, opaque).op(I::I32Const(1));
            marked(body, I::I32Store8(at(0)))
        },
    ),
    row(
        "f64.store",
        NONE,
        Trap::OutOfBoundsMemoryAccess,
        |body, opaque| {
            body.push_i32(BEYOND - 7, opaque)
                .ops([I::I64Const(1), I::F64ReinterpretI64]);
            marked(body, I::F64Store(at(0)))
        },
    ),
    row(
        "memory.fill",
        NONE,
        Trap::OutOfBoundsMemoryAccess,
        |body, opaque| {
            body.push_i32(BEYOND, opaque)
                .op(I::I32Const(1))
                .push_i32(1, opaque);
            marked(body, I::MemoryFill(0))
        },
    ),
    row(
        "memory.copy",
        NONE,
        Trap::OutOfBoundsMemoryAccess,
        |body, opaque| {
            body.op(I::I32Const(64))
                .push_i32(BEYOND - 1, opaque)
                .push_i32(2, opaque);
            let copy = I::MemoryCopy {
                src_mem: 0,
                dst_mem: 0,
            };
            marked(body, copy)
        },
    ),
    row(
        "table.get",
        Features::REFERENCE_TYPES,
        Trap::OutOfBoundsTableAccess,
        |body, opaque| {
            body.push_i32(NO_SLOT, opaque);
            dropped(body, I::TableGet(0))
        },
    ),
    row(
        "call_indirect of null",
        NONE,
        Trap::UninitializedElement,
        |body, opaque| indirect(body, NULL_SLOT, Sig::Host(0), Tail::No, opaque),
    ),
    row(
        "call_indirect of another type",
        NONE,
        Trap::IndirectCallTypeMismatch,
        |body, opaque| indirect(body, HOST_SLOT, Sig::Level, Tail::No, opaque),
    ),
    row(
        "call_indirect beyond",
        NONE,
        Trap::UndefinedElement,
        |body, opaque| indirect(body, NO_SLOT, Sig::Host(0), Tail::No, opaque),
    ),
    row(
        "return_call_indirect of null",
        Features::TAIL_CALL,
        Trap::UninitializedElement,
        |body, opaque| indirect(body, NULL_SLOT, Sig::Host(0), Tail::Yes, opaque),
    ),
    row(
        "return_call_indirect of another type",
        Features::TAIL_CALL,
        Trap::IndirectCallTypeMismatch,
        |body, opaque| indirect(body, HOST_SLOT, Sig::Level, Tail::Yes, opaque),
    ),
    row(
        "return_call_indirect beyond",
        Features::TAIL_CALL,
        Trap::UndefinedElement,
        |body, opaque| indirect(body, NO_SLOT, Sig::Host(0), Tail::Yes, opaque),
    ),
    row(
        "call_ref of null",
        Features::FUNCTION_REFERENCES,
        Trap::NullReference,
        |body, _| null_call(body, Tail::No),
    ),
    row(
        "return_call_ref of null",
        TAIL_CALL_REF,
        Trap::NullReference,
        |body, _| null_call(body, Tail::Yes),
    ),
    row(
        "ref.as_non_null",
        Features::FUNCTION_REFERENCES,
        Trap::NullReference,
        |body, opaque| {
            if opaque {
                body.ops([I::I32Const(NULL_SLOT.cast_signed()), I::TableGet(0)]);
            } else {
                body.op(I::RefNull(HeapType::FUNC));
            }
            dropped(body, I::RefAsNonNull)
        },
    ),
    row(
        "throw_ref of null",
        Features::EXCEPTIONS,
        Trap::NullReference,
        |body, _| {
            body.op(Scope::null());
            marked(body, I::ThrowRef)
        },
    ),
    row(
        "ref.cast",
        Features::GC,
        Trap::CastFailure,
        |body, opaque| {
            body.push_i32(5, opaque).op(I::RefI31);
            dropped(body, I::RefCastNonNull(STRUCT))
        },
    ),
    row("i31.get_u", Features::GC, Trap::NullReference, |body, _| {
        body.op(I::RefNull(HeapType::I31));
        dropped(body, I::I31GetU)
    }),
    row(
        "array.get",
        Features::GC,
        Trap::OutOfBoundsArrayAccess,
        |body, opaque| {
            body.push_i32(3, opaque)
                .op(I::ArrayNewDefault(Types::ARRAY))
                .push_i32(3, opaque);
            dropped(body, I::ArrayGet(Types::ARRAY))
        },
    ),
    row("array.len", Features::GC, Trap::NullReference, |body, _| {
        body.op(I::RefNull(HeapType::Concrete(Types::ARRAY)));
        dropped(body, I::ArrayLen)
    }),
];

/// The names of all ways.
pub const NAMES: &[&str] = &{
    let mut names = [""; TRAPS.len()];
    let mut number = 0;
    while number < TRAPS.len() {
        names[number] = TRAPS[number].name;
        number += 1;
    }
    names
};

/// One of the ways that a module of these features has.
pub fn choose(features: Features, c: &mut Choices<'_, '_>) -> Option<&'static Row> {
    let fits = TRAPS.iter().filter(|row| features.contains(row.needs));
    let fits: Vec<&Row> = fits.collect();
    c.one_of(&fits)
}

/// The call traps.
pub fn trap(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let row = choose(w.setting.features, c)?;
    let opaque = c.once_in(2);
    let mark = (row.emit)(w.body(), opaque);
    w.act(Event::At(mark));
    w.hit("trap", row.name);
    w.trapped(row.trap.into());
    Some(())
}
