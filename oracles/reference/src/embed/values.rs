//! Values, in both directions.

use super::NAME;
use crate::store::{Ref, RefKind, Store, Val};
use crate::types::{HeapType, RefType, ValType};
use assay_engine::{EngineError, Reference, Slot, Value};

/// The type of a slot.
pub(super) fn slot_type(slot: Slot) -> ValType {
    match slot {
        Slot::I32 => ValType::I32,
        Slot::I64 => ValType::I64,
        Slot::Extern => ValType::Ref(RefType {
            nullable: true,
            heap: HeapType::Extern,
        }),
    }
}

/// A value of the vocabulary as one of the store's.
pub(super) fn lower(value: Value) -> Result<Val, EngineError> {
    Ok(match value {
        Value::I32(x) => Val::I32(x),
        Value::I64(x) => Val::I64(x),
        Value::F32(x) => Val::F32(x),
        Value::F64(x) => Val::F64(x),
        Value::V128(x) => Val::V128(x),
        Value::Ref(Reference::Null) => Val::Ref(Ref::NULL),
        Value::Ref(Reference::Extern(n)) => Val::Ref(Ref::host(n)),
        Value::Ref(Reference::I31(x)) => Val::Ref(Ref::i31(x.cast_unsigned())),
        Value::Ref(other) => {
            return Err(EngineError::misuse(
                NAME,
                format!("cannot pass {other} to a module"),
            ));
        }
    })
}

/// A value of the store's, of this type, as one of the vocabulary. Of an `externref` no more can
/// be said than whether it is one of the host's.
pub(super) fn lift(store: &Store, value: Val, ty: &ValType) -> Value {
    match value {
        Val::I32(x) => Value::I32(x),
        Val::I64(x) => Value::I64(x),
        Val::F32(x) => Value::F32(x),
        Val::F64(x) => Value::F64(x),
        Val::V128(x) => Value::V128(x),
        Val::Ref(reference) => {
            let external = matches!(
                ty,
                ValType::Ref(RefType {
                    heap: HeapType::Extern,
                    ..
                })
            );
            Value::Ref(match store.kind(reference) {
                RefKind::Null => Reference::Null,
                RefKind::Host(n) => Reference::Extern(n),
                _ if external => Reference::Internal,
                RefKind::I31(x) => Reference::I31(x),
                RefKind::Func => Reference::Func,
                RefKind::Struct => Reference::Struct,
                RefKind::Array => Reference::Array,
                RefKind::Exception => Reference::Exn,
            })
        }
    }
}

/// Values of these types, one by one.
pub(super) fn lift_all(store: &Store, values: &[Val], types: &[ValType]) -> Vec<Value> {
    values
        .iter()
        .zip(types)
        .map(|(value, ty)| lift(store, *value, ty))
        .collect()
}
