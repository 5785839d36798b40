//! Linkers: every way to define something, and to use what is defined.

use crate::case::Case;
use crate::row::{Row, row};
use crate::store;
use crate::world::{Host, World, must};
use assay_oom::{AnyScenario, digest};
use wasmtime::{
    Caller, Engine, Extern, ExternType, FuncType, Global, GlobalType, Linker, Memory, MemoryType,
    Module, Mutability, Ref, Result, Store, Table, TableType, Val, ValRaw, ValType,
};

pub(crate) const ROWS: &[Row] = &[
    row(
        "linker-func",
        "defines host functions in each way",
        &["Linker::new", "Linker::func_new", "Linker::func_wrap"],
        functions,
    ),
    row(
        "linker-func-unchecked",
        "defines an unchecked host function",
        &["Linker::func_new_unchecked"],
        unchecked,
    ),
    row(
        "linker-define",
        "defines a memory, a table and a global of a store",
        &["Linker::define"],
        define,
    ),
    row(
        "linker-instance",
        "defines all exports of an instance",
        &["Linker::instance"],
        instance,
    ),
    row(
        "linker-module",
        "defines a module, as a reactor and as a command",
        &["Linker::module"],
        module,
    ),
    row(
        "linker-alias",
        "gives definitions a second name",
        &[
            "Linker::alias",
            "Linker::alias_module",
            "Linker::allow_shadowing",
        ],
        alias,
    ),
    row(
        "linker-unknown-traps",
        "defines what a module imports beyond what is known as traps",
        &["Linker::define_unknown_imports_as_traps"],
        unknown_traps,
    ),
    row(
        "linker-unknown-defaults",
        "defines what a module imports beyond what is known as default values",
        &["Linker::define_unknown_imports_as_default_values"],
        unknown_defaults,
    ),
    row(
        "linker-instantiate-pre",
        "resolves imports once for many instances",
        &["Linker::instantiate_pre", "InstancePre::module"],
        instantiate_pre,
    ),
    row(
        "linker-instantiate",
        "resolves imports and instantiates",
        &["Linker::instantiate"],
        instantiate,
    ),
    row(
        "linker-find",
        "looks definitions up",
        &[
            "Linker::get",
            "Linker::try_get_by_import",
            "Linker::get_default",
            "Linker::iter",
            "Linker::engine",
        ],
        find,
    ),
    row(
        "linker-get-by-import",
        "looks definitions up by import, in the way that has no error for want of memory",
        &["Linker::get_by_import"],
        get_by_import,
    ),
    row("linker-clone", "clones a linker", &["Linker::clone"], clone),
];

/// Imports and exports a little.
const USER: &str = r#"(module
    (import "host" "add" (func $add (param i32 i32) (result i32)))
    (import "host" "sub" (func $sub (param i32 i32) (result i32)))
    (func (export "") (result i32) (call $add (i32.const 1) (call $sub (i32.const 9) (i32.const 2))))
    (memory (export "memory") 1))"#;

/// Defines the functions that [`USER`] imports.
fn define_functions(linker: &mut Linker<Host>) -> Result<()> {
    linker.func_wrap("host", "add", |a: i32, b: i32| a + b)?;
    Ok(())
}

fn binary(engine: &Engine) -> Result<FuncType> {
    let params = [ValType::I32, ValType::I32];
    Ok(FuncType::try_new(engine, params, [ValType::I32])?)
}

fn sub(_: Caller<'_, Host>, params: &[Val], results: &mut [Val]) -> Result<()> {
    let number = |at: usize| params.get(at).and_then(Val::i32).unwrap_or(0);
    results[0] = Val::I32(number(0) - number(1));
    Ok(())
}

fn linker(world: &World) -> Linker<Host> {
    let mut linker = Linker::new(&world.engine);
    must(define_functions(&mut linker));
    let ty = must(binary(&world.engine));
    must(linker.func_new("host", "sub", ty, sub));
    linker
}

fn functions(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let ty = must(binary(&world.engine));
    let prepare = move || (world.engine.clone(), ty.clone(), None);
    Case::new(name, prepare, |(engine, ty, kept)| {
        let linker = kept.insert(Linker::<Host>::new(engine));
        define_functions(linker)?;
        linker.func_new("host", "sub", ty.clone(), sub)?;
        linker.func_wrap("host", "count", |mut caller: Caller<'_, Host>| {
            caller.data_mut().number += 1;
        })?;
        Ok(digest(&engine.is_pulley()))
    })
    .done()
}

#[allow(unsafe_code)]
fn unchecked(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let ty = must(binary(&world.engine));
    let prepare = move || (Linker::<Host>::new(&world.engine), ty.clone());
    Case::new(name, prepare, |(linker, ty)| {
        linker.allow_shadowing(true);
        // SAFETY: the function keeps to its type: it reads two numbers and writes one.
        unsafe {
            linker.func_new_unchecked("host", "add", ty.clone(), |_, values| {
                let [a, b] = [0, 1].map(|at| values[at].assume_init_ref().get_i32());
                values[0].write(ValRaw::i32(a.wrapping_add(b)));
                Ok(())
            })?;
        }
        Ok(digest("defined"))
    })
    .done()
}

fn define(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || {
        let mut store = world.store();
        let memory = must(Memory::new(&mut store, MemoryType::new(1, None)));
        let ty = TableType::new(wasmtime::RefType::FUNCREF, 1, None);
        let table = must(Table::new(&mut store, ty, Ref::Func(None)));
        let ty = GlobalType::new(ValType::I32, Mutability::Var);
        let global = must(Global::new(&mut store, ty, Val::I32(1)));
        let linker = Linker::<Host>::new(&world.engine);
        let items: [(&str, Extern); 3] = [
            ("memory", memory.into()),
            ("table", table.into()),
            ("global", global.into()),
        ];
        (linker, store, items)
    };
    Case::new(name, prepare, |(linker, store, items)| {
        linker.allow_shadowing(true);
        for (name, item) in items.iter() {
            linker.define(&mut *store, "env", name, item.clone())?;
        }
        Ok(digest(&items.len()))
    })
    .done()
}

fn instance(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(
        r#"(module (memory (export "a") 1) (func (export "b")) (global (export "c") i32 i32.const 1))"#,
    );
    let prepare = move || {
        let (store, instance) = store::with_instance(&world, &module);
        (Linker::new(&world.engine), store, instance)
    };
    Case::new(name, prepare, |(linker, store, instance)| {
        linker.allow_shadowing(true);
        linker.instance(&mut *store, "other", *instance)?;
        let mut found = 0;
        for name in ["a", "b", "c"] {
            linker.get(&mut *store, "other", name)?;
            found += 1;
        }
        Ok(digest(&found))
    })
    .done()
}

fn module(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let reactor = world.module(
        r#"(module (func (export "_initialize")) (func (export "f") (result i32) i32.const 3))"#,
    );
    let command = world.module(
        r#"(module (memory (export "memory") 1) (func (export "_start")) (func (export "g")))"#,
    );
    let prepare = move || {
        let linker = Linker::new(&world.engine);
        (linker, world.store(), reactor.clone(), command.clone())
    };
    Case::new(name, prepare, |(linker, store, reactor, command)| {
        linker.allow_shadowing(true);
        linker.module(&mut *store, "reactor", reactor)?;
        linker.module(&mut *store, "command", command)?;
        let g = linker.get(&mut *store, "command", "g")?;
        if let Some(g) = g.into_func() {
            g.typed::<(), ()>(&*store)?.call(&mut *store, ())?;
        }
        let f = linker.get(&mut *store, "reactor", "f")?;
        Ok(digest(&f.into_func().is_some()))
    })
    .done()
}

fn alias(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || linker(&world);
    Case::new(name, prepare, |linker| {
        linker.allow_shadowing(true);
        linker.alias("host", "add", "other", "plus")?;
        linker.alias_module("host", "third")?;
        Ok(digest("aliased"))
    })
    .done()
}

/// Imports one thing of each kind.
const IMPORTER: &str = r#"(module
    (import "host" "add" (func (param i32 i32) (result i32)))
    (import "more" "f" (func (param i64) (result externref)))
    (import "more" "g" (func (result i32))))"#;

fn importer(
    name: &str,
    unknown: fn(&mut Linker<Host>, &mut Store<Host>, &Module) -> Result<()>,
) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(IMPORTER);
    let prepare = move || {
        let mut linker = Linker::new(&world.engine);
        must(define_functions(&mut linker));
        linker.allow_shadowing(true);
        (linker, world.store(), module.clone())
    };
    Case::new(name, prepare, move |(linker, store, module)| {
        unknown(linker, store, module)?;
        let f = linker.get(&mut *store, "more", "f")?;
        let g = linker.get(&mut *store, "more", "g")?;
        Ok(digest(&(f.into_func().is_some(), g.into_func().is_some())))
    })
    .done()
}

fn unknown_traps(name: &str) -> Box<dyn AnyScenario> {
    importer(name, |linker, _, module| {
        linker.define_unknown_imports_as_traps(module)
    })
}

fn unknown_defaults(name: &str) -> Box<dyn AnyScenario> {
    importer(name, |linker, store, module| {
        linker.define_unknown_imports_as_default_values(store, module)
    })
}

fn instantiate_pre(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(USER);
    let prepare = move || (linker(&world), module.clone(), None);
    Case::new(name, prepare, |(linker, module, kept)| {
        let pre = kept.insert(linker.instantiate_pre(module)?);
        Ok(digest(&Module::same(pre.module(), module)))
    })
    .done()
}

fn instantiate(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(USER);
    let prepare = {
        let world = world.clone();
        move || (linker(&world), world.store(), module.clone())
    };
    Case::new(name, prepare, |(linker, store, module)| {
        let instance = linker.instantiate(&mut *store, module)?;
        let f = instance.get_typed_func::<(), i32>(&mut *store, "")?;
        Ok(digest(&f.call(store, ())?))
    })
    .also(move |_| world.still_traps())
    .done()
}

fn find(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(USER);
    let prepare = move || {
        let mut linker = linker(&world);
        let mut store = world.store();
        must(linker.module(&mut store, "user", &module));
        (linker, store, module.clone())
    };
    Case::new(name, prepare, |(linker, store, module)| {
        let mut found = 0;
        for import in module.imports() {
            found += i32::from(linker.try_get_by_import(&mut *store, &import)?.is_some());
        }
        found += i32::from(linker.get(&mut *store, "host", "nothing").is_ok());
        let default = linker.get_default(&mut *store, "user")?;
        let value = default.typed::<(), i32>(&*store)?.call(&mut *store, ())?;
        let memories = linker
            .iter(&mut *store)
            .filter(|(_, _, item)| matches!(item, Extern::Memory(_)))
            .count();
        let functions = module
            .imports()
            .filter(|import| matches!(import.ty(), ExternType::Func(_)))
            .count();
        let pulley = linker.engine().is_pulley();
        Ok(digest(&(found, value, memories, functions, pulley)))
    })
    .done()
}

fn get_by_import(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(USER);
    let prepare = move || (linker(&world), world.store(), module.clone());
    Case::new(name, prepare, |(linker, store, module)| {
        let found = module
            .imports()
            .filter(|import| linker.get_by_import(&mut *store, import).is_some())
            .count();
        Ok(digest(&found))
    })
    .done()
}

fn clone(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || (linker(&world), None);
    Case::new(name, prepare, |(linker, kept)| {
        let copy = kept.insert(linker.clone());
        Ok(digest(&copy.engine().is_pulley()))
    })
    .done()
}
