//! Parts of modules, as families need them: no threads share them, and tables have indices of 32 bits.

use wasm_encoder::{
    ConstExpr, ElementSection, Elements, ExportKind, ExportSection, GlobalType, RefType, TableType,
    TagKind, TagType, ValType,
};

/// A global that can be written.
pub fn variable(val_type: ValType) -> GlobalType {
    GlobalType {
        val_type,
        mutable: true,
        shared: false,
    }
}

/// A table of this length, which can grow to that one.
pub fn table(element_type: RefType, length: u64, maximum: u64) -> TableType {
    TableType {
        element_type,
        table64: false,
        minimum: length,
        maximum: Some(maximum),
        shared: false,
    }
}

/// A tag of this type.
pub fn tag(func_type_idx: u32) -> TagType {
    TagType {
        kind: TagKind::Exception,
        func_type_idx,
    }
}

/// Exports functions under their names, those that have one; the first has this index.
pub fn export_functions<'a>(
    section: &mut ExportSection,
    first: u32,
    names: impl IntoIterator<Item = Option<&'a String>>,
) {
    for (name, index) in names.into_iter().zip(first..) {
        if let Some(name) = name {
            section.export(name, ExportKind::Func, index);
        }
    }
}

/// Functions that a table begins with, and a declaration of those that are referred to otherwise, all by
/// their indices.
pub fn elements(table: Option<u32>, begins_with: Vec<u32>, referred: Vec<u32>) -> ElementSection {
    let mut section = ElementSection::new();
    if !begins_with.is_empty() {
        let start = ConstExpr::i32_const(0);
        section.active(table, &start, Elements::Functions(begins_with.into()));
    }
    if !referred.is_empty() {
        section.declared(Elements::Functions(referred.into()));
    }
    section
}
