//! The table of all operators: their shape, their name and what they do, a row each.
//!
//! The name of a row is that of the operator in `wasmparser`, so that the one row gives the variant
//! of [`VectorOp`], its decoding and its meaning. A relaxed operator stands here as the
//! deterministic profile has it; all that it may do stands in [`relaxed`].

use wasmparser::Operator;

use super::float::{self, canonical};
use super::lanes::*;
use super::{Shape, integer};
use crate::instructions::relaxed;

macro_rules! operators {
    (
        $(
            $(#[$doc:meta])*
            $shape:ident $function:ident($($argument:ident: $type:ty),*) -> $result:ty {
                $($name:ident => $value:expr,)*
            }
        )*
        ; Shuffle { $shuffle:ident }
    ) => {
        /// An operator on vectors, named as in `wasmparser`, without its immediates.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum VectorOp {
            $($(
                #[doc = concat!("`", stringify!($name), "`, [`Shape::", stringify!($shape), "`]")]
                $name,
            )*)*
            #[doc = concat!("`", stringify!($shuffle), "`, [`Shape::Shuffle`]")]
            $shuffle,
        }

        impl VectorOp {
            /// Every operator.
            pub const ALL: &[VectorOp] = &[
                $($(VectorOp::$name,)*)*
                VectorOp::$shuffle,
            ];

            /// What `operator` is here, or nothing if it is no operator on vectors, or one that
            /// works on memory.
            pub fn of(operator: &Operator<'_>) -> Option<(VectorOp, Shape)> {
                let op = match operator {
                    $($(Operator::$name { .. } => VectorOp::$name,)*)*
                    Operator::$shuffle { .. } => VectorOp::$shuffle,
                    _ => return None,
                };
                Some((op, op.shape()))
            }

            /// What it takes and gives.
            pub fn shape(self) -> Shape {
                match self {
                    $($(VectorOp::$name)|* => Shape::$shape,)*
                    VectorOp::$shuffle => Shape::Shuffle,
                }
            }
        }

        $(
            $(#[$doc])*
            pub(crate) fn $function(op: VectorOp, $($argument: $type),*) -> $result {
                match op {
                    $(VectorOp::$name => $value,)*
                    _ => unreachable!("{op:?} has another shape"),
                }
            }
        )*
    };
}

operators! {
    /// The result of an operator with one operand.
    Unary unary(a: u128) -> u128 {
        V128Not => !a,
        I8x16Abs => map(a, i8::wrapping_abs),
        I8x16Neg => map(a, i8::wrapping_neg),
        I16x8Abs => map(a, i16::wrapping_abs),
        I16x8Neg => map(a, i16::wrapping_neg),
        I32x4Abs => map(a, i32::wrapping_abs),
        I32x4Neg => map(a, i32::wrapping_neg),
        I64x2Abs => map(a, i64::wrapping_abs),
        I64x2Neg => map(a, i64::wrapping_neg),
        I8x16Popcnt => map(a, |x: u8| x.count_ones() as u8),
        I16x8ExtAddPairwiseI8x16S => extadd::<i8, i16>(a),
        I16x8ExtAddPairwiseI8x16U => extadd::<u8, u16>(a),
        I32x4ExtAddPairwiseI16x8S => extadd::<i16, i32>(a),
        I32x4ExtAddPairwiseI16x8U => extadd::<u16, u32>(a),
        I16x8ExtendLowI8x16S => extend::<i8, i16>(a, Half::Low),
        I16x8ExtendHighI8x16S => extend::<i8, i16>(a, Half::High),
        I16x8ExtendLowI8x16U => extend::<u8, u16>(a, Half::Low),
        I16x8ExtendHighI8x16U => extend::<u8, u16>(a, Half::High),
        I32x4ExtendLowI16x8S => extend::<i16, i32>(a, Half::Low),
        I32x4ExtendHighI16x8S => extend::<i16, i32>(a, Half::High),
        I32x4ExtendLowI16x8U => extend::<u16, u32>(a, Half::Low),
        I32x4ExtendHighI16x8U => extend::<u16, u32>(a, Half::High),
        I64x2ExtendLowI32x4S => extend::<i32, i64>(a, Half::Low),
        I64x2ExtendHighI32x4S => extend::<i32, i64>(a, Half::High),
        I64x2ExtendLowI32x4U => extend::<u32, u64>(a, Half::Low),
        I64x2ExtendHighI32x4U => extend::<u32, u64>(a, Half::High),
        F32x4Ceil => map(a, |x: f32| canonical(x.ceil())),
        F32x4Floor => map(a, |x: f32| canonical(x.floor())),
        F32x4Trunc => map(a, |x: f32| canonical(x.trunc())),
        F32x4Nearest => map(a, |x: f32| canonical(x.round_ties_even())),
        F32x4Sqrt => map(a, |x: f32| canonical(x.sqrt())),
        F32x4Abs => map(a, float::abs::<f32>),
        F32x4Neg => map(a, float::neg::<f32>),
        F64x2Ceil => map(a, |x: f64| canonical(x.ceil())),
        F64x2Floor => map(a, |x: f64| canonical(x.floor())),
        F64x2Trunc => map(a, |x: f64| canonical(x.trunc())),
        F64x2Nearest => map(a, |x: f64| canonical(x.round_ties_even())),
        F64x2Sqrt => map(a, |x: f64| canonical(x.sqrt())),
        F64x2Abs => map(a, float::abs::<f64>),
        F64x2Neg => map(a, float::neg::<f64>),
        I32x4TruncSatF32x4S => map(a, |x: f32| x as i32),
        I32x4TruncSatF32x4U => map(a, |x: f32| x as u32),
        I32x4TruncSatF64x2SZero => narrow_zero(a, |x: f64| {
            mutate!(x, VectorTruncRounds => x.round()) as i32
        }),
        I32x4TruncSatF64x2UZero => narrow_zero(a, |x: f64| x as u32),
        I32x4RelaxedTruncF32x4S => map(a, |x: f32| x as i32),
        I32x4RelaxedTruncF32x4U => map(a, |x: f32| x as u32),
        I32x4RelaxedTruncF64x2SZero => narrow_zero(a, |x: f64| x as i32),
        I32x4RelaxedTruncF64x2UZero => narrow_zero(a, |x: f64| x as u32),
        F32x4ConvertI32x4S => map(a, |x: i32| x as f32),
        F32x4ConvertI32x4U => map(a, |x: u32| x as f32),
        F64x2ConvertLowI32x4S => extend::<i32, f64>(a, Half::Low),
        F64x2ConvertLowI32x4U => extend::<u32, f64>(a, Half::Low),
        F32x4DemoteF64x2Zero => narrow_zero(a, |x: f64| canonical(x as f32)),
        F64x2PromoteLowF32x4 => widen(a, Half::Low, |x: f32| canonical(f64::from(x))),
    }

    /// The result of an operator with two operands.
    Binary binary(a: u128, b: u128) -> u128 {
        V128And => a & b,
        V128AndNot => a & !b,
        V128Or => a | b,
        V128Xor => a ^ b,
        I8x16Swizzle => swizzle(a, b),
        I8x16RelaxedSwizzle => swizzle(a, b),
        I8x16Eq => compare(a, b, u8::eq),
        I8x16Ne => compare(a, b, u8::ne),
        I8x16LtS => compare(a, b, i8::lt),
        I8x16LtU => compare(a, b, u8::lt),
        I8x16GtS => compare(a, b, i8::gt),
        I8x16GtU => compare(a, b, u8::gt),
        I8x16LeS => compare(a, b, i8::le),
        I8x16LeU => compare(a, b, u8::le),
        I8x16GeS => compare(a, b, i8::ge),
        I8x16GeU => compare(a, b, u8::ge),
        I16x8Eq => compare(a, b, u16::eq),
        I16x8Ne => compare(a, b, u16::ne),
        I16x8LtS => compare(a, b, i16::lt),
        I16x8LtU => compare(a, b, u16::lt),
        I16x8GtS => compare(a, b, i16::gt),
        I16x8GtU => compare(a, b, u16::gt),
        I16x8LeS => compare(a, b, i16::le),
        I16x8LeU => compare(a, b, u16::le),
        I16x8GeS => compare(a, b, i16::ge),
        I16x8GeU => compare(a, b, u16::ge),
        I32x4Eq => compare(a, b, u32::eq),
        I32x4Ne => compare(a, b, u32::ne),
        I32x4LtS => compare(a, b, i32::lt),
        I32x4LtU => compare(a, b, u32::lt),
        I32x4GtS => compare(a, b, i32::gt),
        I32x4GtU => compare(a, b, u32::gt),
        I32x4LeS => compare(a, b, i32::le),
        I32x4LeU => compare(a, b, u32::le),
        I32x4GeS => compare(a, b, i32::ge),
        I32x4GeU => compare(a, b, u32::ge),
        I64x2Eq => compare(a, b, u64::eq),
        I64x2Ne => compare(a, b, u64::ne),
        I64x2LtS => compare(a, b, i64::lt),
        I64x2GtS => compare(a, b, i64::gt),
        I64x2LeS => compare(a, b, i64::le),
        I64x2GeS => compare(a, b, i64::ge),
        F32x4Eq => compare(a, b, f32::eq),
        F32x4Ne => compare(a, b, f32::ne),
        F32x4Lt => compare(a, b, f32::lt),
        F32x4Gt => compare(a, b, f32::gt),
        F32x4Le => compare(a, b, f32::le),
        F32x4Ge => compare(a, b, f32::ge),
        F64x2Eq => compare(a, b, f64::eq),
        F64x2Ne => compare(a, b, f64::ne),
        F64x2Lt => compare(a, b, f64::lt),
        F64x2Gt => compare(a, b, f64::gt),
        F64x2Le => compare(a, b, f64::le),
        F64x2Ge => compare(a, b, f64::ge),
        I8x16Add => zip(a, b, u8::wrapping_add),
        I8x16Sub => zip(a, b, u8::wrapping_sub),
        I8x16AddSatS => zip(a, b, i8::saturating_add),
        I8x16AddSatU => zip(a, b, u8::saturating_add),
        I8x16SubSatS => zip(a, b, i8::saturating_sub),
        I8x16SubSatU => zip(a, b, u8::saturating_sub),
        I8x16AvgrU => zip(a, b, integer::average_u8),
        I8x16MinS => zip(a, b, i8::min),
        I8x16MinU => zip(a, b, u8::min),
        I8x16MaxS => zip(a, b, i8::max),
        I8x16MaxU => zip(a, b, u8::max),
        I16x8Add => zip(a, b, u16::wrapping_add),
        I16x8Sub => zip(a, b, u16::wrapping_sub),
        I16x8Mul => zip(a, b, u16::wrapping_mul),
        I16x8AddSatS => zip(a, b, i16::saturating_add),
        I16x8AddSatU => zip(a, b, u16::saturating_add),
        I16x8SubSatS => zip(a, b, i16::saturating_sub),
        I16x8SubSatU => zip(a, b, mutate!(u16::saturating_sub, SubSatWraps => u16::wrapping_sub)),
        I16x8AvgrU => zip(a, b, integer::average_u16),
        I16x8MinS => zip(a, b, i16::min),
        I16x8MinU => zip(a, b, u16::min),
        I16x8MaxS => zip(a, b, i16::max),
        I16x8MaxU => zip(a, b, u16::max),
        I32x4Add => zip(a, b, u32::wrapping_add),
        I32x4Sub => zip(a, b, u32::wrapping_sub),
        I32x4Mul => zip(a, b, u32::wrapping_mul),
        I32x4MinS => zip(a, b, i32::min),
        I32x4MinU => zip(a, b, u32::min),
        I32x4MaxS => zip(a, b, i32::max),
        I32x4MaxU => zip(a, b, u32::max),
        I64x2Add => zip(a, b, u64::wrapping_add),
        I64x2Sub => zip(a, b, u64::wrapping_sub),
        I64x2Mul => zip(a, b, u64::wrapping_mul),
        I8x16NarrowI16x8S => narrow(a, b, |x: i16| x.clamp(i8::MIN.into(), i8::MAX.into()) as i8),
        I8x16NarrowI16x8U => narrow(a, b, |x: i16| {
            mutate!(x.clamp(0, u8::MAX.into()) as u8, NarrowOfUnsigned => (x as u16).min(255) as u8)
        }),
        I16x8NarrowI32x4S => narrow(a, b, integer::saturate_i16),
        I16x8NarrowI32x4U => narrow(a, b, |x: i32| x.clamp(0, u16::MAX.into()) as u16),
        I16x8Q15MulrSatS => zip(a, b, integer::q15_saturated),
        I16x8RelaxedQ15mulrS => zip(a, b, integer::q15_saturated),
        I32x4DotI16x8S => dot(a, b, integer::dot_i16),
        I16x8RelaxedDotI8x16I7x16S => relaxed::dot_signed(a, b),
        I16x8ExtMulLowI8x16S => extmul::<i8, i16>(a, b, Half::Low),
        I16x8ExtMulHighI8x16S => extmul::<i8, i16>(a, b, Half::High),
        I16x8ExtMulLowI8x16U => extmul::<u8, u16>(a, b, Half::Low),
        I16x8ExtMulHighI8x16U => extmul::<u8, u16>(a, b, Half::High),
        I32x4ExtMulLowI16x8S => extmul::<i16, i32>(a, b, Half::Low),
        I32x4ExtMulHighI16x8S => extmul::<i16, i32>(a, b, Half::High),
        I32x4ExtMulLowI16x8U => extmul::<u16, u32>(a, b, Half::Low),
        I32x4ExtMulHighI16x8U => extmul::<u16, u32>(a, b, Half::High),
        I64x2ExtMulLowI32x4S => extmul::<i32, i64>(a, b, Half::Low),
        I64x2ExtMulHighI32x4S => extmul::<i32, i64>(a, b, Half::High),
        I64x2ExtMulLowI32x4U => extmul::<u32, u64>(a, b, Half::Low),
        I64x2ExtMulHighI32x4U => extmul::<u32, u64>(a, b, Half::High),
        F32x4Add => zip(a, b, |x: f32, y| canonical(x + y)),
        F32x4Sub => zip(a, b, |x: f32, y| canonical(x - y)),
        F32x4Mul => zip(a, b, |x: f32, y| canonical(x * y)),
        F32x4Div => zip(a, b, |x: f32, y| canonical(x / y)),
        F32x4Min => zip(a, b, float::min::<f32>),
        F32x4Max => zip(a, b, float::max::<f32>),
        F32x4PMin => zip(a, b, float::pmin::<f32>),
        F32x4PMax => zip(a, b, float::pmax::<f32>),
        F32x4RelaxedMin => zip(a, b, float::min::<f32>),
        F32x4RelaxedMax => zip(a, b, float::max::<f32>),
        F64x2Add => zip(a, b, |x: f64, y| canonical(x + y)),
        F64x2Sub => zip(a, b, |x: f64, y| canonical(x - y)),
        F64x2Mul => zip(a, b, |x: f64, y| canonical(x * y)),
        F64x2Div => zip(a, b, |x: f64, y| canonical(x / y)),
        F64x2Min => zip(a, b, float::min::<f64>),
        F64x2Max => zip(a, b, float::max::<f64>),
        F64x2PMin => zip(a, b, float::pmin::<f64>),
        F64x2PMax => zip(a, b, float::pmax::<f64>),
        F64x2RelaxedMin => zip(a, b, float::min::<f64>),
        F64x2RelaxedMax => zip(a, b, float::max::<f64>),
    }

    /// The result of an operator with three operands; the last is a mask or an addend.
    Ternary ternary(a: u128, b: u128, c: u128) -> u128 {
        V128Bitselect => bitselect(a, b, c),
        I8x16RelaxedLaneselect => bitselect(a, b, c),
        I16x8RelaxedLaneselect => mutate!(
            bitselect(a, b, c), RelaxedLaneselectSwapped => bitselect(b, a, c)
        ),
        I32x4RelaxedLaneselect => bitselect(a, b, c),
        I64x2RelaxedLaneselect => bitselect(a, b, c),
        F32x4RelaxedMadd => zip3(a, b, c, float::unfused::<f32>),
        F32x4RelaxedNmadd => zip3(a, b, c, |x: f32, y, z| float::unfused(float::neg(x), y, z)),
        F64x2RelaxedMadd => zip3(a, b, c, float::unfused::<f64>),
        F64x2RelaxedNmadd => zip3(a, b, c, |x: f64, y, z| {
            float::unfused(mutate!(float::neg(x), RelaxedNmaddSign => x), y, z)
        }),
        I32x4RelaxedDotI8x16I7x16AddS => relaxed::dot_signed_add(a, b, c),
    }

    /// The result of a shift; the distance is taken modulo the width of a lane.
    Shift shift(a: u128, by: u32) -> u128 {
        I8x16Shl => map(a, |x: u8| x.wrapping_shl(by)),
        I8x16ShrS => map(a, |x: i8| x.wrapping_shr(by)),
        I8x16ShrU => map(a, |x: u8| x.wrapping_shr(by)),
        I16x8Shl => map(a, |x: u16| x.wrapping_shl(by)),
        I16x8ShrS => map(a, |x: i16| x.wrapping_shr(mutate!(by, LaneShiftSaturates => by.min(15)))),
        I16x8ShrU => map(a, |x: u16| x.wrapping_shr(by)),
        I32x4Shl => map(a, |x: u32| x.wrapping_shl(by)),
        I32x4ShrS => map(a, |x: i32| x.wrapping_shr(by)),
        I32x4ShrU => map(a, |x: u32| x.wrapping_shr(by)),
        I64x2Shl => map(a, |x: u64| x.wrapping_shl(by)),
        I64x2ShrS => map(a, |x: i64| x.wrapping_shr(by)),
        I64x2ShrU => map(a, |x: u64| x.wrapping_shr(by)),
    }

    /// All lanes are the low bits of `bits`.
    Splat splat(bits: u64) -> u128 {
        I8x16Splat => fill(u8::from_raw(bits)),
        I16x8Splat => fill(u16::from_raw(bits)),
        I32x4Splat => fill(u32::from_raw(bits)),
        I64x2Splat => fill(u64::from_raw(bits)),
        F32x4Splat => fill(f32::from_raw(bits)),
        F64x2Splat => fill(f64::from_raw(bits)),
    }

    /// Lane `lane` of `a`: an i32 or f32 is zero-extended.
    Extract extract(lane: u8, a: u128) -> u64 {
        I8x16ExtractLaneS => mutate!(
            i32::from(get::<i8>(a, lane.into())).raw(),
            ExtractUnsigned => get::<u8>(a, lane.into()).raw()
        ),
        I8x16ExtractLaneU => get::<u8>(a, lane.into()).raw(),
        I16x8ExtractLaneS => i32::from(get::<i16>(a, lane.into())).raw(),
        I16x8ExtractLaneU => get::<u16>(a, lane.into()).raw(),
        I32x4ExtractLane => get::<u32>(a, lane.into()).raw(),
        I64x2ExtractLane => get::<u64>(a, lane.into()).raw(),
        F32x4ExtractLane => get::<f32>(a, lane.into()).raw(),
        F64x2ExtractLane => get::<f64>(a, lane.into()).raw(),
    }

    /// `a` with its lane `lane` replaced by the low bits of `bits`.
    Replace replace(lane: u8, a: u128, bits: u64) -> u128 {
        I8x16ReplaceLane => set(a, lane, u8::from_raw(bits)),
        I16x8ReplaceLane => set(a, lane, u16::from_raw(bits)),
        I32x4ReplaceLane => set(a, lane, u32::from_raw(bits)),
        I64x2ReplaceLane => set(a, lane, u64::from_raw(bits)),
        F32x4ReplaceLane => set(a, lane, f32::from_raw(bits)),
        F64x2ReplaceLane => set(a, lane, f64::from_raw(bits)),
    }

    /// The i32 that an operator gives: a truth value or a mask.
    Test test(a: u128) -> u32 {
        V128AnyTrue => u32::from(a != 0),
        I8x16AllTrue => all_true::<u8>(a),
        I8x16Bitmask => bitmask::<u8>(a),
        I16x8AllTrue => all_true::<u16>(a),
        I16x8Bitmask => bitmask::<u16>(a),
        I32x4AllTrue => all_true::<u32>(a),
        I32x4Bitmask => bitmask::<u32>(a),
        I64x2AllTrue => all_true::<u64>(a),
        I64x2Bitmask => bitmask::<u64>(a),
    }

    ; Shuffle { I8x16Shuffle }
}
