//! Reading and building vectors by lane (Core, 4.3.1, `lanes`).
//!
//! Everything stands on two functions: [`get`] reads a lane, [`build`] puts a vector together. Lane
//! 0 is at the least significant end. A lane type says how its bits are read: as signed, unsigned
//! or floating-point.

use std::ops::{Add, Mul};

/// A type that a lane can be read as.
pub(crate) trait Lane: Copy {
    /// The width of a lane.
    const BITS: u32;
    /// How many such lanes a vector has.
    const COUNT: u32 = 128 / Self::BITS;
    /// The lane whose bits are the low [`Self::BITS`] of `raw`.
    fn from_raw(raw: u64) -> Self;
    /// The bits of the lane, zero-extended.
    fn raw(self) -> u64;
}

macro_rules! integer_lanes {
    ($($type:ty as $unsigned:ty),*) => {$(
        impl Lane for $type {
            const BITS: u32 = <$type>::BITS;
            fn from_raw(raw: u64) -> Self {
                raw as $type
            }
            fn raw(self) -> u64 {
                u64::from(self as $unsigned)
            }
        }
    )*};
}
integer_lanes!(i8 as u8, u8 as u8, i16 as u16, u16 as u16);
integer_lanes!(i32 as u32, u32 as u32, i64 as u64, u64 as u64);

impl Lane for f32 {
    const BITS: u32 = 32;
    fn from_raw(raw: u64) -> Self {
        f32::from_bits(raw as u32)
    }
    fn raw(self) -> u64 {
        u64::from(self.to_bits())
    }
}

impl Lane for f64 {
    const BITS: u32 = 64;
    fn from_raw(raw: u64) -> Self {
        f64::from_bits(raw)
    }
    fn raw(self) -> u64 {
        self.to_bits()
    }
}

/// Which half of the lanes a widening operator reads.
#[derive(Clone, Copy)]
pub(crate) enum Half {
    Low,
    High,
}

/// Lane `index` of `v`; an index past the end wraps (validation excludes it).
pub(crate) fn get<T: Lane>(v: u128, index: u32) -> T {
    T::from_raw((v >> (index % T::COUNT * T::BITS)) as u64)
}

/// The vector whose lane `i` is `lane(i)`.
pub(crate) fn build<T: Lane>(lane: impl Fn(u32) -> T) -> u128 {
    (0..T::COUNT).fold(0, |v, i| v | u128::from(lane(i).raw()) << (i * T::BITS))
}

/// All lanes are `x`.
pub(crate) fn fill<T: Lane>(x: T) -> u128 {
    build(|_| x)
}

/// `v` with lane `index` replaced.
pub(crate) fn set<T: Lane>(v: u128, index: u8, x: T) -> u128 {
    let index = u32::from(index) % T::COUNT;
    build(|i| if i == index { x } else { get(v, i) })
}

/// One lane to one lane of the same width.
pub(crate) fn map<T: Lane, U: Lane>(a: u128, f: impl Fn(T) -> U) -> u128 {
    build(|i| f(get(a, i)))
}

/// Two lanes at the same place to one.
pub(crate) fn zip<T: Lane, U: Lane>(a: u128, b: u128, f: impl Fn(T, T) -> U) -> u128 {
    build(|i| f(get(a, i), get(b, i)))
}

/// Three lanes at the same place to one.
pub(crate) fn zip3<T: Lane, U: Lane>(a: u128, b: u128, c: u128, f: impl Fn(T, T, T) -> U) -> u128 {
    build(|i| f(get(a, i), get(b, i), get(c, i)))
}

/// A lane is all ones where the relation holds, else zero.
pub(crate) fn compare<T: Lane>(a: u128, b: u128, holds: impl Fn(&T, &T) -> bool) -> u128 {
    build(|i| {
        let ones = holds(&get(a, i), &get(b, i));
        T::from_raw(if ones { u64::MAX } else { 0 })
    })
}

/// The lanes of one half, each to a lane twice as wide.
pub(crate) fn widen<T: Lane, U: Lane>(a: u128, half: Half, f: impl Fn(T) -> U) -> u128 {
    build(|i| f(get(a, i + first::<U>(half))))
}

fn first<U: Lane>(half: Half) -> u32 {
    match half {
        Half::Low => 0,
        Half::High => U::COUNT,
    }
}

/// `extend`: by sign or by zeroes, as the lane types say.
pub(crate) fn extend<T: Lane, U: Lane + From<T>>(a: u128, half: Half) -> u128 {
    widen(a, half, |x: T| U::from(x))
}

/// `extmul`: the product has twice the width, so nothing is lost.
pub(crate) fn extmul<T: Lane, U: Lane + From<T> + Mul<Output = U>>(
    a: u128,
    b: u128,
    half: Half,
) -> u128 {
    let first = first::<U>(mutate!(half, ExtmulLow => Half::Low));
    let lane = |v, i| U::from(get::<T>(v, i + first));
    build(|i| lane(a, i) * lane(b, i))
}

/// `extadd_pairwise`: neighbours are extended, then added.
pub(crate) fn extadd<T: Lane, U: Lane + From<T> + Add<Output = U>>(a: u128) -> u128 {
    build(|i| U::from(get::<T>(a, 2 * i)) + U::from(get::<T>(a, 2 * i + 1)))
}

/// `N` neighbours of `a` and of `b` to one lane that is `N` times as wide.
pub(crate) fn dot<const N: usize, T: Lane, U: Lane>(
    a: u128,
    b: u128,
    f: impl Fn([T; N], [T; N]) -> U,
) -> u128 {
    let group = |v, i| std::array::from_fn(|k| get(v, i * N as u32 + k as u32));
    build(|i| f(group(a, i), group(b, i)))
}

/// The lanes of `a`, then those of `b`, each to a lane half as wide.
pub(crate) fn narrow<T: Lane, U: Lane>(a: u128, b: u128, f: impl Fn(T) -> U) -> u128 {
    build(|i| f(get(if i < T::COUNT { a } else { b }, i % T::COUNT)))
}

/// The lanes of `a`, each to a lane half as wide, then zeroes (`_zero`).
pub(crate) fn narrow_zero<T: Lane, U: Lane>(a: u128, f: impl Fn(T) -> U) -> u128 {
    build(|i| {
        if i < T::COUNT {
            f(get(a, i))
        } else {
            U::from_raw(0)
        }
    })
}

/// `i8x16.swizzle`: an index past the end gives zero.
pub(crate) fn swizzle(a: u128, indices: u128) -> u128 {
    map(indices, |j: u8| {
        if mutate!(j < 16, SwizzleWraps => j < 32) {
            get(a, u32::from(j))
        } else {
            0u8
        }
    })
}

/// `i8x16.shuffle`: each index names one of the 32 bytes of `a` and `b`.
pub(crate) fn shuffle(lanes: [u8; 16], a: u128, b: u128) -> u128 {
    build(|i| {
        let j = lanes[i as usize];
        get::<u8>(
            if j & mutate!(16, ShuffleFirst => 32) == 0 {
                a
            } else {
                b
            },
            u32::from(j),
        )
    })
}

/// Whether no lane is zero.
pub(crate) fn all_true<T: Lane>(a: u128) -> u32 {
    u32::from((0..T::COUNT).all(|i| get::<T>(a, i).raw() != 0))
}

/// The sign bits; that of lane 0 is the lowest.
pub(crate) fn bitmask<T: Lane>(a: u128) -> u32 {
    (0..T::COUNT).fold(0, |mask, i| {
        let sign = get::<T>(a, i).raw() >> (T::BITS - 1);
        mask | (sign as u32) << mutate!(i, BitmaskReversed => T::COUNT - 1 - i)
    })
}

/// Bit by bit, `a` where `mask` is one and `b` where it is zero.
pub(crate) fn bitselect(a: u128, b: u128, mask: u128) -> u128 {
    (a & mask) | (b & !mask)
}
