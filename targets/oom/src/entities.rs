//! Memories, tables, globals and tags: made, grown and used by host and guest.

use crate::case::{Case, Seen, not_grown};
use crate::row::{Row, row};
use crate::store::with_instance;
use crate::world::{Host, World, must};
use assay_oom::{AnyScenario, digest};
use wasmtime::{
    ExternRef, FuncType, Global, GlobalType, Memory, MemoryType, Mutability, Ref, RefType, Result,
    Store, Table, TableType, Tag, TagType, TypedFunc, Val, ValType,
};

pub(crate) const ROWS: &[Row] = &[
    row(
        "memory-new",
        "makes memories of 32 and 64 bits",
        &["Memory::new", "Memory::ty"],
        memory_new,
    ),
    row(
        "memory-malloc",
        "a memory that is of the heap and not mapped, as in a configuration without guards",
        &["Memory::new", "Memory::grow"],
        memory_malloc,
    ),
    row(
        "memory-grow",
        "the host grows a memory",
        &["Memory::grow", "Memory::size"],
        memory_grow,
    ),
    row(
        "memory-grow-guest",
        "a guest grows a memory, with and without having to move it",
        &["TypedFunc::call"],
        memory_grow_guest,
    ),
    row(
        "memory-use",
        "reads and writes a memory",
        &[
            "Memory::read",
            "Memory::write",
            "Memory::data",
            "Memory::data_mut",
            "Memory::data_and_store_mut",
            "Memory::data_ptr",
            "Memory::data_size",
            "Memory::page_size",
            "Memory::page_size_log2",
        ],
        memory_use,
    ),
    row(
        "table-new",
        "makes tables of functions and of host objects",
        &["Table::new", "Table::ty", "Ref::null"],
        table_new,
    ),
    row(
        "table-grow",
        "the host grows a table",
        &["Table::grow", "Table::size"],
        table_grow,
    ),
    row(
        "table-grow-guest",
        "a guest grows tables of functions and of host objects",
        &["TypedFunc::call"],
        table_grow_guest,
    ),
    row(
        "table-use",
        "reads, writes, fills and copies tables",
        &["Table::get", "Table::set", "Table::fill", "Table::copy"],
        table_use,
    ),
    row(
        "global-new",
        "makes globals of numbers and references, reads and writes them",
        &["Global::new", "Global::get", "Global::set", "Global::ty"],
        global_new,
    ),
    row(
        "tag-new",
        "makes tags",
        &["Tag::new", "Tag::ty", "Tag::eq", "FuncType::try_new"],
        tag_new,
    ),
];

fn memory_new(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    Case::new(
        name,
        move || world.store(),
        |store| {
            let short = Memory::new(&mut *store, MemoryType::new(1, Some(4)))?;
            let long = Memory::new(&mut *store, MemoryType::new64(2, None))?;
            let sizes = (short.size(&*store), long.size(&*store));
            let types = (short.ty(&*store).maximum(), long.ty(&*store).is_64());
            Ok(digest(&(sizes, types)))
        },
    )
    .done()
}

fn memory_malloc(name: &str) -> Box<dyn AnyScenario> {
    let world = World::new(|config| {
        config
            .signals_based_traps(false)
            .memory_reservation(0)
            .memory_reservation_for_growth(0)
            .memory_guard_size(0)
            .memory_init_cow(false);
    });
    Case::new(
        name,
        move || world.store(),
        |store| {
            let memory = Memory::new(&mut *store, MemoryType::new(1, Some(4)))?;
            match memory.grow(&mut *store, 1) {
                Ok(pages) => Ok(Seen::Value(digest(&(pages, memory.size(&*store))))),
                Err(error) => not_grown(error, memory.size(&*store) == 1),
            }
        },
    )
    .done()
}

/// A store with a memory of two pages.
fn with_memory(world: &World) -> (Store<Host>, Memory) {
    let mut store = world.store();
    let memory = must(Memory::new(&mut store, MemoryType::new(2, Some(64))));
    (store, memory)
}

fn memory_grow(name: &str) -> Box<dyn AnyScenario> {
    let world = World::new(|config| {
        config
            .memory_reservation(1 << 17)
            .memory_reservation_for_growth(0);
    });
    let prepare = move || with_memory(&world);
    Case::new(name, prepare, |(store, memory)| {
        match memory.grow(&mut *store, 3) {
            Ok(old) => Ok(digest(&(old, memory.size(&*store))).into()),
            Err(error) => not_grown(error, memory.size(&*store) == 2),
        }
    })
    .instead(|(store, memory)| {
        let size = memory.size(&*store);
        let old = memory
            .grow(&mut *store, 1)
            .map_err(|error| format!("{error:?}"))?;
        match (old == size, size) {
            (true, 2 | 5) => Ok(()),
            _ => Err(format!("a memory of {size} pages was of {old}")),
        }
    })
    .done()
}

/// Two memories, one that must move when it grows and one that need not; and two tables.
const GROWS: &str = r#"(module
    (memory (export "memory") 2 64)
    (table $functions (export "functions") 4 1000 funcref)
    (table $objects (export "objects") 4 1000 externref)
    (func (export "memory.grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "functions.grow") (param i32) (result i32)
        (table.grow $functions (ref.func $nothing) (local.get 0)))
    (func (export "objects.grow") (param i32) (result i32)
        (table.grow $objects (ref.null extern) (local.get 0)))
    (func $nothing)
    (elem declare func $nothing))"#;

/// What a guest grows.
struct Grown {
    store: Store<Host>,
    grow: TypedFunc<i32, i32>,
    memory: Option<Memory>,
    table: Option<Table>,
}

impl Grown {
    fn new(world: &World, module: &wasmtime::Module, what: &str) -> Self {
        let (mut store, instance) = with_instance(world, module);
        let grow = must(instance.get_typed_func(&mut store, &format!("{what}.grow")));
        let memory = instance.get_memory(&mut store, what);
        let table = instance.get_table(&mut store, what);
        Self {
            store,
            grow,
            memory,
            table,
        }
    }

    fn size(&self) -> u64 {
        let pages = self.memory.map(|memory| memory.size(&self.store));
        let elements = self.table.map(|table| table.size(&self.store));
        pages.or(elements).unwrap_or(0)
    }

    /// Grows it by some, or leaves it alone.
    fn grow(&mut self, by: i32, fallback: &'static str) -> Result<Seen> {
        let before = self.size();
        let old = self.grow.call(&mut self.store, by)?;
        let after = self.size();
        if old == -1 && after == before {
            return Ok(Seen::Fallback(fallback));
        }
        Ok(digest(&(u64::from(old as u32) == before, after - before)).into())
    }
}

fn grow_guest(
    name: &str,
    worlds: Vec<World>,
    whats: &'static [&'static str],
    by: i32,
    fallback: &'static str,
) -> Box<dyn AnyScenario> {
    let modules: Vec<_> = worlds.iter().map(|world| world.module(GROWS)).collect();
    let prepare = move || -> Vec<Grown> {
        let made = worlds.iter().zip(&modules);
        made.flat_map(|(world, module)| whats.iter().map(|what| Grown::new(world, module, what)))
            .collect()
    };
    Case::new(name, prepare, move |all| {
        let mut seen = Seen::Value(0);
        for grown in all {
            match grown.grow(by, fallback)? {
                Seen::Value(value) => seen = seen.and(value),
                fallback => return Ok(fallback),
            }
        }
        Ok(seen)
    })
    .done()
}

fn memory_grow_guest(name: &str) -> Box<dyn AnyScenario> {
    let moves = World::new(|config| {
        config
            .memory_reservation(1 << 17)
            .memory_reservation_for_growth(0);
    });
    grow_guest(
        name,
        vec![World::plain(), moves],
        &["memory"],
        3,
        "memory.grow",
    )
}

fn table_grow_guest(name: &str) -> Box<dyn AnyScenario> {
    let whats = &["functions", "objects"];
    grow_guest(name, vec![World::plain()], whats, 100, "table.grow")
}

fn memory_use(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || with_memory(&world);
    Case::new(name, prepare, |(store, memory)| {
        let mut bytes = [0; 4];
        memory.write(&mut *store, 10, &[1, 2, 3, 4])?;
        memory.read(&*store, 11, &mut bytes)?;
        let outside = memory.read(&*store, 1 << 30, &mut bytes).is_err();
        memory.data_mut(&mut *store)[0] = 9;
        let (data, host) = memory.data_and_store_mut(&mut *store);
        data[1] = host.number as u8;
        let first = memory.data(&*store)[0];
        let pointer = !memory.data_ptr(&*store).is_null();
        let size = (memory.data_size(&*store), memory.page_size(&*store));
        let log = memory.page_size_log2(&*store);
        Ok(digest(&(bytes, outside, first, pointer, size, log)))
    })
    .done()
}

fn functions(min: u32, max: Option<u32>) -> TableType {
    TableType::new(RefType::FUNCREF, min, max)
}

fn table_new(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    Case::new(
        name,
        move || world.store(),
        |store| {
            let one = Table::new(&mut *store, functions(3, Some(9)), Ref::Func(None))?;
            let ty = TableType::new(RefType::EXTERNREF, 5, None);
            let null = Ref::null(ty.element().heap_type());
            let two = Table::new(&mut *store, ty, null)?;
            let sizes = (one.size(&*store), two.size(&*store));
            let maximum = one.ty(&*store).maximum();
            Ok(digest(&(sizes, maximum)))
        },
    )
    .done()
}

fn table_grow(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || {
        let mut store = world.store();
        let table = must(Table::new(&mut store, functions(3, None), Ref::Func(None)));
        (store, table)
    };
    Case::new(name, prepare, |(store, table)| {
        let old = table.grow(&mut *store, 100, Ref::Func(None))?;
        Ok(digest(&(old, table.size(&*store))))
    })
    .instead(|(store, table)| {
        let size = table.size(&*store);
        let old = table
            .grow(&mut *store, 1, Ref::Func(None))
            .map_err(|error| format!("{error:?}"))?;
        match (old == size, size) {
            (true, 3 | 103) => Ok(()),
            _ => Err(format!("a table of {size} elements was of {old}")),
        }
    })
    .done()
}

fn table_use(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || {
        let mut store = world.store();
        let one = must(Table::new(&mut store, functions(3, None), Ref::Func(None)));
        let two = must(Table::new(&mut store, functions(8, None), Ref::Func(None)));
        let f = must(wasmtime::Func::try_wrap(&mut store, |n: i32| n));
        (store, one, two, f)
    };
    Case::new(name, prepare, |(store, one, two, f)| {
        one.set(&mut *store, 1, Ref::Func(Some(*f)))?;
        two.fill(&mut *store, 0, Ref::Func(Some(*f)), 4)?;
        Table::copy(&mut *store, two, 4, one, 0, 3)?;
        let outside = one.get(&mut *store, 9).is_none();
        let mut there = [false; 8];
        for (at, there) in there.iter_mut().enumerate() {
            let element = two.get(&mut *store, at as u64);
            *there = element.is_some_and(|element| !element.is_null());
        }
        Ok(digest(&(there, outside)))
    })
    .done()
}

fn global_new(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    Case::new(
        name,
        move || world.store(),
        |store| {
            let of = |content| GlobalType::new(content, Mutability::Var);
            let number = Global::new(&mut *store, of(ValType::I64), Val::I64(4))?;
            number.set(&mut *store, Val::I64(5))?;
            let object = ExternRef::new(&mut *store, 7u32)?;
            let object = Val::ExternRef(Some(object));
            let reference = Global::new(&mut *store, of(ValType::EXTERNREF), object)?;
            reference.set(&mut *store, Val::ExternRef(None))?;
            let value = number.get(&mut *store).i64();
            let null = reference.get(&mut *store).unwrap_externref().is_none();
            let mutable = matches!(number.ty(&*store).mutability(), Mutability::Var);
            Ok(digest(&(value, null, mutable)))
        },
    )
    .done()
}

fn tag_new(name: &str) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let prepare = move || (world.engine.clone(), world.store());
    Case::new(name, prepare, |(engine, store)| {
        let ty = TagType::new(FuncType::try_new(engine, [ValType::I32], [])?);
        let one = Tag::new(&mut *store, &ty)?;
        let two = Tag::new(&mut *store, &ty)?;
        let params = one.ty(&*store).ty().params().len();
        Ok(digest(&(params, Tag::eq(&one, &two, &*store))))
    })
    .done()
}
