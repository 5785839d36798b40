//! Modules between bytes and text, and the few facts about them that a script needs.

use assay_engine::{Slot, Value, names};
use std::collections::HashMap;
use wasmparser::{
    AbstractHeapType, BinaryReaderError, CompositeInnerType, ExternalKind, FuncType, HeapType,
    Parser, Payload, SubType, TypeRef, ValType,
};
use wast::Wat;
use wast::parser::{self, ParseBuffer};

/// The text of a module, if it can be printed.
fn printed(wasm: &[u8]) -> Option<String> {
    wasmprinter::print_bytes(wasm).ok()
}

/// The bytes of a module's text, if it can be parsed.
fn assembled(text: &str) -> Option<Vec<u8>> {
    let buffer = ParseBuffer::new(text).ok()?;
    parser::parse::<Wat<'_>>(&buffer).ok()?.encode().ok()
}

/// What the module's text assembles to, if that has the same text: then both are the same module,
/// and the bytes given can be written as text.
pub(crate) fn normalised(wasm: &[u8]) -> Option<Vec<u8>> {
    let text = printed(wasm)?;
    let bytes = assembled(&text)?;
    (printed(&bytes)? == text).then_some(bytes)
}

/// The module's text, if it assembles to exactly these bytes.
pub(crate) fn exact_text(wasm: &[u8]) -> Option<String> {
    let text = printed(wasm)?;
    (assembled(&text)? == wasm).then_some(text)
}

/// Whether the module can be decoded, valid or not.
pub(crate) fn decodes(wasm: &[u8]) -> bool {
    printed(wasm).is_some()
}

/// What a script must know of its main module.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Whether it imports host functions.
    pub host: bool,
    /// The types of the exported functions.
    exports: HashMap<String, FuncType>,
    /// The types, in order.
    types: Vec<SubType>,
}

impl Facts {
    /// Reads them. Of a module that cannot be decoded, there are none.
    pub fn of(wasm: &[u8]) -> Self {
        Self::read(wasm).unwrap_or_default()
    }

    fn read(wasm: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut facts = Self::default();
        let mut functions = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(groups) => {
                    for group in groups {
                        facts.types.extend(group?.into_types());
                    }
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        let import = import?;
                        facts.host |= import.module == names::HOST_MODULE;
                        if let TypeRef::Func(ty) | TypeRef::FuncExact(ty) = import.ty {
                            functions.push(ty);
                        }
                    }
                }
                Payload::FunctionSection(types) => {
                    for ty in types {
                        functions.push(ty?);
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        if matches!(export.kind, ExternalKind::Func | ExternalKind::FuncExact) {
                            let ty = functions.get(export.index as usize);
                            facts.export(export.name, ty.copied());
                        }
                    }
                }
                Payload::CodeSectionStart { .. } => break,
                _ => {}
            }
        }
        Ok(facts)
    }

    /// Notes an exported function of this type.
    fn export(&mut self, name: &str, ty: Option<u32>) {
        let ty = ty.and_then(|ty| self.types.get(ty as usize));
        if let Some(CompositeInnerType::Func(ty)) = ty.map(|ty| &ty.composite_type.inner) {
            self.exports.insert(name.to_owned(), ty.clone());
        }
    }

    /// The zero or null of this result, as a shim returns it; of type `i32` where the result is
    /// not known, or is none of a shim.
    pub fn zero_of(&self, export: &str, result: usize) -> Value {
        let ty = self
            .exports
            .get(export)
            .and_then(|ty| ty.results().get(result));
        Value::zero(match ty {
            Some(ValType::I64) => Slot::I64,
            Some(ValType::Ref(_)) => Slot::Extern,
            _ => Slot::I32,
        })
    }

    /// The heap type of a null passed as this argument: one that the parameter's type has.
    /// `extern` where the parameter is not known, since that is what crosses the boundary.
    pub fn null_of(&self, export: &str, arg: usize) -> &'static str {
        match self.exports.get(export).and_then(|ty| ty.params().get(arg)) {
            Some(ValType::Ref(ty)) => self.bottom_of(ty.heap_type()),
            _ => "extern",
        }
    }

    /// The heap type for a null of type `heap`: `func` and `extern` as such, for every script
    /// knows them; the bottom of its hierarchy for any other.
    fn bottom_of(&self, heap: HeapType) -> &'static str {
        match heap {
            HeapType::Abstract { ty, .. } => match ty {
                AbstractHeapType::Func => "func",
                AbstractHeapType::NoFunc => "nofunc",
                AbstractHeapType::Extern => "extern",
                AbstractHeapType::NoExtern => "noextern",
                AbstractHeapType::Exn => "exn",
                AbstractHeapType::NoExn => "noexn",
                _ => "none",
            },
            HeapType::Concrete(index) | HeapType::Exact(index) => {
                let ty = index
                    .as_module_index()
                    .and_then(|n| self.types.get(n as usize));
                match ty.map(|ty| &ty.composite_type.inner) {
                    Some(CompositeInnerType::Func(_)) => "nofunc",
                    _ => "none",
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_has_a_type_of_the_parameter() {
        let wat = r#"(module
            (type $s (struct))
            (type $f (func (param i32)))
            (import "assay:host" "0" (func (type $f)))
            (func (export "f") (param i32 funcref externref anyref (ref null $s) (ref null $f) exnref)))"#;
        let facts = Facts::of(&wat::parse_str(wat).unwrap());
        assert!(facts.host);
        let nulls: Vec<_> = (1..=7).map(|n| facts.null_of("f", n)).collect();
        assert_eq!(
            nulls,
            ["func", "extern", "none", "none", "nofunc", "exn", "extern"]
        );
    }

    #[test]
    fn a_zero_has_the_type_of_the_result() {
        let wat = r#"(module (func (export "f") (result i32 i64 externref f32) unreachable))"#;
        let facts = Facts::of(&wat::parse_str(wat).unwrap());
        let zeros: Vec<_> = (0..5).map(|n| facts.zero_of("f", n)).collect();
        let slots = [Slot::I32, Slot::I64, Slot::Extern, Slot::I32, Slot::I32];
        assert_eq!(zeros, slots.map(Value::zero));
        assert_eq!(facts.zero_of("g", 1), Value::I32(0));
    }

    #[test]
    fn an_overlong_encoding_is_normalised_and_garbage_is_left() {
        let mut wasm = wat::parse_str("(module (func nop))").unwrap();
        let tight = wasm.clone();
        // The type section: its size, 4, in two bytes instead of one.
        assert_eq!(wasm[8..10], [1, 4]);
        wasm.splice(9..10, [0x84, 0]);
        assert_eq!(exact_text(&wasm), None);
        assert_eq!(normalised(&wasm), Some(tight.clone()));
        assert!(exact_text(&tight).is_some());
        assert_eq!(normalised(b"\0asm rubbish"), None);
    }
}
