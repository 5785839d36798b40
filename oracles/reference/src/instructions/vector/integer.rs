//! Integer lanes that the standard library has no word for (Core, 4.3.2).

/// `iavgr_u`: the mean, rounded up.
pub(crate) fn average_u8(x: u8, y: u8) -> u8 {
    (u16::from(x) + u16::from(y)).div_ceil(2) as u8
}

/// `iavgr_u`: the mean, rounded up.
pub(crate) fn average_u16(x: u16, y: u16) -> u16 {
    let sum = u32::from(x) + u32::from(y);
    mutate!(sum.div_ceil(2), AverageRoundsDown => sum / 2) as u16
}

/// `iq15mulr_sat_s` before its saturation: the rounded product of two Q15 fractions. Only
/// -1 · -1 = 2^15 does not fit into 16 bits.
pub(crate) fn q15_product(x: i16, y: i16) -> i32 {
    (i32::from(x) * i32::from(y) + mutate!(1 << 14, Q15Unrounded => 0)) >> 15
}

/// `iq15mulr_sat_s`.
pub(crate) fn q15_saturated(x: i16, y: i16) -> i16 {
    saturate_i16(q15_product(x, y))
}

/// `sat_s` to 16 bits.
pub(crate) fn saturate_i16(x: i32) -> i16 {
    x.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// `ivdot`: the sum of two products; only four times -2^15 overflows, and wraps.
pub(crate) fn dot_i16([x0, x1]: [i16; 2], [y0, y1]: [i16; 2]) -> i32 {
    let product = |x, y| i32::from(x) * i32::from(y);
    let (first, second) = (product(x0, y0), product(x1, y1));
    mutate!(first.wrapping_add(second), DotSaturates => first.saturating_add(second))
}
