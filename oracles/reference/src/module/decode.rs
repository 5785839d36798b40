//! The binary format (chapter 5), part by part; validation goes along.

use super::{
    Body, ConstExpr, Data, Element, Export, ExportKind, GlobalDef, Import, ImportType, Items, Mode,
    ModuleData, ModuleError, TableDef, translate,
};
use crate::types::{GlobalType, group_of, memory_type_of, table_type_of, val_type_of};
use assay_engine::Features;
use std::sync::OnceLock;
use wasmparser::{
    DataKind, ElementItems, ElementKind, ExternalKind, FuncValidatorAllocations, HeapType,
    Operator, Parser, Payload, TableInit, TypeRef, ValidPayload, Validator,
};

type Result<T> = std::result::Result<T, ModuleError>;

/// Decodes and validates a module.
pub(super) fn decode(wasm: &[u8], features: Features) -> Result<ModuleData> {
    let accepted = assay_module::wasm_features(features);
    let mut validator = Validator::new_with_features(accepted);
    let mut parser = Parser::new(0);
    parser.set_features(accepted);
    let mut module = ModuleData {
        wasm: wasm.into(),
        features,
        ..ModuleData::default()
    };
    let mut allocations = FuncValidatorAllocations::default();
    for payload in parser.parse_all(wasm) {
        let payload = payload?;
        if let ValidPayload::Func(function, body) = validator.payload(&payload)? {
            let mut function = function.into_validator(allocations);
            function.validate(&body)?;
            allocations = function.into_allocations();
        }
        module.section(payload)?;
    }
    Ok(module)
}

/// A constant expression of a module.
fn constant(module: &ModuleData, expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr> {
    translate::constant(module, expr)
}

impl ModuleData {
    fn section(&mut self, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::TypeSection(section) => self.types(section),
            Payload::ImportSection(section) => self.imports(section),
            Payload::FunctionSection(section) => self.functions(section),
            Payload::TableSection(section) => self.tables(section),
            Payload::MemorySection(section) => self.memories(section),
            Payload::TagSection(section) => self.tags(section),
            Payload::GlobalSection(section) => self.globals(section),
            Payload::ExportSection(section) => self.exports(section),
            Payload::StartSection { func, .. } => {
                self.start = Some(func);
                Ok(())
            }
            Payload::ElementSection(section) => self.elements(section),
            Payload::DataSection(section) => self.datas(section),
            Payload::CodeSectionEntry(body) => self.code_entry(&body),
            _ => Ok(()),
        }
    }

    fn types(&mut self, section: wasmparser::TypeSectionReader<'_>) -> Result<()> {
        for group in section {
            let group = group_of(&group?)?;
            self.spaces.types.extend(group.iter().cloned());
            self.groups.push(group);
        }
        Ok(())
    }

    fn imports(&mut self, section: wasmparser::ImportSectionReader<'_>) -> Result<()> {
        for import in section.into_imports() {
            let import = import?;
            let ty = match import.ty {
                TypeRef::Func(ty) => {
                    self.spaces.funcs.push(ty);
                    ImportType::Func(ty)
                }
                TypeRef::Table(ty) => {
                    let ty = table_type_of(ty)?;
                    self.spaces.tables.push(ty);
                    ImportType::Table(ty)
                }
                TypeRef::Memory(ty) => {
                    let ty = memory_type_of(ty);
                    self.spaces.memories.push(ty);
                    ImportType::Memory(ty)
                }
                TypeRef::Global(ty) => {
                    let ty = global_type_of(ty)?;
                    self.spaces.globals.push(ty);
                    ImportType::Global(ty)
                }
                TypeRef::Tag(ty) => {
                    self.spaces.tags.push(ty.func_type_idx);
                    ImportType::Tag(ty.func_type_idx)
                }
                TypeRef::FuncExact(_) => return Err(ModuleError::unsupported("an exact type")),
            };
            let (module, name) = (import.module.to_owned(), import.name.to_owned());
            self.imports.push(Import { module, name, ty });
        }
        Ok(())
    }

    fn functions(&mut self, section: wasmparser::FunctionSectionReader<'_>) -> Result<()> {
        for ty in section {
            let ty = ty?;
            self.spaces.funcs.push(ty);
            self.bodies.push(Body {
                ty,
                range: 0..0,
                code: OnceLock::new(),
            });
        }
        Ok(())
    }

    fn code_entry(&mut self, body: &wasmparser::FunctionBody<'_>) -> Result<()> {
        let missing = || ModuleError::Invalid("a body without a function".into());
        let next = self
            .bodies
            .get_mut(self.decoded_bodies)
            .ok_or_else(missing)?;
        next.range = body.range();
        self.decoded_bodies += 1;
        if self.features.contains(Features::GC) {
            refuse_exact_types(body)?;
        }
        Ok(())
    }

    fn tables(&mut self, section: wasmparser::TableSectionReader<'_>) -> Result<()> {
        for table in section {
            let table = table?;
            let ty = table_type_of(table.ty)?;
            let init = match &table.init {
                TableInit::RefNull => None,
                TableInit::Expr(expr) => Some(constant(self, expr)?),
            };
            self.spaces.tables.push(ty);
            self.table_defs.push(TableDef { ty, init });
        }
        Ok(())
    }

    fn memories(&mut self, section: wasmparser::MemorySectionReader<'_>) -> Result<()> {
        for memory in section {
            let ty = memory_type_of(memory?);
            self.spaces.memories.push(ty);
            self.memory_defs.push(ty);
        }
        Ok(())
    }

    fn tags(&mut self, section: wasmparser::TagSectionReader<'_>) -> Result<()> {
        for tag in section {
            self.spaces.tags.push(tag?.func_type_idx);
        }
        Ok(())
    }

    fn globals(&mut self, section: wasmparser::GlobalSectionReader<'_>) -> Result<()> {
        for global in section {
            let global = global?;
            let ty = global_type_of(global.ty)?;
            let init = constant(self, &global.init_expr)?;
            self.spaces.globals.push(ty);
            self.global_defs.push(GlobalDef { ty, init });
        }
        Ok(())
    }

    fn exports(&mut self, section: wasmparser::ExportSectionReader<'_>) -> Result<()> {
        for export in section {
            let export = export?;
            let kind = match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
                ExternalKind::Table => ExportKind::Table,
                ExternalKind::Memory => ExportKind::Memory,
                ExternalKind::Global => ExportKind::Global,
                ExternalKind::Tag => ExportKind::Tag,
            };
            self.exports.push(Export {
                name: export.name.to_owned(),
                kind,
                index: export.index,
            });
        }
        Ok(())
    }

    fn elements(&mut self, section: wasmparser::ElementSectionReader<'_>) -> Result<()> {
        for element in section {
            let element = element?;
            let mode = match &element.kind {
                ElementKind::Passive => Mode::Passive,
                ElementKind::Declared => Mode::Declared,
                ElementKind::Active {
                    table_index,
                    offset_expr,
                } => Mode::Active {
                    target: mutate!(table_index.unwrap_or(0), ElementsIntoFirstTable => 0),
                    offset: constant(self, offset_expr)?,
                },
            };
            let items = match element.items {
                ElementItems::Functions(funcs) => {
                    Items::Funcs(funcs.into_iter().collect::<std::result::Result<_, _>>()?)
                }
                ElementItems::Expressions(_, exprs) => Items::Exprs(
                    exprs
                        .into_iter()
                        .map(|expr| constant(self, &expr?))
                        .collect::<Result<_>>()?,
                ),
            };
            self.elements.push(Element { mode, items });
        }
        Ok(())
    }

    fn datas(&mut self, section: wasmparser::DataSectionReader<'_>) -> Result<()> {
        for data in section {
            let data = data?;
            let mode = match &data.kind {
                DataKind::Passive => Mode::Passive,
                DataKind::Active {
                    memory_index,
                    offset_expr,
                } => Mode::Active {
                    target: *memory_index,
                    offset: constant(self, offset_expr)?,
                },
            };
            let end = data.range.end;
            self.datas.push(Data {
                mode,
                bytes: end - data.data.len()..end,
            });
        }
        Ok(())
    }
}

fn global_type_of(ty: wasmparser::GlobalType) -> Result<GlobalType<u32>> {
    Ok(GlobalType {
        content: val_type_of(ty.content_type)?,
        mutable: ty.mutable,
    })
}

/// The validator accepts casts to exact types, which belong to a proposal that is not among the
/// features.
fn refuse_exact_types(body: &wasmparser::FunctionBody<'_>) -> Result<()> {
    let is_exact = |ty: HeapType| matches!(ty, HeapType::Exact(_));
    for operator in body.get_operators_reader()? {
        let exact = match operator? {
            Operator::RefTestNonNull { hty }
            | Operator::RefTestNullable { hty }
            | Operator::RefCastNonNull { hty }
            | Operator::RefCastNullable { hty }
            | Operator::RefNull { hty } => is_exact(hty),
            Operator::BrOnCast {
                from_ref_type,
                to_ref_type,
                ..
            }
            | Operator::BrOnCastFail {
                from_ref_type,
                to_ref_type,
                ..
            } => is_exact(from_ref_type.heap_type()) || is_exact(to_ref_type.heap_type()),
            _ => false,
        };
        if exact {
            return Err(ModuleError::unsupported("an exact type"));
        }
    }
    Ok(())
}
