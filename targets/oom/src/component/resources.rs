//! Resources, of the host and of components.

use super::{Thing, USER, define, echo};
use crate::case::Case;
use crate::row::{Row, row};
use crate::world::{World, must};
use assay_oom::{AnyScenario, digest};
use wasmtime::component::{Linker, Resource, ResourceAny, ResourceTable};

pub(crate) const ROWS: &[Row] = &[
    row(
        "component-resource-host",
        "a component makes, borrows and drops a resource of the host",
        &[
            "component::Resource::new_own",
            "component::Resource::rep",
            "component::LinkerInstance::resource",
            "component::TypedFunc::call",
        ],
        resource_host,
    ),
    row(
        "component-resource-guest",
        "the host makes, uses and drops a resource of a component",
        &[
            "component::ResourceAny::resource_drop",
            "component::ResourceAny::ty",
            "component::ResourceAny::owned",
            "component::TypedFunc::call",
        ],
        resource_guest,
    ),
    row(
        "component-resource-convert",
        "turns resources into one another",
        &[
            "component::Resource::try_into_resource_any",
            "component::ResourceAny::try_into_resource",
            "component::ResourceAny::try_from_resource",
            "component::Resource::new_borrow",
            "component::Resource::owned",
        ],
        resource_convert,
    ),
    row(
        "component-resource-table",
        "keeps the host's resources in a table",
        &[
            "component::ResourceTable::new",
            "component::ResourceTable::push",
            "component::ResourceTable::push_child",
            "component::ResourceTable::get",
            "component::ResourceTable::get_mut",
            "component::ResourceTable::delete",
            "component::ResourceTable::iter_children",
            "component::ResourceTable::is_empty",
            "component::ResourceTable::set_max_capacity",
            "component::ResourceTable::max_capacity",
        ],
        resource_table,
    ),
];

/// Has a resource of its own.
const OWNER: &str = r#"(component
    (core module $m
        (func (export "new") (param i32) (result i32) local.get 0)
        (func (export "dtor") (param i32)))
    (core instance $i (instantiate $m))
    (type $counter' (resource (rep i32) (dtor (func $i "dtor"))))
    (core func $new (canon resource.new $counter'))
    (core module $n
        (import "" "new" (func $new (param i32) (result i32)))
        (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
        (func (export "read") (param i32) (result i32) local.get 0))
    (core instance $j (instantiate $n (with "" (instance (export "new" (func $new))))))
    (export $counter "counter" (type $counter'))
    (func (export "make") (param "n" u32) (result (own $counter))
        (canon lift (core func $j "make")))
    (func (export "read") (param "c" (borrow $counter)) (result u32)
        (canon lift (core func $j "read"))))"#;

fn resource_host(name: &str) -> Box<dyn AnyScenario> {
    super::using(name, "use", (7u32,))
}

fn resource_guest(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let component = world.component(OWNER);
    let prepare = move || {
        let (mut store, instance) = echo(&world, &component);
        let make = must(instance.get_typed_func::<(u32,), (ResourceAny,)>(&mut store, "make"));
        let read = must(instance.get_typed_func::<(ResourceAny,), (u32,)>(&mut store, "read"));
        (store, make, read)
    };
    Case::new(name, prepare, |(store, make, read)| {
        let (counter,) = make.call(&mut *store, (7,))?;
        let (number,) = read.call(&mut *store, (counter,))?;
        let same = counter.ty() == counter.ty() && counter.owned();
        counter.resource_drop(&mut *store)?;
        Ok(digest(&(number, same)))
    })
    .done()
}

fn resource_convert(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let component = world.component(USER);
    let prepare = move || {
        let mut linker = Linker::new(&world.engine);
        must(define(&mut linker));
        let mut store = world.store();
        must(linker.instantiate(&mut store, &component));
        store
    };
    Case::new(name, prepare, |store| {
        let thing = Resource::<Thing>::new_own(5);
        let any = thing.try_into_resource_any(&mut *store)?;
        let back: Resource<Thing> = any.try_into_resource(&mut *store)?;
        let numbers = (
            back.rep(),
            back.owned(),
            Resource::<Thing>::new_borrow(6).rep(),
        );
        let any = ResourceAny::try_from_resource(back, &mut *store)?;
        any.resource_drop(store)?;
        Ok(digest(&numbers))
    })
    .done()
}

fn resource_table(name: &str) -> Box<dyn AnyScenario> {
    Case::new(
        name,
        || (),
        |()| {
            let mut table = ResourceTable::new();
            table.set_max_capacity(1_000);
            let parent = table.push(1u32)?;
            let child = table.push_child(2u64, &parent)?;
            *table.get_mut(&child)? += 1;
            let children = table.iter_children(&parent)?.count();
            let values = (*table.get(&parent)?, *table.get(&child)?);
            table.delete(child)?;
            table.delete(parent)?;
            Ok(digest(&(
                values,
                children,
                table.is_empty(),
                table.max_capacity(),
            )))
        },
    )
    .done()
}
