//! What a module declares: its index spaces, read without validating.

use crate::types::{Signature, Type};
use std::ops::Range;
use wasmparser::{
    CompositeInnerType, ExternalKind, GlobalType, MemoryType, Parser, Payload, SubType, TableType,
    TypeRef,
};

/// The declarations of a module. Each vector is one index space, imports first.
#[derive(Clone, Debug, Default)]
pub struct Info {
    /// The types, with recursion groups flattened.
    pub types: Vec<SubType>,
    /// The imports, in order.
    pub imports: Vec<Import>,
    /// The functions, as type indices.
    pub functions: Vec<u32>,
    /// The tables.
    pub tables: Vec<TableType>,
    /// The memories.
    pub memories: Vec<MemoryType>,
    /// The globals.
    pub globals: Vec<GlobalType>,
    /// The tags, as type indices.
    pub tags: Vec<u32>,
    /// The exports, in order.
    pub exports: Vec<Export>,
    /// How many of the functions are imported.
    pub imported_functions: u32,
    /// Where in the module the bodies of the other functions are, in bytes.
    pub bodies: Vec<Range<usize>>,
}

/// An import.
#[derive(Clone, Debug)]
pub struct Import {
    /// The module name.
    pub module: String,
    /// The field name.
    pub field: String,
    /// What is imported.
    pub ty: TypeRef,
}

/// An export.
#[derive(Clone, Debug)]
pub struct Export {
    /// The name.
    pub name: String,
    /// What is exported.
    pub kind: ExternalKind,
    /// Its index in the space of its kind.
    pub index: u32,
}

impl Info {
    /// Reads the declarations of a module in the binary format.
    ///
    /// # Errors
    ///
    /// When the bytes do not decode. A module that decodes may still be invalid.
    pub fn read(wasm: &[u8]) -> wasmparser::Result<Self> {
        let mut info = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            info.note(payload?)?;
        }
        Ok(info)
    }

    fn note(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    self.types.extend(group?.into_types());
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    self.import(import.module, import.name, import.ty);
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    self.tables.push(table?.ty);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memories.push(memory?);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    self.globals.push(global?.ty);
                }
            }
            Payload::TagSection(section) => {
                for tag in section {
                    self.tags.push(tag?.func_type_idx);
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body.range()),
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    self.exports.push(Export {
                        name: export.name.into(),
                        kind: export.kind,
                        index: export.index,
                    });
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, module: &str, field: &str, ty: TypeRef) {
        match ty {
            TypeRef::Func(index) | TypeRef::FuncExact(index) => {
                self.functions.push(index);
                self.imported_functions += 1;
            }
            TypeRef::Table(ty) => self.tables.push(ty),
            TypeRef::Memory(ty) => self.memories.push(ty),
            TypeRef::Global(ty) => self.globals.push(ty),
            TypeRef::Tag(ty) => self.tags.push(ty.func_type_idx),
        }
        self.imports.push(Import {
            module: module.into(),
            field: field.into(),
            ty,
        });
    }

    /// The signature of a function type; `None` where the type is no function type, or has values
    /// that Assay cannot carry (continuations).
    pub fn signature_of_type(&self, ty: u32) -> Option<Signature> {
        let CompositeInnerType::Func(func) = &self.types.get(ty as usize)?.composite_type.inner
        else {
            return None;
        };
        let carry = |types: &[wasmparser::ValType]| {
            types
                .iter()
                .map(|&ty| Type::of(self, ty))
                .collect::<Option<Vec<_>>>()
        };
        Some(Signature {
            params: carry(func.params())?,
            results: carry(func.results())?,
        })
    }

    /// Where in the module the body of a function is; `None` where it has none.
    pub fn body(&self, function: u32) -> Option<&Range<usize>> {
        let defined = function.checked_sub(self.imported_functions)?;
        self.bodies.get(defined as usize)
    }

    /// The functions to be called from outside, by name and index.
    pub fn callable(&self, which: Exports) -> Vec<(String, u32)> {
        match which {
            Exports::Named => self
                .exports
                .iter()
                .filter(|export| {
                    matches!(export.kind, ExternalKind::Func | ExternalKind::FuncExact)
                })
                .map(|export| (export.name.clone(), export.index))
                .collect(),
            Exports::Defined => (self.imported_functions..self.functions.len() as u32)
                .map(|f| (format!("f{f}"), f))
                .collect(),
        }
    }
}

/// Which functions are to be called from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exports {
    /// Those that the module exports, by their names.
    #[default]
    Named,
    /// All that it defines, as `f` and their index.
    Defined,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_told_by_the_index_of_its_function() {
        let wasm = wat::parse_str(
            r#"(module (import "m" "f" (func)) (func nop) (func (drop (i32.const 7))))"#,
        );
        let wasm = wasm.unwrap();
        let info = Info::read(&wasm).unwrap();
        let body = |function| info.body(function).map(|body| &wasm[body.clone()]);
        assert_eq!(body(0), None);
        // No locals, the instructions, and an end.
        assert_eq!(body(1), Some(&[0, 0x01, 0x0b][..]));
        assert_eq!(body(2), Some(&[0, 0x41, 7, 0x1a, 0x0b][..]));
        assert_eq!(body(3), None);
    }
}
