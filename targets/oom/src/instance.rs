//! Instances.

use crate::case::Case;
use crate::module::RICH;
use crate::row::{Row, row};
use crate::store::with_instance;
use crate::world::{self, Host, World, must};
use assay_oom::{AnyScenario, digest};
use wasmtime::{Extern, Instance, InstancePre, Linker, Module, Result, Store, Trap};

pub(crate) const ROWS: &[Row] = &[
    row(
        "instance-new",
        "instantiates a small module",
        &["Instance::new"],
        small,
    ),
    row(
        "instance-new-rich",
        "instantiates a module with every kind of section, whose imports are items of the store",
        &["Instance::new", "Instance::get_export"],
        rich,
    ),
    row(
        "instance-pre",
        "instantiates what was resolved before",
        &["InstancePre::instantiate"],
        pre,
    ),
    row(
        "instance-start-traps",
        "instantiates a module whose start function traps",
        &["Instance::new"],
        start_traps,
    ),
    row(
        "instance-exports",
        "takes each export, by its type, its name, its index and all in a row",
        &[
            "Instance::module",
            "Instance::exports",
            "Instance::get_export",
            "Instance::get_module_export",
            "Instance::get_func",
            "Instance::get_typed_func",
            "Instance::get_memory",
            "Instance::get_shared_memory",
            "Instance::get_table",
            "Instance::get_global",
            "Instance::get_tag",
        ],
        exports,
    ),
    row(
        "instance-many",
        "makes many instances in one store",
        &["Instance::new"],
        many,
    ),
];

fn small(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(
        r#"(module (memory (export "memory") 1) (table 4 funcref) (elem (i32.const 0) 0)
            (func (export "f") (result i32) i32.const 7))"#,
    );
    let prepare = {
        let world = world.clone();
        move || (world.store(), module.clone())
    };
    Case::new(name, prepare, |(store, module)| {
        let instance = Instance::new(&mut *store, module, &[])?;
        Ok(digest(&instance.get_memory(store, "memory").is_some()))
    })
    .also(move |_| world.still_traps())
    .done()
}

/// What the rich module imports.
pub(crate) fn rich_linker(world: &World, store: &mut Store<Host>) -> Linker<Host> {
    let mut linker = Linker::new(&world.engine);
    must(linker.func_wrap("host", "add", |a: i32, b: i32| a + b));
    let ty = wasmtime::GlobalType::new(wasmtime::ValType::I32, wasmtime::Mutability::Const);
    let limit = must(wasmtime::Global::new(&mut *store, ty, 100i32.into()));
    must(linker.define(store, "host", "limit", limit));
    linker
}

/// A store, and what the rich module imports in it.
fn rich_imports(world: &World) -> (Store<Host>, [Extern; 2]) {
    let mut store = world.store();
    let linker = rich_linker(world, &mut store);
    let imports = ["add", "limit"].map(|name| must(linker.get(&mut store, "host", name)));
    (store, imports)
}

/// What the rich module shows once it runs.
fn observe(store: &mut Store<Host>, instance: Instance) -> Result<u64> {
    let sum = instance.get_typed_func::<(i32, i32), i32>(&mut *store, "sum")?;
    let sum = sum.call(&mut *store, (1, 2))?;
    let count = instance
        .get_global(&mut *store, "count")
        .and_then(|count| count.get(&mut *store).i32());
    let memory = instance.get_memory(&mut *store, "memory");
    let bytes = memory.map(|memory| {
        memory.data(&*store)[..128]
            .iter()
            .map(|b| u32::from(*b))
            .sum::<u32>()
    });
    let table = instance
        .get_table(&mut *store, "table")
        .map(|table| table.size(&*store));
    Ok(digest(&(sum, count, bytes, table)))
}

fn rich(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(RICH);
    let prepare = {
        let world = world.clone();
        move || {
            let (store, imports) = rich_imports(&world);
            (store, imports, module.clone())
        }
    };
    Case::new(name, prepare, |(store, imports, module)| {
        let instance = Instance::new(&mut *store, module, imports)?;
        observe(store, instance)
    })
    .also(move |_| world.still_traps())
    .done()
}

fn pre(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(
        r#"(module (import "host" "add" (func $add (param i32 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "f") (result i32) (call $add (i32.const 3) (i32.const 4))))"#,
    );
    let pre: InstancePre<Host> = {
        let mut linker = Linker::new(&world.engine);
        must(linker.func_wrap("host", "add", |a: i32, b: i32| a + b));
        must(linker.instantiate_pre(&module))
    };
    let prepare = move || (world.store(), pre.clone());
    Case::new(name, prepare, |(store, pre)| {
        let instance = pre.instantiate(&mut *store)?;
        let f = instance.get_typed_func::<(), i32>(&mut *store, "f")?;
        Ok(digest(&f.call(store, ())?))
    })
    .done()
}

fn start_traps(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(r#"(module (memory 1) (func $start unreachable) (start $start))"#);
    let prepare = {
        let world = world.clone();
        move || (world.store(), module.clone())
    };
    Case::new(name, prepare, |(store, module)| {
        let started = Instance::new(store, module, &[]).map(|_| 0);
        world::trap(Trap::UnreachableCodeReached, started)
    })
    .also(move |_| world.still_traps())
    .done()
}

fn exports(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(
        r#"(module (func (export "f") (result i32) i32.const 1) (memory (export "m") 1)
            (memory (export "s") 1 1 shared)
            (table (export "t") 1 funcref) (global (export "g") i32 i32.const 1)
            (tag (export "e")))"#,
    );
    let prepare = move || with_instance(&world, &module);
    Case::new(name, prepare, |(store, instance)| {
        let index = instance.module(&*store).get_export_index("m");
        let by_index = index.map(|index| instance.get_module_export(&mut *store, &index).is_some());
        let typed = instance.get_typed_func::<(), i32>(&mut *store, "f")?;
        let typed = typed.call(&mut *store, ())?;
        let all = instance
            .exports(&mut *store)
            .map(|export| export.name().len())
            .sum::<usize>();
        let found = [
            instance.get_export(&mut *store, "f").is_some(),
            instance.get_func(&mut *store, "f").is_some(),
            instance.get_memory(&mut *store, "m").is_some(),
            instance.get_shared_memory(&mut *store, "s").is_some(),
            instance.get_table(&mut *store, "t").is_some(),
            instance.get_global(&mut *store, "g").is_some(),
            instance.get_tag(&mut *store, "e").is_some(),
            instance.get_tag(&mut *store, "missing").is_some(),
        ];
        Ok(digest(&(by_index, typed, all, found)))
    })
    .done()
}

fn many(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let modules: [Module; 4] = [0, 1, 2, 3].map(|number| {
        world.module(&format!(
            r#"(module (global (export "g") i32 i32.const {number}) (table 2 funcref))"#
        ))
    });
    let prepare = move || (world.store(), modules.clone());
    Case::new(name, prepare, |(store, modules)| {
        let mut numbers = [0i32; 16];
        for (at, number) in numbers.iter_mut().enumerate() {
            let instance = Instance::new(&mut *store, &modules[at % modules.len()], &[])?;
            let global = instance.get_global(&mut *store, "g");
            *number = global
                .and_then(|global| global.get(&mut *store).i32())
                .unwrap_or(-1);
        }
        Ok(digest(&numbers))
    })
    .done()
}
