//! The module `spectest`, which scripts may import from without registering it.

use assay_reference::{
    Extern, FuncType, GlobalType, HeapType, Host, Limits, MemoryType, Ref, RefType, Stop, Store,
    TableType, Val, ValType,
};
use std::collections::HashMap;

pub struct Spectest(HashMap<&'static str, Extern>);

/// Its functions, which do nothing here.
const PRINTS: [(&str, &[ValType]); 7] = [
    ("print", &[]),
    ("print_i32", &[ValType::I32]),
    ("print_i64", &[ValType::I64]),
    ("print_f32", &[ValType::F32]),
    ("print_f64", &[ValType::F64]),
    ("print_i32_f32", &[ValType::I32, ValType::F32]),
    ("print_f64_f64", &[ValType::F64, ValType::F64]),
];

const GLOBALS: [(&str, ValType, Val); 4] = [
    ("global_i32", ValType::I32, Val::I32(666)),
    ("global_i64", ValType::I64, Val::I64(666)),
    ("global_f32", ValType::F32, Val::F32(666.6f32.to_bits())),
    ("global_f64", ValType::F64, Val::F64(666.6f64.to_bits())),
];

impl Spectest {
    pub fn new(store: &mut Store) -> Self {
        let mut all = HashMap::new();
        for (number, (name, params)) in (0..).zip(PRINTS) {
            let ty = FuncType {
                params: params.into(),
                results: [].into(),
            };
            let ty = store.types().add_func(ty);
            all.insert(name, Extern::Func(store.new_host_func(ty, number)));
        }
        for (name, content, value) in GLOBALS {
            let ty = GlobalType {
                content,
                mutable: false,
            };
            all.insert(name, Extern::Global(store.new_global(ty, value)));
        }
        for (name, table64) in [("table", false), ("table64", true)] {
            let element = RefType {
                nullable: true,
                heap: HeapType::Func,
            };
            let limits = Limits {
                min: 10,
                max: Some(20),
            };
            let table = store.new_table(
                TableType {
                    table64,
                    element,
                    limits,
                },
                Ref::NULL,
            );
            all.insert(name, Extern::Table(table.expect("a small table")));
        }
        for (name, shared) in [("memory", false), ("shared_memory", true)] {
            let limits = Limits {
                min: 1,
                max: Some(2),
            };
            let ty = MemoryType {
                memory64: false,
                shared,
                page_size_log2: 16,
                limits,
            };
            all.insert(
                name,
                Extern::Memory(store.new_memory(ty).expect("a small memory")),
            );
        }
        Self(all)
    }

    pub fn export(&self, name: &str) -> Option<Extern> {
        self.0.get(name).copied()
    }
}

impl Host for Spectest {
    fn call(&mut self, _: &mut Store, _: u32, _: &[Val]) -> Result<Vec<Val>, Stop> {
        Ok(Vec::new())
    }
}
