//! Types, as in chapter 2 of the core specification, section "Types", and their canonical form.
//!
//! All definitions are generic over how they name other defined types: within a module that is an
//! index into its type section, in a store it is a [`TypeId`], and while a recursive group is
//! being looked up it is a place inside or outside of that group.

mod convert;
mod matching;
mod registry;

pub use matching::{GlobalType, Limits, MemoryType, TableType};
pub use registry::{Layout, TypeId, TypeRegistry};

pub(crate) use convert::{
    group_of, heap_type_of, memory_type_of, ref_type_of, table_type_of, val_type_of,
};

/// The index of a type in its module.
pub type TypeIndex = u32;

/// A heap type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeapType<I = TypeId> {
    /// Any function.
    Func,
    /// No function.
    NoFunc,
    /// Any external value.
    Extern,
    /// No external value.
    NoExtern,
    /// Any internal value.
    Any,
    /// What `ref.eq` compares.
    Eq,
    /// An unboxed integer.
    I31,
    /// Any structure.
    Struct,
    /// Any array.
    Array,
    /// No internal value.
    None,
    /// Any exception.
    Exn,
    /// No exception.
    NoExn,
    /// A defined type.
    Defined(I),
}

/// A reference type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefType<I = TypeId> {
    /// Whether null is among its values.
    pub nullable: bool,
    /// What it refers to.
    pub heap: HeapType<I>,
}

/// A value type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValType<I = TypeId> {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// A 128-bit vector.
    V128,
    /// A reference.
    Ref(RefType<I>),
}

/// What a field or an element holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StorageType<I = TypeId> {
    /// A packed 8-bit integer.
    I8,
    /// A packed 16-bit integer.
    I16,
    /// A value.
    Val(ValType<I>),
}

/// A field of a structure, or the element of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FieldType<I = TypeId> {
    /// What it holds.
    pub storage: StorageType<I>,
    /// Whether it can be assigned.
    pub mutable: bool,
}

/// A function type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FuncType<I = TypeId> {
    /// The types of the parameters.
    pub params: Box<[ValType<I>]>,
    /// The types of the results.
    pub results: Box<[ValType<I>]>,
}

/// A composite type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CompositeType<I = TypeId> {
    /// A function.
    Func(FuncType<I>),
    /// A structure.
    Struct(Box<[FieldType<I>]>),
    /// An array.
    Array(FieldType<I>),
}

/// A defined type with its place in the hierarchy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SubType<I = TypeId> {
    /// Whether it can have no subtypes.
    pub is_final: bool,
    /// The declared supertype.
    pub supertype: Option<I>,
    /// What it is.
    pub composite: CompositeType<I>,
}

impl<I> ValType<I> {
    /// How many 64-bit slots of the stack a value takes.
    pub fn slots(&self) -> u32 {
        match self {
            Self::V128 => 2,
            _ => 1,
        }
    }

    /// Whether this is a reference type.
    pub fn is_ref(&self) -> bool {
        matches!(self, Self::Ref(_))
    }

    /// The same type, with other names for defined types.
    pub fn map<J>(self, name: &mut impl FnMut(I) -> J) -> ValType<J> {
        match self {
            Self::I32 => ValType::I32,
            Self::I64 => ValType::I64,
            Self::F32 => ValType::F32,
            Self::F64 => ValType::F64,
            Self::V128 => ValType::V128,
            Self::Ref(ty) => ValType::Ref(ty.map(name)),
        }
    }
}

/// How many slots values of these types take together.
pub(crate) fn slots_of<I>(types: &[ValType<I>]) -> u32 {
    types.iter().map(ValType::slots).sum()
}

impl<I> RefType<I> {
    /// The same type, with other names for defined types.
    pub fn map<J>(self, name: &mut impl FnMut(I) -> J) -> RefType<J> {
        RefType {
            nullable: self.nullable,
            heap: self.heap.map(name),
        }
    }
}

impl<I> HeapType<I> {
    /// The same type, with other names for defined types.
    pub fn map<J>(self, name: &mut impl FnMut(I) -> J) -> HeapType<J> {
        match self {
            Self::Func => HeapType::Func,
            Self::NoFunc => HeapType::NoFunc,
            Self::Extern => HeapType::Extern,
            Self::NoExtern => HeapType::NoExtern,
            Self::Any => HeapType::Any,
            Self::Eq => HeapType::Eq,
            Self::I31 => HeapType::I31,
            Self::Struct => HeapType::Struct,
            Self::Array => HeapType::Array,
            Self::None => HeapType::None,
            Self::Exn => HeapType::Exn,
            Self::NoExn => HeapType::NoExn,
            Self::Defined(index) => HeapType::Defined(name(index)),
        }
    }
}

impl<I: Copy> FieldType<I> {
    /// How many slots the field takes in a structure.
    pub(crate) fn slots(&self) -> u32 {
        match self.storage {
            StorageType::Val(ValType::V128) => 2,
            _ => 1,
        }
    }

    /// How many bytes an element of this type takes in an array.
    pub(crate) fn bytes(&self) -> u32 {
        match self.storage {
            StorageType::I8 => 1,
            StorageType::I16 => 2,
            StorageType::Val(ValType::I32 | ValType::F32) => 4,
            StorageType::Val(ValType::V128) => 16,
            StorageType::Val(_) => 8,
        }
    }

    /// Whether it holds a reference.
    pub(crate) fn is_ref(&self) -> bool {
        matches!(self.storage, StorageType::Val(ValType::Ref(_)))
    }

    fn map<J>(self, name: &mut impl FnMut(I) -> J) -> FieldType<J> {
        let storage = match self.storage {
            StorageType::I8 => StorageType::I8,
            StorageType::I16 => StorageType::I16,
            StorageType::Val(ty) => StorageType::Val(ty.map(name)),
        };
        FieldType {
            storage,
            mutable: self.mutable,
        }
    }
}

impl<I: Copy> SubType<I> {
    /// The same type, with other names for defined types.
    pub fn map<J>(&self, name: &mut impl FnMut(I) -> J) -> SubType<J> {
        let composite = match &self.composite {
            CompositeType::Func(ty) => CompositeType::Func(FuncType {
                params: ty.params.iter().map(|ty| ty.map(name)).collect(),
                results: ty.results.iter().map(|ty| ty.map(name)).collect(),
            }),
            CompositeType::Struct(fields) => {
                CompositeType::Struct(fields.iter().map(|field| field.map(name)).collect())
            }
            CompositeType::Array(element) => CompositeType::Array(element.map(name)),
        };
        SubType {
            is_final: mutate!(self.is_final, CanonicalFinality => true),
            supertype: self.supertype.map(name),
            composite,
        }
    }
}
