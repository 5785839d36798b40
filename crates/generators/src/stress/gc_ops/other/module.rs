//! The modules before the main one.

use super::super::matching::Types;
use super::super::module::sub_type;
use super::super::setting::{TABLE_LENGTH, TABLE_MAXIMUM};
use super::super::types::{Heap, RefTy, Shape, Storage, TypeDef};
use super::declared::Declared;
use super::{Other, State, Task};
use crate::stress::parts::{self, variable};
use assay_engine::Module as Named;
use wasm_encoder::{
    CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, ImportSection, InstructionSink as Sink, Module, StartSection, TableSection,
    TableType, TypeSection, ValType,
};

/// The names of the second module, of its table, and of its functions before their numbers.
pub const MODULE: &str = "m0";
pub const TABLE: &str = "table";
pub const FUNCTIONS: &str = "f";

/// The name of the third module, which nobody imports from.
const GONE: &str = "m1";

/// How long the arrays of the third instance are.
pub const GONE_LENGTH: usize = 3;

/// The modules, in the order of their instances.
pub fn modules(types: &Types, other: &State) -> Vec<Named> {
    let mut modules = vec![Named {
        name: MODULE.into(),
        wasm: second(types, other),
    }];
    if !other.setting.gone.is_empty() {
        modules.push(Named {
            name: GONE.into(),
            wasm: third(types, &other.setting),
        });
    }
    modules
}

/// The type of the table.
pub fn table(heap: Heap) -> TableType {
    parts::table(
        RefTy::null(heap).encoded(),
        TABLE_LENGTH.into(),
        TABLE_MAXIMUM.into(),
    )
}

/// The types that a list of them names.
fn named(storages: impl IntoIterator<Item = Storage>) -> impl Iterator<Item = u32> {
    let references = storages.into_iter().filter_map(Storage::reference);
    references.filter_map(|ty| match ty.heap {
        Heap::Type(ty) => Some(ty),
        _ => None,
    })
}

fn declare(declared: &Declared<'_>) -> TypeSection {
    let mut section = TypeSection::new();
    let groups = declared.defs.chunk_by(|_, next| !next.begins_group);
    for group in groups {
        let group: Vec<_> = group.iter().map(|def: &TypeDef| sub_type(def)).collect();
        section.ty().rec(group);
    }
    section
}

/// The module with the functions.
fn second(types: &Types, state: &State) -> Vec<u8> {
    let other = &state.setting;
    let mut wanted = Vec::new();
    for task in &state.tasks {
        let (params, results) = task.signature(types, other);
        wanted.extend(named(params.into_iter().chain(results)));
        wanted.extend(task.named());
    }
    let places = [other.global, other.table];
    wanted.extend(named(places.map(|heap| Storage::Ref(RefTy::null(heap)))));
    let declared = Declared::new(types, wanted, other);
    let first = declared.defs.len() as u32;

    let mut section = declare(&declared);
    let mut functions = FunctionSection::new();
    let mut exports = ExportSection::new();
    let mut code = CodeSection::new();
    exports.export(TABLE, ExportKind::Table, 0);
    for (task, number) in state.tasks.iter().zip(0..) {
        let (params, results) = task.signature(types, other);
        let unpacked = |storages: &[Storage]| -> Vec<ValType> {
            let storages = storages.iter().map(|&it| declared.storage(it).unpacked());
            storages.collect()
        };
        section.ty().function(unpacked(&params), unpacked(&results));
        functions.function(first + number);
        exports.export(&format!("{FUNCTIONS}{number}"), ExportKind::Func, number);
        let mut f = Function::new([]);
        let mut sink = f.instructions();
        for param in 0..params.len() as u32 {
            sink.local_get(param);
        }
        perform(*task, types, &declared, &mut sink);
        sink.end();
        code.function(&f);
    }
    let mut tables = TableSection::new();
    tables.table(table(declared.heap(other.table)));
    let heap = declared.heap(other.global);
    let mut globals = GlobalSection::new();
    globals.global(
        variable(ValType::Ref(RefTy::null(heap).encoded())),
        &ConstExpr::ref_null(heap.encoded()),
    );
    let mut module = Module::new();
    module
        .section(&section)
        .section(&functions)
        .section(&tables)
        .section(&globals)
        .section(&exports)
        .section(&code);
    module.finish()
}

/// Emits what a function does with its parameters, which are on the stack.
fn perform(task: Task, types: &Types, declared: &Declared<'_>, f: &mut Sink<'_>) {
    let number = |ty| declared.number(ty);
    let is_packed = |ty, field: u32| {
        let field = types.fields(ty).get(field as usize);
        field.is_some_and(|it| it.storage.is_packed())
    };
    match task {
        Task::Make(ty) if types.element(ty).is_some() => f.array_new(number(ty)),
        Task::Make(ty) => f.struct_new(number(ty)),
        Task::Read(ty, field) if is_packed(ty, field) => f.struct_get_u(number(ty), field),
        Task::Read(ty, field) => f.struct_get(number(ty), field),
        Task::Write(ty, field) => f.struct_set(number(ty), field),
        Task::Test(ty) => {
            let heap = declared.heap(ty.heap).encoded();
            match ty.nullable {
                true => f.ref_test_nullable(heap),
                false => f.ref_test_non_null(heap),
            }
        }
        Task::Cast(ty) => {
            let heap = declared.heap(ty.heap).encoded();
            match ty.nullable {
                true => f.ref_cast_nullable(heap),
                false => f.ref_cast_non_null(heap),
            }
        }
        Task::Keep => f.global_set(0),
        Task::Give => f.global_get(0),
        Task::Look => f.table_get(0),
    };
}

/// The module that puts objects into the table, and is gone.
fn third(types: &Types, other: &Other) -> Vec<u8> {
    let of_table = named([Storage::Ref(RefTy::null(other.table))]);
    let wanted = other.gone.iter().copied().chain(of_table);
    let order = other.order + 1;
    let declared = Declared::new(
        types,
        wanted,
        &Other {
            order,
            ..other.clone()
        },
    );
    let mut section = declare(&declared);
    let start = declared.defs.len() as u32;
    section.ty().function([], []);
    let mut imports = ImportSection::new();
    let ty = EntityType::Table(table(declared.heap(other.table)));
    imports.import(MODULE, TABLE, ty);
    let mut functions = FunctionSection::new();
    functions.function(start);
    let mut f = Function::new([]);
    let mut sink = f.instructions();
    for (at, &ty) in (0..).zip(&other.gone) {
        sink.i32_const(at);
        match types.shape(ty) {
            Some(Shape::Array(_)) => sink
                .i32_const(GONE_LENGTH as i32)
                .array_new_default(declared.number(ty)),
            _ => sink.struct_new_default(declared.number(ty)),
        };
        sink.table_set(0);
    }
    sink.end();
    let mut code = CodeSection::new();
    code.function(&f);
    let mut module = Module::new();
    module
        .section(&section)
        .section(&imports)
        .section(&functions)
        .section(&StartSection { function_index: 0 })
        .section(&code);
    module.finish()
}
