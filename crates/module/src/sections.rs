//! A module taken apart into section encoders, so that anything can be appended to any of them.

use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, ElementSection, ExportSection, FunctionSection,
    GlobalSection, ImportSection, MemorySection, Module, NameMap, NameSection, StartSection,
    TableSection, TagSection, TypeSection,
};
use wasmparser::{BinaryReader, CodeSectionReader, Parser, Payload};

/// All sections of a module, each there even if empty. Custom sections are dropped: they have
/// no meaning to any engine (Core, section 5.5.3).
#[derive(Default)]
pub(crate) struct Sections {
    pub types: TypeSection,
    pub imports: ImportSection,
    pub functions: FunctionSection,
    pub tables: TableSection,
    pub memories: MemorySection,
    pub tags: TagSection,
    pub globals: GlobalSection,
    pub exports: ExportSection,
    pub start: Option<u32>,
    pub elements: ElementSection,
    pub data_count: Option<u32>,
    pub code: CodeSection,
    pub data: DataSection,
}

impl Sections {
    /// Decodes a module through a re-encoder, which may change whatever passes through it.
    pub fn decode<R: Reencode>(wasm: &[u8], with: &mut R) -> Result<Self, Error<R::Error>> {
        let mut all = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(s) => with.parse_type_section(&mut all.types, s)?,
                Payload::ImportSection(s) => with.parse_import_section(&mut all.imports, s)?,
                Payload::FunctionSection(s) => {
                    with.parse_function_section(&mut all.functions, s)?
                }
                Payload::TableSection(s) => with.parse_table_section(&mut all.tables, s)?,
                Payload::MemorySection(s) => with.parse_memory_section(&mut all.memories, s)?,
                Payload::TagSection(s) => with.parse_tag_section(&mut all.tags, s)?,
                Payload::GlobalSection(s) => with.parse_global_section(&mut all.globals, s)?,
                Payload::ExportSection(s) => with.parse_export_section(&mut all.exports, s)?,
                Payload::StartSection { func, .. } => all.start = Some(with.start_section(func)?),
                Payload::ElementSection(s) => with.parse_element_section(&mut all.elements, s)?,
                Payload::DataCountSection { count, .. } => {
                    all.data_count = Some(with.data_count(count)?)
                }
                Payload::DataSection(s) => with.parse_data_section(&mut all.data, s)?,
                Payload::CodeSectionStart { range, .. } => {
                    let bytes = wasm
                        .get(range.start..range.end)
                        .ok_or(Error::InvalidCodeSectionSize)?;
                    let reader = CodeSectionReader::new(BinaryReader::new(bytes, range.start))?;
                    with.parse_code_section(&mut all.code, reader)?;
                }
                _ => {}
            }
        }
        Ok(all)
    }

    /// Encodes the sections that are not empty, in the order of the specification, and the names of
    /// functions and globals.
    pub fn encode(&self, functions: &NameMap, globals: &NameMap) -> Vec<u8> {
        let mut module = Module::new();
        macro_rules! sections {
            ($($field:ident),*) => { $(if !self.$field.is_empty() { module.section(&self.$field); })* };
        }
        sections!(
            types, imports, functions, tables, memories, tags, globals, exports
        );
        if let Some(function_index) = self.start {
            module.section(&StartSection { function_index });
        }
        sections!(elements);
        if let Some(count) = self.data_count {
            module.section(&DataCountSection { count });
        }
        sections!(code, data);
        if !functions.is_empty() || !globals.is_empty() {
            let mut names = NameSection::new();
            names.functions(functions);
            names.globals(globals);
            module.section(&names);
        }
        module.finish()
    }
}
