//! Numbers where instructions change their mind, and vectors of them.

use arbitrary::{Result, Unstructured};
use assay_engine::Value;

/// Integers of a width in bits, as a number of that width.
pub fn integer(u: &mut Unstructured<'_>, bits: u32) -> Result<u64> {
    const OTHERS: &[u64] = &[
        2,
        3,
        5,
        7,
        10,
        0x55,
        0xaa,
        0x80,
        0xff,
        0x5555_5555,
        0xaaaa_aaaa,
        0x1234_5678,
        0xff00_ff00,
        65_535,
        65_536,
        65_537,
        131_071,
        131_072,
        0x5555_5555_5555_5555,
        0xaaaa_aaaa_aaaa_aaaa,
        0x0123_4567_89ab_cdef,
        0xffff_ffff,
        0x1_0000_0000,
        0xffff_ffff_0000_0000,
    ];
    let min = 1 << (bits - 1);
    let value = match u.int_in_range(0..=9)? {
        0..=3 => *u.choose(&[0, 1, u64::MAX, min, min - 1])?,
        4 | 5 => {
            let power = 1u64 << u.int_in_range(0..=bits - 1)?;
            *u.choose(&[power, power - 1, power + 1, power.wrapping_neg()])?
        }
        // Shift counts.
        6 => u.int_in_range(0..=2 * u64::from(bits) + 1)?,
        7 => *u.choose(OTHERS)?,
        _ => u.arbitrary()?,
    };
    Ok(value & (u64::MAX >> (64 - bits)))
}

/// The bits of an `f32`: specials, ends of ranges, and the edges of the integer types.
pub fn float32(u: &mut Unstructured<'_>) -> Result<u32> {
    const SPECIALS: &[u32] = &[
        0x0000_0000, // 0
        0x3f80_0000, // 1
        0x7f80_0000, // infinity
        0x7fc0_0000, // canonical NaN
        0x7fa0_0000, // signalling NaN
        0x7f80_0001, // signalling NaN, least payload
        0x7fff_ffff, // NaN, greatest payload
        0x0000_0001, // least subnormal
        0x007f_ffff, // greatest subnormal
        0x0080_0000, // least normal
        0x7f7f_ffff, // greatest
        0x3f00_0000, // 0.5
        0x3eff_ffff, // below 0.5
        0x3fc0_0000, // 1.5
        0x4020_0000, // 2.5
        0x3f7f_ffff, // below 1
        0x3f80_0001, // above 1
        0x4b00_0001, // 2^23 + 1
        0x4aff_ffff, // 2^23 - 0.5
        0x3faa_aaab, // 4/3
    ];
    Ok(match u.int_in_range(0..=9)? {
        0..=3 => u.choose(SPECIALS)? | sign(u)? << 31,
        4 | 5 => (edge(u)? as f32).to_bits() ^ u.int_in_range(0..=1)?,
        6 | 7 => (u.arbitrary::<i8>()? as f32 / 4.0).to_bits(),
        8 => (u.arbitrary::<i64>()? as f32).to_bits(),
        _ => u.arbitrary()?,
    })
}

/// As [`float32`], for `f64`, with the edges of `f32` besides.
pub fn float64(u: &mut Unstructured<'_>) -> Result<u64> {
    const SPECIALS: &[u64] = &[
        0x0000_0000_0000_0000, // 0
        0x3ff0_0000_0000_0000, // 1
        0x7ff0_0000_0000_0000, // infinity
        0x7ff8_0000_0000_0000, // canonical NaN
        0x7ff4_0000_0000_0000, // signalling NaN
        0x7ff0_0000_0000_0001, // signalling NaN, least payload
        0x7fff_ffff_ffff_ffff, // NaN, greatest payload
        0x0000_0000_0000_0001, // least subnormal
        0x000f_ffff_ffff_ffff, // greatest subnormal
        0x0010_0000_0000_0000, // least normal
        0x7fef_ffff_ffff_ffff, // greatest
        0x3fe0_0000_0000_0000, // 0.5
        0x3fdf_ffff_ffff_ffff, // below 0.5
        0x3ff8_0000_0000_0000, // 1.5
        0x4004_0000_0000_0000, // 2.5
        0x3fef_ffff_ffff_ffff, // below 1
        0x3ff0_0000_0000_0001, // above 1
        0x4330_0000_0000_0001, // 2^52 + 1
        0x432f_ffff_ffff_ffff, // 2^52 - 0.5
        0x47ef_ffff_e000_0000, // greatest f32
        0x47ef_ffff_f000_0000, // halfway to the f32 after the greatest
        0x36a0_0000_0000_0000, // least subnormal f32
        0x3690_0000_0000_0000, // half of it
        0x3690_0000_0000_0001, // above half of it
        0x3ff0_0000_1000_0000, // halfway between two f32
    ];
    Ok(match u.int_in_range(0..=9)? {
        0..=3 => u.choose(SPECIALS)? | u64::from(sign(u)?) << 63,
        4 | 5 => edge(u)?.to_bits() ^ u.int_in_range(0..=1)?,
        6 | 7 => (f64::from(u.arbitrary::<i8>()?) / 4.0).to_bits(),
        8 => (u.arbitrary::<i64>()? as f64).to_bits(),
        _ => u.arbitrary()?,
    })
}

fn sign(u: &mut Unstructured<'_>) -> Result<u32> {
    u.int_in_range(0..=1)
}

/// A float at an edge of an integer type, or one next to it.
fn edge(u: &mut Unstructured<'_>) -> Result<f64> {
    let power = 2f64.powi(*u.choose(&[31, 32, 63, 64, 7, 8, 15, 16, 24, 53])?);
    let near = power + u.choose(&[0.0, -1.0, 1.0, -0.5, 0.5, -2.0])?;
    Ok(if u.arbitrary()? { -near } else { near })
}

/// A vector of lanes: all equal, two that alternate, or each its own.
pub fn lanes(
    u: &mut Unstructured<'_>,
    bits: u32,
    mut lane: impl FnMut(&mut Unstructured<'_>) -> Result<u64>,
) -> Result<Value> {
    let count = 128 / bits;
    let distinct = match u.int_in_range(0..=3)? {
        0 => 1,
        1 => 2,
        _ => count,
    };
    let drawn = (0..distinct).map(|_| lane(u)).collect::<Result<Vec<_>>>()?;
    let bits_of = |i: u32| u128::from(drawn[(i % distinct) as usize]) << (i * bits);
    Ok(Value::V128(
        (0..count)
            .map(bits_of)
            .fold(0, |vector, lane| vector | lane),
    ))
}
