//! The ways in which an embedder defines and calls functions: by values, by Rust types, and by raw
//! values that nobody checks.

mod typed;
mod unchecked;

#[cfg(test)]
pub(crate) use typed::signatures;

use crate::configuration::Way;
use crate::futures::block_on;
use crate::host::{HostData, is_asynchronous, perform};
use assay_engine::Slot;
use wasmtime::{AsContextMut, Func, FuncType, Result, Store, Val, ValType};

/// The types of a function at the boundary.
pub(crate) struct Slots<'a> {
    pub(crate) params: &'a [Slot],
    pub(crate) results: &'a [Slot],
}

/// The host function of this index, defined in this way; by values where there is no Rust type for it.
pub(crate) fn define(
    store: &mut Store<HostData>,
    way: Way,
    index: usize,
    slots: &Slots<'_>,
) -> Func {
    let typed = match way {
        Way::Typed => typed::define(store, index, slots),
        Way::Untyped | Way::Unchecked => None,
    };
    if let Some(func) = typed {
        return func;
    }
    let types = |slots: &[Slot]| slots.iter().copied().map(value_type).collect::<Vec<_>>();
    let ty = FuncType::new(store.engine(), types(slots.params), types(slots.results));
    if is_asynchronous(&*store) {
        Func::new_async(store, ty, move |mut caller, params, results| {
            Box::new(async move { perform(&mut caller, index, params, results).await })
        })
    } else if way == Way::Unchecked {
        unchecked::define(store, ty, index)
    } else {
        Func::new(store, ty, move |mut caller, params, results| {
            block_on(perform(&mut caller, index, params, results))
        })
    }
}

/// Calls a function of these types in this way; by values where there is no Rust type for it.
pub(crate) async fn call(
    mut store: impl AsContextMut<Data = HostData>,
    way: Way,
    func: Func,
    (params, results): (&[ValType], &[ValType]),
    args: &[Val],
) -> Result<Vec<Val>> {
    let mut store = store.as_context_mut();
    let asynchronous = is_asynchronous(&store);
    if way == Way::Typed
        && let Some(call) = slots_of(params)
            .zip(slots_of(results))
            .and_then(|(params, results)| {
                typed::call(&Slots {
                    params: &params,
                    results: &results,
                })
            })
    {
        return call(func, store, args).await;
    }
    if way == Way::Unchecked && !asynchronous {
        return unchecked::call(store, func, results, args);
    }
    let mut values = vec![Val::I32(0); results.len()];
    if asynchronous {
        func.call_async(&mut store, args, &mut values).await?;
    } else {
        func.call(&mut store, args, &mut values)?;
    }
    Ok(values)
}

/// The type of a slot in Wasmtime's terms.
fn value_type(slot: Slot) -> ValType {
    match slot {
        Slot::I32 => ValType::I32,
        Slot::I64 => ValType::I64,
        Slot::Extern => ValType::EXTERNREF,
    }
}

/// The slots of these types, if they are such.
fn slots_of(types: &[ValType]) -> Option<Vec<Slot>> {
    let slot = |ty: &ValType| match ty {
        ValType::I32 => Some(Slot::I32),
        ValType::I64 => Some(Slot::I64),
        ty if ValType::eq(ty, &ValType::EXTERNREF) => Some(Slot::Extern),
        _ => None,
    };
    types.iter().map(slot).collect()
}
