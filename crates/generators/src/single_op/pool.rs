//! Values where instructions change their mind.
//!
//! A [`Pool`] says what an operand is for; drawing from it gives mostly values near the
//! boundaries of that use, and some arbitrary ones. Constants and arguments come from the same
//! pools.

use super::boundary::{float32, float64, integer, lanes};
use arbitrary::{Result, Unstructured};
use assay_engine::{Reference, Value};
use wasm_encoder::ValType;

/// What an operand is for.
#[derive(Clone, Copy, Debug)]
pub enum Pool {
    /// Any `i32`.
    I32,
    /// Any `i64`.
    I64,
    /// Any `f32`.
    F32,
    /// Any `f64`.
    F64,
    /// A vector of boundary values of any lane type.
    V128,
    /// A vector of `i8`.
    I8x16,
    /// A vector of `i16`.
    I16x8,
    /// A vector of `i32`.
    I32x4,
    /// A vector of `i64`.
    I64x2,
    /// A vector of `f32`.
    F32x4,
    /// A vector of `f64`.
    F64x2,
    /// The address of an access to memory.
    Address {
        /// Whether the memory has 64-bit addresses.
        wide: bool,
        /// The length of the memory at first.
        bytes: u64,
        /// The length to which it may grow.
        max_bytes: u64,
        /// The number of bytes accessed.
        width: u64,
        /// The offset in the instruction.
        offset: u64,
        /// Whether most addresses are multiples of the width.
        aligned: bool,
    },
    /// An index or a length near a bound, of type `i64` if wide.
    Near {
        /// Whether it is an `i64`.
        wide: bool,
        /// The bound.
        bound: u64,
    },
    /// A number of elements for a new array, near a bound.
    Count {
        /// The bound.
        bound: u64,
    },
    /// As [`Pool::Near`], and mostly one certain place.
    Place {
        /// Whether it is an `i64`.
        wide: bool,
        /// The place.
        place: u64,
        /// The bound.
        bound: u64,
    },
    /// A number below this one, as an `i32`.
    Below(u32),
    /// The length of a new array: small, and very rarely too large for any heap.
    Length,
    /// A reference of the host, or null.
    Extern,
}

impl Pool {
    /// The pool for any number of this type; references other than the host's have none.
    pub fn number(ty: ValType) -> Option<Self> {
        match ty {
            ValType::I32 => Some(Self::I32),
            ValType::I64 => Some(Self::I64),
            ValType::F32 => Some(Self::F32),
            ValType::F64 => Some(Self::F64),
            ValType::V128 => Some(Self::V128),
            ValType::Ref(_) => None,
        }
    }

    /// The type of its values.
    pub fn ty(self) -> ValType {
        match self {
            Self::I32
            | Self::Near { wide: false, .. }
            | Self::Place { wide: false, .. }
            | Self::Address { wide: false, .. }
            | Self::Below(_)
            | Self::Count { .. }
            | Self::Length => ValType::I32,
            Self::I64
            | Self::Near { wide: true, .. }
            | Self::Place { wide: true, .. }
            | Self::Address { wide: true, .. } => ValType::I64,
            Self::F32 => ValType::F32,
            Self::F64 => ValType::F64,
            Self::V128
            | Self::I8x16
            | Self::I16x8
            | Self::I32x4
            | Self::I64x2
            | Self::F32x4
            | Self::F64x2 => ValType::V128,
            Self::Extern => ValType::EXTERNREF,
        }
    }

    /// Whether a value of this pool may stand for one of the next.
    pub fn repeats_in(self, next: Self) -> bool {
        let bounded = matches!(
            next,
            Self::Below(_)
                | Self::Length
                | Self::Count { .. }
                | Self::Address { aligned: true, .. }
        );
        !bounded && self.ty() == next.ty()
    }

    /// Draws a value.
    pub fn draw(self, u: &mut Unstructured<'_>) -> Result<Value> {
        let index = |wide: bool, x: u64| {
            if wide {
                Value::I64(x)
            } else {
                Value::I32(x as u32)
            }
        };
        Ok(match self {
            Self::I32 => Value::I32(integer(u, 32)? as u32),
            Self::I64 => Value::I64(integer(u, 64)?),
            Self::F32 => Value::F32(float32(u)?),
            Self::F64 => Value::F64(float64(u)?),
            Self::V128 => return any_lanes(u)?.draw(u),
            Self::I8x16 => lanes(u, 8, |u| integer(u, 8))?,
            Self::I16x8 => lanes(u, 16, |u| integer(u, 16))?,
            Self::I32x4 => lanes(u, 32, |u| integer(u, 32))?,
            Self::I64x2 => lanes(u, 64, |u| integer(u, 64))?,
            Self::F32x4 => lanes(u, 32, |u| float32(u).map(u64::from))?,
            Self::F64x2 => lanes(u, 64, float64)?,
            Self::Address {
                wide,
                bytes,
                max_bytes,
                width,
                offset,
                aligned,
            } => {
                let target = target(u, wide, bytes, max_bytes, width)?;
                let target = if aligned && u.ratio(7, 8)? {
                    target & !(width - 1)
                } else {
                    target
                };
                let operand = reach(u, target, offset, bytes, width)?;
                let operand = if wide {
                    operand
                } else {
                    operand & u64::from(u32::MAX)
                };
                index(
                    wide,
                    if aligned {
                        unambiguous(operand, offset, bytes, width)
                    } else {
                        operand
                    },
                )
            }
            Self::Near { wide, bound } => index(wide, near(u, wide, bound)?),
            Self::Count { bound } => Value::I32(count(u, bound)? as u32),
            Self::Place { wide, place, .. } if u.ratio(2, 3)? => index(wide, place),
            Self::Place { wide, bound, .. } => index(wide, near(u, wide, bound)?),
            Self::Below(bound) => Value::I32(u.int_in_range(0..=bound.saturating_sub(1))?),
            Self::Length => Value::I32(length(u)?),
            Self::Extern => Value::Ref(match u.int_in_range(0..=4)? {
                0 => Reference::Null,
                n => Reference::Extern(n),
            }),
        })
    }
}

/// A pool of vectors of some lane type.
fn any_lanes(u: &mut Unstructured<'_>) -> Result<Pool> {
    use Pool::*;
    u.choose(&[I32x4, I8x16, I16x8, I64x2, F32x4, F64x2])
        .copied()
}

/// The effective address that an access aims at.
fn target(
    u: &mut Unstructured<'_>,
    wide: bool,
    bytes: u64,
    max_bytes: u64,
    width: u64,
) -> Result<u64> {
    Ok(match u.int_in_range(0..=15)? {
        0..=5 => u.int_in_range(0..=64)?,
        6..=8 => u.int_in_range(0..=bytes - width)?,
        9 | 10 => *u.choose(&[bytes - width, bytes - 2 * width])?,
        11 => *u.choose(&[bytes - width + 1, bytes - 1, bytes])?,
        12 => *u.choose(&[max_bytes - width, max_bytes - width + 1, max_bytes])?,
        13 if wide => {
            let high = *u.choose(&[1 << 32, 1 << 33, 1 << 48, 1 << 63, u64::MAX << 32])?;
            high | u.int_in_range(0..=64)?
        }
        13 => *u.choose(&[1 << 31, (1 << 31) - 1, (1 << 31) - width, 0xffff_0000])?,
        14 => (if wide { u64::MAX } else { u32::MAX.into() }) - u.int_in_range(0..=2 * width)?,
        _ => integer(u, if wide { 64 } else { 32 })?,
    })
}

/// The operand that with the offset makes an effective address, or comes near to it.
fn reach(
    u: &mut Unstructured<'_>,
    target: u64,
    offset: u64,
    bytes: u64,
    width: u64,
) -> Result<u64> {
    let last = bytes - width;
    Ok(if target >= offset {
        target - offset
    } else if offset <= last && u.ratio(3, 4)? {
        u.int_in_range(0..=last - offset)?
    } else if u.arbitrary()? {
        // The offset carries the sum past the end of all addresses.
        target.wrapping_sub(offset)
    } else {
        target
    })
}

/// An address that is out of bounds as well as unaligned traps either way, and the specification
/// does not say as which; so it is aligned here.
fn unambiguous(operand: u64, offset: u64, bytes: u64, width: u64) -> u64 {
    let effective = u128::from(operand) + u128::from(offset);
    let excess = operand.wrapping_add(offset) % width;
    if effective + u128::from(width) <= u128::from(bytes) || excess == 0 {
        operand
    } else {
        operand
            .checked_sub(excess)
            .unwrap_or_else(|| operand + width - excess)
    }
}

/// Mostly at or below a bound, else far beyond it. Low ones are more frequent, so that a start
/// and a length often stay within the bound together.
fn near(u: &mut Unstructured<'_>, wide: bool, bound: u64) -> Result<u64> {
    Ok(match u.int_in_range(0..=15)? {
        0..=9 => u.int_in_range(0..=bound)?.min(u.int_in_range(0..=bound)?),
        10 => 0,
        11 => bound.saturating_sub(1),
        12 => bound,
        13 => bound + 1,
        14 if wide => (1 << 32) + u.int_in_range(0..=bound)?,
        _ => integer(u, if wide { 64 } else { 32 })?,
    })
}

/// As [`near`], but never so large that an engine has no room for so many elements.
fn count(u: &mut Unstructured<'_>, bound: u64) -> Result<u64> {
    let count = near(u, false, bound)?;
    Ok(count.min(1000 + bound))
}

/// The length of a new array.
fn length(u: &mut Unstructured<'_>) -> Result<u32> {
    Ok(match u.int_in_range(0..=255)? {
        0 => 100_000,
        1..=8 => *u.choose(&[1000, 1023, 1024, 1025, 4096])?,
        9..=60 => *u.choose(&[15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256])?,
        _ => u.int_in_range(0..=9)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every value of a pool has the type that the pool says.
    #[test]
    fn values_have_their_types() {
        let bytes: Vec<u8> = (0..40_000u32)
            .map(|i| (i.wrapping_mul(0x9E37_79B1) >> 21) as u8)
            .collect();
        let mut u = Unstructured::new(&bytes);
        let near = |wide| Pool::Near { wide, bound: 9 };
        let address = |wide| Pool::Address {
            wide,
            bytes: 65_536,
            max_bytes: 131_072,
            width: 8,
            offset: 4,
            aligned: wide,
        };
        for _ in 0..50 {
            for pool in [
                Pool::I32,
                Pool::I64,
                Pool::F32,
                Pool::F64,
                Pool::V128,
                Pool::I8x16,
                Pool::I16x8,
                Pool::I32x4,
                Pool::I64x2,
                Pool::F32x4,
                Pool::F64x2,
                Pool::Below(3),
                Pool::Length,
                Pool::Extern,
                near(false),
                near(true),
                address(false),
                address(true),
            ] {
                let fits = match pool.draw(&mut u).expect("there are bytes enough") {
                    Value::I32(_) => pool.ty() == ValType::I32,
                    Value::I64(_) => pool.ty() == ValType::I64,
                    Value::F32(_) => pool.ty() == ValType::F32,
                    Value::F64(_) => pool.ty() == ValType::F64,
                    Value::V128(_) => pool.ty() == ValType::V128,
                    Value::Ref(_) => pool.ty() == ValType::EXTERNREF,
                };
                assert!(fits, "{pool:?}");
            }
        }
    }

    /// No atomic access is both unaligned and out of bounds.
    #[test]
    fn atomic_addresses_trap_for_one_reason() {
        let bytes: Vec<u8> = (0..100_000u32)
            .map(|i| (i.wrapping_mul(0x9E37_79B1) >> 21) as u8)
            .collect();
        let mut u = Unstructured::new(&bytes);
        for round in 0..3000u64 {
            let (wide, width, offset) = (round % 2 == 0, 1 << (round % 4), round % 37);
            let pool = Pool::Address {
                wide,
                bytes: 65_536,
                max_bytes: 131_072,
                width,
                offset,
                aligned: true,
            };
            let operand = match pool.draw(&mut u).expect("running out is no error") {
                Value::I32(x) => u64::from(x),
                Value::I64(x) => x,
                value => panic!("{value}"),
            };
            let effective = u128::from(operand) + u128::from(offset);
            let unaligned = effective % u128::from(width) != 0;
            assert!(
                !unaligned || effective + u128::from(width) <= 65_536,
                "{effective:#x}"
            );
        }
    }

    /// The values that make division overflow come often enough to meet.
    #[test]
    fn extremes_are_frequent() {
        let bytes: Vec<u8> = (0..40_000u32)
            .map(|i| (i.wrapping_mul(0x9E37_79B1) >> 21) as u8)
            .collect();
        let mut u = Unstructured::new(&bytes);
        let mut seen = [0; 3];
        for _ in 0..2000 {
            match Pool::I32.draw(&mut u).expect("there are bytes enough") {
                Value::I32(0) => seen[0] += 1,
                Value::I32(0x8000_0000) => seen[1] += 1,
                Value::I32(u32::MAX) => seen[2] += 1,
                _ => {}
            }
        }
        assert!(seen.iter().all(|&n| n > 50), "{seen:?}");
    }
}
