//! The decoder's types as ours.

use super::{
    CompositeType, FieldType, FuncType, HeapType, Limits, MemoryType, RefType, StorageType,
    SubType, TableType, TypeIndex, ValType,
};
use crate::module::ModuleError;
use wasmparser::{AbstractHeapType, CompositeInnerType, UnpackedIndex};

type Result<T> = std::result::Result<T, ModuleError>;

fn unsupported(what: &str) -> ModuleError {
    ModuleError::unsupported(what)
}

/// A recursive group of the type section.
pub(crate) fn group_of(group: &wasmparser::RecGroup) -> Result<Vec<SubType<TypeIndex>>> {
    group.types().map(sub_type_of).collect()
}

fn sub_type_of(ty: &wasmparser::SubType) -> Result<SubType<TypeIndex>> {
    let supertype = match ty.supertype_idx {
        Some(index) => Some(index_of(index.unpack())?),
        None => None,
    };
    let composite = match &ty.composite_type.inner {
        CompositeInnerType::Func(ty) => CompositeType::Func(FuncType {
            params: ty
                .params()
                .iter()
                .map(|&ty| val_type_of(ty))
                .collect::<Result<_>>()?,
            results: ty
                .results()
                .iter()
                .map(|&ty| val_type_of(ty))
                .collect::<Result<_>>()?,
        }),
        CompositeInnerType::Struct(ty) => {
            CompositeType::Struct(ty.fields.iter().map(field_of).collect::<Result<_>>()?)
        }
        CompositeInnerType::Array(ty) => CompositeType::Array(field_of(&ty.0)?),
        CompositeInnerType::Cont(_) => return Err(unsupported("a continuation type")),
    };
    Ok(SubType {
        is_final: ty.is_final,
        supertype,
        composite,
    })
}

fn field_of(field: &wasmparser::FieldType) -> Result<FieldType<TypeIndex>> {
    let storage = match field.element_type {
        wasmparser::StorageType::I8 => StorageType::I8,
        wasmparser::StorageType::I16 => StorageType::I16,
        wasmparser::StorageType::Val(ty) => StorageType::Val(val_type_of(ty)?),
    };
    Ok(FieldType {
        storage,
        mutable: field.mutable,
    })
}

/// A value type.
pub(crate) fn val_type_of(ty: wasmparser::ValType) -> Result<ValType<TypeIndex>> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => ValType::Ref(ref_type_of(ty)?),
    })
}

/// A reference type.
pub(crate) fn ref_type_of(ty: wasmparser::RefType) -> Result<RefType<TypeIndex>> {
    Ok(RefType {
        nullable: ty.is_nullable(),
        heap: heap_type_of(ty.heap_type())?,
    })
}

/// A heap type.
pub(crate) fn heap_type_of(ty: wasmparser::HeapType) -> Result<HeapType<TypeIndex>> {
    use AbstractHeapType as A;
    let ty = match ty {
        wasmparser::HeapType::Abstract { shared: false, ty } => ty,
        wasmparser::HeapType::Abstract { shared: true, .. } => {
            return Err(unsupported("a shared reference"));
        }
        wasmparser::HeapType::Concrete(index) => return Ok(HeapType::Defined(index_of(index)?)),
        wasmparser::HeapType::Exact(_) => return Err(unsupported("an exact type")),
    };
    Ok(match ty {
        A::Func => HeapType::Func,
        A::NoFunc => HeapType::NoFunc,
        A::Extern => HeapType::Extern,
        A::NoExtern => HeapType::NoExtern,
        A::Any => HeapType::Any,
        A::Eq => HeapType::Eq,
        A::I31 => HeapType::I31,
        A::Struct => HeapType::Struct,
        A::Array => HeapType::Array,
        A::None => HeapType::None,
        A::Exn => HeapType::Exn,
        A::NoExn => HeapType::NoExn,
        A::Cont | A::NoCont => return Err(unsupported("a continuation")),
    })
}

fn index_of(index: UnpackedIndex) -> Result<TypeIndex> {
    index
        .as_module_index()
        .ok_or_else(|| unsupported("a type from outside of the module"))
}

/// The type of a memory.
pub(crate) fn memory_type_of(ty: wasmparser::MemoryType) -> MemoryType {
    MemoryType {
        memory64: ty.memory64,
        shared: ty.shared,
        page_size_log2: ty.page_size_log2(),
        limits: Limits {
            min: ty.initial,
            max: ty.maximum,
        },
    }
}

/// The type of a table.
pub(crate) fn table_type_of(ty: wasmparser::TableType) -> Result<TableType<TypeIndex>> {
    Ok(TableType {
        table64: ty.table64,
        element: ref_type_of(ty.element_type)?,
        limits: Limits {
            min: ty.initial,
            max: ty.maximum,
        },
    })
}
