//! Values as bits.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A WebAssembly value. Floats are held as bits, so that two values are equal exactly when
/// every bit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Value {
    /// An `i32`.
    I32(u32),
    /// An `i64`.
    I64(u64),
    /// The bits of an `f32`.
    F32(u32),
    /// The bits of an `f64`.
    F64(u64),
    /// A `v128`, little endian: lane 0 is in the lowest bits.
    V128(u128),
    /// A reference, by kind.
    Ref(Reference),
}

/// What can be said of a reference from outside: its kind, and the number of those that carry
/// one. Two structs compare equal here; what is in them is for an in-module digest to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reference {
    /// A null reference of any type.
    Null,
    /// An `i31`, sign-extended.
    I31(i32),
    /// A function.
    Func,
    /// A struct.
    Struct,
    /// An array.
    Array,
    /// The host's own reference number `n`. Equal numbers are the same host object.
    Extern(u32),
    /// An exception reference.
    Exn,
    /// A non-null `externref` that is not one of the host's numbers: an internal reference that
    /// went through `extern.convert_any`. Engines do not all tell its kind.
    Internal,
}

/// The type of a value at the boundary between module and host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slot {
    /// An `i32`.
    I32,
    /// An `i64`.
    I64,
    /// A nullable `externref`.
    Extern,
}

impl Value {
    /// The bits as an unsigned number; references give 0.
    pub fn bits(self) -> u128 {
        match self {
            Self::I32(x) | Self::F32(x) => x.into(),
            Self::I64(x) | Self::F64(x) => x.into(),
            Self::V128(x) => x,
            Self::Ref(_) => 0,
        }
    }

    /// Whether this is an `f32` or `f64` NaN of any payload.
    pub fn is_nan(self) -> bool {
        match self {
            Self::F32(x) => f32::from_bits(x).is_nan(),
            Self::F64(x) => f64::from_bits(x).is_nan(),
            _ => false,
        }
    }

    /// The zero, or null, of a slot.
    pub fn zero(slot: Slot) -> Self {
        match slot {
            Slot::I32 => Self::I32(0),
            Slot::I64 => Self::I64(0),
            Slot::Extern => Self::Ref(Reference::Null),
        }
    }
}

impl fmt::Display for Value {
    /// The value as in a WebAssembly script, with the bits of floats in hexadecimal beside it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::I32(x) => write!(f, "i32 {}", x.cast_signed()),
            Self::I64(x) => write!(f, "i64 {}", x.cast_signed()),
            Self::F32(x) => write!(f, "f32 {} ({x:#010x})", f32::from_bits(x)),
            Self::F64(x) => write!(f, "f64 {} ({x:#018x})", f64::from_bits(x)),
            Self::V128(x) => write!(f, "v128 {x:#034x}"),
            Self::Ref(r) => r.fmt(f),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("ref.null"),
            Self::I31(x) => write!(f, "ref.i31 {x}"),
            Self::Func => f.write_str("ref.func"),
            Self::Struct => f.write_str("ref.struct"),
            Self::Array => f.write_str("ref.array"),
            Self::Extern(n) => write!(f, "ref.extern {n}"),
            Self::Exn => f.write_str("ref.exn"),
            Self::Internal => f.write_str("ref.internal"),
        }
    }
}
