//! The sections of a module that tie it to the others: what it imports, exports, and puts into the table.

use super::body::{Callee, NULL_SLOT, Piece, Sig};
use super::model::fields;
use super::modules::{Linked, module_name};
use super::setting::Shadow;
use super::types::{TAGS, Types};
use super::world::Function;
use crate::stress::numbers::SEED_VALUE;
use crate::stress::parts::{self, variable};
use assay_engine::names;
use std::collections::BTreeSet;
use wasm_encoder::{
    ConstExpr, ElementSection, Elements, EntityType, ExportKind, ExportSection, GlobalSection,
    ImportSection, MemoryType, Module, RefType, TableType, TagSection, TagType, ValType,
};

/// What the first module exports.
const TABLE: &str = "table";
const MEMORY: &str = "memory";
const GLOBALS: [&str; 3] = ["seed", "digest", "shadow"];

impl Linked<'_> {
    pub(super) fn shares_memory(&self) -> bool {
        self.setting().shadow == Shadow::Memory
    }

    pub(super) fn table(&self) -> TableType {
        let length = 1 + u64::from(NULL_SLOT) + self.world.slots.len() as u64;
        parts::table(RefType::FUNCREF, length, length)
    }

    /// The tags and the globals of the first module.
    pub(super) fn shared_sections(&self, out: &mut Module) {
        if self.has_tags() {
            let mut tags = TagSection::new();
            (0..TAGS).for_each(|tag| _ = tags.tag(tag_type(tag)));
            out.section(&tags);
        }
        let mut globals = GlobalSection::new();
        for place in 0..GLOBALS.len() {
            let value = if place == 0 { SEED_VALUE } else { 0 };
            globals.global(
                variable(ValType::I64),
                &ConstExpr::i64_const(value.cast_signed()),
            );
        }
        out.section(&globals);
    }

    pub(super) fn import_section(&self, module: u32) -> ImportSection {
        let mut section = ImportSection::new();
        let signature = |sig| EntityType::Function(Types::signature(self.setting(), sig));
        for number in 0..self.hosts(module) {
            let ty = signature(Sig::Host(number));
            section.import(names::HOST_MODULE, &number.to_string(), ty);
        }
        for &function in &self.imports[module as usize] {
            let Function { module, sig, .. } = self.world.functions[function as usize];
            section.import(&module_name(module), &exported(function), signature(sig));
        }
        if module > 0 {
            let first = module_name(0);
            section.import(&first, TABLE, self.table());
            if self.shares_memory() {
                section.import(&first, MEMORY, memory());
            }
            for name in GLOBALS {
                section.import(&first, name, variable(ValType::I64));
            }
            for tag in (0..TAGS).filter(|_| self.has_tags()) {
                section.import(&first, &names::tag(tag), tag_type(tag));
            }
        }
        section
    }

    pub(super) fn export_section(&self, module: u32) -> ExportSection {
        let mut section = ExportSection::new();
        let imported: BTreeSet<u32> = self.imports.iter().flatten().copied().collect();
        for &function in self.own[module as usize]
            .iter()
            .filter(|it| imported.contains(it))
        {
            let index = self.index(module, Callee::Own(function));
            section.export(&exported(function), ExportKind::Func, index);
        }
        if self.is_main(module) {
            for (number, function) in (0..).zip(&self.world.functions) {
                if let Some(name) = &function.export {
                    let index = self.index(module, Callee::Own(number));
                    section.export(name, ExportKind::Func, index);
                }
            }
        }
        if module == 0 {
            section.export(TABLE, ExportKind::Table, 0);
            section.export(MEMORY, ExportKind::Memory, 0);
            for (name, index) in GLOBALS.into_iter().zip(0..) {
                section.export(name, ExportKind::Global, index);
            }
        }
        if module == 0 || self.is_main(module) {
            for tag in (0..TAGS).filter(|_| self.has_tags()) {
                section.export(&names::tag(tag), ExportKind::Tag, tag);
            }
        }
        section
    }

    /// What the module puts into the table, and a declaration of what is referred to otherwise.
    pub(super) fn element_section(&self, module: u32) -> ElementSection {
        let mut section = ElementSection::new();
        for (place, &callee) in (1 + NULL_SLOT..).zip(&self.world.slots) {
            let is_here = match callee {
                Callee::Host(_) => self.is_main(module),
                Callee::Own(function) => self.world.functions[function as usize].module == module,
            };
            if is_here {
                let index = [self.index(module, callee)];
                let start = ConstExpr::i32_const(place.cast_signed());
                section.active(None, &start, Elements::Functions((&index).into()));
            }
        }
        let own = self.own[module as usize].iter();
        let pieces = own.filter_map(|&it| self.world.functions[it as usize].body.as_ref());
        let taken = pieces
            .flat_map(|body| &body.code)
            .filter_map(|piece| match piece {
                Piece::Ref(callee) => Some(self.index(module, *callee)),
                _ => None,
            });
        let taken: BTreeSet<u32> = taken.collect();
        if !taken.is_empty() {
            let indices: Vec<u32> = taken.into_iter().collect();
            section.declared(Elements::Functions(indices.into()));
        }
        section
    }
}

/// The name under which a module exports a function for those behind it.
fn exported(function: u32) -> String {
    format!("f{function}")
}

/// The memory of a module: the one that is shared, or its own.
pub(super) fn memory() -> MemoryType {
    MemoryType {
        minimum: 1,
        maximum: Some(1),
        memory64: false,
        shared: false,
        page_size_log2: None,
    }
}

fn tag_type(tag: u32) -> TagType {
    debug_assert!(fields(tag).len() <= 1);
    parts::tag(tag)
}
