//! Values, from the vocabulary's to Wasmtime's and back.

use crate::host::HostData;
use crate::objects::{HostObject, host_object};
use crate::trap::HostError;
use assay_engine::{Reference, Value};
use wasmtime::{
    AnyRef, AsContextMut, ExternRef, HeapType, I31, Result, Rooted, V128, Val, ValType,
};

/// Makes a value of type `ty`.
pub(crate) fn lower(
    mut store: impl AsContextMut<Data = HostData>,
    value: Value,
    ty: &ValType,
) -> Result<Val> {
    let val = match value {
        Value::I32(x) => Val::I32(x.cast_signed()),
        Value::I64(x) => Val::I64(x.cast_signed()),
        Value::F32(x) => Val::F32(x),
        Value::F64(x) => Val::F64(x),
        Value::V128(x) => Val::V128(V128::from(x)),
        Value::Ref(reference) => match ty {
            ValType::Ref(ty) => return lower_reference(store, reference, &ty.heap_type().top()),
            _ => return Err(mismatch(value, ty)),
        },
    };
    if val.ty(&mut store)?.matches(ty) {
        Ok(val)
    } else {
        Err(mismatch(value, ty))
    }
}

fn mismatch(value: Value, ty: impl std::fmt::Display) -> wasmtime::Error {
    HostError::misuse(format!("{value} cannot be passed as {ty}"))
}

/// Makes a reference within the hierarchy below `top`.
fn lower_reference(
    mut store: impl AsContextMut<Data = HostData>,
    reference: Reference,
    top: &HeapType,
) -> Result<Val> {
    Ok(match (reference, top) {
        (Reference::Null, _) => Val::null_ref(top),
        (Reference::I31(x), HeapType::Any) => i31(&mut store, x).into(),
        (Reference::I31(x), HeapType::Extern) => {
            let any = i31(&mut store, x);
            ExternRef::convert_any(store, any)?.into()
        }
        (Reference::Extern(n), HeapType::Extern) => host_object(store, n)?.into(),
        (Reference::Extern(n), HeapType::Any) => {
            let object = host_object(&mut store, n)?;
            AnyRef::convert_extern(store, object)?.into()
        }
        _ => return Err(mismatch(Value::Ref(reference), top)),
    })
}

fn i31(store: impl AsContextMut, x: i32) -> Rooted<AnyRef> {
    AnyRef::from_i31(store, I31::wrapping_i32(x))
}

/// Says what a value is.
pub(crate) fn lift(mut store: impl AsContextMut, val: &Val) -> Result<Value> {
    Ok(match val {
        Val::I32(x) => Value::I32(x.cast_unsigned()),
        Val::I64(x) => Value::I64(x.cast_unsigned()),
        Val::F32(x) => Value::F32(*x),
        Val::F64(x) => Value::F64(*x),
        Val::V128(x) => Value::V128(x.as_u128()),
        Val::FuncRef(Some(_)) => Value::Ref(Reference::Func),
        Val::ExternRef(Some(reference)) => Value::Ref(lift_extern(&mut store, reference)?),
        Val::AnyRef(Some(reference)) => Value::Ref(lift_any(&mut store, reference)?),
        Val::ExnRef(Some(_)) => Value::Ref(Reference::Exn),
        Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => {
            Value::Ref(Reference::Null)
        }
        Val::ContRef(_) => return Err(HostError::misuse("continuations are not values here")),
    })
}

fn lift_extern(mut store: impl AsContextMut, reference: &Rooted<ExternRef>) -> Result<Reference> {
    let data = reference.data(store.as_context_mut())?;
    let number = data.and_then(|data| data.downcast_ref::<HostObject>());
    Ok(number.map_or(Reference::Internal, |object| {
        Reference::Extern(object.number)
    }))
}

fn lift_any(mut store: impl AsContextMut, reference: &Rooted<AnyRef>) -> Result<Reference> {
    if let Some(x) = reference.as_i31(&store)? {
        Ok(Reference::I31(x.get_i32()))
    } else if reference.is_struct(&store)? {
        Ok(Reference::Struct)
    } else if reference.is_array(&store)? {
        Ok(Reference::Array)
    } else {
        let outside = ExternRef::convert_any(&mut store, *reference)?;
        lift_extern(store, &outside)
    }
}
