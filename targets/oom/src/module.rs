//! Modules: loading what was compiled, and looking at it.

use crate::case::Case;
use crate::row::{Row, row};
use crate::world::World;
use assay_oom::{AnyScenario, digest};
use std::fs::File;
use std::path::PathBuf;
use wasmtime::{Engine, Module, Precompiled};

pub(crate) const ROWS: &[Row] = &[
    row(
        "module-deserialize",
        "loads a small module from memory",
        &["Module::deserialize"],
        small,
    ),
    row(
        "module-deserialize-rich",
        "loads a module with every kind of section from memory",
        &["Module::deserialize"],
        rich,
    ),
    row(
        "module-deserialize-file",
        "loads a module by mapping a file, which is named or open",
        &[
            "Module::deserialize_file",
            "Module::deserialize_open_file",
            "Engine::detect_precompiled_file",
        ],
        file,
    ),
    row(
        "module-look",
        "tells imports, exports, functions, needs and code of a module",
        &[
            "Module::name",
            "Module::imports",
            "Module::exports",
            "Module::get_export",
            "Module::get_export_index",
            "Module::resources_required",
            "Module::image_range",
            "Module::text",
            "Module::functions",
            "Module::address_map",
            "Module::same",
            "Module::engine",
            "Module::initialize_copy_on_write_image",
        ],
        look,
    ),
];

/// A module with a bit of everything.
pub(crate) const RICH: &str = r#"(module $rich
    (type $pair (struct (field (mut i32)) (field anyref)))
    (type $bytes (array (mut i8)))
    (rec (type $left (struct (field (ref null $right))))
         (type $right (struct (field (ref null $left)))))
    (type $binary (func (param i32 i32) (result i32)))
    (import "host" "add" (func $add (param i32 i32) (result i32)))
    (import "host" "limit" (global $limit i32))
    (memory $main (export "memory") 2 8)
    (memory $other 1)
    (table $functions (export "table") 8 16 funcref)
    (table $any 2 externref)
    (tag $failed (export "tag") (param i32))
    (global $count (export "count") (mut i32) (i32.const 0))
    (global $pair (ref null $pair) (struct.new $pair (i32.const 1) (ref.null any)))
    (elem (table $functions) (i32.const 1) func $add $sum $div)
    (elem $passive funcref (ref.func $sum) (ref.null func))
    (data (memory $main) (i32.const 8) "some bytes")
    (data (memory $main) (i32.const 70000) "more bytes")
    (data $later "later")
    (func $sum (export "sum") (type $binary)
        (i32.add (call $add (local.get 0) (local.get 1)) (global.get $limit)))
    (func $div (export "div") (type $binary) (i32.div_s (local.get 0) (local.get 1)))
    (func $start
        (memory.init $main $later (i32.const 100) (i32.const 0) (i32.const 5))
        (table.init $functions $passive (i32.const 5) (i32.const 0) (i32.const 2))
        (global.set $count (i32.const 7)))
    (start $start))"#;

fn small(name: &str) -> Box<dyn AnyScenario> {
    from_memory(
        name,
        r#"(module (func (export "f") (result i32) i32.const 7))"#,
    )
}

fn rich(name: &str) -> Box<dyn AnyScenario> {
    from_memory(name, RICH)
}

fn from_memory(name: &str, wat: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let code = world.code(wat);
    let prepare = {
        let (world, code) = (world.clone(), code);
        move || (world.engine.clone(), code.clone(), None)
    };
    Case::new(name, prepare, |(engine, code, module)| {
        let module = module.insert(deserialize(engine, code)?);
        Ok(shape(module))
    })
    .also(move |_| world.still_traps())
    .done()
}

#[allow(unsafe_code)]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Module> {
    // SAFETY: the bytes were made by an engine of the same configuration.
    unsafe { Module::deserialize(engine, code) }
}

fn shape(module: &Module) -> u64 {
    digest(&(module.name(), module.text().len()))
}

/// A file with this code. Its name follows from what is in it, since errors tell the name; so it is put
/// there whole, and stays for whoever else is using it.
fn code_file(code: &[u8]) -> std::io::Result<PathBuf> {
    let folder = std::env::temp_dir();
    let path = folder.join(format!("assay-oom-{:016x}.cwasm", digest(code)));
    let fresh = folder.join(format!("assay-oom-{}.fresh", std::process::id()));
    std::fs::write(&fresh, code)?;
    std::fs::rename(&fresh, &path)?;
    Ok(path)
}

fn file(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let code = world.code(RICH);
    let path = match code_file(&code) {
        Ok(path) => path,
        Err(error) => panic!("the set-up of a scenario needs a temporary file: {error}"),
    };
    let prepare = move || {
        let open = File::open(&path).ok();
        (world.engine.clone(), path.clone(), open, None)
    };
    Case::new(name, prepare, |(engine, path, open, modules)| {
        let kind = Engine::detect_precompiled_file(&*path)?;
        let (named, opened) = modules.insert(map(engine, path, open.take())?);
        let kind = matches!(kind, Some(Precompiled::Module));
        Ok(digest(&(kind, shape(named), opened.as_ref().map(shape))))
    })
    // The open file was used up.
    .instead(|_| Ok(()))
    .done()
}

#[allow(unsafe_code)]
fn map(
    engine: &Engine,
    path: &PathBuf,
    open: Option<File>,
) -> wasmtime::Result<(Module, Option<Module>)> {
    // SAFETY: the file is written once, by this process, with what an engine of the same
    // configuration made.
    let named = unsafe { Module::deserialize_file(engine, path)? };
    let opened = match open {
        // SAFETY: as above.
        Some(open) => Some(unsafe { Module::deserialize_open_file(engine, open)? }),
        None => None,
    };
    Ok((named, opened))
}

fn look(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(RICH);
    Case::new(
        name,
        move || module.clone(),
        |module| {
            module.initialize_copy_on_write_image()?;
            let imports = module
                .imports()
                .map(|import| import.name().len())
                .sum::<usize>();
            let exports = module
                .exports()
                .map(|export| export.name().len())
                .sum::<usize>();
            let found = (
                module.get_export("sum").is_some(),
                module.get_export_index("memory").is_some(),
            );
            let needs = module.resources_required();
            let functions = module
                .functions()
                .map(|function| function.len)
                .sum::<usize>();
            let addresses = module.address_map().map(Iterator::count);
            let image = module.image_range();
            let same = Module::same(module, module) && module.engine().is_pulley();
            let memories = (needs.num_memories, needs.num_tables);
            let code = (
                functions,
                addresses,
                image.end as usize - image.start as usize,
            );
            Ok(digest(&((imports, exports, found), memories, code, same)))
        },
    )
    .done()
}
