//! Functions by raw values.

#![allow(unsafe_code)]

use crate::futures::block_on;
use crate::host::{HostData, perform};
use std::mem::MaybeUninit;
use wasmtime::{Caller, Func, FuncType, Result, Store, StoreContextMut, Val, ValRaw, ValType};

/// The host function of this index and type.
pub(super) fn define(store: &mut Store<HostData>, ty: FuncType, index: usize) -> Func {
    let params: Vec<ValType> = ty.params().collect();
    let results = ty.results().len();
    let function = move |mut caller: Caller<'_, HostData>, space: &mut [MaybeUninit<ValRaw>]| {
        let args = params.iter().zip(&*space);
        let args: Vec<Val> = args
            .map(|(ty, raw)| {
                // SAFETY: Wasmtime has written the arguments, of the types of the function, for this
                // very store.
                unsafe { Val::from_raw(&mut caller, raw.assume_init(), ty.clone()) }
            })
            .collect();
        let mut values = vec![Val::I32(0); results];
        block_on(perform(&mut caller, index, &args, &mut values))?;
        for (raw, value) in space.iter_mut().zip(values) {
            raw.write(value.to_raw(&mut caller)?);
        }
        Ok(())
    };
    // SAFETY: arguments are read by the types of the function; what `perform` gives has the types of
    // its results, since a value of another type is an error there.
    unsafe { Func::new_unchecked(store, ty, function) }
}

/// Calls a function with arguments of its types; these are its results.
pub(super) fn call(
    mut store: StoreContextMut<'_, HostData>,
    func: Func,
    results: &[ValType],
    args: &[Val],
) -> Result<Vec<Val>> {
    let mut space = vec![ValRaw::i64(0); args.len().max(results.len())];
    for (raw, arg) in space.iter_mut().zip(args) {
        *raw = arg.to_raw(&mut store)?;
    }
    // SAFETY: there is space for arguments and results, and the arguments have the types of the
    // function: `lower` has made them by these.
    unsafe { func.call_unchecked(&mut store, &mut *space)? };
    let pairs = results.iter().zip(space);
    Ok(pairs
        .map(|(ty, raw)| {
            // SAFETY: the function has just written its results, of these types.
            unsafe { Val::from_raw(&mut store, raw, ty.clone()) }
        })
        .collect())
}
