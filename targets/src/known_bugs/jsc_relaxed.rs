//! What JavaScriptCore gives where its relaxed vector instructions do what no one allows, on x86-64.

use assay_checks::allowed::Site;

/// `pblendvb` for all widths: each byte by its own top bit, where 32- and 64-bit lanes go by the top
/// bit of the lane.
pub(super) fn laneselect(site: &Site) -> Option<u128> {
    let wide = ["I32x4RelaxedLaneselect", "I64x2RelaxedLaneselect"];
    let [a, b, mask] = site.operands[..] else {
        return None;
    };
    let bytes = mask
        .to_le_bytes()
        .map(|byte| if byte >= 0x80 { 0xff } else { 0 });
    let mask = u128::from_le_bytes(bytes);
    wide.contains(&site.operator.as_str())
        .then_some((a & mask) | (b & !mask))
}

/// A truncation to signed integers of what is not negative: from 2^31 on all is 2^31, which is
/// wrong up to 2^32.
pub(super) fn trunc_f32x4_u(site: &Site) -> Option<u128> {
    let lane = |bits: u32| match f32::from_bits(bits) {
        x if x >= 2f32.powi(31) => 1 << 31,
        // A NaN and a negative number give zero.
        x => x as u32,
    };
    let vector = operand(site, "I32x4RelaxedTruncF32x4U")?;
    let lanes = (0..4).map(|i| u128::from(lane((vector >> (32 * i)) as u32)) << (32 * i));
    Some(lanes.fold(0, |all, lane| all | lane))
}

/// The low bits of the whole number plus 2^52, where it may be too large for that.
pub(super) fn trunc_f64x2_u_zero(site: &Site) -> Option<u128> {
    let lane = |bits: u64| {
        let x = f64::from_bits(bits).max(0.0);
        (x.trunc() + 2f64.powi(52)).to_bits() as u32
    };
    let vector = operand(site, "I32x4RelaxedTruncF64x2UZero")?;
    let [low, high] = [vector as u64, (vector >> 64) as u64].map(lane);
    Some(u128::from(high) << 32 | u128::from(low))
}

/// The one operand of this operator.
fn operand(site: &Site, operator: &str) -> Option<u128> {
    match site.operands[..] {
        [vector] if site.operator == operator => Some(vector),
        _ => None,
    }
}
