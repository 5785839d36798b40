//! Components: loading, linking and instantiating them.

pub(crate) mod calls;
pub(crate) mod more;
pub(crate) mod resources;

use crate::case::Case;
use crate::row::{Row, row};
use crate::world::{Host, World, must};
use assay_oom::{AnyScenario, digest};
use wasmtime::component::{
    Component, ComponentNamedList, Instance, Linker, Lower, Resource, ResourceType, WasmList,
    WasmStr,
};
use wasmtime::{Result, Store, StoreContextMut};

pub(crate) const ROWS: &[Row] = &[
    row(
        "component-deserialize",
        "loads a component from memory",
        &["component::Component::deserialize"],
        deserialize,
    ),
    row(
        "component-look",
        "looks up what a component and its instance export",
        &[
            "component::Component::get_export_index",
            "component::Component::get_export",
            "component::Component::resources_required",
            "component::Component::image_range",
            "component::Component::engine",
            "component::Component::initialize_copy_on_write_image",
            "component::Component::component_type",
            "component::Instance::get_export",
            "component::Instance::get_export_index",
            "component::Instance::get_func",
            "component::Instance::get_typed_func",
            "component::Instance::instance_pre",
            "component::Func::typed",
            "component::Func::ty",
            "component::TypedFunc::func",
        ],
        look,
    ),
    row(
        "component-linker",
        "defines functions, resources and instances",
        &[
            "component::Linker::new",
            "component::Linker::root",
            "component::Linker::instance",
            "component::Linker::allow_shadowing",
            "component::Linker::engine",
            "component::LinkerInstance::func_wrap",
            "component::LinkerInstance::func_new",
            "component::LinkerInstance::resource",
            "component::LinkerInstance::instance",
            "component::ResourceType::host",
        ],
        linker,
    ),
    row(
        "component-instantiate",
        "instantiates a component without imports",
        &["component::Linker::instantiate"],
        instantiate,
    ),
    row(
        "component-instantiate-pre",
        "resolves the imports of a component, and instantiates it",
        &[
            "component::Linker::instantiate_pre",
            "component::InstancePre::instantiate",
            "component::InstancePre::component",
            "component::InstancePre::engine",
        ],
        instantiate_pre,
    ),
];

/// Strings and lists, there and back.
const ECHO: &str = r#"(component
    (core module $m
        (memory (export "memory") 1)
        (global $next (mut i32) (i32.const 1024))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (local $place i32)
            (local.set $place
                (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const 65528)))
            (global.set $next (i32.and
                (i32.add (local.get $place) (local.get 3)) (i32.const 16383)))
            (local.get $place))
        (func (export "echo") (param i32 i32) (result i32)
            (i32.store (i32.const 16) (local.get 0))
            (i32.store (i32.const 20) (local.get 1))
            (i32.const 16))
        (func (export "trap") unreachable))
    (core instance $i (instantiate $m))
    (func (export "echo") (param "s" string) (result string)
        (canon lift (core func $i "echo") (memory $i "memory") (realloc (func $i "realloc"))))
    (func (export "list") (param "l" (list u32)) (result (list u32))
        (canon lift (core func $i "echo") (memory $i "memory") (realloc (func $i "realloc"))))
    (func (export "trap") (canon lift (core func $i "trap"))))"#;

/// Uses functions and a resource of the host.
const USER: &str = r#"(component
    (import "host" (instance $host
        (export "thing" (type $thing (sub resource)))
        (export "make" (func (param "n" u32) (result (own $thing))))
        (export "read" (func (param "t" (borrow $thing)) (result u32)))
        (export "greet" (func (param "s" string) (result string)))))
    (alias export $host "thing" (type $thing))
    (core module $memory
        (memory (export "memory") 1)
        (data (i32.const 32) "some text")
        (global $next (mut i32) (i32.const 1024))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (local $place i32)
            (local.set $place
                (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const 65528)))
            (global.set $next (i32.and
                (i32.add (local.get $place) (local.get 3)) (i32.const 16383)))
            (local.get $place)))
    (core instance $memory (instantiate $memory))
    (core func $make (canon lower (func $host "make")))
    (core func $read (canon lower (func $host "read")))
    (core func $drop (canon resource.drop $thing))
    (core func $greet (canon lower (func $host "greet")
        (memory $memory "memory") (realloc (func $memory "realloc"))))
    (core module $m
        (import "host" "make" (func $make (param i32) (result i32)))
        (import "host" "read" (func $read (param i32) (result i32)))
        (import "host" "drop" (func $drop (param i32)))
        (import "host" "greet" (func $greet (param i32 i32 i32)))
        (import "memory" "memory" (memory 1))
        (func (export "use") (param i32) (result i32)
            (local $handle i32) (local $number i32)
            (local.set $handle (call $make (local.get 0)))
            (local.set $number (call $read (local.get $handle)))
            (call $drop (local.get $handle))
            (local.get $number))
        (func (export "greet") (result i32)
            (call $greet (i32.const 32) (i32.const 9) (i32.const 16))
            (i32.load (i32.const 20))))
    (core instance $i (instantiate $m
        (with "memory" (instance $memory))
        (with "host" (instance
            (export "make" (func $make))
            (export "read" (func $read))
            (export "drop" (func $drop))
            (export "greet" (func $greet))))))
    (func (export "use") (param "n" u32) (result u32) (canon lift (core func $i "use")))
    (func (export "greet") (result u32) (canon lift (core func $i "greet"))))"#;

/// A resource of the host's.
struct Thing;

#[allow(unsafe_code)]
fn deserialize(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let code = world.component_code(USER);
    let prepare = {
        let world = world.clone();
        move || (world.engine.clone(), code.clone(), None)
    };
    Case::new(name, prepare, |(engine, code, kept)| {
        // SAFETY: the bytes were made by an engine of the same configuration.
        let component = kept.insert(unsafe { Component::deserialize(engine, &*code)? });
        let image = component.image_range();
        Ok(digest(&(image.end as usize - image.start as usize)))
    })
    .also(move |_| world.still_traps())
    .done()
}

/// A store with an instance of a component without imports.
fn echo(world: &World, component: &Component) -> (Store<Host>, Instance) {
    let mut store = world.store();
    let instance = must(Linker::new(&world.engine).instantiate(&mut store, component));
    (store, instance)
}

fn look(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let component = world.component(ECHO);
    let prepare = move || {
        let (store, instance) = echo(&world, &component);
        (component.clone(), store, instance)
    };
    Case::new(name, prepare, |(component, store, instance)| {
        component.initialize_copy_on_write_image()?;
        let index = component.get_export_index(None, "echo");
        let export = component.get_export(None, "list").is_some();
        let needs = component
            .resources_required()
            .map(|needs| needs.num_memories);
        let imports = component
            .component_type()
            .imports(component.engine())
            .count();
        let found = instance.get_export(&mut *store, None, "echo").is_some();
        let by_index = instance.get_export_index(&mut *store, None, "echo");
        let func = by_index.and_then(|index| instance.get_func(&mut *store, index));
        let same = index.is_some() && instance.instance_pre(&*store).engine().is_pulley();
        let typed = match func {
            Some(func) => {
                let typed = func.typed::<(&str,), (WasmStr,)>(&*store)?;
                typed.func().ty(&*store).params().count()
            }
            None => 99,
        };
        instance.get_typed_func::<(&[u32],), (WasmList<u32>,)>(&mut *store, "list")?;
        Ok(digest(&(export, needs, imports, found, same, typed)))
    })
    .done()
}

/// Defines what [`USER`] imports.
fn define(linker: &mut Linker<Host>) -> Result<()> {
    let mut host = linker.instance("host")?;
    host.resource(
        "thing",
        ResourceType::host::<Thing>(),
        |mut context: StoreContextMut<'_, Host>, _| {
            context.data_mut().number += 1;
            Ok(())
        },
    )?;
    host.func_wrap("make", |_, (number,): (u32,)| {
        Ok((Resource::<Thing>::new_own(number),))
    })?;
    host.func_wrap("read", |_, (thing,): (Resource<Thing>,)| Ok((thing.rep(),)))?;
    host.func_wrap("greet", |context, (text,): (WasmStr,)| {
        Ok((match text.to_str(&context)?.len() {
            9 => "hello",
            _ => "what?",
        },))
    })
}

fn linker(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || (world.engine.clone(), None);
    Case::new(name, prepare, |(engine, kept)| {
        let linker = kept.insert(Linker::<Host>::new(engine));
        linker.allow_shadowing(true);
        define(linker)?;
        let mut root = linker.root();
        root.func_new("dynamic", |_, _, _, _| Ok(()))?;
        root.instance("inner")?.func_wrap("f", |_, (): ()| Ok(()))?;
        Ok(digest(&linker.engine().is_pulley()))
    })
    .done()
}

fn instantiate(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let component = world.component(ECHO);
    let prepare = {
        let world = world.clone();
        move || {
            let linker = Linker::new(&world.engine);
            (linker, world.store(), component.clone())
        }
    };
    Case::new(name, prepare, |(linker, store, component)| {
        let instance = linker.instantiate(&mut *store, component)?;
        Ok(digest(&instance.get_func(store, "echo").is_some()))
    })
    .also(move |_| world.still_traps())
    .done()
}

fn instantiate_pre(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let component = world.component(USER);
    let prepare = move || {
        let mut linker = Linker::new(&world.engine);
        must(define(&mut linker));
        (linker, world.store(), component.clone())
    };
    Case::new(name, prepare, |(linker, store, component)| {
        let pre = linker.instantiate_pre(component)?;
        let instance = pre.instantiate(&mut *store)?;
        let same = pre.component().engine().is_pulley() || pre.engine().is_pulley();
        Ok(digest(&(instance.get_func(store, "use").is_some(), same)))
    })
    .done()
}

/// The scenario of a call of [`USER`].
fn using<P>(name: &str, export: &'static str, params: P) -> Box<dyn AnyScenario>
where
    P: ComponentNamedList + Lower + Copy + 'static,
{
    let world = World::plain();
    let component = world.component(USER);
    let prepare = move || {
        let mut linker = Linker::new(&world.engine);
        must(define(&mut linker));
        let mut store = world.store();
        let instance = must(linker.instantiate(&mut store, &component));
        let func = must(instance.get_typed_func::<P, (u32,)>(&mut store, export));
        (store, func)
    };
    Case::new(name, prepare, move |(store, func)| {
        store.data_mut().number = 0;
        let (value,) = func.call(&mut *store, params)?;
        Ok(digest(&(value, store.data().number)))
    })
    .done()
}
