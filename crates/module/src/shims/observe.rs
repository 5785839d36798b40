//! The export `assay:observe`: fuel, globals, tables.

use super::{MAX_SLOTS, Shims, slot_types};
use crate::Plan;
use crate::lift;
use crate::types::{Hierarchy, Type};
use assay_engine::names;
use wasm_encoder::{BlockType, ExportKind, Function, ValType};

/// How many elements of a table the digest covers.
pub const TABLE_ELEMENTS_OBSERVED: i64 = 1024;

/// The locals of `assay:observe`.
const INDEX: u32 = 0;
const DIGEST: u32 = 1;
const SIZE: u32 = 2;

impl Shims<'_> {
    /// Adds `assay:observe`.
    pub fn observe(&mut self, plan: &Plan) {
        let mut results = vec![ValType::I32];
        let mut f = Function::new([(3, ValType::I64)]);
        f.instructions().global_get(self.fuel_global);
        for (index, ty) in self.info.globals.iter().enumerate() {
            let Some(ty) = Type::of(self.info, ty.content_type) else {
                continue;
            };
            if results.len() + ty.result_slots().len() > MAX_SLOTS {
                break;
            }
            results.extend(slot_types(ty.result_slots()));
            lift::lower(&mut f, self.helpers, ty, &|f| {
                f.instructions().global_get(index as u32);
            });
        }
        for table in 0..self.info.tables.len() {
            if results.len() + 2 <= MAX_SLOTS && self.table(&mut f, table) {
                results.extend([ValType::I64, ValType::I64]);
            }
        }
        f.instructions()
            .i32_const(plan.fuel)
            .global_set(self.fuel_global)
            .end();
        let index = self.function(Vec::new(), results, &f);
        self.export(names::OBSERVE, ExportKind::Func, index);
    }

    /// Emits code that pushes the size of a table and a digest of the kinds of its first elements.
    /// False for a table of references that cannot be carried.
    fn table(&self, f: &mut Function, table: usize) -> bool {
        let ty = self.info.tables[table];
        let Some(hierarchy) = Hierarchy::of(self.info, ty.element_type) else {
            return false;
        };
        let table = table as u32;
        f.instructions().table_size(table);
        if !ty.table64 {
            f.instructions().i64_extend_i32_u();
        }
        f.instructions()
            .local_set(SIZE)
            .i64_const(0)
            .local_set(INDEX)
            .i64_const(0)
            .local_set(DIGEST)
            .block(BlockType::Empty)
            .loop_(BlockType::Empty)
            .local_get(INDEX)
            .local_get(SIZE)
            .i64_ge_u()
            .br_if(1)
            .local_get(INDEX)
            .i64_const(TABLE_ELEMENTS_OBSERVED)
            .i64_ge_u()
            .br_if(1)
            .local_get(DIGEST)
            .i64_const(31)
            .i64_mul()
            .local_get(INDEX);
        if !ty.table64 {
            f.instructions().i32_wrap_i64();
        }
        f.instructions().table_get(table);
        lift::code(f, self.helpers, hierarchy);
        f.instructions()
            .i64_add()
            .local_set(DIGEST)
            .local_get(INDEX)
            .i64_const(1)
            .i64_add()
            .local_set(INDEX)
            .br(0)
            .end()
            .end()
            .local_get(SIZE)
            .local_get(DIGEST);
        true
    }
}
