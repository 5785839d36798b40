//! What goes into a digest, and what it says of the state.

use assay_module::Telling;

/// What digests are multiplied with: odd, with its bits spread evenly.
pub const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// What a walk says of a null, of what lies too deep, of a host's reference, and of other things.
pub const NULL: u64 = 1;
pub const TOO_DEEP: u64 = 2;
pub const HOST: u64 = 3;
pub const I31: u64 = 1 << 32;
pub const OBJECT: u64 = 16;

/// Mixes a number into a digest: both steps are one to one.
pub fn mix(digest: u64, number: u64) -> u64 {
    (digest ^ number).wrapping_mul(FACTOR)
}

/// How the state of a module is told whose calls give a digest of it: that is enough, or `slots` besides.
pub fn told(slots: bool) -> Telling {
    match slots {
        true => Telling::Slots,
        false => Telling::Nothing,
    }
}
