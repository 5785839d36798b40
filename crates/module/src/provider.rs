//! The module that provides what another one imports, functions aside.
//!
//! JavaScript cannot make a `v128` global or a table of a concrete type, so that no host makes
//! any: a module does, and every engine links the two. Its values are fixed by their types.

use crate::Info;
use crate::groups::Groups;
use crate::sections::Sections;
use wasm_encoder::reencode::Reencode;
use wasm_encoder::{ConstExpr, ExportKind, Function, Instruction, NameMap};
use wasmparser::{AbstractHeapType, CompositeInnerType, TypeRef, ValType};

/// The name under which it is registered. Its exports are the numbers of the imports.
pub const NAME: &str = "assay:env";

/// The provider of a module's imports: `Ok(None)` where it has none but functions, `Err` with the
/// number of the first import for which no initial value can be made.
///
/// # Errors
///
/// The number of the import that cannot be provided: one of a non-null reference type that has
/// no constant.
pub fn provider(info: &Info, wasm: &[u8]) -> Result<Option<Vec<u8>>, u32> {
    let mut made = Provider::new(info, wasm);
    for (number, import) in info.imports.iter().enumerate() {
        made.provide(number as u32, import.ty)
            .ok_or(number as u32)?;
    }
    Ok(made.finish())
}

struct Provider<'a> {
    info: &'a Info,
    groups: Groups,
    /// The type of what stands for any function, where that is needed.
    function: Option<u32>,
    sections: Sections,
    counts: [u32; 4],
    functions: u32,
    /// The import that each tag was made for.
    tags: Vec<u32>,
}

impl<'a> Provider<'a> {
    fn new(info: &'a Info, wasm: &[u8]) -> Self {
        let imports = info.imports.iter().map(|import| import.ty);
        let function = imports
            .clone()
            .any(is_any_function)
            .then(|| info.types.iter().position(is_function));
        let function = function.flatten().map(|index| index as u32);
        let mut groups = Groups::needed(wasm, imports, function.as_slice());
        let sections = Sections {
            // The caller has read the types before, so that they do encode.
            types: groups.encode().unwrap_or_default(),
            ..Sections::default()
        };
        Self {
            info,
            groups,
            function,
            sections,
            counts: [0; 4],
            functions: 0,
            tags: Vec::new(),
        }
    }

    fn provide(&mut self, number: u32, ty: TypeRef) -> Option<()> {
        let (kind, space) = match ty {
            TypeRef::Func(_) | TypeRef::FuncExact(_) => return Some(()),
            TypeRef::Memory(ty) => {
                self.sections
                    .memories
                    .memory(self.groups.memory_type(ty).ok()?);
                (ExportKind::Memory, 0)
            }
            TypeRef::Table(ty) => {
                let init = (!ty.element_type.is_nullable())
                    .then(|| self.constant(ValType::Ref(ty.element_type)));
                let ty = self.groups.table_type(ty).ok()?;
                match init {
                    Some(init) => self.sections.tables.table_with_init(ty, &init?),
                    None => self.sections.tables.table(ty),
                };
                (ExportKind::Table, 1)
            }
            TypeRef::Global(ty) => {
                let init = self.constant(ty.content_type)?;
                let ty = self.groups.global_type(ty).ok()?;
                self.sections.globals.global(ty, &init);
                (ExportKind::Global, 2)
            }
            TypeRef::Tag(ty) => {
                if let Some(same) = self.same_tag(number) {
                    let name = number.to_string();
                    self.sections.exports.export(&name, ExportKind::Tag, same);
                    return Some(());
                }
                self.tags.push(number);
                self.sections.tags.tag(self.groups.tag_type(ty).ok()?);
                (ExportKind::Tag, 3)
            }
        };
        self.sections
            .exports
            .export(&number.to_string(), kind, self.counts[space]);
        self.counts[space] += 1;
        Some(())
    }

    /// The tag that is provided for an earlier import, where that has the same name and type: the two
    /// are one tag under two indices, as they would be for any embedder. What else a module imports
    /// twice stays two things, since their types are often different.
    fn same_tag(&self, number: u32) -> Option<u32> {
        let import = self.info.imports.get(number as usize)?;
        let is_same = |&other: &u32| {
            let other = &self.info.imports[other as usize];
            (&other.module, &other.field, other.ty) == (&import.module, &import.field, import.ty)
        };
        let same = self.tags.iter().position(is_same)?;
        Some(same as u32)
    }

    /// A constant of a type: small numbers, null where allowed.
    fn constant(&mut self, ty: ValType) -> Option<ConstExpr> {
        Some(match ty {
            ValType::I32 => ConstExpr::i32_const(1),
            ValType::I64 => ConstExpr::i64_const(2),
            ValType::F32 => ConstExpr::f32_const(0.5f32.into()),
            ValType::F64 => ConstExpr::f64_const((-0.25f64).into()),
            ValType::V128 => ConstExpr::v128_const(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10),
            ValType::Ref(ty) if ty.is_nullable() => {
                ConstExpr::ref_null(self.groups.heap_type(ty.heap_type()).ok()?)
            }
            ValType::Ref(ty) => self.non_null(ty)?,
        })
    }

    fn non_null(&mut self, ty: wasmparser::RefType) -> Option<ConstExpr> {
        use AbstractHeapType as A;
        let i31 = [Instruction::I32Const(3), Instruction::RefI31];
        match ty.heap_type() {
            wasmparser::HeapType::Abstract { ty, .. } => match ty {
                A::Any | A::Eq | A::I31 => Some(ConstExpr::extended(i31)),
                A::Extern => Some(ConstExpr::extended(
                    i31.into_iter().chain([Instruction::ExternConvertAny]),
                )),
                A::Func => {
                    let index = self.function?;
                    self.function(index)
                }
                _ => None,
            },
            wasmparser::HeapType::Concrete(index) | wasmparser::HeapType::Exact(index) => {
                let index = index.as_module_index()?;
                let ty = self.info.types.get(index as usize)?;
                let new = self.groups.type_index(index).ok()?;
                match &ty.composite_type.inner {
                    CompositeInnerType::Func(_) => self.function(index),
                    CompositeInnerType::Struct(s) => s
                        .fields
                        .iter()
                        .all(|f| !matches!(f.element_type, wasmparser::StorageType::Val(ValType::Ref(r)) if !r.is_nullable()))
                        .then(|| ConstExpr::extended([Instruction::StructNewDefault(new)])),
                    CompositeInnerType::Array(_) => {
                        Some(ConstExpr::extended([Instruction::ArrayNewFixed { array_type_index: new, array_size: 0 }]))
                    }
                    CompositeInnerType::Cont(_) => None,
                }
            }
        }
    }

    /// A function of this type, which traps.
    fn function(&mut self, ty: u32) -> Option<ConstExpr> {
        self.info.signature_of_type(ty)?;
        let index = self.functions;
        self.functions += 1;
        let ty = self.groups.type_index(ty).ok()?;
        self.sections.functions.function(ty);
        let mut body = Function::new([]);
        body.instructions().unreachable().end();
        self.sections.code.function(&body);
        self.sections
            .exports
            .export(&format!("f{index}"), ExportKind::Func, index);
        Some(ConstExpr::ref_func(index))
    }

    fn finish(self) -> Option<Vec<u8>> {
        (self.counts != [0; 4]).then(|| self.sections.encode(&NameMap::new(), &NameMap::new()))
    }
}

/// Whether an import holds a function of any type, and cannot be null.
fn is_any_function(import: TypeRef) -> bool {
    let value = match import {
        TypeRef::Global(ty) => ty.content_type,
        TypeRef::Table(ty) => ValType::Ref(ty.element_type),
        _ => return false,
    };
    value == ValType::Ref(wasmparser::RefType::FUNC)
}

fn is_function(ty: &wasmparser::SubType) -> bool {
    matches!(ty.composite_type.inner, CompositeInnerType::Func(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::{Parser, Payload};

    /// For each import, the index of the tag that the provider gives.
    fn tags(imports: &str) -> Vec<u32> {
        let wat = format!("(module {imports})");
        let wasm = wat::parse_str(wat).expect("the text is right");
        let info = Info::read(&wasm).expect("it decodes");
        let made = provider(&info, &wasm).expect("it can be provided");
        let made = made.expect("there are imports");
        let payloads = Parser::new(0).parse_all(&made).flatten();
        let exports = payloads.filter_map(|payload| match payload {
            Payload::ExportSection(section) => Some(section.into_iter().flatten()),
            _ => None,
        });
        exports.flatten().map(|export| export.index).collect()
    }

    #[test]
    fn two_imports_of_one_name_are_one_tag() {
        let tag = |name: &str| format!(r#"(import "m" "{name}" (tag (param i32)))"#);
        let all = [tag("a"), tag("b"), tag("a"), tag("b")].concat();
        assert_eq!(tags(&all), [0, 1, 0, 1]);
    }

    #[test]
    fn two_types_are_two_tags() {
        let other = r#"(import "m" "a" (tag (param i64)))"#;
        let both = [r#"(import "m" "a" (tag (param i32)))"#, other].concat();
        assert_eq!(tags(&both), [0, 1]);
    }
}
