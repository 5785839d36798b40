//! Numbers on the stack: as constants, or made so that no compiler knows them.

use wasm_encoder::{Ieee32, Ieee64, InstructionSink as Sink, ValType};

/// What is in the global from which numbers are made that no compiler knows.
pub const SEED_VALUE: u64 = 0x5bf0_3635_d1c4_a7e9;

/// Pushes a constant of these bits. What is no number of another type is an `i64`.
pub fn push(f: &mut Sink<'_>, ty: ValType, bits: u128) {
    match ty {
        ValType::I32 => f.i32_const((bits as u32).cast_signed()),
        ValType::F32 => f.f32_const(Ieee32::new(bits as u32)),
        ValType::F64 => f.f64_const(Ieee64::new(bits as u64)),
        ValType::V128 => f.v128_const(bits.cast_signed()),
        _ => f.i64_const((bits as u64).cast_signed()),
    };
}

/// Pushes the same number, made from the global `seed`, in which [`SEED_VALUE`] is.
pub fn push_opaque(f: &mut Sink<'_>, seed: u32, ty: ValType, bits: u128) {
    let other = bits ^ (u128::from(SEED_VALUE) << 64 | u128::from(SEED_VALUE));
    let (half, whole) = ((other as u32).cast_signed(), (other as u64).cast_signed());
    f.global_get(seed);
    match ty {
        ValType::I32 => f.i32_wrap_i64().i32_const(half).i32_xor(),
        ValType::F32 => f
            .i32_wrap_i64()
            .i32_const(half)
            .i32_xor()
            .f32_reinterpret_i32(),
        ValType::F64 => f.i64_const(whole).i64_xor().f64_reinterpret_i64(),
        ValType::V128 => f.i64x2_splat().v128_const(other.cast_signed()).v128_xor(),
        _ => f.i64_const(whole).i64_xor(),
    };
}
