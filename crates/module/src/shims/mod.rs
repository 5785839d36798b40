//! The functions and exports that let the harness look into a module.
//!
//! | export | what it does |
//! |---|---|
//! | `assay:call` | lifts arguments, calls the function of that number, lowers its results |
//! | `assay:catch` | instead of `assay:call`, where there are exceptions: it catches them, and its last result is the status |
//! | `assay:payload:T` | the lowered payload of the last exception caught, which had tag `T` |
//! | `assay:observe` | fuel, all globals, then size and digest of each table; refills the fuel |
//! | `assay:memory:M`, `assay:table:T`, `assay:tag:T` | the entities themselves |
//!
//! One function calls all others, since compilation is what a case costs: each exported function,
//! and each type of one, costs an engine a trampoline.
//!
//! See [`assay_engine::names`] for the names and [`crate::types`] for the slots.

mod dispatch;
mod imports;
mod locals;
mod observe;

pub(crate) use dispatch::Dispatched;
pub use observe::TABLE_ELEMENTS_OBSERVED;

use crate::lift::{self, Helpers};
use crate::sections::Sections;
use crate::types::Type;
use crate::{Info, Plan};
use std::collections::BTreeMap;

use assay_engine::{Features, Slot, names};
use wasm_encoder::{
    ConstExpr, Elements, ExportKind, Function, GlobalType, NameMap, RefType, ValType,
};

/// The most slots that any shim takes or gives: engines allow 1,000 parameters and results.
pub const MAX_SLOTS: usize = 900;

/// Appends shims to a rewritten module.
pub(crate) struct Shims<'a> {
    pub info: &'a Info,
    pub features: Features,
    pub sections: Sections,
    pub helpers: Helpers,
    types: u32,
    functions: u32,
    globals: u32,
    fuel_global: u32,
    known_types: Vec<(Vec<ValType>, Vec<ValType>, u32)>,
    declared: Vec<u32>,
    /// Functions and the names by which a reader knows them.
    named: BTreeMap<u32, String>,
}

fn slot_type(slot: Slot) -> ValType {
    match slot {
        Slot::I32 => ValType::I32,
        Slot::I64 => ValType::I64,
        Slot::Extern => ValType::Ref(RefType::EXTERNREF),
    }
}

fn slot_types(slots: &[Slot]) -> Vec<ValType> {
    slots.iter().copied().map(slot_type).collect()
}

impl<'a> Shims<'a> {
    /// Starts on a module whose imported functions have been lowered by the rewriter. The wrappers
    /// and their types come first: the rewriter counts on their indices.
    pub fn new(info: &'a Info, features: Features, sections: Sections, plan: &Plan) -> Self {
        let mut shims = Self {
            info,
            features,
            sections,
            helpers: Helpers::default(),
            types: info.types.len() as u32,
            functions: info.functions.len() as u32,
            globals: info.globals.len() as u32,
            fuel_global: info.globals.len() as u32,
            known_types: Vec::new(),
            declared: Vec::new(),
            named: BTreeMap::new(),
        };
        let fuel = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        shims.global(fuel, &ConstExpr::i32_const(plan.fuel));
        shims
    }

    fn global(&mut self, ty: GlobalType, init: &ConstExpr) -> u32 {
        self.sections.globals.global(ty, init);
        self.globals += 1;
        self.globals - 1
    }

    fn new_type(&mut self, params: Vec<ValType>, results: Vec<ValType>) -> u32 {
        self.sections
            .types
            .ty()
            .function(params.iter().copied(), results.iter().copied());
        let index = self.types;
        self.types += 1;
        self.known_types.push((params, results, index));
        index
    }

    fn function_type(&mut self, params: Vec<ValType>, results: Vec<ValType>) -> u32 {
        let known = self
            .known_types
            .iter()
            .find(|(p, r, _)| *p == params && *r == results);
        match known {
            Some(&(_, _, index)) => index,
            None => self.new_type(params, results),
        }
    }

    fn function(&mut self, params: Vec<ValType>, results: Vec<ValType>, body: &Function) -> u32 {
        let ty = self.function_type(params, results);
        self.define(ty, body)
    }

    fn define(&mut self, ty: u32, body: &Function) -> u32 {
        self.sections.functions.function(ty);
        self.sections.code.function(body);
        self.functions += 1;
        self.functions - 1
    }

    fn export(&mut self, name: &str, kind: ExportKind, index: u32) {
        self.sections.exports.export(name, kind, index);
    }

    /// The index by which code refers to a function: the wrapper of an imported one.
    fn callee(&self, function: u32) -> u32 {
        callee(self.info, function)
    }

    fn declare(&mut self, types: &[Type]) {
        for &ty in types {
            if let Some(function) = lift::function_referred_to(self.info, ty) {
                self.declared.push(self.callee(function));
            }
        }
    }

    /// Exports the entities that hosts need: all memories and tags, and these tables.
    pub fn entities(&mut self, tables: &[u32]) {
        for memory in 0..self.info.memories.len() as u32 {
            self.export(&names::memory(memory), ExportKind::Memory, memory);
        }
        for tag in 0..self.info.tags.len() as u32 {
            self.export(&names::tag(tag), ExportKind::Tag, tag);
        }
        for &table in tables {
            self.export(&names::table(table), ExportKind::Table, table);
        }
    }

    /// The finished module.
    pub fn finish(mut self) -> Vec<u8> {
        if !self.declared.is_empty() {
            self.declared.sort_unstable();
            self.declared.dedup();
            self.sections
                .elements
                .declared(Elements::Functions(self.declared.into()));
        }
        let mut functions = NameMap::new();
        for (&index, name) in &self.named {
            functions.append(index, name);
        }
        self.sections.encode(&functions)
    }
}

fn callee(info: &Info, function: u32) -> u32 {
    if function < info.imported_functions {
        info.functions.len() as u32 + function
    } else {
        function
    }
}
