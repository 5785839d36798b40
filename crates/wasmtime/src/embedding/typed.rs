//! Functions by Rust types: a table of signatures, each with code of its own in Wasmtime.

use super::Slots;
use crate::futures::block_on;
use crate::host::{HostData, is_asynchronous, perform};
use crate::trap::HostError;
use assay_engine::Slot;
use std::pin::Pin;
use wasmtime::{
    Caller, ExternRef, Func, Result, Rooted, Store, StoreContextMut, Val, WasmParams, WasmResults,
    WasmRet, WasmTyList,
};

type I = i32;
type L = i64;
type E = Option<Rooted<ExternRef>>;

/// A Rust type for the values of a slot.
trait Cell: Copy + Send + Sync + 'static {
    const SLOT: Slot;
    fn val(self) -> Val;
    fn of(val: &Val) -> Option<Self>;
}

impl Cell for I {
    const SLOT: Slot = Slot::I32;
    fn val(self) -> Val {
        self.into()
    }
    fn of(val: &Val) -> Option<Self> {
        val.i32()
    }
}

impl Cell for L {
    const SLOT: Slot = Slot::I64;
    fn val(self) -> Val {
        self.into()
    }
    fn of(val: &Val) -> Option<Self> {
        val.i64()
    }
}

impl Cell for E {
    const SLOT: Slot = Slot::Extern;
    fn val(self) -> Val {
        Val::ExternRef(self)
    }
    fn of(val: &Val) -> Option<Self> {
        val.externref().map(Option::<&_>::copied)
    }
}

/// A Rust type for the values of several slots.
trait Row: Copy + Send + Sync + 'static {
    const SLOTS: &'static [Slot];
    fn vals(self) -> Vec<Val>;
    fn of(vals: &[Val]) -> Option<Self>;
}

/// The parameters of a host function.
trait Params: Row + WasmParams + WasmTyList {
    /// Defines the host function of this index.
    fn wrap<R: Results>(store: &mut Store<HostData>, index: usize) -> Func;
}

/// The results of a function.
trait Results: Row + WasmResults + WasmRet {}

impl<T: Row + WasmResults + WasmRet> Results for T {}

macro_rules! rows {
    ($(($($name:ident)*))*) => {$(
        impl<$($name: Cell),*> Row for ($($name,)*) {
            const SLOTS: &'static [Slot] = &[$($name::SLOT),*];

            fn vals(self) -> Vec<Val> {
                #[allow(non_snake_case, reason = "a variable for each type")]
                let ($($name,)*) = self;
                vec![$($name.val()),*]
            }

            fn of(vals: &[Val]) -> Option<Self> {
                let mut vals = vals.iter();
                let row = ($($name::of(vals.next()?)?,)*);
                vals.next().is_none().then_some(row)
            }
        }

        impl<$($name: Cell + wasmtime::WasmTy),*> Params for ($($name,)*) {
            #[allow(non_snake_case, reason = "a variable for each type")]
            fn wrap<R: Results>(store: &mut Store<HostData>, index: usize) -> Func {
                Func::wrap(store, move |caller: Caller<'_, HostData>, $($name: $name),*| {
                    block_on(performed::<R>(caller, index, ($($name,)*).vals()))
                })
            }
        }
    )*};
}

rows! { () (A) (A B) (A B C) }

/// What the host function of this index gives.
async fn performed<R: Results>(
    mut caller: Caller<'_, HostData>,
    index: usize,
    params: Vec<Val>,
) -> Result<R> {
    let mut results = vec![Val::I32(0); R::SLOTS.len()];
    perform(&mut caller, index, &params, &mut results).await?;
    R::of(&results).ok_or_else(|| HostError::misuse("a host function has results of other types"))
}

/// What comes of a call.
pub(super) type Called<'a> = Pin<Box<dyn Future<Output = Result<Vec<Val>>> + Send + 'a>>;

/// How to call a function of one signature.
pub(super) type Call = for<'a> fn(Func, StoreContextMut<'a, HostData>, &'a [Val]) -> Called<'a>;

/// A signature of the table.
#[derive(Clone, Copy)]
struct Signature {
    params: &'static [Slot],
    results: &'static [Slot],
    define: fn(&mut Store<HostData>, usize) -> Func,
    call: Call,
}

const fn signature<P: Params, R: Results>() -> Signature {
    Signature {
        params: P::SLOTS,
        results: R::SLOTS,
        define: define_one::<P, R>,
        call: call_one::<P, R>,
    }
}

fn define_one<P: Params, R: Results>(store: &mut Store<HostData>, index: usize) -> Func {
    if is_asynchronous(&*store) {
        Func::wrap_async(store, move |caller: Caller<'_, HostData>, params: P| {
            Box::new(performed::<R>(caller, index, params.vals()))
        })
    } else {
        P::wrap::<R>(store, index)
    }
}

fn call_one<'a, P: Params, R: Results>(
    func: Func,
    mut store: StoreContextMut<'a, HostData>,
    args: &'a [Val],
) -> Called<'a> {
    Box::pin(async move {
        let typed = func.typed::<P, R>(&store)?;
        let params = P::of(args).ok_or_else(|| HostError::misuse("arguments of other types"))?;
        let results = if is_asynchronous(&store) {
            typed.call_async(&mut store, params).await?
        } else {
            typed.call(&mut store, params)?
        };
        Ok(results.vals())
    })
}

/// For each of some parameters, all of some results.
macro_rules! signatures {
    ($($params:ty),* $(,)?) => {
        &[$(
            signature::<$params, ()>(),
            signature::<$params, (I,)>(),
            signature::<$params, (L,)>(),
            signature::<$params, (E,)>(),
            signature::<$params, (L, I)>(),
            signature::<$params, (L, L)>(),
            signature::<$params, (L, E)>(),
        )*]
    };
}

/// The signatures that have Rust types.
static SIGNATURES: &[Signature] = signatures![
    (),
    (I,),
    (L,),
    (E,),
    (I, I),
    (I, L),
    (I, E),
    (L, I),
    (L, L),
    (L, E),
    (E, I),
    (E, L),
    (E, E),
    (I, L, E),
    (L, L, L),
    (L, I, I),
];

/// The parameters and results of those.
#[cfg(test)]
pub(crate) fn signatures() -> impl Iterator<Item = (&'static [Slot], &'static [Slot])> {
    SIGNATURES.iter().map(|it| (it.params, it.results))
}

fn find(slots: &Slots<'_>) -> Option<Signature> {
    let fits = |it: &&Signature| it.params == slots.params && it.results == slots.results;
    SIGNATURES.iter().find(fits).copied()
}

/// The host function of this index; `None` where there are no Rust types for it.
pub(super) fn define(store: &mut Store<HostData>, index: usize, slots: &Slots<'_>) -> Option<Func> {
    Some((find(slots)?.define)(store, index))
}

/// How to call a function; `None` where there are no Rust types for it.
pub(super) fn call(slots: &Slots<'_>) -> Option<Call> {
    Some(find(slots)?.call)
}
