//! Writes the module down.

use super::{World, constant, tables::Items};
use assay_engine::{Features, Value};
use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, EntityType, ExportKind,
    ExportSection, FunctionSection, GlobalSection, ImportSection, Instruction, MemorySection,
    MemoryType, Module, TableSection, TableType, TagKind, TagSection, TagType, TypeSection,
    ValType,
};

impl World {
    /// The module in the binary format.
    pub fn finish(mut self) -> Vec<u8> {
        self.referred.sort_unstable();
        self.referred.dedup();
        let mut module = Module::new();
        module.section(&self.type_section());
        if let Some(ty) = self.import {
            module.section(ImportSection::new().import(
                "host",
                "function",
                EntityType::Function(ty),
            ));
        }
        let mut functions = FunctionSection::new();
        for function in &self.functions {
            functions.function(function.ty);
        }
        module.section(&functions);
        if !self.tables.is_empty() {
            module.section(&self.table_section());
        }
        if self.memories_used {
            module.section(&self.memory_section());
        }
        if !self.tags.is_empty() {
            module.section(&self.tag_section());
        }
        if !self.globals.is_empty() {
            module.section(&self.global_section());
        }
        let mut exports = ExportSection::new();
        for (name, index) in &self.exports {
            exports.export(name, ExportKind::Func, *index);
        }
        module.section(&exports);
        let elements = self.element_section();
        if !elements.is_empty() {
            module.section(&elements);
        }
        if !self.data.is_empty() {
            module.section(&DataCountSection {
                count: self.data.len() as u32,
            });
        }
        let mut code = CodeSection::new();
        for function in &self.functions {
            code.raw(&body(&function.locals, &function.code));
        }
        module.section(&code);
        if !self.data.is_empty() {
            module.section(&self.data_section());
        }
        module.finish()
    }

    fn type_section(&self) -> TypeSection {
        let mut section = TypeSection::new();
        for ty in &self.types {
            section.ty().subtype(ty);
        }
        section
    }

    fn table_section(&self) -> TableSection {
        let mut section = TableSection::new();
        for (table, initial) in self.tables.iter().zip(&self.initials) {
            let ty = TableType {
                element_type: table.ty,
                table64: table.wide,
                minimum: table.min,
                maximum: Some(table.max),
                shared: false,
            };
            match initial {
                Some(code) => {
                    section.table_with_init(ty, &ConstExpr::extended(code.iter().cloned()))
                }
                None => section.table(ty),
            };
        }
        section
    }

    fn memory_section(&self) -> MemorySection {
        let mut section = MemorySection::new();
        for memory in &self.memories {
            section.memory(MemoryType {
                minimum: memory.bytes >> memory.page_size_log2,
                maximum: Some(memory.max_bytes >> memory.page_size_log2),
                memory64: memory.wide,
                shared: false,
                page_size_log2: (memory.page_size_log2 != 16).then_some(memory.page_size_log2),
            });
        }
        section
    }

    fn tag_section(&self) -> TagSection {
        let mut section = TagSection::new();
        for &ty in &self.tags {
            section.tag(TagType {
                kind: TagKind::Exception,
                func_type_idx: ty,
            });
        }
        section
    }

    fn global_section(&self) -> GlobalSection {
        let mut section = GlobalSection::new();
        for global in &self.globals {
            section.global(global.ty, &ConstExpr::extended(global.init.iter().cloned()));
        }
        section
    }

    fn element_section(&self) -> ElementSection {
        use wasm_encoder::Elements::{Expressions, Functions};
        let mut section = ElementSection::new();
        for segment in &self.elements {
            let expressions: Vec<ConstExpr>;
            let items = match &segment.items {
                Items::Functions(items) => Functions(items.into()),
                Items::Expressions(items) => {
                    expressions = items
                        .iter()
                        .map(|code| ConstExpr::extended(code.iter().cloned()))
                        .collect();
                    Expressions(segment.ty, (&expressions).into())
                }
            };
            match segment.active {
                None => section.passive(items),
                Some((table, offset)) => {
                    let wide = self.tables[table as usize].wide;
                    section.active(
                        (table != 0).then_some(table),
                        &self.offset(wide, offset),
                        items,
                    )
                }
            };
        }
        if !self.referred.is_empty() {
            section.declared(Functions((&self.referred).into()));
        }
        section
    }

    /// The offset of a segment, as a sum where constants may be computed.
    fn offset(&self, wide: bool, offset: u64) -> ConstExpr {
        let part = if self.has(Features::EXTENDED_CONST) {
            offset % 8 + offset / 2
        } else {
            0
        };
        let rest = offset.wrapping_sub(part);
        let constant = |x: u64| {
            constant(if wide {
                Value::I64(x)
            } else {
                Value::I32(x as u32)
            })
        };
        let mut code = vec![constant(rest)];
        if part != 0 {
            let add = if wide {
                Instruction::I64Add
            } else {
                Instruction::I32Add
            };
            code.extend([constant(part), add]);
        }
        ConstExpr::extended(code)
    }

    fn data_section(&self) -> DataSection {
        let mut section = DataSection::new();
        for data in &self.data {
            let bytes = data.bytes.iter().copied();
            match data.active {
                None => section.passive(bytes),
                Some((memory, offset)) => {
                    section.active(memory.index, &self.offset(memory.wide, offset), bytes)
                }
            };
        }
        section
    }
}

/// A function body in the binary format.
pub(super) fn body(locals: &[ValType], code: &[Instruction<'static>]) -> Vec<u8> {
    let mut body = wasm_encoder::Function::new_with_locals_types(locals.iter().copied());
    for instruction in code {
        body.instruction(instruction);
    }
    body.instruction(&Instruction::End);
    body.into_raw_body()
}
