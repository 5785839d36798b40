//! Components on fibers, from files, with what is not known before they run.

use super::{ECHO, Thing, USER, define};
use crate::async_::finish;
use crate::case::Case;
use crate::row::{Row, row};
use crate::world::{Host, World, must};
use assay_oom::{AnyScenario, digest};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use wasmtime::component::{
    Linker, Resource, ResourceAny, ResourceDynamic, ResourceType, Val, WasmStr,
};
use wasmtime::{AsContextMut, Result, StoreContextMut};

pub(crate) const ROWS: &[Row] = &[
    row(
        "component-async",
        "instantiates and calls a component on fibers",
        &[
            "component::Linker::instantiate_async",
            "component::InstancePre::instantiate_async",
            "component::TypedFunc::call_async",
            "component::Func::call_async",
        ],
        asynchronous,
    ),
    row(
        "component-linker-async",
        "defines asynchronous functions and a resource with an asynchronous destructor",
        &[
            "component::LinkerInstance::func_wrap_async",
            "component::LinkerInstance::func_new_async",
            "component::LinkerInstance::resource_async",
            "component::ResourceType::host_dynamic",
        ],
        linker_async,
    ),
    row(
        "component-unknown-traps",
        "defines what a component imports beyond what is known as traps",
        &[
            "component::Linker::define_unknown_imports_as_traps",
            "component::Linker::substituted_component_type",
        ],
        unknown_traps,
    ),
    row(
        "component-resource-dynamic",
        "makes resources whose type is a number, and turns them into others",
        &[
            "component::ResourceDynamic::new_own",
            "component::ResourceDynamic::new_borrow",
            "component::ResourceDynamic::rep",
            "component::ResourceDynamic::owned",
            "component::ResourceDynamic::ty",
            "component::ResourceDynamic::try_into_resource_any",
            "component::ResourceDynamic::try_from_resource_any",
            "component::Resource::try_from_resource_any",
            "component::Instance::get_resource",
        ],
        dynamic,
    ),
    row(
        "component-limits",
        "sets and reads the limits of components in a store",
        &[
            "Store::set_hostcall_fuel",
            "Store::hostcall_fuel",
            "Store::set_max_component_handles",
            "Store::max_component_handles",
            "StoreContextMut::set_hostcall_fuel",
            "StoreContextMut::hostcall_fuel",
            "StoreContextMut::set_max_component_handles",
            "StoreContextMut::max_component_handles",
        ],
        limits,
    ),
];

fn asynchronous(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let component = world.component(ECHO);
    let prepare = move || {
        let linker = Linker::<Host>::new(&world.engine);
        let pre = must(linker.instantiate_pre(&component));
        (
            linker,
            pre,
            world.store(),
            component.clone(),
            [Val::Bool(false)],
        )
    };
    Case::new(name, prepare, |(linker, pre, store, component, results)| {
        finish(async {
            let one = pre.instantiate_async(&mut *store).await?;
            let two = linker.instantiate_async(&mut *store, component).await?;
            let func = one.get_typed_func::<(&str,), (WasmStr,)>(&mut *store, "echo")?;
            let (text,) = func.call_async(&mut *store, ("a text",)).await?;
            let length = text.to_str(&*store)?.len();
            if let Some(list) = two.get_func(&mut *store, "list") {
                let params = [Val::List(Vec::new())];
                list.call_async(&mut *store, &params, results).await?;
            }
            Ok(digest(&(length, matches!(results, [Val::List(_)]))))
        })
    })
    .done()
}

/// A future that is ready, of no size.
struct Done;

impl Future for Done {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn linker_async(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || Linker::<Host>::new(&world.engine);
    Case::new(name, prepare, |linker| {
        linker.allow_shadowing(true);
        let mut root = linker.root();
        root.func_wrap_async("wrapped", |_: StoreContextMut<'_, Host>, (): ()| {
            Box::new(Done)
        })?;
        root.func_new_async("new", |_, _, _, _| Box::new(Done))?;
        let ty = ResourceType::host_dynamic(7);
        root.resource_async("thing", ty, |_, _| Box::new(Done))?;
        Ok(digest("defined"))
    })
    .done()
}

fn unknown_traps(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let component = world.component(USER);
    let prepare = move || (Linker::<Host>::new(&world.engine), component.clone());
    Case::new(name, prepare, |(linker, component)| {
        linker.allow_shadowing(true);
        linker.define_unknown_imports_as_traps(component)?;
        let ty = linker.substituted_component_type(component)?;
        Ok(digest(&ty.imports(linker.engine()).count()))
    })
    .done()
}

fn dynamic(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let component = world.component(USER);
    let prepare = move || {
        let mut linker = Linker::new(&world.engine);
        must(define(&mut linker));
        let mut store = world.store();
        let instance = must(linker.instantiate(&mut store, &component));
        (store, instance)
    };
    Case::new(name, prepare, |(store, instance)| {
        let own = ResourceDynamic::new_own(5, 7);
        let numbers = (
            own.rep(),
            own.owned(),
            own.ty(),
            ResourceDynamic::new_borrow(6, 7).rep(),
        );
        let any: ResourceAny = own.try_into_resource_any(&mut *store)?;
        let back = ResourceDynamic::try_from_resource_any(any, &mut *store)?.rep();
        let thing = Resource::<Thing>::new_own(8).try_into_resource_any(&mut *store)?;
        let thing = Resource::<Thing>::try_from_resource_any(thing, &mut *store)?.rep();
        let exported = instance.get_resource(&mut *store, "thing").is_some();
        Ok(digest(&(numbers, back, thing, exported)))
    })
    .done()
}

fn limits(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    Case::new(
        name,
        move || world.store(),
        |store| {
            store.set_hostcall_fuel(10_000);
            store.set_max_component_handles(100);
            let own = (store.hostcall_fuel(), store.max_component_handles());
            let mut context = store.as_context_mut();
            context.set_hostcall_fuel(20_000);
            context.set_max_component_handles(200);
            let other = (context.hostcall_fuel(), context.max_component_handles());
            Ok(digest(&(own, other)))
        },
    )
    .done()
}
