//! Values and references as such, their raw forms, and what a host function may do with its caller's
//! fuel and heap.

use crate::async_::finish;
use crate::case::Case;
use crate::row::{Row, row};
use crate::world::{World, must, typed};
use assay_oom::{AnyScenario, digest};
use wasmtime::{
    AnyRef, ArrayRef, ArrayRefPre, ArrayType, Caller, ExternRef, FieldType, Func, HeapType, I31,
    Linker, Mutability, Ref, Result, RootScope, StorageType, StructRef, StructRefPre, StructType,
    Val, ValType,
};

pub(crate) const ROWS: &[Row] = &[
    row(
        "values",
        "asks values and references what they are",
        &[
            "Val::ty",
            "Val::matches_ty",
            "Val::ref_",
            "Val::default_for_ty",
            "Val::null_ref",
            "Val::null_func_ref",
            "Val::null_extern_ref",
            "Val::null_any_ref",
            "Val::unwrap_externref",
            "Ref::ty",
            "Ref::matches_ty",
            "Ref::is_null",
            "Ref::is_non_null",
            "Ref::is_extern",
            "Ref::is_func",
            "Ref::is_any",
            "Ref::as_extern",
            "Ref::as_func",
            "Ref::as_any",
            "Ref::null",
            "AnyRef::matches_ty",
        ],
        values,
    ),
    row(
        "values-raw",
        "turns values and references into raw ones and back",
        &[
            "Val::to_raw",
            "Val::from_raw",
            "AnyRef::to_raw",
            "AnyRef::from_raw",
        ],
        raw,
    ),
    row(
        "caller-fuel-and-heap",
        "a host function reads and sets its caller's fuel, and collects its heap",
        &[
            "Caller::get_fuel",
            "Caller::set_fuel",
            "Caller::gc",
            "Caller::gc_heap_capacity",
        ],
        caller,
    ),
    row(
        "gc-host-async",
        "the host makes collected objects where making them may wait",
        &[
            "StructRef::new_async",
            "ArrayRef::new_async",
            "ArrayRef::new_fixed_async",
            "ArrayRef::new_from_i8_slice_async",
        ],
        made_async,
    ),
];

fn values(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || {
        let mut store = world.store();
        let function = must(Func::try_wrap(&mut store, || {}));
        (store, function)
    };
    Case::new(name, prepare, |(store, function)| {
        let mut scope = RootScope::new(&mut *store);
        let object = ExternRef::new(&mut scope, 7u32)?;
        let number = AnyRef::from_i31(&mut scope, I31::wrapping_u32(5));
        let values = [
            Val::ExternRef(Some(object)),
            Val::FuncRef(Some(*function)),
            Val::AnyRef(Some(number)),
            Val::null_func_ref(),
            Val::null_extern_ref(),
            Val::null_any_ref(),
            Val::null_ref(&HeapType::Any),
        ];
        let mut seen = digest(&Val::default_for_ty(&ValType::I64).map(|value| value.i64()));
        for value in &values {
            let ty = value.ty(&scope)?;
            let matches = value.matches_ty(&scope, &ty)?;
            if let Some(reference) = value.ref_() {
                seen = digest(&(seen, matches, told(&mut scope, &reference)?));
            }
        }
        let host = values[0].unwrap_externref().is_some();
        Ok(digest(&(
            seen,
            host,
            number.matches_ty(&scope, &HeapType::I31)?,
        )))
    })
    .done()
}

/// What there is to tell of a reference.
fn told(scope: &mut RootScope<&mut wasmtime::Store<crate::world::Host>>, of: &Ref) -> Result<u64> {
    let ty = of.ty(&*scope)?;
    let kinds = [
        of.is_null(),
        of.is_non_null(),
        of.is_extern(),
        of.is_func(),
        of.is_any(),
    ];
    let same = [
        of.as_extern().is_some(),
        of.as_func().is_some(),
        of.as_any().is_some(),
        of.matches_ty(&*scope, &ty)?,
        Ref::null(ty.heap_type()).is_null(),
    ];
    Ok(digest(&(kinds, same)))
}

#[allow(unsafe_code)]
fn raw(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    Case::new(
        name,
        move || world.store(),
        |store| {
            let mut scope = RootScope::new(&mut *store);
            let object = ExternRef::new(&mut scope, 7u32)?;
            let raw = Val::ExternRef(Some(object)).to_raw(&mut scope)?;
            // SAFETY: the raw value was given by this very store, for this type.
            let again = unsafe { Val::from_raw(&mut scope, raw, ValType::EXTERNREF) };
            let number = AnyRef::from_i31(&mut scope, I31::wrapping_u32(5));
            let raw = number.to_raw(&mut scope)?;
            let number = AnyRef::from_raw(&mut scope, raw);
            let number = match number {
                Some(number) => number.as_i31(&scope)?.map(|number| number.get_u32()),
                None => None,
            };
            Ok(digest(&(again.unwrap_externref().is_some(), number)))
        },
    )
    .done()
}

fn caller(name: &str) -> Box<dyn AnyScenario> {
    let world = World::new(|config| {
        config.consume_fuel(true);
    });
    let module = world.module(
        r#"(module (import "host" "f" (func $f (result i64)))
            (type $s (struct (field i32)))
            (func (export "run") (result i64)
                (drop (struct.new $s (i32.const 1)))
                (call $f)))"#,
    );
    let prepare = move || {
        let mut linker = Linker::new(&world.engine);
        let f = |mut caller: Caller<'_, crate::world::Host>| -> Result<i64> {
            caller.set_fuel(1_000)?;
            caller.gc(None)?;
            let heap = caller.gc_heap_capacity() > 0;
            Ok(caller.get_fuel()?.cast_signed() + i64::from(heap))
        };
        must(linker.func_wrap("host", "f", f));
        let mut store = world.store();
        must(store.set_fuel(1_000));
        let instance = must(linker.instantiate(&mut store, &module));
        let run = typed::<(), i64>(&mut store, &instance, "run");
        (store, run)
    };
    Case::new(name, prepare, |(store, run)| {
        store.set_fuel(1_000)?;
        Ok(digest(&run.call(store, ())?))
    })
    .done()
}

fn made_async(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || {
        let field = |ty| FieldType::new(Mutability::Var, ty);
        let ty = must(StructType::new(&world.engine, [field(StorageType::I8)]));
        let numbers = ArrayType::new(&world.engine, field(StorageType::ValType(ValType::I32)));
        let bytes = ArrayType::new(&world.engine, field(StorageType::I8));
        let mut store = world.store();
        let layout = StructRefPre::new(&mut store, ty);
        let numbers = ArrayRefPre::new(&mut store, numbers);
        let bytes = ArrayRefPre::new(&mut store, bytes);
        (store, layout, numbers, bytes)
    };
    Case::new(name, prepare, |(store, layout, numbers, bytes)| {
        let mut scope = RootScope::new(&mut *store);
        finish(async {
            let fields = [Val::I32(3)];
            let object = StructRef::new_async(&mut scope, layout, &fields).await?;
            let same = ArrayRef::new_async(&mut scope, numbers, &Val::I32(4), 6).await?;
            let elements = [Val::I32(1), Val::I32(2)];
            let fixed = ArrayRef::new_fixed_async(&mut scope, numbers, &elements).await?;
            let slice = ArrayRef::new_from_i8_slice_async(&mut scope, bytes, &[1, 2, 3]).await?;
            let lengths = [same.len(&scope)?, fixed.len(&scope)?, slice.len(&scope)?];
            Ok(digest(&(object.field(&mut scope, 0)?.i32(), lengths)))
        })
    })
    .done()
}
