//! Chapter 4, section "Numeric Instructions", for conversions ("Conversions" in section
//! "Numerics").
//!
//! A conversion between integers and floats rounds to nearest, ties to even; from float to
//! integer it rounds towards zero. These are the conversions of Rust's `as`, which also saturates
//! as `trunc_sat` does.

use super::family;
use super::numeric::{canonical32, canonical64};
use assay_engine::Trap;
use std::ops::Range;

family! {
    /// Conversions that cannot trap.
    total enum Conversion, fn conversion/1;
    I32WrapI64(a: u64) => a as u32;
    I64ExtendI32S(a: i32) => i64::from(a);
    I64ExtendI32U(a: u32) => u64::from(a);
    F32ConvertI32S(a: i32) => a as f32;
    I32TruncSatF32S(a: f32) => a as i32;
    F32ConvertI32U(a: u32) => a as f32;
    I32TruncSatF32U(a: f32) => a as u32;
    F32ConvertI64S(a: i64) => a as f32;
    I64TruncSatF32S(a: f32) => a as i64;
    F32ConvertI64U(a: u64) => mutate!(a as f32, ConvertRoundsTwice => a as f64 as f32);
    I64TruncSatF32U(a: f32) => mutate!(a as u64, TruncSatTooEarly => (a as u64).min(1 << 63));
    F64ConvertI32S(a: i32) => a as f64;
    I32TruncSatF64S(a: f64) => mutate!(
        a, TruncSatOfNan => if a.is_nan() { f64::MIN } else { a }
    ) as i32;
    F64ConvertI32U(a: u32) => a as f64;
    I32TruncSatF64U(a: f64) => a as u32;
    F64ConvertI64S(a: i64) => a as f64;
    I64TruncSatF64S(a: f64) => a as i64;
    F64ConvertI64U(a: u64) => mutate!(a as f64, ConvertSigned => a as i64 as f64);
    I64TruncSatF64U(a: f64) => a as u64;
    F32DemoteF64(a: f64) => canonical32(mutate!(
        a as f32, DemoteFlushes => if (a as f32).is_subnormal() { 0.0 } else { a as f32 }
    ));
    F64PromoteF32(a: f32) => canonical64(f64::from(a));
    I32ReinterpretF32(a: u32) => a;
    I64ReinterpretF64(a: u64) => a;
    F32ReinterpretI32(a: u32) => a;
    F64ReinterpretI64(a: u64) => a;
}

family! {
    /// Conversions that trap on NaN and on what does not fit.
    trapping enum Truncation, fn truncation/1;
    I32TruncF32S(a: f32) => truncate(f64::from(a), I32).map(|x| x as i32);
    I32TruncF32U(a: f32) => truncate(f64::from(a), U32).map(|x| x as u32);
    I32TruncF64S(a: f64) => truncate(a, I32).map(|x| x as i32);
    I32TruncF64U(a: f64) => truncate(a, mutate!(U32, TruncBound => 0.0..4_294_967_295.0))
        .map(|x| x as u32);
    I64TruncF32S(a: f32) => truncate(f64::from(a), I64).map(|x| x as i64);
    I64TruncF32U(a: f32) => truncate(f64::from(a), U64).map(|x| x as u64);
    I64TruncF64S(a: f64) => truncate(a, I64).map(|x| x as i64);
    I64TruncF64U(a: f64) => truncate(a, U64).map(|x| x as u64);
}

/// The whole numbers that fit, all of them exact as `f64`.
const I32: Range<f64> = -2_147_483_648.0..2_147_483_648.0;
const U32: Range<f64> = 0.0..4_294_967_296.0;
const I64: Range<f64> = -9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0;
const U64: Range<f64> = 0.0..18_446_744_073_709_551_616.0;

/// The whole part, when it fits. Each `f32` is an `f64`, so this does for both.
#[inline(always)]
fn truncate(x: f64, fits: Range<f64>) -> Result<f64, Trap> {
    let whole = x.trunc();
    if fits.contains(&whole) {
        Ok(whole)
    } else if mutate!(x.is_nan(), TruncNanKind => false) {
        Err(Trap::InvalidConversionToInteger)
    } else {
        Err(Trap::IntegerOverflow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_of_truncation() {
        let i32_of = |x: f64| truncation(Truncation::I32TruncF64S, x.to_bits());
        assert_eq!(i32_of(2_147_483_647.9), Ok(2_147_483_647));
        assert_eq!(i32_of(-2_147_483_648.9), Ok(0x8000_0000));
        assert_eq!(i32_of(2_147_483_648.0), Err(Trap::IntegerOverflow));
        assert_eq!(i32_of(f64::NAN), Err(Trap::InvalidConversionToInteger));
        assert_eq!(
            truncation(Truncation::I64TruncF64U, (-0.9f64).to_bits()),
            Ok(0)
        );
        let saturated = conversion(
            Conversion::I32TruncSatF32U,
            u64::from(f32::INFINITY.to_bits()),
        );
        assert_eq!(saturated, 0xffff_ffff);
    }
}
