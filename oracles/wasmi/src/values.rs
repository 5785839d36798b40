//! Values, in both directions.

use crate::engine::NAME;
use crate::host::Data;
use assay_engine::{EngineError, Reference, Slot, Value};
use wasmi::{
    AsContextMut, ExternRef, F32, F64, Nullable, Ref, RefType, StoreContextMut, V128, Val, ValType,
};

/// The type of a slot.
pub(crate) fn slot_type(slot: Slot) -> ValType {
    match slot {
        Slot::I32 => ValType::I32,
        Slot::I64 => ValType::I64,
        Slot::Extern => ValType::ExternRef,
    }
}

/// The host's references, so that equal numbers are the same object.
#[derive(Default)]
pub(crate) struct Externs(Vec<(u32, ExternRef)>);

impl Externs {
    /// Reference number `n`, if it has been made.
    fn get(&self, n: u32) -> Option<ExternRef> {
        self.0
            .iter()
            .find(|(number, _)| *number == n)
            .map(|(_, object)| *object)
    }
}

/// A value of ours as one of wasmi's, for a place of type `ty`.
pub(crate) fn lower(
    mut store: StoreContextMut<'_, Data<'_>>,
    value: Value,
    ty: ValType,
) -> Result<Val, EngineError> {
    Ok(match value {
        Value::I32(x) => Val::I32(x.cast_signed()),
        Value::I64(x) => Val::I64(x.cast_signed()),
        Value::F32(x) => Val::F32(F32::from_bits(x)),
        Value::F64(x) => Val::F64(F64::from_bits(x)),
        Value::V128(x) => Val::V128(V128::from(x)),
        Value::Ref(Reference::Null) => Val::from(Ref::null(reference_type(ty)?)),
        Value::Ref(Reference::Extern(n)) => {
            let known = store.data().externs.get(n);
            let object = known.unwrap_or_else(|| {
                let object = ExternRef::new(store.as_context_mut(), n);
                store.data_mut().externs.0.push((n, object));
                object
            });
            Val::from(object)
        }
        Value::Ref(other) => {
            return Err(EngineError::misuse(
                NAME,
                format!("cannot pass {other} to a module"),
            ));
        }
    })
}

/// The type of a null.
fn reference_type(ty: ValType) -> Result<RefType, EngineError> {
    match ty {
        ValType::FuncRef => Ok(RefType::Func),
        ValType::ExternRef => Ok(RefType::Extern),
        other => Err(EngineError::misuse(
            NAME,
            format!("a null where {other:?} belongs"),
        )),
    }
}

/// A value of wasmi's as one of ours.
pub(crate) fn lift(store: wasmi::StoreContext<'_, Data<'_>>, value: &Val) -> Value {
    match value {
        Val::I32(x) => Value::I32(x.cast_unsigned()),
        Val::I64(x) => Value::I64(x.cast_unsigned()),
        Val::F32(x) => Value::F32(x.to_bits()),
        Val::F64(x) => Value::F64(x.to_bits()),
        Val::V128(x) => Value::V128(x.as_u128()),
        Val::FuncRef(Nullable::Null) | Val::ExternRef(Nullable::Null) => {
            Value::Ref(Reference::Null)
        }
        Val::FuncRef(Nullable::Val(_)) => Value::Ref(Reference::Func),
        Val::ExternRef(Nullable::Val(object)) => {
            let number = object.data(store).downcast_ref::<u32>();
            Value::Ref(number.map_or(Reference::Internal, |&n| Reference::Extern(n)))
        }
    }
}
