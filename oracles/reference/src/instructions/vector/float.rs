//! Floating-point lanes (Core, 4.3.3).
//!
//! Rust's `+ - * /`, `sqrt`, the roundings and the casts are those of IEEE 754, rounded to nearest,
//! ties to even, which is what the specification asks for; only NaNs are left open by the host, so
//! each result of a NaN-producing operator passes through [`canonical`]. Minimum and maximum are
//! written out, as those of the host differ for NaNs and for zeroes of unlike sign.

use std::ops::{Add, Mul};

use super::lanes::Lane;

/// A floating-point lane.
pub(crate) trait Float: Lane + PartialOrd + Add<Output = Self> + Mul<Output = Self> {
    /// The bits of positive infinity: all above, up to the sign, are NaNs.
    const INFINITY: u64;
    /// The bits of the positive canonical NaN.
    const CANONICAL: u64;
    /// `self · y + z`, rounded once.
    fn fused(self, y: Self, z: Self) -> Self;
}

impl Float for f32 {
    const INFINITY: u64 = 0x7f80_0000;
    const CANONICAL: u64 = 0x7fc0_0000;
    fn fused(self, y: f32, z: f32) -> f32 {
        self.mul_add(y, z)
    }
}

impl Float for f64 {
    const INFINITY: u64 = 0x7ff0_0000_0000_0000;
    const CANONICAL: u64 = 0x7ff8_0000_0000_0000;
    fn fused(self, y: f64, z: f64) -> f64 {
        self.mul_add(y, z)
    }
}

/// The sign bit of a lane.
pub(crate) fn sign<T: Float>() -> u64 {
    1 << (T::BITS - 1)
}

/// Whether `x` is a NaN.
///
/// The bits are looked at, not the number: a compiler may take `x < 0 ? NaN : sqrt(x)` for
/// `sqrt(x)`, although the NaN of the host is negative (LLVM's x86 backend does so).
pub(crate) fn is_nan<T: Float>(x: T) -> bool {
    x.raw() & !sign::<T>() > T::INFINITY
}

/// Whether `x` is a canonical NaN of either sign.
pub(crate) fn is_canonical_nan<T: Float>(x: T) -> bool {
    x.raw() & !sign::<T>() == T::CANONICAL
}

/// Whether `x` is an arithmetic NaN of either sign: the payload's top bit is set.
pub(crate) fn is_arithmetic_nan<T: Float>(x: T) -> bool {
    x.raw() & T::CANONICAL == T::CANONICAL
}

/// `x`, or the positive canonical NaN in place of any NaN: the deterministic profile.
pub(crate) fn canonical<T: Float>(x: T) -> T {
    if is_nan(x) {
        T::from_raw(T::CANONICAL)
    } else {
        x
    }
}

/// `fabs`: clears the sign, of a NaN too.
pub(crate) fn abs<T: Float>(x: T) -> T {
    T::from_raw(x.raw() & !sign::<T>())
}

/// `fneg`: flips the sign, of a NaN too.
pub(crate) fn neg<T: Float>(x: T) -> T {
    T::from_raw(x.raw() ^ sign::<T>())
}

/// `fmin`: a NaN wins, and -0 is less than +0.
pub(crate) fn min<T: Float>(x: T, y: T) -> T {
    if is_nan(x) || is_nan(y) {
        T::from_raw(T::CANONICAL)
    } else if x == y {
        T::from_raw(x.raw() | y.raw())
    } else if x < y {
        x
    } else {
        y
    }
}

/// `fmax`: a NaN wins, and +0 is greater than -0.
pub(crate) fn max<T: Float>(x: T, y: T) -> T {
    if is_nan(x) || is_nan(y) {
        T::from_raw(T::CANONICAL)
    } else if x == y {
        T::from_raw(x.raw() & y.raw())
    } else if x > y {
        x
    } else {
        y
    }
}

/// `fpmin`: `y` if it is less, else `x`, with their bits as they are.
pub(crate) fn pmin<T: Float>(x: T, y: T) -> T {
    if mutate!(y < x, PminOfNan => is_nan(x) || y < x) {
        y
    } else {
        x
    }
}

/// `fpmax`: `y` if it is greater, else `x`, with their bits as they are.
pub(crate) fn pmax<T: Float>(x: T, y: T) -> T {
    if x < y { y } else { x }
}

/// `fadd(fmul(x, y), z)`: rounded twice.
pub(crate) fn unfused<T: Float>(x: T, y: T, z: T) -> T {
    canonical(canonical(x * y) + z)
}

/// `fma(x, y, z)`: rounded once.
pub(crate) fn fused<T: Float>(x: T, y: T, z: T) -> T {
    canonical(x.fused(y, z))
}
