//! The types of a case.

use super::matching::Types;
use serde::{Deserialize, Serialize};
use wasm_encoder::{AbstractHeapType, HeapType, RefType, StorageType, ValType};

/// A defined type. A list of them is cut into recursive groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeDef {
    /// Whether it is the first of its group.
    pub begins_group: bool,
    /// Whether it can have no subtypes.
    pub is_final: bool,
    /// The type that it is declared to be below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supertype: Option<u32>,
    /// What its values are.
    pub shape: Shape,
}

/// What the values of a type are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Structures.
    Struct(Vec<Field>),
    /// Arrays.
    Array(Field),
    /// Functions without parameters that give an `i64`.
    Func,
}

/// A field of a structure, or what the elements of an array are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What it holds.
    pub storage: Storage,
    /// Whether it can be written.
    pub mutable: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Storage {
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref(RefTy),
}

/// A reference type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefTy {
    /// Whether null is one of its values.
    pub nullable: bool,
    /// What its values refer to.
    pub heap: Heap,
}

/// What a reference refers to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Heap {
    #[default]
    Any,
    Eq,
    I31,
    Struct,
    Array,
    None,
    Func,
    NoFunc,
    Extern,
    NoExtern,
    /// Exceptions.
    Exn,
    /// A defined type.
    Type(u32),
}

/// The hierarchies of references that a case has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hierarchy {
    /// `anyref` and below.
    Any,
    /// `funcref` and below.
    Func,
    /// `externref` and below.
    Extern,
    /// `exnref`.
    Exn,
}

impl Hierarchy {
    /// Whether all that a walk says of its references is whether they are null.
    pub fn is_opaque(self) -> bool {
        matches!(self, Self::Func | Self::Exn)
    }
}

impl Field {
    /// What holds the label of a structure.
    pub const LABEL: Self = Self {
        storage: Storage::Ref(RefTy::null(Heap::Extern)),
        mutable: false,
    };
}

impl TypeDef {
    /// The same type where all that it refers to has other numbers.
    pub fn renumbered(&self, number: impl Fn(u32) -> u32) -> Self {
        let field = |field: &Field| Field {
            storage: match field.storage {
                Storage::Ref(RefTy {
                    nullable,
                    heap: Heap::Type(ty),
                }) => Storage::Ref(RefTy {
                    nullable,
                    heap: Heap::Type(number(ty)),
                }),
                other => other,
            },
            ..*field
        };
        Self {
            supertype: self.supertype.map(&number),
            shape: match &self.shape {
                Shape::Struct(fields) => Shape::Struct(fields.iter().map(field).collect()),
                Shape::Array(element) => Shape::Array(field(element)),
                Shape::Func => Shape::Func,
            },
            ..*self
        }
    }
}

impl RefTy {
    /// The type with null.
    pub const fn null(heap: Heap) -> Self {
        Self {
            nullable: true,
            heap,
        }
    }

    /// The type without null.
    pub fn non_null(heap: Heap) -> Self {
        Self {
            nullable: false,
            heap,
        }
    }

    /// The same, by the first type that is the same.
    pub fn canonical(self, types: &Types) -> Self {
        let heap = match self.heap {
            Heap::Type(ty) => Heap::Type(types.canonical(ty)),
            other => other,
        };
        Self { heap, ..self }
    }

    /// The type in the encoder's terms.
    pub fn encoded(self) -> RefType {
        RefType {
            nullable: self.nullable,
            heap_type: self.heap.encoded(),
        }
    }
}

impl Heap {
    /// The type in the encoder's terms.
    pub fn encoded(self) -> HeapType {
        use AbstractHeapType as A;
        let ty = match self {
            Self::Any => A::Any,
            Self::Eq => A::Eq,
            Self::I31 => A::I31,
            Self::Struct => A::Struct,
            Self::Array => A::Array,
            Self::None => A::None,
            Self::Func => A::Func,
            Self::NoFunc => A::NoFunc,
            Self::Extern => A::Extern,
            Self::NoExtern => A::NoExtern,
            Self::Exn => A::Exn,
            Self::Type(index) => return HeapType::Concrete(index),
        };
        HeapType::Abstract { shared: false, ty }
    }
}

impl Storage {
    /// Whether it is narrower than its values on the stack.
    pub fn is_packed(self) -> bool {
        matches!(self, Self::I8 | Self::I16)
    }

    /// The reference type, if it is one.
    pub fn reference(self) -> Option<RefTy> {
        match self {
            Self::Ref(ty) => Some(ty),
            _ => None,
        }
    }

    /// Whether there is a value that it holds unless told otherwise.
    pub fn has_default(self) -> bool {
        self.reference().is_none_or(|ty| ty.nullable)
    }

    /// How many bytes a value takes in a data segment; none for references.
    pub fn bytes(self) -> Option<u32> {
        Some(match self {
            Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
            Self::V128 => 16,
            Self::Ref(_) => return None,
        })
    }

    /// The storage in the encoder's terms.
    pub fn encoded(self) -> StorageType {
        StorageType::Val(match self {
            Self::I8 => return StorageType::I8,
            Self::I16 => return StorageType::I16,
            Self::I32 => ValType::I32,
            Self::I64 => ValType::I64,
            Self::F32 => ValType::F32,
            Self::F64 => ValType::F64,
            Self::V128 => ValType::V128,
            Self::Ref(ty) => ValType::Ref(ty.encoded()),
        })
    }
}
