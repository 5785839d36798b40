//! Chapter 4, section "Memory Instructions", for accesses of one place.
//!
//! The effective address is the sum of the operand and the offset, without wrapping around; an
//! access with any byte beyond the end traps and changes nothing.

use super::Bits;
use assay_engine::Trap;
use wasmparser::{MemArg, Operator};

/// The bytes of an access, when all are within the memory.
#[inline(always)]
pub(crate) fn bytes_at<const N: usize>(memory: &[u8], address: u64) -> Result<[u8; N], Trap> {
    let from = usize::try_from(address).ok().and_then(|start| {
        memory.get(mutate!(start, StraddlingLoad => moved_inside(memory, start, N))..)
    });
    let bytes = from.and_then(|from| from.first_chunk::<N>());
    bytes.copied().ok_or(Trap::OutOfBoundsMemoryAccess)
}

/// Where an access that straddles the end would be within the memory.
#[cfg(feature = "mutants")]
fn moved_inside(memory: &[u8], start: usize, bytes: usize) -> usize {
    match memory.len() {
        end if start < end => start.min(end.saturating_sub(bytes)),
        _ => start,
    }
}

/// The place of an access, when all of it is within the memory.
#[inline(always)]
pub(crate) fn place_at<const N: usize>(
    memory: &mut [u8],
    address: u64,
) -> Result<&mut [u8; N], Trap> {
    let from = usize::try_from(address)
        .ok()
        .and_then(|start| memory.get_mut(start..));
    let bytes = from.and_then(|from| from.first_chunk_mut::<N>());
    bytes.ok_or(Trap::OutOfBoundsMemoryAccess)
}

/// The effective address (`ea` in the specification).
#[inline(always)]
pub(crate) fn effective(operand: u64, offset: u64) -> Result<u64, Trap> {
    let sum =
        mutate!(operand.checked_add(offset), AddressWraps64 => Some(operand.wrapping_add(offset)));
    mutate!(sum, AddressWraps32 => sum.map(|sum| u64::from(sum as u32)))
        .ok_or(Trap::OutOfBoundsMemoryAccess)
}

macro_rules! accesses {
    ($operator:expr; $($($op:ident)|+ => $value:expr;)*) => {
        match $operator {
            $($(Operator::$op { memarg })|+ => Some(($value, *memarg)),)*
            _ => None,
        }
    };
}

/// How a load makes a slot of the bytes: how many it reads, and how it extends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Load {
    U8,
    S8To32,
    S8To64,
    U16,
    S16To32,
    S16To64,
    U32,
    S32To64,
    U64,
}

impl Load {
    /// The load and its immediate, if the instruction is one.
    pub(crate) fn of(operator: &Operator<'_>) -> Option<(Self, MemArg)> {
        accesses!(operator;
            I32Load | F32Load | I64Load32U => Self::U32;
            I64Load | F64Load => Self::U64;
            I32Load8S => Self::S8To32;
            I32Load8U | I64Load8U => Self::U8;
            I32Load16S => Self::S16To32;
            I32Load16U | I64Load16U => Self::U16;
            I64Load8S => Self::S8To64;
            I64Load16S => Self::S16To64;
            I64Load32S => Self::S32To64;
        )
    }

    /// How many bytes it reads.
    pub(crate) fn bytes(self) -> u64 {
        match self {
            Self::U8 | Self::S8To32 | Self::S8To64 => 1,
            Self::U16 | Self::S16To32 | Self::S16To64 => 2,
            Self::U32 | Self::S32To64 => 4,
            Self::U64 => 8,
        }
    }

    #[inline(always)]
    pub(crate) fn run(self, memory: &[u8], address: u64) -> Result<u64, Trap> {
        Ok(match self {
            Self::U8 => bytes_at::<1>(memory, address)?[0].into(),
            Self::S8To32 => i32::from(bytes_at::<1>(memory, address)?[0] as i8).slot(),
            Self::S8To64 => i64::from(bytes_at::<1>(memory, address)?[0] as i8).slot(),
            Self::U16 => u16::from_le_bytes(bytes_at(memory, address)?).into(),
            Self::S16To32 => i32::from(i16::from_le_bytes(bytes_at(memory, address)?)).slot(),
            Self::S16To64 => i64::from(i16::from_le_bytes(bytes_at(memory, address)?)).slot(),
            Self::U32 => u32::from_le_bytes(bytes_at(memory, address)?).into(),
            Self::S32To64 => {
                let bits = u32::from_le_bytes(bytes_at(memory, address)?);
                mutate!(i64::from(bits.cast_signed()).slot(), Load32Unsigned => bits.into())
            }
            Self::U64 => u64::from_le_bytes(bytes_at(memory, address)?),
        })
    }
}

/// How many bytes of a slot a store writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Store {
    B8,
    B16,
    B32,
    B64,
}

impl Store {
    /// The store and its immediate, if the instruction is one.
    pub(crate) fn of(operator: &Operator<'_>) -> Option<(Self, MemArg)> {
        accesses!(operator;
            I32Store8 | I64Store8 => Self::B8;
            I32Store16 | I64Store16 => Self::B16;
            I32Store | F32Store | I64Store32 => Self::B32;
            I64Store | F64Store => Self::B64;
        )
    }

    /// How many bytes it writes.
    pub(crate) fn bytes(self) -> u64 {
        match self {
            Self::B8 => 1,
            Self::B16 => 2,
            Self::B32 => 4,
            Self::B64 => 8,
        }
    }

    #[inline(always)]
    pub(crate) fn run(self, memory: &mut [u8], address: u64, slot: u64) -> Result<(), Trap> {
        match self {
            Self::B8 => *place_at(memory, address)? = (slot as u8).to_le_bytes(),
            Self::B16 => {
                *place_at(memory, address)? =
                    mutate!(slot as u16, Store16Byte => (slot as u8).into()).to_le_bytes()
            }
            Self::B32 => *place_at(memory, address)? = (slot as u32).to_le_bytes(),
            Self::B64 => *place_at(memory, address)? = slot.to_le_bytes(),
        }
        Ok(())
    }
}

/// How a load makes a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum VectorLoad {
    Full,
    S8x8,
    U8x8,
    S16x4,
    U16x4,
    S32x2,
    U32x2,
    Splat8,
    Splat16,
    Splat32,
    Splat64,
    Zero32,
    Zero64,
}

impl VectorLoad {
    /// The load and its immediate, if the instruction is one.
    pub(crate) fn of(operator: &Operator<'_>) -> Option<(Self, MemArg)> {
        accesses!(operator;
            V128Load => Self::Full;
            V128Load8x8S => Self::S8x8;
            V128Load8x8U => Self::U8x8;
            V128Load16x4S => Self::S16x4;
            V128Load16x4U => Self::U16x4;
            V128Load32x2S => Self::S32x2;
            V128Load32x2U => Self::U32x2;
            V128Load8Splat => Self::Splat8;
            V128Load16Splat => Self::Splat16;
            V128Load32Splat => Self::Splat32;
            V128Load64Splat => Self::Splat64;
            V128Load32Zero => Self::Zero32;
            V128Load64Zero => Self::Zero64;
        )
    }

    /// How many bytes it reads.
    pub(crate) fn bytes(self) -> u64 {
        match self {
            Self::Full => 16,
            Self::Splat8 => 1,
            Self::Splat16 => 2,
            Self::Splat32 | Self::Zero32 => 4,
            _ => 8,
        }
    }

    pub(crate) fn run(self, memory: &[u8], address: u64) -> Result<u128, Trap> {
        let narrow = || bytes_at(memory, address).map(u64::from_le_bytes);
        Ok(match self {
            Self::Full => u128::from_le_bytes(bytes_at(memory, address)?),
            Self::S8x8 => extend(narrow()?, 8, true),
            Self::U8x8 => extend(narrow()?, 8, false),
            Self::S16x4 => extend(narrow()?, 16, mutate!(true, LoadExtendUnsigned => false)),
            Self::U16x4 => extend(narrow()?, 16, false),
            Self::S32x2 => extend(narrow()?, 32, true),
            Self::U32x2 => extend(narrow()?, 32, false),
            Self::Splat8 => repeat(Load::U8.run(memory, address)?, 8),
            Self::Splat16 => repeat(Load::U16.run(memory, address)?, 16),
            Self::Splat32 => repeat(Load::U32.run(memory, address)?, 32),
            Self::Splat64 => repeat(narrow()?, 64),
            Self::Zero32 => {
                mutate!(Load::U32.run(memory, address)?.into(), LoadZeroFills => narrow()?.into())
            }
            Self::Zero64 => narrow()?.into(),
        })
    }
}

/// Each lane of so many bits becomes one of twice as many.
fn extend(lanes: u64, bits: u32, signed: bool) -> u128 {
    let mask = (1u64 << bits) - 1;
    let wide_mask = (1u128 << (2 * bits)) - 1;
    (0..64 / bits).fold(0, |vector, lane| {
        let value = lanes >> (lane * bits) & mask;
        let negative = signed && value >> (bits - 1) == 1;
        let high = if negative {
            wide_mask ^ u128::from(mask)
        } else {
            0
        };
        vector | (high | u128::from(value)) << (lane * 2 * bits)
    })
}

/// A lane of so many bits, repeated.
fn repeat(lane: u64, bits: u32) -> u128 {
    (0..128 / bits).fold(0, |vector, at| vector | u128::from(lane) << (at * bits))
}

/// Puts the bytes of a lane in its place.
pub(crate) fn with_lane(vector: u128, lane: u8, bytes: u8, value: u64) -> u128 {
    let bits = u32::from(bytes) * 8;
    let shift = u32::from(lane) * bits;
    let mask = ((1u128 << bits) - 1) << shift;
    (vector & !mask) | (u128::from(value) << shift & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_extended_in_place() {
        assert_eq!(extend(0x80ff, 8, true), 0xff80_ffff);
        assert_eq!(extend(0x80ff, 8, false), 0x0080_00ff);
        assert_eq!(
            extend(0x8000_0000_0000_0001, 32, true),
            0xffff_ffff_8000_0000_0000_0000_0000_0001
        );
        assert_eq!(repeat(0xab, 8), 0xabab_abab_abab_abab_abab_abab_abab_abab);
        assert_eq!(
            with_lane(u128::MAX, 1, 4, 0),
            !0u128 ^ 0xffff_ffff_0000_0000
        );
    }

    #[test]
    fn an_access_must_end_within_the_memory() {
        let mut memory = [1u8; 8];
        assert_eq!(Load::U32.run(&memory, 4), Ok(0x0101_0101));
        assert_eq!(
            Load::U32.run(&memory, 5),
            Err(Trap::OutOfBoundsMemoryAccess)
        );
        assert_eq!(
            Load::U8.run(&memory, u64::MAX),
            Err(Trap::OutOfBoundsMemoryAccess)
        );
        assert!(Store::B16.run(&mut memory, 7, 0).is_err());
        assert_eq!(memory, [1; 8]);
    }
}
