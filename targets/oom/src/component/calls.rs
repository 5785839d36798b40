//! Calls into components, and out of them.

use super::{ECHO, echo};
use crate::case::{Case, Seen};
use crate::row::{Row, row};
use crate::world::{self, Host, World, must};
use assay_oom::{AnyScenario, digest};
use wasmtime::component::{
    ComponentNamedList, Func, Lift, Lower, TypedFunc, Val, WasmList, WasmStr,
};
use wasmtime::{Result, Store, Trap};

pub(crate) const ROWS: &[Row] = &[
    row(
        "component-call-string",
        "passes strings; results are read in place",
        &["component::TypedFunc::call", "component::WasmStr::to_str"],
        call_string,
    ),
    row(
        "component-call-string-owned",
        "passes strings; results are taken out",
        &["component::TypedFunc::call"],
        call_string_owned,
    ),
    row(
        "component-call-list",
        "passes lists of numbers; results are read in place",
        &[
            "component::TypedFunc::call",
            "component::WasmList::len",
            "component::WasmList::get",
            "component::WasmList::iter",
        ],
        call_list,
    ),
    row(
        "component-call-list-owned",
        "passes lists of numbers; results are taken out",
        &["component::TypedFunc::call"],
        call_list_owned,
    ),
    row(
        "component-call-values",
        "passes a string as a value of no static type",
        &["component::Func::call"],
        call_values,
    ),
    row(
        "component-host-strings",
        "a component passes a string to the host, and gets one",
        &[
            "component::TypedFunc::call",
            "component::LinkerInstance::func_wrap",
        ],
        host_strings,
    ),
    row(
        "component-trap",
        "traps in a component, which may not be entered again",
        &["component::TypedFunc::call"],
        trap,
    ),
];

/// The scenario of a call of [`ECHO`].
fn calling<P, R>(
    name: &str,
    export: &'static str,
    operation: fn(&mut Store<Host>, &TypedFunc<P, R>) -> Result<Seen>,
) -> Box<dyn AnyScenario>
where
    P: ComponentNamedList + Lower + 'static,
    R: ComponentNamedList + Lift + 'static,
{
    let world = World::plain();
    let component = world.component(ECHO);
    let prepare = {
        let world = world.clone();
        move || {
            let (mut store, instance) = echo(&world, &component);
            let func = must(instance.get_typed_func::<P, R>(&mut store, export));
            (store, func)
        }
    };
    Case::new(name, prepare, move |(store, func)| operation(store, func))
        .also(move |_| world.still_traps())
        .done()
}

fn call_string(name: &str) -> Box<dyn AnyScenario> {
    calling::<(&'static str,), (WasmStr,)>(name, "echo", |store, func| {
        let (text,) = func.call(&mut *store, ("a text",))?;
        let seen = digest(&*text.to_str(&*store)?);
        Ok(seen.into())
    })
}

fn call_string_owned(name: &str) -> Box<dyn AnyScenario> {
    calling::<(&'static str,), (String,)>(name, "echo", |store, func| {
        let (text,) = func.call(&mut *store, ("a text",))?;
        Ok(digest(&text).into())
    })
}

fn call_list(name: &str) -> Box<dyn AnyScenario> {
    calling::<(&'static [u32],), (WasmList<u32>,)>(name, "list", |store, func| {
        let (list,) = func.call(&mut *store, (&[1, 2, 3],))?;
        let second = list.get(&mut *store, 1).transpose()?;
        let mut sum = 0;
        for number in list.iter(&mut *store)? {
            sum += number?;
        }
        Ok(digest(&(list.len(), second, sum)).into())
    })
}

fn call_list_owned(name: &str) -> Box<dyn AnyScenario> {
    calling::<(&'static [u32],), (Vec<u32>,)>(name, "list", |store, func| {
        let (list,) = func.call(&mut *store, (&[1, 2, 3],))?;
        Ok(digest(&list).into())
    })
}

fn trap(name: &str) -> Box<dyn AnyScenario> {
    calling::<(), ()>(name, "trap", |store, func| {
        let first = world::trap(Trap::UnreachableCodeReached, func.call(&mut *store, ()))?;
        let again = world::trap(Trap::CannotEnterComponent, func.call(store, ()))?;
        Ok(match again {
            Seen::Traced(again, _) => first.and(again),
            other => other,
        })
    })
}

fn call_values(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let component = world.component(ECHO);
    let prepare = move || {
        let (mut store, instance) = echo(&world, &component);
        let Some(func): Option<Func> = instance.get_func(&mut store, "echo") else {
            panic!("the set-up of a scenario lacks a function");
        };
        let params = [Val::String("a text".into())];
        (store, func, params, [Val::Bool(false)])
    };
    Case::new(name, prepare, |(store, func, params, results)| {
        func.call(store, params, results)?;
        Ok(match &results[0] {
            Val::String(text) => digest(text),
            _ => digest("no text"),
        })
    })
    .done()
}

fn host_strings(name: &str) -> Box<dyn AnyScenario> {
    super::using(name, "greet", ())
}
