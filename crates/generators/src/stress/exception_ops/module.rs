//! The module of a case.

use super::neighbour;
use super::neighbour::module::{function_name, home, modules};
use super::setting::{Setting, TABLE_LENGTH};
use super::types::Types;
use super::world::{EXN, Function, SEED_VALUE, Sig, World};
use crate::stress::digest::told;
use crate::stress::parts::{self, export_functions, variable};
use crate::{Bare, Draft, DraftCall};
use assay_engine::{Outcome, Reference, Value, names};
use std::collections::BTreeSet;
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, EntityType, ExportKind, ExportSection, FunctionSection,
    GlobalSection, ImportSection, Module, RefType, StartSection, TableSection, TagSection, TagType,
    ValType,
};

/// The module, the calls and the answers.
pub fn draft(setting: &Setting, mut world: World) -> Draft {
    world.end_all();
    let export = |function: u32| world.functions[function as usize].export.clone();
    let argument = Value::Ref(Reference::Extern(setting.reference));
    let called = world.calls.iter().map(|&(function, _)| DraftCall {
        export: export(function).unwrap_or_default(),
        args: vec![argument],
    });
    let calls: Vec<DraftCall> = called.collect();
    let mut uncaught: BTreeSet<String> = world.through_host.clone();
    if setting.uncaught {
        uncaught.extend(calls.iter().map(|call| call.export.clone()));
    }
    let answers = world.calls.iter();
    let answers = answers.map(|(_, outcome)| named(&world, outcome)).collect();
    let actions = if setting.host {
        world.host.actions()
    } else {
        Vec::new()
    };
    let bare = setting.bare.then(|| Bare {
        before: modules(setting),
        functions: if setting.host {
            world.host.functions().to_vec()
        } else {
            Vec::new()
        },
        exports: (0, setting.tags.len() as u32),
        stacks: false,
    });
    Draft {
        bare,
        wasm: module(&world),
        calls,
        answers,
        features: setting.features,
        fuse: setting.fuse,
        state: told(!setting.digest),
        uncaught,
        ends: true,
        met: std::mem::take(&mut world.met),
        host_seed: setting.host_seed,
        actions,
        ..Draft::default()
    }
}

/// An outcome with the index by which a tag is told: of those of the same tag the first, for the shim
/// the first that is thrown.
fn named(world: &World, outcome: &Outcome) -> Outcome {
    let Outcome::Threw {
        tag: Some(tag),
        payload,
    } = outcome
    else {
        return outcome.clone();
    };
    if *tag >= world.setting.tags.len() as u32 {
        // It is the neighbour's own.
        return Outcome::Threw {
            tag: None,
            payload: Vec::new(),
        };
    }
    let same = |other: &u32| world.setting.are_same(*other, *tag);
    let first = if world.setting.uncaught {
        Some(world.setting.same_as(*tag))
    } else {
        world.thrown.iter().copied().find(same)
    };
    Outcome::Threw {
        tag: first,
        payload: payload.clone(),
    }
}

fn module(world: &World) -> Vec<u8> {
    let types = world.types();
    let mut module = Module::new();
    module.section(&types.section(world));
    module.section(&imports(world, &types));
    let mut functions = FunctionSection::new();
    for function in &world.functions {
        functions.function(types.signature(function.sig));
    }
    module.section(&functions);
    module.section(&tables(world));
    let mut tags = TagSection::new();
    let all = world.setting.tags.iter().zip(0..);
    for (_, number) in all.filter(|(tag, _)| tag.import.is_none()) {
        tags.tag(tag_type(&types, number));
    }
    module.section(&tags);
    module.section(&globals(world));
    module.section(&exports(world));
    if let Some(start) = world.start {
        let function_index = world.index(start);
        module.section(&StartSection { function_index });
    }
    module.section(&elements(world));
    let mut code = CodeSection::new();
    for Function { sig, body, .. } in &world.functions {
        let params = world.params(*sig).len();
        code.function(&body.encoded(params));
    }
    module.section(&code);
    module.finish()
}

fn tag_type(types: &Types, tag: u32) -> TagType {
    parts::tag(types.tag(tag))
}

fn imports(world: &World, types: &Types) -> ImportSection {
    let mut section = ImportSection::new();
    if world.setting.host {
        let ty = types.signature(Sig::Host);
        let (module, name) = match world.setting.bare {
            true => (names::HOST_MODULE, "0"),
            false => ("host", "act"),
        };
        section.import(module, name, EntityType::Function(ty));
    }
    for (&deed, number) in world.setting.neighbour.iter().zip(0..) {
        let ty = EntityType::Function(types.deed(&world.setting, deed));
        section.import(neighbour::NAME, &function_name(number), ty);
    }
    for (tag, number) in world.setting.tags.iter().zip(0..) {
        if let Some(name) = tag.import {
            let ty = EntityType::Tag(tag_type(types, number));
            section.import(home(&world.setting, name), &name.to_string(), ty);
        }
    }
    section
}

fn tables(world: &World) -> TableSection {
    let mut section = TableSection::new();
    let mut table = |element_type, length: u64| {
        section.table(parts::table(element_type, length, length));
    };
    if world.setting.table {
        table(RefType::EXNREF, TABLE_LENGTH.into());
    }
    if !world.indirect.is_empty() {
        table(RefType::FUNCREF, world.indirect.len() as u64);
    }
    section
}

fn globals(world: &World) -> GlobalSection {
    let mut section = GlobalSection::new();
    section.global(variable(ValType::I64), &ConstExpr::i64_const(0));
    let seed = ConstExpr::i64_const(SEED_VALUE.cast_signed());
    section.global(variable(ValType::I64), &seed);
    for _ in &world.globals {
        let exception = variable(ValType::Ref(RefType::EXNREF));
        section.global(exception, &ConstExpr::ref_null(EXN));
    }
    section
}

fn exports(world: &World) -> ExportSection {
    let mut section = ExportSection::new();
    let names = world.functions.iter().map(|it| it.export.as_ref());
    export_functions(&mut section, world.index(0), names);
    if world.setting.bare {
        for tag in 0..world.setting.tags.len() as u32 {
            section.export(&names::tag(tag), ExportKind::Tag, tag);
        }
    }
    section
}

/// The table of functions, and a declaration of those that are referred to otherwise.
fn elements(world: &World) -> ElementSection {
    let index = |&function: &u32| world.index(function);
    parts::elements(
        Some(world.function_table()),
        world.indirect.iter().map(index).collect(),
        world.referred.iter().map(index).collect(),
    )
}
