//! Collected objects that the host makes, and host objects that a guest keeps.

use crate::case::Case;
use crate::row::{Row, row};
use crate::store::with_instance;
use crate::world::{Host, World};
use assay_oom::{AnyScenario, digest};
use wasmtime::{
    AnyRef, ArrayRef, ArrayRefPre, ArrayType, EqRef, ExternRef, FieldType, I31, Mutability,
    OwnedRooted, Result, RootScope, Rooted, StorageType, Store, StructRef, StructRefPre,
    StructType, Trap, Val,
};

pub(crate) const ROWS: &[Row] = &[
    row(
        "gc-host-struct",
        "the host makes a struct and uses it",
        &[
            "StructType::new",
            "StructRefPre::new",
            "StructRef::new",
            "StructRef::field",
            "StructRef::set_field",
            "StructRef::fields",
            "StructRef::ty",
            "StructRef::matches_ty",
        ],
        host_struct,
    ),
    row(
        "gc-host-array",
        "the host makes arrays and uses them",
        &[
            "ArrayType::new",
            "ArrayRefPre::new",
            "ArrayRef::new",
            "ArrayRef::new_fixed",
            "ArrayRef::new_from_i8_slice",
            "ArrayRef::copy_to_i8_slice",
            "ArrayRef::get",
            "ArrayRef::set",
            "ArrayRef::len",
            "ArrayRef::elems",
            "ArrayRef::ty",
        ],
        host_array,
    ),
    row(
        "gc-host-any",
        "turns references into one another",
        &[
            "AnyRef::from_i31",
            "AnyRef::as_i31",
            "AnyRef::is_i31",
            "AnyRef::as_struct",
            "AnyRef::is_struct",
            "AnyRef::as_array",
            "AnyRef::is_array",
            "AnyRef::as_eqref",
            "AnyRef::is_eqref",
            "AnyRef::convert_extern",
            "AnyRef::ty",
            "ExternRef::convert_any",
            "EqRef::from_i31",
            "EqRef::as_i31",
            "EqRef::is_i31",
            "EqRef::as_struct",
            "EqRef::is_struct",
            "EqRef::ty",
            "Rooted::to_anyref",
            "Rooted::to_eqref",
            "I31::wrapping_u32",
            "I31::get_u32",
        ],
        host_any,
    ),
    row(
        "gc-roots",
        "roots references in a scope and for good",
        &[
            "RootScope::new",
            "Rooted::to_owned_rooted",
            "OwnedRooted::to_rooted",
            "Rooted::ref_eq",
            "Rooted::rooted_eq",
            "Rooted::ref_hash",
            "OwnedRooted::ref_eq",
            "OwnedRooted::ref_hash",
        ],
        roots,
    ),
    row(
        "gc-root-reserve",
        "makes room for roots",
        &["RootScope::new", "RootScope::reserve"],
        root_reserve,
    ),
    row(
        "externref",
        "makes host objects, reads and changes them",
        &[
            "ExternRef::new",
            "ExternRef::data",
            "ExternRef::data_mut",
            "ExternRef::to_raw",
            "ExternRef::from_raw",
            "Store::gc",
            "Store::gc_heap_capacity",
        ],
        externref,
    ),
    row(
        "externref-guest",
        "a guest keeps host objects in tables and globals, and drops them",
        &["TypedFunc::call", "ExternRef::new", "Store::gc"],
        externref_guest,
    ),
];

fn plain_store() -> impl Fn() -> Store<Host> {
    let world = World::plain();
    move || world.store()
}

fn pair() -> [FieldType; 2] {
    let number = StorageType::ValType(wasmtime::ValType::I32);
    let any = StorageType::ValType(wasmtime::ValType::ANYREF);
    [number, any].map(|ty| FieldType::new(Mutability::Var, ty))
}

fn host_struct(name: &str) -> Box<dyn AnyScenario> {
    Case::new(name, plain_store(), |store| {
        let engine = store.engine().clone();
        let ty = StructType::new(&engine, pair())?;
        let layout = StructRefPre::new(&mut *store, ty.clone());
        let mut scope = RootScope::new(&mut *store);
        let fields = [Val::I32(4), Val::AnyRef(None)];
        let object = StructRef::new(&mut scope, &layout, &fields)?;
        object.set_field(&mut scope, 0, Val::I32(5))?;
        object.set_field(&mut scope, 1, Val::AnyRef(Some(object.to_anyref())))?;
        let number = object.field(&mut scope, 0)?.i32();
        let count = object.fields(&mut scope)?.count();
        let declared = object.ty(&scope)?.fields().len();
        let matches = object.matches_ty(&scope, &ty)?;
        Ok(digest(&(number, count, declared, matches)))
    })
    .done()
}

fn host_array(name: &str) -> Box<dyn AnyScenario> {
    Case::new(name, plain_store(), |store| {
        let engine = store.engine().clone();
        let numbers = StorageType::ValType(wasmtime::ValType::I32);
        let ty = ArrayType::new(&engine, FieldType::new(Mutability::Var, numbers));
        let layout = ArrayRefPre::new(&mut *store, ty);
        let bytes = ArrayType::new(&engine, FieldType::new(Mutability::Var, StorageType::I8));
        let bytes = ArrayRefPre::new(&mut *store, bytes);
        let mut scope = RootScope::new(&mut *store);
        let same = ArrayRef::new(&mut scope, &layout, &Val::I32(3), 10)?;
        let fixed = ArrayRef::new_fixed(&mut scope, &layout, &[Val::I32(1), Val::I32(2)])?;
        same.set(&mut scope, 4, Val::I32(8))?;
        let slice = ArrayRef::new_from_i8_slice(&mut scope, &bytes, &[1, 2, 3])?;
        let mut out = [0u8; 3];
        slice.copy_to_i8_slice(&mut scope, &mut out)?;
        let element = same.get(&mut scope, 4)?.i32();
        let lengths = (same.len(&scope)?, fixed.len(&scope)?);
        let sum: i32 = fixed
            .elems(&mut scope)?
            .filter_map(|value| value.i32())
            .sum();
        let mutable = same.ty(&scope)?.mutability() == Mutability::Var;
        Ok(digest(&(element, lengths, sum, out, mutable)))
    })
    .done()
}

/// One reference of each kind, turned around.
fn turn(store: &mut Store<Host>) -> Result<u64> {
    let engine = store.engine().clone();
    let ty = StructType::new(&engine, pair())?;
    let layout = StructRefPre::new(&mut *store, ty);
    let mut scope = RootScope::new(&mut *store);
    let number = AnyRef::from_i31(&mut scope, I31::wrapping_u32(7));
    let equal = EqRef::from_i31(&mut scope, I31::wrapping_u32(8));
    let object = StructRef::new(&mut scope, &layout, &[Val::I32(4), Val::AnyRef(None)])?;
    let any: Rooted<AnyRef> = object.to_anyref();
    let eq: Rooted<EqRef> = object.to_eqref();
    let outside = ExternRef::convert_any(&mut scope, any)?;
    let inside = AnyRef::convert_extern(&mut scope, outside)?;
    let kinds = [
        number.is_i31(&scope)?,
        any.is_struct(&scope)?,
        any.is_array(&scope)?,
        any.is_eqref(&scope)?,
        any.as_array(&scope)?.is_some(),
        any.as_eqref(&mut scope)?.is_some(),
        inside.as_struct(&scope)?.is_some(),
        eq.is_struct(&scope)?,
        eq.as_struct(&scope)?.is_some(),
        equal.is_i31(&scope)?,
    ];
    let numbers = (
        number.as_i31(&scope)?.map(|number| number.get_u32()),
        equal.as_i31(&scope)?.map(|number| number.get_u32()),
    );
    let types = (
        any.ty(&scope)?.is_concrete_struct(),
        eq.ty(&scope)?.is_concrete_struct(),
    );
    Ok(digest(&(kinds, numbers, types)))
}

fn host_any(name: &str) -> Box<dyn AnyScenario> {
    Case::new(name, plain_store(), turn).done()
}

fn roots(name: &str) -> Box<dyn AnyScenario> {
    Case::new(name, plain_store(), |store| {
        let kept = {
            let mut scope = RootScope::new(&mut *store);
            let object = ExternRef::new(&mut scope, 7u32)?;
            object.to_owned_rooted(&mut scope)?
        };
        store.gc(None)?;
        let mut scope = RootScope::new(&mut *store);
        let one = kept.to_rooted(&mut scope);
        let two = kept.to_rooted(&mut scope);
        let same = Rooted::ref_eq(&scope, &one, &two)?;
        let handle = Rooted::rooted_eq(one, two);
        let owned = OwnedRooted::ref_eq(&scope, &kept, &kept)?;
        let mut hasher = std::hash::DefaultHasher::new();
        one.ref_hash(&scope, &mut hasher)?;
        kept.ref_hash(&scope, &mut hasher);
        let number = one
            .data(&scope)?
            .and_then(|data| data.downcast_ref::<u32>())
            .copied();
        Ok(digest(&(same, handle, owned, number)))
    })
    .done()
}

fn root_reserve(name: &str) -> Box<dyn AnyScenario> {
    Case::new(name, plain_store(), |store| {
        let mut scope = RootScope::new(&mut *store);
        scope.reserve(100);
        let object = ExternRef::new(&mut scope, 7u32)?;
        Ok(digest(&object.data(&scope)?.is_some()))
    })
    .done()
}

fn externref(name: &str) -> Box<dyn AnyScenario> {
    Case::new(name, plain_store(), |store| {
        let mut scope = RootScope::new(&mut *store);
        let object = ExternRef::new(&mut scope, 7u32)?;
        if let Some(number) = object
            .data_mut(&mut scope)?
            .and_then(|data| data.downcast_mut::<u32>())
        {
            *number += 1;
        }
        let number = object
            .data(&scope)?
            .and_then(|data| data.downcast_ref::<u32>())
            .copied();
        let raw = object.to_raw(&mut scope)?;
        let again = ExternRef::from_raw(&mut scope, raw).is_some();
        drop(scope);
        store.gc(None)?;
        Ok(digest(&(number, again, store.gc_heap_capacity() > 0)))
    })
    .done()
}

fn externref_guest(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(
        r#"(module
            (global $g (mut externref) (ref.null extern))
            (table $t 4 externref)
            (func (export "keep") (param externref) (result externref)
                (table.set $t (i32.const 1) (local.get 0))
                (table.set $t (i32.const 2) (global.get $g))
                (global.set $g (local.get 0))
                (table.fill $t (i32.const 3) (local.get 0) (i32.const 1))
                (table.get $t (i32.const 1))))"#,
    );
    let prepare = move || {
        let (mut store, instance) = with_instance(&world, &module);
        let Some(keep) = instance.get_func(&mut store, "keep") else {
            panic!("{}", Trap::NullReference);
        };
        (store, keep)
    };
    Case::new(name, prepare, |(store, keep)| {
        let mut numbers = [None; 5];
        for (at, number) in numbers.iter_mut().enumerate() {
            let mut scope = RootScope::new(&mut *store);
            let object = ExternRef::new(&mut scope, at as u32)?;
            let mut results = [Val::ExternRef(None)];
            keep.call(&mut scope, &[Val::ExternRef(Some(object))], &mut results)?;
            if let Val::ExternRef(Some(object)) = &results[0] {
                let data = object.data(&scope)?;
                *number = data.and_then(|data| data.downcast_ref::<u32>()).copied();
            }
        }
        store.gc(None)?;
        Ok(digest(&numbers))
    })
    .done()
}
