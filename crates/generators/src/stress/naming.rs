//! What is named by the numbers of operations, and so stays when others go. The numbers may be any.

use super::digest::FACTOR;

/// The name of one of the values that an operation gives; the first has the operation's own.
pub fn name(id: u32, place: u32) -> u32 {
    id.wrapping_add(place << 16)
}

/// Bits that no other operation and no other place has.
pub fn distinct(id: u32, place: u32) -> u128 {
    let number = u64::from(id) * 64 + u64::from(place) + 1;
    let low = number.wrapping_mul(FACTOR) >> 8;
    u128::from(low.wrapping_mul(FACTOR)) << 64 | u128::from(low)
}
