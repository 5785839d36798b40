//! Chapter 4, section "Numeric Instructions", by the operators of section "Numerics".
//!
//! Float results follow the deterministic profile ("NaN Propagation" in section "Numerics", and
//! appendix "Profiles"): each NaN that arithmetic gives is the positive canonical one. `abs`, `neg`
//! and `copysign` only move the sign bit.

use super::family;
use assay_engine::Trap;

/// The canonical NaN of 32 bits.
pub(crate) const NAN32: u32 = 0x7fc0_0000;
/// The canonical NaN of 64 bits.
pub(crate) const NAN64: u64 = 0x7ff8_0000_0000_0000;

const SIGN32: u32 = 1 << 31;
const SIGN64: u64 = 1 << 63;

/// Every NaN lies beyond it, but for the sign.
const INFINITY32: u32 = 0x7f80_0000;
const INFINITY64: u64 = 0x7ff0_0000_0000_0000;

/// A float as the deterministic profile gives it.
///
/// The test looks at the bits: a compiler that sees a comparison of floats may take every NaN for
/// the one that is put in its place, and leave that out.
#[inline(always)]
pub(crate) fn canonical32(x: f32) -> f32 {
    let bits = x.to_bits();
    f32::from_bits(if bits & !SIGN32 > INFINITY32 {
        NAN32
    } else {
        bits
    })
}

/// A float as the deterministic profile gives it; see [`canonical32`].
#[inline(always)]
pub(crate) fn canonical64(x: f64) -> f64 {
    let bits = x.to_bits();
    f64::from_bits(if bits & !SIGN64 > INFINITY64 {
        NAN64
    } else {
        bits
    })
}

macro_rules! float_min_max {
    ($min:ident, $max:ident, $ty:ty, $canonical:ident) => {
        /// The smaller operand; -0 is smaller than +0, and a NaN wins.
        #[inline(always)]
        pub(crate) fn $min(a: $ty, b: $ty) -> $ty {
            if a.is_nan() || b.is_nan() {
                $canonical(<$ty>::NAN)
            } else if a == b {
                // Of equal operands only zeros can differ: any sign bit makes the result negative.
                <$ty>::from_bits(mutate!(a.to_bits() | b.to_bits(), MinOfZeros => a.to_bits()))
            } else if a < b {
                a
            } else {
                b
            }
        }

        /// The larger operand; +0 is larger than -0, and a NaN wins.
        #[inline(always)]
        pub(crate) fn $max(a: $ty, b: $ty) -> $ty {
            if a.is_nan() || b.is_nan() {
                $canonical(<$ty>::NAN)
            } else if a == b {
                <$ty>::from_bits(a.to_bits() & b.to_bits())
            } else if a > b {
                a
            } else {
                b
            }
        }
    };
}

float_min_max!(min32, max32, f32, canonical32);
float_min_max!(min64, max64, f64, canonical64);

family! {
    /// Instructions of one operand that cannot trap.
    total enum Unary, fn unary/1;
    I32Eqz(a: u32) => a == 0;
    I64Eqz(a: u64) => a == 0;
    I32Clz(a: u32) => a.leading_zeros();
    I32Ctz(a: u32) => a.trailing_zeros();
    I32Popcnt(a: u32) => mutate!(a, PopcntSkipsSign => a & !SIGN32).count_ones();
    I64Clz(a: u64) => u64::from(mutate!(a.leading_zeros(), ClzOfZero => a.leading_zeros().min(63)));
    I64Ctz(a: u64) => u64::from(a.trailing_zeros());
    I64Popcnt(a: u64) => u64::from(a.count_ones());
    I32Extend8S(a: u32) => i32::from(a as i8);
    I32Extend16S(a: u32) => i32::from(a as i16);
    I64Extend8S(a: u64) => mutate!(i64::from(a as i8), Extend8Unsigned => i64::from(a as u8));
    I64Extend16S(a: u64) => i64::from(a as i16);
    I64Extend32S(a: u64) => i64::from(a as i32);
    F32Abs(a: u32) => a & !SIGN32;
    F32Neg(a: u32) => a ^ SIGN32;
    F32Ceil(a: f32) => canonical32(a.ceil());
    F32Floor(a: f32) => canonical32(a.floor());
    F32Trunc(a: f32) => canonical32(a.trunc());
    F32Nearest(a: f32) => canonical32(mutate!(a.round_ties_even(), NearestTiesAway => a.round()));
    F32Sqrt(a: f32) => canonical32(a.sqrt());
    F64Abs(a: u64) => a & !SIGN64;
    F64Neg(a: u64) => a ^ SIGN64;
    F64Ceil(a: f64) => canonical64(a.ceil());
    F64Floor(a: f64) => canonical64(mutate!(a.floor(), FloorTruncates => a.trunc()));
    F64Trunc(a: f64) => canonical64(a.trunc());
    F64Nearest(a: f64) => canonical64(a.round_ties_even());
    F64Sqrt(a: f64) => canonical64(a.sqrt());
}

family! {
    /// Instructions of two operands that cannot trap.
    total enum Binary, fn binary/2;
    I32Add(a: u32, b: u32) => a.wrapping_add(b);
    I32Sub(a: u32, b: u32) => a.wrapping_sub(b);
    I32Mul(a: u32, b: u32) => a.wrapping_mul(b);
    I32And(a: u32, b: u32) => a & b;
    I32Or(a: u32, b: u32) => a | b;
    I32Xor(a: u32, b: u32) => a ^ b;
    I32Shl(a: u32, b: u32) => mutate!(a.wrapping_shl(b), ShiftBeyondWidth => a.unbounded_shl(b));
    I32ShrS(a: i32, b: u32) => a.wrapping_shr(b);
    I32ShrU(a: u32, b: u32) => a.wrapping_shr(b);
    I32Rotl(a: u32, b: u32) => a.rotate_left(b % mutate!(32, RotlModulo31 => 31));
    I32Rotr(a: u32, b: u32) => a.rotate_right(b % 32);
    I32Eq(a: u32, b: u32) => a == b;
    I32Ne(a: u32, b: u32) => a != b;
    I32LtS(a: i32, b: i32) => a < b;
    I32LtU(a: u32, b: u32) => a < b;
    I32GtS(a: i32, b: i32) => a > b;
    I32GtU(a: u32, b: u32) => a > b;
    I32LeS(a: i32, b: i32) => a <= b;
    I32LeU(a: u32, b: u32) => a <= b;
    I32GeS(a: i32, b: i32) => a >= b;
    I32GeU(a: u32, b: u32) => a >= b;
    I64Add(a: u64, b: u64) => a.wrapping_add(b);
    I64Sub(a: u64, b: u64) => a.wrapping_sub(b);
    I64Mul(a: u64, b: u64) => a.wrapping_mul(b);
    I64And(a: u64, b: u64) => a & b;
    I64Or(a: u64, b: u64) => a | b;
    I64Xor(a: u64, b: u64) => a ^ b;
    I64Shl(a: u64, b: u64) => a.wrapping_shl(b as u32);
    I64ShrS(a: i64, b: u64) => mutate!(a, ShrUnsigned => a & i64::MAX).wrapping_shr(b as u32);
    I64ShrU(a: u64, b: u64) => a.wrapping_shr(b as u32);
    I64Rotl(a: u64, b: u64) => a.rotate_left((b % 64) as u32);
    I64Rotr(a: u64, b: u64) => a.rotate_right((b % 64) as u32);
    I64Eq(a: u64, b: u64) => a == b;
    I64Ne(a: u64, b: u64) => a != b;
    I64LtS(a: i64, b: i64) => a < b;
    I64LtU(a: u64, b: u64) => mutate!(a < b, LtUSigned => a.cast_signed() < b.cast_signed());
    I64GtS(a: i64, b: i64) => a > b;
    I64GtU(a: u64, b: u64) => a > b;
    I64LeS(a: i64, b: i64) => a <= b;
    I64LeU(a: u64, b: u64) => a <= b;
    I64GeS(a: i64, b: i64) => a >= b;
    I64GeU(a: u64, b: u64) => a >= b;
    F32Eq(a: f32, b: f32) => a == b;
    F32Ne(a: f32, b: f32) => a != b;
    F32Lt(a: f32, b: f32) => a < b;
    F32Gt(a: f32, b: f32) => a > b;
    F32Le(a: f32, b: f32) => a <= b;
    F32Ge(a: f32, b: f32) => a >= b;
    F32Add(a: f32, b: f32) => canonical32(a + b);
    F32Sub(a: f32, b: f32) => canonical32(a - b);
    F32Mul(a: f32, b: f32) => canonical32(a * b);
    F32Div(a: f32, b: f32) => canonical32(a / b);
    F32Min(a: f32, b: f32) => min32(a, b);
    F32Max(a: f32, b: f32) => max32(a, b);
    F32Copysign(a: u32, b: u32) => (a & !SIGN32) | (b & SIGN32);
    F64Eq(a: f64, b: f64) => a == b;
    F64Ne(a: f64, b: f64) => a != b;
    F64Lt(a: f64, b: f64) => a < b;
    F64Gt(a: f64, b: f64) => a > b;
    F64Le(a: f64, b: f64) => mutate!(a <= b, LeOfNan => a.is_nan() || a <= b);
    F64Ge(a: f64, b: f64) => a >= b;
    F64Add(a: f64, b: f64) => canonical64(a + b);
    F64Sub(a: f64, b: f64) => canonical64(a - b);
    F64Mul(a: f64, b: f64) => canonical64(a * b);
    F64Div(a: f64, b: f64) => canonical64(a / b);
    F64Min(a: f64, b: f64) => min64(a, b);
    F64Max(a: f64, b: f64) => max64(a, b);
    F64Copysign(a: u64, b: u64) => mutate!(a & !SIGN64, CopysignKeepsSign => a) | (b & SIGN64);
}

family! {
    /// Integer division and remainder.
    trapping enum Division, fn division/2;
    I32DivS(a: i32, b: i32) => divide(b == 0, a.checked_div(b));
    I32DivU(a: u32, b: u32) => divide(b == 0, a.checked_div(b));
    I32RemS(a: i32, b: i32) => divide(b == 0, mutate!(
        (b != 0).then(|| a.wrapping_rem(b)), RemOverflows => a.checked_rem(b)
    ));
    I32RemU(a: u32, b: u32) => divide(b == 0, a.checked_rem(b));
    I64DivS(a: i64, b: i64) => divide(mutate!(b == 0, DivTrapKind => true), a.checked_div(b));
    I64DivU(a: u64, b: u64) => divide(b == 0, a.checked_div(b));
    I64RemS(a: i64, b: i64) => divide(b == 0, (b != 0).then(|| a.wrapping_rem(b)));
    I64RemU(a: u64, b: u64) => divide(b == 0, a.checked_rem(b));
}

/// The quotient, or why there is none: without one, a divisor that is not zero overflowed.
#[inline(always)]
fn divide<T>(by_zero: bool, quotient: Option<T>) -> Result<T, Trap> {
    match quotient {
        Some(quotient) => Ok(quotient),
        None if by_zero => Err(Trap::IntegerDivideByZero),
        None => Err(Trap::IntegerOverflow),
    }
}

/// The instructions of wide arithmetic: numbers of 128 bits as two slots, the low one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wide {
    Add128,
    Sub128,
    MulS,
    MulU,
}

impl Wide {
    /// The instruction, if it is of this family.
    pub(crate) fn of(operator: &wasmparser::Operator<'_>) -> Option<Self> {
        Some(match operator {
            wasmparser::Operator::I64Add128 => Self::Add128,
            wasmparser::Operator::I64Sub128 => Self::Sub128,
            wasmparser::Operator::I64MulWideS => Self::MulS,
            wasmparser::Operator::I64MulWideU => Self::MulU,
            _ => return None,
        })
    }

    /// How many slots it takes.
    pub(crate) fn operands(self) -> u32 {
        match self {
            Self::Add128 | Self::Sub128 => 4,
            Self::MulS | Self::MulU => 2,
        }
    }

    /// The sum or difference of two wide numbers, or the product of two narrow ones.
    pub(crate) fn run(self, operands: &[u64]) -> u128 {
        let at = |i: usize| operands.get(i).copied().unwrap_or(0);
        let pair = |i: usize| u128::from(at(i)) | u128::from(at(i + 1)) << 64;
        match self {
            Self::Add128 => {
                let sum = pair(0).wrapping_add(pair(2));
                mutate!(sum, WideCarryLost => {
                    u128::from(sum as u64) | u128::from(at(1).wrapping_add(at(3))) << 64
                })
            }
            Self::Sub128 => pair(0).wrapping_sub(pair(2)),
            Self::MulS => {
                let product = i128::from(at(0) as i64) * i128::from(at(1) as i64);
                mutate!(product as u128, MulWideUnsigned => u128::from(at(0)) * u128::from(at(1)))
            }
            Self::MulU => u128::from(at(0)) * u128::from(at(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instructions::Bits;

    #[test]
    fn division_traps_by_kind() {
        let run = |a: i32, b: i32| division(Division::I32DivS, a.slot(), b.slot());
        assert_eq!(run(7, -2), Ok((-3i32).slot()));
        assert_eq!(run(7, 0), Err(Trap::IntegerDivideByZero));
        assert_eq!(run(i32::MIN, -1), Err(Trap::IntegerOverflow));
        let remainder = division(Division::I32RemS, i32::MIN.slot(), (-1i32).slot());
        assert_eq!(remainder, Ok(0));
    }

    #[test]
    fn nans_are_canonical_where_arithmetic_made_them() {
        let nan = u64::from(0xffa0_0001u32);
        assert_eq!(binary(Binary::F32Add, nan, 0), u64::from(NAN32));
        assert_eq!(binary(Binary::F32Min, nan, 0), u64::from(NAN32));
        assert_eq!(unary(Unary::F32Neg, nan), 0x7fa0_0001);
        assert_eq!(binary(Binary::F64Max, SIGN64, 0), 0);
        assert_eq!(binary(Binary::F64Min, 0, SIGN64), SIGN64);
    }
}
