//! The types of a module's exports.
//!
//! JavaScript does not say of a number whether it was an `i32`, an `f32`, or an `i31` in an
//! `externref`; so the host script is told what each call returns and what each tag carries. This
//! reads no more of the module than that takes (Core specification 3.0, sections 5.3 and 5.5).

use std::collections::HashMap;
use std::ops::Range;

/// What the host script must know of a value's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    I32 = 0,
    I64 = 1,
    F32 = 2,
    F64 = 3,
    V128 = 4,
    /// A reference to `extern`.
    Extern = 5,
    /// A reference to `any` or below: structs, arrays, `i31`.
    Any = 6,
    Func = 7,
    Exn = 8,
}

/// The types of a module's exported functions and tags.
#[derive(Debug, Default)]
pub(crate) struct Signatures {
    /// Whether the module was understood to its end.
    pub complete: bool,
    functions: HashMap<String, Vec<Kind>>,
    tags: HashMap<String, Vec<Kind>>,
}

impl Signatures {
    /// Those of a module in the binary format. A module that this does not understand has none;
    /// whether it is valid is for the engine to say.
    pub fn of(wasm: &[u8]) -> Self {
        let mut reader = ModuleReader::default();
        if reader.module(wasm).is_none() {
            return Self::default();
        }
        Self {
            complete: true,
            ..reader.signatures
        }
    }

    /// The results of an exported function; none when there is no such function.
    pub fn results(&self, export: &str) -> &[Kind] {
        self.functions.get(export).map_or(&[], Vec::as_slice)
    }

    /// The fields of an exported tag; none when there is no such tag.
    pub fn fields(&self, export: &str) -> &[Kind] {
        self.tags.get(export).map_or(&[], Vec::as_slice)
    }
}

/// Where the bodies of a module's functions are.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    /// How many functions are imported, and have none.
    imported: u32,
    ranges: Vec<Range<u32>>,
}

impl Bodies {
    /// Those of a module in the binary format; none of a module that this does not understand.
    pub fn of(wasm: &[u8]) -> Self {
        let mut reader = ModuleReader::default();
        let read = reader.module(wasm);
        let imported = reader.functions.len().checked_sub(reader.bodies.len());
        let imported = imported.and_then(|count| count.try_into().ok());
        match (read, imported) {
            (Some(()), Some(imported)) => Self {
                imported,
                ranges: reader.bodies,
            },
            _ => Self::default(),
        }
    }

    /// Whether this offset in the module is in the body of this function.
    pub fn has(&self, function: u32, offset: u32) -> bool {
        let body = function.checked_sub(self.imported);
        let range = body.and_then(|body| self.ranges.get(body as usize));
        range.is_some_and(|range| range.contains(&offset))
    }
}

/// A defined type.
enum Type {
    Func {
        params: Vec<ValueType>,
        results: Vec<ValueType>,
    },
    /// A struct or an array.
    Data,
}

/// A value type whose heap type may not have been read yet.
#[derive(Clone, Copy)]
enum ValueType {
    Kind(Kind),
    Index(u32),
}

#[derive(Default)]
struct ModuleReader {
    types: Vec<Type>,
    /// Type indices of functions and tags, imports first.
    functions: Vec<u32>,
    tags: Vec<u32>,
    bodies: Vec<Range<u32>>,
    signatures: Signatures,
}

impl ModuleReader {
    fn module(&mut self, wasm: &[u8]) -> Option<()> {
        let mut bytes = Bytes(wasm.strip_prefix(b"\0asm\x01\0\0\0")?);
        while !bytes.0.is_empty() {
            let id = bytes.byte()?;
            let len = bytes.u32()?;
            let mut section = Bytes(bytes.take(len as usize)?);
            let end = wasm.len() - bytes.0.len();
            match id {
                1 => section.each(|b| self.rec_type(b))?,
                2 => section.each(|b| self.import(b))?,
                3 => section.each(|b| b.u32().map(|i| self.functions.push(i)))?,
                7 => section.each(|b| self.export(b))?,
                10 => section.each(|b| self.body(b, end))?,
                13 => section.each(|b| self.tag(b))?,
                _ => {}
            }
        }
        Some(())
    }

    fn rec_type(&mut self, bytes: &mut Bytes) -> Option<()> {
        if bytes.skip_if(0x4e) {
            bytes.each(|b| self.sub_type(b))
        } else {
            self.sub_type(bytes)
        }
    }

    fn sub_type(&mut self, bytes: &mut Bytes) -> Option<()> {
        if bytes.skip_if(0x50) || bytes.skip_if(0x4f) {
            bytes.each(|b| b.u32().map(drop))?;
        }
        let ty = match bytes.byte()? {
            0x60 => Type::Func {
                params: bytes.value_types()?,
                results: bytes.value_types()?,
            },
            0x5f => {
                bytes.each(Bytes::field_type)?;
                Type::Data
            }
            0x5e => {
                bytes.field_type()?;
                Type::Data
            }
            _ => return None,
        };
        self.types.push(ty);
        Some(())
    }

    fn import(&mut self, bytes: &mut Bytes) -> Option<()> {
        bytes.name()?;
        bytes.name()?;
        match bytes.byte()? {
            0 => bytes.u32().map(|i| self.functions.push(i)),
            1 => bytes.value_type().and_then(|_| bytes.limits()),
            2 => bytes.limits(),
            3 => bytes.value_type().and_then(|_| bytes.byte()).map(drop),
            4 => self.tag(bytes),
            _ => None,
        }
    }

    /// A body in the section that ends there.
    fn body(&mut self, bytes: &mut Bytes, end: usize) -> Option<()> {
        let len = bytes.u32()?;
        let start = u32::try_from(end - bytes.0.len()).ok()?;
        bytes.take(len as usize)?;
        self.bodies.push(start..start.checked_add(len)?);
        Some(())
    }

    fn tag(&mut self, bytes: &mut Bytes) -> Option<()> {
        bytes.byte()?;
        bytes.u32().map(|i| self.tags.push(i))
    }

    fn export(&mut self, bytes: &mut Bytes) -> Option<()> {
        let name = bytes.name()?;
        let (kind, index) = (bytes.byte()?, bytes.u32()? as usize);
        match kind {
            0 => {
                let (_, results) = self.func_type(*self.functions.get(index)?)?;
                self.signatures.functions.insert(name, results);
            }
            4 => {
                let (params, _) = self.func_type(*self.tags.get(index)?)?;
                self.signatures.tags.insert(name, params);
            }
            _ => {}
        }
        Some(())
    }

    fn func_type(&self, index: u32) -> Option<(Vec<Kind>, Vec<Kind>)> {
        let Type::Func { params, results } = self.types.get(index as usize)? else {
            return None;
        };
        Some((self.kinds(params)?, self.kinds(results)?))
    }

    fn kinds(&self, types: &[ValueType]) -> Option<Vec<Kind>> {
        types.iter().map(|&ty| self.kind(ty)).collect()
    }

    fn kind(&self, ty: ValueType) -> Option<Kind> {
        match ty {
            ValueType::Kind(kind) => Some(kind),
            ValueType::Index(index) => Some(match self.types.get(index as usize)? {
                Type::Func { .. } => Kind::Func,
                Type::Data => Kind::Any,
            }),
        }
    }
}

/// What is left to read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }

    fn skip_if(&mut self, byte: u8) -> bool {
        let is = self.0.first() == Some(&byte);
        if is {
            self.0 = &self.0[1..];
        }
        is
    }

    /// An unsigned LEB128 of at most 64 bits.
    fn u64(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn u32(&mut self) -> Option<u32> {
        self.u64()?.try_into().ok()
    }

    fn name(&mut self) -> Option<String> {
        let len = self.u32()? as usize;
        String::from_utf8(self.take(len)?.to_vec()).ok()
    }

    /// A vector, each of whose elements `read` consumes.
    fn each(&mut self, mut read: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        (0..self.u32()?).try_for_each(|_| read(self))
    }

    fn value_types(&mut self) -> Option<Vec<ValueType>> {
        (0..self.u32()?).map(|_| self.value_type()).collect()
    }

    fn value_type(&mut self) -> Option<ValueType> {
        let kind = match self.byte()? {
            0x7f => Kind::I32,
            0x7e => Kind::I64,
            0x7d => Kind::F32,
            0x7c => Kind::F64,
            0x7b => Kind::V128,
            0x63 | 0x64 => return self.heap_type(),
            // Table types with an initialiser begin so.
            0x40 => {
                self.byte()?;
                return self.value_type();
            }
            byte => return abstract_heap_type(byte).map(ValueType::Kind),
        };
        Some(ValueType::Kind(kind))
    }

    /// A heap type is a signed LEB128: abstract ones are negative and fit in one byte.
    fn heap_type(&mut self) -> Option<ValueType> {
        match self.0.first()? {
            byte @ 0x40..=0x7f => {
                let kind = abstract_heap_type(*byte)?;
                self.byte()?;
                Some(ValueType::Kind(kind))
            }
            _ => self.u32().map(ValueType::Index),
        }
    }

    fn field_type(&mut self) -> Option<()> {
        // i16 and i8.
        if !(self.skip_if(0x77) || self.skip_if(0x78)) {
            self.value_type()?;
        }
        self.byte().map(drop)
    }

    fn limits(&mut self) -> Option<()> {
        let flags = self.byte()?;
        self.u64()?;
        if flags & 1 != 0 {
            self.u64()?;
        }
        // A page size of its own.
        if flags & 8 != 0 {
            self.u32()?;
        }
        Some(())
    }
}

fn abstract_heap_type(byte: u8) -> Option<Kind> {
    match byte {
        0x70 | 0x73 => Some(Kind::Func),
        0x6f | 0x72 => Some(Kind::Extern),
        0x6e | 0x6d | 0x6c | 0x6b | 0x6a | 0x71 => Some(Kind::Any),
        0x69 | 0x74 => Some(Kind::Exn),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(wat: &str) -> Signatures {
        Signatures::of(&wat::parse_str(wat).unwrap())
    }

    #[test]
    fn exports_have_their_types() {
        let found = of(r#"(module
            (rec (type $f (sub (func (param i32) (result i64 f64 v128))))
                 (type $s (sub (struct (field i8) (field (mut (ref null $s))) (field (ref $f))))))
            (type $a (array (mut i16)))
            (import "m" "t" (table 1 2 (ref null $s)))
            (import "m" "m" (memory i64 1 2))
            (import "m" "g" (global (mut externref)))
            (import "m" "f" (func $imported (type $f)))
            (import "m" "e" (tag $imported (param i32 exnref)))
            (tag (export "tag") (param f32 (ref $a) (ref null $f) (ref i31) externref))
            (export "imported tag" (tag $imported))
            (func (export "none"))
            (export "imported" (func $imported))
            (func (export "refs") (result externref (ref null $s) funcref) unreachable))"#);
        assert_eq!(found.results("none"), []);
        assert_eq!(
            found.results("imported"),
            [Kind::I64, Kind::F64, Kind::V128]
        );
        assert_eq!(found.results("refs"), [Kind::Extern, Kind::Any, Kind::Func]);
        let fields = [Kind::F32, Kind::Any, Kind::Func, Kind::Any, Kind::Extern];
        assert_eq!(found.fields("tag"), fields);
        assert_eq!(found.fields("imported tag"), [Kind::I32, Kind::Exn]);
        assert_eq!(found.results("missing"), []);
    }

    #[test]
    fn a_truncated_module_has_no_signatures_and_does_no_harm() {
        let wasm =
            wat::parse_str(r#"(module (func (export "f") (result i32) i32.const 1))"#).unwrap();
        for len in 0..wasm.len() {
            Signatures::of(&wasm[..len]);
        }
        assert_eq!(Signatures::of(&wasm[..20]).results("f"), []);
    }
}
