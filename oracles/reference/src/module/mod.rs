//! Modules: decoded, validated, and made ready to run (chapter 2, section "Modules").
//!
//! Decoding keeps what instantiation needs. A function body is translated into [`Code`] on its
//! first call.

pub(crate) mod code;
mod decode;
mod translate;

use crate::types::{FuncType, GlobalType, MemoryType, SubType, TableType, TypeIndex};
use assay_engine::Features;
use code::Code;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Why bytes are no module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModuleError {
    /// They are malformed or invalid.
    #[error("{0}")]
    Invalid(String),
    /// They use something that has no [`Features`].
    #[error("unsupported: {0}")]
    Unsupported(String),
}

impl ModuleError {
    pub(crate) fn unsupported(what: &str) -> Self {
        Self::Unsupported(what.to_owned())
    }
}

impl From<wasmparser::Error> for ModuleError {
    fn from(error: wasmparser::Error) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// A valid module. Cheap to clone; any number of stores may instantiate it.
#[derive(Clone, Debug)]
pub struct Module(pub(crate) Arc<ModuleData>);

impl Module {
    /// Decodes and validates a module in the binary format.
    ///
    /// # Errors
    ///
    /// When it is malformed, invalid, or needs other features.
    pub fn new(wasm: &[u8], features: Features) -> Result<Self, ModuleError> {
        decode::decode(wasm, features).map(|data| Self(Arc::new(data)))
    }

    /// The imports: module, name, and kind of each.
    pub fn imports(&self) -> impl Iterator<Item = &Import> {
        self.0.imports.iter()
    }

    /// The names of the exports.
    pub fn exports(&self) -> impl Iterator<Item = &str> {
        self.0.exports.iter().map(|export| export.name.as_str())
    }
}

/// An import.
#[derive(Clone, Debug)]
pub struct Import {
    /// The name of the module that it comes from.
    pub module: String,
    /// Its name there.
    pub name: String,
    /// What is wanted.
    pub ty: ImportType,
}

/// The type of an import, in the module's own types.
#[derive(Clone, Copy, Debug)]
pub enum ImportType {
    /// A function of this type.
    Func(TypeIndex),
    /// A table.
    Table(TableType<TypeIndex>),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType<TypeIndex>),
    /// A tag of this type.
    Tag(TypeIndex),
}

/// What an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExportKind {
    Func,
    Table,
    Memory,
    Global,
    Tag,
}

#[derive(Clone, Debug)]
pub(crate) struct Export {
    pub name: String,
    pub kind: ExportKind,
    pub index: u32,
}

/// A constant expression (chapter 3, section "Constant Expressions").
#[derive(Debug)]
pub(crate) enum ConstExpr {
    /// Known while decoding, and the number of the operator that it is.
    Value([u64; 2], u16),
    /// To be run.
    Code(Box<Code>),
}

#[derive(Debug)]
pub(crate) struct TableDef {
    pub ty: TableType<TypeIndex>,
    /// The initial value of its elements; null without it.
    pub init: Option<ConstExpr>,
}

#[derive(Debug)]
pub(crate) struct GlobalDef {
    pub ty: GlobalType<TypeIndex>,
    pub init: ConstExpr,
}

/// When a segment is copied.
#[derive(Debug)]
pub(crate) enum Mode {
    /// By instructions only.
    Passive,
    /// At instantiation, into this table or memory.
    Active { target: u32, offset: ConstExpr },
    /// Never.
    Declared,
}

#[derive(Debug)]
pub(crate) enum Items {
    Funcs(Vec<u32>),
    Exprs(Vec<ConstExpr>),
}

#[derive(Debug)]
pub(crate) struct Element {
    pub mode: Mode,
    pub items: Items,
}

#[derive(Debug)]
pub(crate) struct Data {
    pub mode: Mode,
    pub bytes: Range<usize>,
}

/// A function of the module itself.
#[derive(Debug)]
pub(crate) struct Body {
    pub ty: TypeIndex,
    pub range: Range<usize>,
    code: OnceLock<Result<Code, ModuleError>>,
}

/// All of a module.
#[derive(Debug, Default)]
pub(crate) struct ModuleData {
    pub wasm: Arc<[u8]>,
    pub features: Features,
    pub groups: Vec<Vec<SubType<TypeIndex>>>,
    pub imports: Vec<Import>,
    pub bodies: Vec<Body>,
    /// How many bodies have been met while decoding.
    pub decoded_bodies: usize,
    pub table_defs: Vec<TableDef>,
    pub memory_defs: Vec<MemoryType>,
    pub global_defs: Vec<GlobalDef>,
    pub exports: Vec<Export>,
    pub start: Option<u32>,
    pub elements: Vec<Element>,
    pub datas: Vec<Data>,
    pub spaces: Spaces,
}

/// The index spaces of a module: the types of all that is imported or defined.
#[derive(Debug, Default)]
pub(crate) struct Spaces {
    pub types: Vec<SubType<TypeIndex>>,
    pub funcs: Vec<TypeIndex>,
    pub tables: Vec<TableType<TypeIndex>>,
    pub memories: Vec<MemoryType>,
    pub globals: Vec<GlobalType<TypeIndex>>,
    pub tags: Vec<TypeIndex>,
}

impl Spaces {
    /// The function type of this index.
    pub fn func_type(&self, index: TypeIndex) -> Result<&FuncType<TypeIndex>, ModuleError> {
        match self.types.get(index as usize).map(|ty| &ty.composite) {
            Some(crate::types::CompositeType::Func(ty)) => Ok(ty),
            _ => Err(ModuleError::Invalid(format!("type {index} is no function"))),
        }
    }
}

impl ModuleData {
    /// The bytes of a range of the module.
    pub fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.wasm.get(range.clone()).unwrap_or_default()
    }

    /// The code of function `body` among the module's own, translated when asked for first.
    #[inline]
    pub fn code(&self, body: u32) -> Result<&Code, ModuleError> {
        let body = &self.bodies[body as usize];
        match body.code.get() {
            Some(Ok(code)) => Ok(code),
            Some(Err(error)) => Err(error.clone()),
            None => self.translate(body),
        }
    }

    #[cold]
    fn translate<'a>(&'a self, body: &'a Body) -> Result<&'a Code, ModuleError> {
        let code = body
            .code
            .get_or_init(|| translate::function(self, body.ty, &body.range));
        code.as_ref().map_err(Clone::clone)
    }

    /// Where an export is.
    pub fn export(&self, name: &str) -> Option<&Export> {
        self.exports.iter().find(|export| export.name == name)
    }
}
