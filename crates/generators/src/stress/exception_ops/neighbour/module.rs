//! The modules before the main one.

use super::{Deed, NAME, TAGS};
use crate::stress::exception_ops::setting::Setting;
use crate::stress::exception_ops::types::{encoded, structure};
use crate::stress::exception_ops::value::Ty;
use crate::stress::exception_ops::world::{EXN, SEED_VALUE};
use crate::stress::parts::{self, variable};
use assay_engine::Module as Named;
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, FunctionSection,
    GlobalSection, ImportSection, Module, RefType, TableSection, TagSection, TagType, TypeSection,
    ValType,
};

/// The globals: what numbers are made from, and the exception that is kept.
pub(super) const SEED: u32 = 0;
pub(super) const KEPT: u32 = 1;

/// A tag of the neighbour's: one that the main module has as well, by its name, or one of its own,
/// by the tag of the case that it is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tag {
    Imported(u32),
    Exported(u32),
    Own(u32),
}

/// The module from which tags of this name come.
pub fn home(setting: &Setting, name: u32) -> &'static str {
    if setting.neighbour.is_empty() || name % 2 == 1 {
        TAGS
    } else {
        NAME
    }
}

/// The modules that are instantiated before the main one.
pub fn modules(setting: &Setting) -> Vec<Named> {
    let mut modules = Vec::new();
    let apart = names(setting, TAGS);
    if !apart.is_empty() {
        modules.push(Named {
            name: TAGS.into(),
            wasm: tags(setting, &apart),
        });
    }
    if !setting.neighbour.is_empty() {
        modules.push(Named {
            name: NAME.into(),
            wasm: Neighbour::new(setting).encode(),
        });
    }
    modules
}

/// The names of tags that come from a module, each with a tag that has it.
fn names(setting: &Setting, module: &str) -> Vec<(u32, u32)> {
    let mut names: Vec<(u32, u32)> = Vec::new();
    for (number, tag) in (0..).zip(&setting.tags) {
        if let Some(name) = tag.import
            && home(setting, name) == module
            && names.iter().all(|(other, _)| *other != name)
        {
            names.push((name, number));
        }
    }
    names
}

/// A module of tags and nothing else.
fn tags(setting: &Setting, names: &[(u32, u32)]) -> Vec<u8> {
    let mut types = Types::new(setting);
    let mut tags = TagSection::new();
    let mut exports = ExportSection::new();
    for ((name, number), index) in names.iter().zip(0..) {
        tags.tag(types.tag(&setting.fields(*number)));
        exports.export(&name.to_string(), ExportKind::Tag, index);
    }
    let mut module = Module::new();
    module.section(&types.section());
    module.section(&tags).section(&exports);
    module.finish()
}

/// The types of a module, as they are asked for.
pub(super) struct Types {
    has_structs: bool,
    functions: Vec<(Vec<Ty>, Vec<Ty>)>,
}

impl Types {
    fn new(setting: &Setting) -> Self {
        Self {
            has_structs: setting.has_structs(),
            functions: Vec::new(),
        }
    }

    pub(super) fn of(&mut self, params: &[Ty], results: &[Ty]) -> u32 {
        let ty = (params.to_vec(), results.to_vec());
        let place = self.functions.iter().position(|it| *it == ty);
        let place = place.unwrap_or_else(|| {
            self.functions.push(ty);
            self.functions.len() - 1
        });
        u32::from(self.has_structs) + place as u32
    }

    fn tag(&mut self, fields: &[Ty]) -> TagType {
        parts::tag(self.of(fields, &[]))
    }

    /// The type of a block that ends with these.
    pub(super) fn block(&mut self, results: &[Ty]) -> BlockType {
        match results {
            [] => BlockType::Empty,
            [one] => BlockType::Result(one.encoded()),
            _ => BlockType::FunctionType(self.of(&[], results)),
        }
    }

    fn section(&self) -> TypeSection {
        let mut section = TypeSection::new();
        if self.has_structs {
            structure(&mut section);
        }
        for (params, results) in &self.functions {
            section.ty().function(encoded(params), encoded(results));
        }
        section
    }
}

/// The neighbour's module.
pub(super) struct Neighbour<'a> {
    pub(super) setting: &'a Setting,
    pub(super) types: Types,
    /// Its tags, by index: imported ones first.
    tags: Vec<Tag>,
}

impl<'a> Neighbour<'a> {
    fn new(setting: &'a Setting) -> Self {
        let exported = names(setting, NAME).into_iter();
        let mut tags: Vec<Tag> = exported.map(|(name, _)| Tag::Exported(name)).collect();
        for deed in &setting.neighbour {
            let numbers = deed.tags(setting);
            tags.extend(numbers.into_iter().map(|number| tag(setting, number)));
        }
        tags.sort_unstable();
        tags.dedup();
        Self {
            setting,
            types: Types::new(setting),
            tags,
        }
    }

    /// The index of a tag of the case.
    pub(super) fn index(&self, number: u32) -> u32 {
        let wanted = tag(self.setting, number);
        let place = self.tags.iter().position(|it| *it == wanted);
        place.unwrap_or(0) as u32
    }

    fn encode(mut self) -> Vec<u8> {
        let mut imports = ImportSection::new();
        let mut tags = TagSection::new();
        let mut exports = ExportSection::new();
        for (it, index) in self.tags.clone().into_iter().zip(0..) {
            let ty = self.tag_type(it);
            match it {
                Tag::Imported(name) => {
                    imports.import(TAGS, &name.to_string(), EntityType::Tag(ty));
                }
                Tag::Exported(name) => {
                    tags.tag(ty);
                    exports.export(&name.to_string(), ExportKind::Tag, index);
                }
                Tag::Own(_) => _ = tags.tag(ty),
            }
        }
        let mut functions = FunctionSection::new();
        let mut code = CodeSection::new();
        for (&deed, number) in self.setting.neighbour.iter().zip(0..) {
            let (params, results) = deed.signature(self.setting);
            functions.function(self.types.of(&params, &results));
            code.function(&self.function(deed));
            exports.export(&function_name(number), ExportKind::Func, number);
        }
        let mut module = Module::new();
        module.section(&self.types.section());
        module.section(&imports).section(&functions);
        module.section(&self.tables()).section(&tags);
        module.section(&self.globals()).section(&exports);
        module.section(&code);
        module.finish()
    }

    fn tag_type(&mut self, tag: Tag) -> TagType {
        let tags = (0..).zip(&self.setting.tags);
        let mut like = tags.filter(|(number, it)| match tag {
            Tag::Own(like) => *number == like,
            Tag::Imported(name) | Tag::Exported(name) => it.import == Some(name),
        });
        let fields = like.next().map_or(&[][..], |(_, it)| &it.fields);
        self.types.tag(fields)
    }

    fn tables(&self) -> TableSection {
        let mut section = TableSection::new();
        let calls = |deed: &Deed| matches!(deed, Deed::Call { .. });
        if self.setting.neighbour.iter().any(calls) {
            section.table(parts::table(RefType::FUNCREF, 1, 1));
        }
        section
    }

    fn globals(&self) -> GlobalSection {
        let mut section = GlobalSection::new();
        let seed = ConstExpr::i64_const(SEED_VALUE.cast_signed());
        section.global(variable(ValType::I64), &seed);
        if self.setting.neighbour.iter().any(|deed| deed.keeps()) {
            section.global(
                variable(ValType::Ref(RefType::EXNREF)),
                &ConstExpr::ref_null(EXN),
            );
        }
        section
    }
}

/// The tag behind a number.
fn tag(setting: &Setting, number: u32) -> Tag {
    let import = setting.tags.get(number as usize).and_then(|tag| tag.import);
    match import {
        Some(name) if home(setting, name) == TAGS => Tag::Imported(name),
        Some(name) => Tag::Exported(name),
        None => Tag::Own(number % setting.tags.len().max(1) as u32),
    }
}

/// The name of a function.
pub fn function_name(number: u32) -> String {
    format!("f{number}")
}
