//! What exceptions carry, objects hold and functions keep.

use assay_engine::Features;
use serde::{Deserialize, Serialize};
use wasm_encoder::{AbstractHeapType, HeapType, RefType, StorageType, ValType};

/// The indices of the types of objects: arrays of objects, arrays of exceptions, and then structures,
/// of which there is always one. Behind them there may be arrays of vectors.
pub const ARRAY: u32 = 0;
pub const EXCEPTIONS: u32 = 1;
pub const NODE: u32 = 2;

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
    /// Objects and unboxed integers.
    Eq,
    /// The first structure type.
    Node,
    /// Arrays of objects.
    Array,
    I31,
    Extern,
    Exn,
    NonNullEq,
    NonNullNode,
}

/// What a field of a structure holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Storage {
    Value(Ty),
    I8,
    I16,
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datum {
    /// The bits of a number.
    Bits(u128),
    /// Null.
    Null,
    /// An unboxed integer: its 31 bits.
    I31(u32),
    /// A structure or an array, by its number.
    Object(u32),
    /// A reference of the host's.
    Host(u32),
    /// An exception, by its number.
    Exception(u32),
}

impl Ty {
    /// The types of numbers.
    pub const NUMBERS: [Self; 5] = [Self::I64, Self::I32, Self::F32, Self::F64, Self::V128];

    /// The types of references.
    pub const REFERENCES: [Self; 6] = [
        Self::Eq,
        Self::Node,
        Self::Array,
        Self::I31,
        Self::Extern,
        Self::Exn,
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
            Self::NonNullEq => Self::Eq,
            Self::NonNullNode => Self::Node,
            other => other,
        }
    }

    /// The type of the same references without null, where there is one.
    pub fn non_null(self) -> Self {
        match self {
            Self::Eq => Self::NonNullEq,
            Self::Node => Self::NonNullNode,
            other => other,
        }
    }

    /// The type of locals that hold it: one that has a default.
    pub fn local(self) -> ValType {
        self.nullable().encoded()
    }

    /// What references of this type refer to.
    pub fn heap(self) -> HeapType {
        let ty = match self.nullable() {
            Self::Node => return HeapType::Concrete(NODE),
            Self::Array => return HeapType::Concrete(ARRAY),
            Self::I31 => AbstractHeapType::I31,
            Self::Extern => AbstractHeapType::Extern,
            Self::Exn => AbstractHeapType::Exn,
            _ => AbstractHeapType::Eq,
        };
        HeapType::Abstract { shared: false, ty }
    }

    /// Whether its values are numbers or vectors.
    pub fn is_number(self) -> bool {
        Self::NUMBERS.contains(&self)
    }

    /// Whether its values can be compared by `ref.eq`.
    pub fn is_eq(self) -> bool {
        matches!(
            self.nullable(),
            Self::Eq | Self::Node | Self::Array | Self::I31
        )
    }

    /// The type itself, or a plain one where these features do not have it.
    pub fn within(self, features: Features) -> Self {
        match self {
            Self::V128 if !features.contains(Features::SIMD) => Self::I64,
            ty => ty,
        }
    }

    /// As many of the bits as a number of this type has.
    pub fn kept(self, bits: u128) -> u128 {
        match self {
            Self::I32 | Self::F32 => u128::from(bits as u32),
            Self::I64 | Self::F64 => u128::from(bits as u64),
            _ => bits,
        }
    }

    /// What a value of this type is where nobody says.
    pub fn zero(self) -> Datum {
        if self.is_number() {
            Datum::Bits(0)
        } else {
            Datum::Null
        }
    }
}

impl From<Ty> for ValType {
    fn from(ty: Ty) -> Self {
        ty.encoded()
    }
}

impl Storage {
    /// The type of what is on the stack for it.
    pub fn unpacked(self) -> Ty {
        match self {
            Self::Value(ty) => ty,
            Self::I8 | Self::I16 => Ty::I32,
        }
    }

    /// Whether it is narrower than what is on the stack for it.
    pub fn is_packed(self) -> bool {
        matches!(self, Self::I8 | Self::I16)
    }

    /// What it keeps of a value.
    pub fn kept(self, datum: Datum) -> Datum {
        match (self, datum) {
            (Self::I8, Datum::Bits(bits)) => Datum::Bits(bits & 0xff),
            (Self::I16, Datum::Bits(bits)) => Datum::Bits(bits & 0xffff),
            _ => datum,
        }
    }

    /// The bits that it keeps as an `i32` with their sign.
    pub fn signed(self, bits: u128) -> u128 {
        let extended = match self {
            Self::I8 => i32::from(bits as i8),
            Self::I16 => i32::from(bits as i16),
            Self::Value(_) => (bits as u32).cast_signed(),
        };
        u128::from(extended.cast_unsigned())
    }

    /// The type in the encoder's terms.
    pub fn encoded(self) -> StorageType {
        match self {
            Self::Value(ty) => StorageType::Val(ty.encoded()),
            Self::I8 => StorageType::I8,
            Self::I16 => StorageType::I16,
        }
    }
}
