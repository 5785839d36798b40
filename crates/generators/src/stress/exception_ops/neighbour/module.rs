//! The modules before the main one.
//!
//! The neighbour keeps numbers in locals around each call, and traps where they are not what they
//! were when code goes on, wherever that is.

use super::{Deed, Handler, NAME, TAGS};
use crate::stress::exception_ops::setting::Setting;
use crate::stress::exception_ops::types::{encoded, structure};
use crate::stress::exception_ops::value::Ty;
use crate::stress::exception_ops::world::{EXN, SEED_VALUE};
use crate::stress::parts::{self, variable};
use assay_engine::Module as Named;
use wasm_encoder::{
    BlockType, Catch, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, ImportSection, InstructionSink as Sink, Module, RefType,
    TableSection, TagSection, TagType, TypeSection, ValType,
};

/// The globals: what numbers are made from, and the exception that is kept.
const SEED: u32 = 0;
const KEPT: u32 = 1;

/// The locals of a function that calls: its parameters, and two numbers.
const ARGUMENT: u32 = 0;
const CALLEE: u32 = 1;
const WORD: u32 = 2;
const FLOAT: u32 = 3;
const CAUGHT: u32 = 4;

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
struct Types {
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

    fn of(&mut self, params: &[Ty], results: &[Ty]) -> u32 {
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
    fn block(&mut self, results: &[Ty]) -> BlockType {
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

struct Neighbour<'a> {
    setting: &'a Setting,
    types: Types,
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
    fn index(&self, number: u32) -> u32 {
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

    fn function(&mut self, deed: Deed) -> Function {
        let mut code = Vec::new();
        let mut f = Sink::new(&mut code);
        let mut locals = Vec::new();
        match deed {
            Deed::Throw { .. } => self.throw(&mut f, deed),
            Deed::Call { handler, tag } => {
                locals = vec![Ty::I64, Ty::F64];
                locals.extend(self.caught(handler, tag));
                self.call(&mut f, handler, tag);
            }
            Deed::Keep => _ = f.local_get(0).global_set(KEPT),
            Deed::Give => _ = f.global_get(KEPT),
            Deed::ThrowKept => _ = f.global_get(KEPT).throw_ref(),
        }
        f.end();
        let mut function = Function::new(locals.into_iter().map(|ty| (1, ty.local())));
        function.raw(code);
        function
    }

    /// Throws the parameters; what a decoy catches would trap.
    fn throw(&mut self, f: &mut Sink<'_>, deed: Deed) {
        let tags: Vec<u32> = deed.tags(self.setting);
        let fields = deed
            .tag()
            .map_or(Vec::new(), |tag| self.setting.fields(tag));
        let indices: Vec<u32> = tags.iter().map(|&tag| self.index(tag)).collect();
        let decoy = indices.get(1).copied();
        if let Some(tag) = decoy {
            f.block(self.types.block(&fields))
                .try_table(BlockType::Empty, [Catch::One { tag, label: 0 }]);
        }
        (0..fields.len() as u32).for_each(|param| _ = f.local_get(param));
        indices.first().iter().for_each(|&&tag| _ = f.throw(tag));
        if decoy.is_some() {
            f.end().unreachable().end().unreachable();
        }
    }

    /// What a handler catches.
    fn caught(&self, handler: Handler, tag: u32) -> Vec<Ty> {
        match handler {
            Handler::None | Handler::Tail => Vec::new(),
            Handler::ThrowAgain | Handler::ThrowOwn => self.setting.fields(tag),
            Handler::Rethrow => {
                let mut fields = self.setting.fields(tag);
                fields.push(Ty::Exn);
                fields
            }
            Handler::RethrowAll | Handler::Keep => vec![Ty::Exn],
        }
    }

    fn call(&mut self, f: &mut Sink<'_>, handler: Handler, tag: u32) {
        let results = self.setting.all_results();
        let callee = self.types.of(&[Ty::Extern], &results);
        let seen = self.index(self.setting.seen(tag));
        f.global_get(SEED).local_tee(WORD).f64_convert_i64_s();
        f.local_set(FLOAT);
        f.i32_const(0).local_get(CALLEE).table_set(0);
        let catch = match handler {
            Handler::None | Handler::Tail => None,
            Handler::ThrowAgain | Handler::ThrowOwn => Some(Catch::One {
                tag: seen,
                label: 0,
            }),
            Handler::Rethrow => Some(Catch::OneRef {
                tag: seen,
                label: 0,
            }),
            Handler::RethrowAll | Handler::Keep => Some(Catch::AllRef { label: 0 }),
        };
        let caught = self.caught(handler, tag);
        if let Some(catch) = catch.clone() {
            f.block(self.types.block(&caught));
            f.try_table(BlockType::Empty, [catch]);
        }
        f.local_get(ARGUMENT).i32_const(0);
        if handler == Handler::Tail {
            f.return_call_indirect(0, callee);
            return;
        }
        f.call_indirect(0, callee);
        check(f);
        if catch.is_none() {
            return;
        }
        f.return_().end().unreachable().end();
        let locals = CAUGHT..CAUGHT + caught.len() as u32;
        locals
            .clone()
            .rev()
            .for_each(|local| _ = f.local_set(local));
        check(f);
        let read = |f: &mut Sink<'_>| {
            for (ty, local) in caught.iter().zip(locals.clone()) {
                ty.get(f, local);
            }
        };
        let exception = locals.end - 1;
        match handler {
            Handler::ThrowAgain => {
                read(f);
                f.throw(seen);
            }
            Handler::ThrowOwn => {
                read(f);
                f.throw(self.index(self.setting.own(tag)));
            }
            Handler::Keep => {
                f.local_get(exception).global_set(KEPT);
                for ty in results {
                    ty.default(f);
                }
            }
            _ => _ = f.local_get(exception).throw_ref(),
        }
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

/// Traps where the numbers in locals are not what they were.
fn check(f: &mut Sink<'_>) {
    f.local_get(WORD)
        .i64_const(SEED_VALUE.cast_signed())
        .i64_ne()
        .local_get(FLOAT)
        .f64_const((SEED_VALUE.cast_signed() as f64).into())
        .f64_ne()
        .i32_or()
        .if_(BlockType::Empty)
        .unreachable()
        .end();
}
