//! The types of a module's exports, and of what it imports from the host.
//!
//! JavaScript does not say of a number whether it was an `i32`, an `f32`, or an `i31` in an
//! `externref`; and it makes any value fit any parameter. So the adapters of JavaScript engines,
//! in another process and in this one, read from the module what each function takes and returns
//! and what each tag carries.

use assay_engine::{Slot, names};
use assay_module::{Info, Type, types::Hierarchy};
use std::collections::HashMap;
use wasmparser::{ExternalKind, TypeRef};

/// What matters of a value's type. The numbers are those of `host/values.js`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// `i32`
    I32 = 0,
    /// `i64`
    I64 = 1,
    /// `f32`
    F32 = 2,
    /// `f64`
    F64 = 3,
    /// `v128`
    V128 = 4,
    /// A reference to `extern`.
    Extern = 5,
    /// A reference to `any` or below: structs, arrays, `i31`.
    Any = 6,
    /// A reference to a function.
    Func = 7,
    /// A reference to an exception.
    Exn = 8,
}

impl From<Type> for Kind {
    fn from(ty: Type) -> Self {
        match ty {
            Type::I32 => Self::I32,
            Type::I64 => Self::I64,
            Type::F32 => Self::F32,
            Type::F64 => Self::F64,
            Type::V128 => Self::V128,
            Type::Ref(Hierarchy::Extern, _) => Self::Extern,
            Type::Ref(Hierarchy::Any, _) => Self::Any,
            Type::Ref(Hierarchy::Func, _) => Self::Func,
            Type::Ref(Hierarchy::Exn, _) => Self::Exn,
        }
    }
}

impl From<Slot> for Kind {
    fn from(slot: Slot) -> Self {
        match slot {
            Slot::I32 => Self::I32,
            Slot::I64 => Self::I64,
            Slot::Extern => Self::Extern,
        }
    }
}

/// A function type; that of a tag has its fields as parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// The parameters.
    pub params: Vec<Kind>,
    /// The results.
    pub results: Vec<Kind>,
}

/// The types of a module's exported functions and tags, and of what it imports from the host.
#[derive(Debug, Default)]
pub struct Signatures {
    /// Whether the module was understood to its end.
    pub complete: bool,
    functions: HashMap<String, Signature>,
    tags: HashMap<String, Signature>,
    host: Vec<(String, Signature)>,
}

impl Signatures {
    /// Those of a module in the binary format. A module that this does not understand has none;
    /// whether it is valid is for the engine to say.
    pub fn of(wasm: &[u8]) -> Self {
        let info = Info::read(wasm).ok();
        info.and_then(|info| Self::read(&info)).unwrap_or_default()
    }

    fn read(info: &Info) -> Option<Self> {
        let mut read = Self {
            complete: true,
            ..Self::default()
        };
        for import in &info.imports {
            if let TypeRef::Func(ty) | TypeRef::FuncExact(ty) = import.ty
                && import.module == names::HOST_MODULE
            {
                let signature = signature(info, ty)?;
                read.host.push((import.field.clone(), signature));
            }
        }
        for export in &info.exports {
            let index = export.index as usize;
            let (types, signatures) = match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => {
                    (&info.functions, &mut read.functions)
                }
                ExternalKind::Tag => (&info.tags, &mut read.tags),
                _ => continue,
            };
            let signature = signature(info, *types.get(index)?)?;
            signatures.insert(export.name.clone(), signature);
        }
        Some(read)
    }

    /// The type of an exported function.
    pub fn function(&self, export: &str) -> Option<&Signature> {
        self.functions.get(export)
    }

    /// The results of an exported function; none when there is no such function.
    pub fn results(&self, export: &str) -> &[Kind] {
        self.function(export).map_or(&[], |ty| &ty.results)
    }

    /// The fields of an exported tag; none when there is no such tag.
    pub fn fields(&self, export: &str) -> &[Kind] {
        self.tags.get(export).map_or(&[], |ty| &ty.params)
    }

    /// The fields and types of the functions that it imports from the host, in order.
    pub fn host(&self) -> &[(String, Signature)] {
        &self.host
    }
}

fn signature(info: &Info, ty: u32) -> Option<Signature> {
    let ty = info.signature_of_type(ty)?;
    let kinds = |types: Vec<Type>| types.into_iter().map(Kind::from).collect();
    Some(Signature {
        params: kinds(ty.params),
        results: kinds(ty.results),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(wat: &str) -> Signatures {
        Signatures::of(&wat::parse_str(wat).unwrap())
    }

    #[test]
    fn exports_and_host_functions_have_their_types() {
        let found = of(r#"(module
            (rec (type $f (sub (func (param i32) (result i64 f64 v128))))
                 (type $s (sub (struct (field i8) (field (mut (ref null $s))) (field (ref $f))))))
            (type $a (array (mut i16)))
            (import "m" "t" (table 1 2 (ref null $s)))
            (import "m" "m" (memory i64 1 2))
            (import "m" "g" (global (mut externref)))
            (import "assay:host" "3" (func $imported (type $f)))
            (import "m" "f" (func))
            (import "m" "e" (tag $imported (param i32 exnref)))
            (tag (export "tag") (param f32 (ref $a) (ref null $f) (ref i31) externref))
            (export "imported tag" (tag $imported))
            (func (export "none"))
            (export "imported" (func $imported))
            (func (export "refs") (result externref (ref null $s) funcref) unreachable))"#);
        assert!(found.complete);
        assert_eq!(found.function("none"), Some(&Signature::default()));
        let f = Signature {
            params: vec![Kind::I32],
            results: vec![Kind::I64, Kind::F64, Kind::V128],
        };
        assert_eq!(found.function("imported"), Some(&f));
        assert_eq!(found.results("imported"), f.results);
        assert_eq!(found.results("refs"), [Kind::Extern, Kind::Any, Kind::Func]);
        assert_eq!(found.host(), [("3".to_owned(), f)]);
        let fields = [Kind::F32, Kind::Any, Kind::Func, Kind::Any, Kind::Extern];
        assert_eq!(found.fields("tag"), fields);
        assert_eq!(found.fields("imported tag"), [Kind::I32, Kind::Exn]);
        assert_eq!(found.function("missing"), None);
        assert_eq!(found.results("missing"), []);
        assert_eq!(found.fields("missing"), []);
    }

    #[test]
    fn a_truncated_module_has_no_signatures_and_does_no_harm() {
        let wasm =
            wat::parse_str(r#"(module (func (export "f") (result i32) i32.const 1))"#).unwrap();
        for len in 0..wasm.len() {
            Signatures::of(&wasm[..len]);
        }
        let truncated = Signatures::of(&wasm[..20]);
        assert!(!truncated.complete);
        assert_eq!(truncated.function("f"), None);
    }

    #[test]
    fn an_export_of_nothing_leaves_a_module_without_signatures() {
        let mut wasm =
            wat::parse_str(r#"(module (func (export "f")) (func (export "g")))"#).unwrap();
        assert_eq!(
            Signatures::of(&wasm).function("g"),
            Some(&Signature::default())
        );
        let g = wasm.windows(2).position(|it| it == b"g\0").unwrap();
        wasm[g + 2] = 2;
        let found = Signatures::of(&wasm);
        assert!(!found.complete);
        assert_eq!(found.function("f"), None);
    }
}
