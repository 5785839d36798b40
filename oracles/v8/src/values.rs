//! Values, in both directions.

use crate::engine::NAME;
use crate::vm::Shared;
use assay_engine::{EngineError, Reference, Value};
use assay_js::signature::Kind;

/// A JavaScript string. V8 refuses only those of half a gigabyte.
pub(crate) fn string<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    text: &str,
) -> Result<v8::Local<'s, v8::String>, EngineError> {
    v8::String::new(scope, text).ok_or_else(|| EngineError::misuse(NAME, "a name is too long"))
}

/// A property of an object; `None` when there is a getter, and that throws.
pub(crate) fn property<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    object: v8::Local<'_, v8::Object>,
    name: &str,
) -> Option<v8::Local<'s, v8::Value>> {
    let name = v8::String::new(scope, name)?;
    object.get(scope, name.into())
}

/// A value of ours as JavaScript has it.
pub(crate) fn lower<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    shared: &Shared,
    value: Value,
) -> Result<v8::Local<'s, v8::Value>, EngineError> {
    Ok(match value {
        Value::I32(x) => v8::Integer::new(scope, x.cast_signed()).into(),
        Value::I64(x) => v8::BigInt::new_from_u64(scope, x).into(),
        Value::F32(x) => v8::Number::new(scope, f32::from_bits(x).into()).into(),
        Value::F64(x) => v8::Number::new(scope, f64::from_bits(x)).into(),
        Value::Ref(Reference::Null) => v8::null(scope).into(),
        Value::Ref(Reference::I31(x)) => v8::Integer::new(scope, x).into(),
        Value::Ref(Reference::Extern(n)) => match shared.realm.extern_object(scope, n) {
            Some(object) => object.into(),
            None => return Err(EngineError::misuse(NAME, "no memory for a reference")),
        },
        Value::V128(_) | Value::Ref(_) => {
            return Err(EngineError::misuse(
                NAME,
                format!("JavaScript has no {value}"),
            ));
        }
    })
}

/// A JavaScript value as ours, given its type in the module.
pub(crate) fn lift(
    scope: &mut v8::PinScope<'_, '_>,
    shared: &Shared,
    value: v8::Local<'_, v8::Value>,
    kind: Kind,
) -> Result<Value, EngineError> {
    let number = || {
        v8::Local::<v8::Number>::try_from(value)
            .ok()
            .map(|number| number.value())
    };
    let lifted = match kind {
        // A number that came out of an i32 is one.
        Kind::I32 => number().map(|x| Value::I32((x as i32).cast_unsigned())),
        Kind::I64 => v8::Local::<v8::BigInt>::try_from(value)
            .ok()
            .map(|x| Value::I64(x.i64_value().0.cast_unsigned())),
        Kind::F32 => number().map(|x| Value::F32((x as f32).to_bits())),
        Kind::F64 => number().map(|x| Value::F64(x.to_bits())),
        Kind::Extern | Kind::Any | Kind::Func => {
            Some(Value::Ref(reference(scope, shared, value, kind)))
        }
        Kind::V128 | Kind::Exn => None,
    };
    lifted.ok_or_else(|| EngineError::misuse(NAME, format!("JavaScript cannot see a {kind:?}")))
}

fn reference(
    scope: &mut v8::PinScope<'_, '_>,
    shared: &Shared,
    value: v8::Local<'_, v8::Value>,
    kind: Kind,
) -> Reference {
    if value.is_null() {
        return Reference::Null;
    }
    if let Some(n) = shared.realm.extern_number(scope, value) {
        return Reference::Extern(n);
    }
    match kind {
        Kind::Any => v8::Local::<v8::Number>::try_from(value)
            .map_or(Reference::Internal, |number| {
                Reference::I31(number.value() as i32)
            }),
        Kind::Func => Reference::Func,
        _ => Reference::Internal,
    }
}

/// What a call returns, given the types: nothing, the only value, or an array.
pub(crate) fn lift_results(
    scope: &mut v8::PinScope<'_, '_>,
    shared: &Shared,
    returned: v8::Local<'_, v8::Value>,
    kinds: &[Kind],
) -> Result<Vec<Value>, EngineError> {
    match kinds {
        [] if returned.is_undefined() => Ok(Vec::new()),
        [kind] => Ok(vec![lift(scope, shared, returned, *kind)?]),
        _ => {
            let array = v8::Local::<v8::Array>::try_from(returned).map_err(|_| {
                EngineError::misuse(NAME, "a call returned what its type does not say")
            })?;
            let mut values = Vec::with_capacity(kinds.len());
            for (&kind, index) in kinds.iter().zip(0..) {
                let value = array.get_index(scope, index);
                let value =
                    value.ok_or_else(|| EngineError::misuse(NAME, "a result is missing"))?;
                values.push(lift(scope, shared, value, kind)?);
            }
            Ok(values)
        }
    }
}

/// Whether a value can be passed where this type is asked for. Which references fit is for V8 to
/// say.
pub(crate) fn fits(value: Value, kind: Kind) -> bool {
    match value {
        Value::I32(_) => kind == Kind::I32,
        Value::I64(_) => kind == Kind::I64,
        Value::F32(_) => kind == Kind::F32,
        Value::F64(_) => kind == Kind::F64,
        Value::V128(_) => kind == Kind::V128,
        Value::Ref(_) => matches!(kind, Kind::Extern | Kind::Any | Kind::Func | Kind::Exn),
    }
}
