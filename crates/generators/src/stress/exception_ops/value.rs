//! What exceptions carry and functions keep: types, values, and what a digest sees of them.

pub use crate::stress::digest::{FACTOR, NULL};

use crate::stress::numbers;
use assay_engine::{Features, Reference, Value};
use serde::{Deserialize, Serialize};
use wasm_encoder::{AbstractHeapType, HeapType, InstructionSink, RefType, ValType};

/// A type of values. References may be null, but for those that say that they are not, which only
/// exceptions carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Ty {
    I32,
    I64,
    F32,
    F64,
    V128,
    Func,
    Extern,
    Exn,
    I31,
    /// The one structure type of a case: an `i64`.
    Struct,
    NonNullFunc,
    NonNullExtern,
    NonNullStruct,
}

/// The index of the structure type, where there is one.
pub const STRUCT: u32 = 0;

impl Ty {
    /// All types of values that a function can keep.
    pub const ALL: [Self; 10] = [
        Self::I64,
        Self::I32,
        Self::F32,
        Self::F64,
        Self::V128,
        Self::Extern,
        Self::Func,
        Self::Exn,
        Self::I31,
        Self::Struct,
    ];

    /// The type in the encoder's terms.
    pub fn encoded(self) -> ValType {
        match self {
            Self::I32 => ValType::I32,
            Self::I64 => ValType::I64,
            Self::F32 => ValType::F32,
            Self::F64 => ValType::F64,
            Self::V128 => ValType::V128,
            reference => ValType::Ref(RefType {
                nullable: self == self.nullable(),
                heap_type: reference.heap(),
            }),
        }
    }

    /// The type of the same references, and of null.
    pub fn nullable(self) -> Self {
        match self {
            Self::NonNullFunc => Self::Func,
            Self::NonNullExtern => Self::Extern,
            Self::NonNullStruct => Self::Struct,
            other => other,
        }
    }

    /// The type of the same references without null, where there is one.
    pub fn non_null(self) -> Self {
        match self {
            Self::Func => Self::NonNullFunc,
            Self::Extern => Self::NonNullExtern,
            Self::Struct => Self::NonNullStruct,
            other => other,
        }
    }

    /// The type of locals that hold it: one that has a default.
    pub fn local(self) -> ValType {
        self.nullable().encoded()
    }

    /// Pushes a local of the type that [`Ty::local`] says.
    pub fn get(self, f: &mut InstructionSink<'_>, local: u32) {
        f.local_get(local);
        if self != self.nullable() {
            f.ref_as_non_null();
        }
    }

    /// Pushes zero, or null.
    pub fn default(self, f: &mut InstructionSink<'_>) {
        match self.is_number() {
            true => numbers::push(f, self.encoded(), 0),
            false => _ = f.ref_null(self.heap()),
        }
    }

    /// What references of this type refer to.
    pub fn heap(self) -> HeapType {
        let ty = match self.nullable() {
            Self::Struct => return HeapType::Concrete(STRUCT),
            Self::Extern => AbstractHeapType::Extern,
            Self::Exn => AbstractHeapType::Exn,
            Self::I31 => AbstractHeapType::I31,
            _ => AbstractHeapType::Func,
        };
        HeapType::Abstract { shared: false, ty }
    }

    /// The type itself, or a plain one where these features do not have it.
    pub fn within(self, features: Features) -> Self {
        let needs = match self {
            Self::V128 => Features::SIMD,
            Self::I31 | Self::Struct => Features::GC,
            _ if self != self.nullable() => Features::GC | Features::FUNCTION_REFERENCES,
            _ => Features::EXCEPTIONS,
        };
        if features.contains(needs) {
            self
        } else if self != self.nullable() {
            self.nullable().within(features)
        } else {
            Self::I64
        }
    }

    /// Whether its values are numbers that every host can read.
    pub fn is_plain(self) -> bool {
        matches!(self, Self::I32 | Self::I64 | Self::F32 | Self::F64)
    }

    /// Whether its values are numbers or vectors.
    pub fn is_number(self) -> bool {
        self.is_plain() || self == Self::V128
    }

    /// As many of the bits as a number of this type has.
    pub fn kept(self, bits: u128) -> u128 {
        match self {
            Self::I32 | Self::F32 => u128::from(bits as u32),
            Self::I64 | Self::F64 | Self::Struct | Self::NonNullStruct => u128::from(bits as u64),
            Self::I31 | Self::NonNullExtern => u128::from(bits as u32 & 0x7fff_ffff),
            _ => bits,
        }
    }
}

impl From<Ty> for ValType {
    fn from(ty: Ty) -> Self {
        ty.encoded()
    }
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datum {
    /// The bits of a number.
    Bits(u128),
    /// Null.
    Null,
    /// A function.
    Func,
    /// A reference of the host's.
    Extern(u32),
    /// An unboxed integer, as a host's reference too: its 31 bits.
    I31(u32),
    /// A structure with this number in it.
    Struct(u64),
    /// An exception, by its number.
    Exn(u32),
}

/// Mixes a word into a digest.
pub fn mix(digest: u64, word: u64) -> u64 {
    digest.wrapping_mul(FACTOR) ^ word
}

impl Datum {
    /// A number of a type, of some of these bits; null where the type is one of references.
    pub fn of(ty: Ty, bits: u128) -> Self {
        if ty.is_number() {
            Self::Bits(ty.kept(bits))
        } else {
            Self::Null
        }
    }

    /// What a digest sees of a value of a type.
    pub fn words(self, ty: Ty) -> Vec<u64> {
        match (self, ty) {
            (Self::Bits(bits), Ty::V128) => vec![bits as u64, (bits >> 64) as u64],
            (Self::Bits(bits), _) => vec![bits as u64],
            (Self::Null, _) => vec![NULL],
            (Self::I31(_), Ty::NonNullExtern) => vec![1],
            (Self::I31(_), Ty::Extern) => vec![0],
            (Self::I31(bits), _) => vec![i64::from(signed_31(bits)).cast_unsigned()],
            (Self::Struct(number), _) => vec![number],
            (Self::Func | Self::Extern(_) | Self::Exn(_), _) => vec![0],
        }
    }

    /// The value as the host sees it.
    pub fn seen(self, ty: Ty) -> Value {
        match (self, ty) {
            (Self::Bits(bits), Ty::I32) => Value::I32(bits as u32),
            (Self::Bits(bits), Ty::F32) => Value::F32(bits as u32),
            (Self::Bits(bits), Ty::F64) => Value::F64(bits as u64),
            (Self::Bits(bits), Ty::V128) => Value::V128(bits),
            (Self::Bits(bits), _) => Value::I64(bits as u64),
            (reference, _) => Value::Ref(reference.referred()),
        }
    }

    /// What a reference refers to, for the host.
    fn referred(self) -> Reference {
        match self {
            Self::Bits(_) | Self::Null => Reference::Null,
            Self::Func => Reference::Func,
            Self::Extern(number) => Reference::Extern(number),
            Self::I31(bits) => Reference::I31(signed_31(bits)),
            Self::Struct(_) => Reference::Struct,
            Self::Exn(_) => Reference::Exn,
        }
    }
}

/// An unboxed integer, from its bits.
fn signed_31(bits: u32) -> i32 {
    (bits << 1).cast_signed() >> 1
}

/// The values as the host sees them.
pub fn seen(types: &[Ty], data: &[Datum]) -> Vec<Value> {
    let pairs = types.iter().zip(data);
    pairs.map(|(&ty, datum)| datum.seen(ty)).collect()
}
