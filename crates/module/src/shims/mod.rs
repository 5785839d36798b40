//! The functions and exports that let the harness look into a module.
//!
//! | export | what it does |
//! |---|---|
//! | `assay:call` | the shim: lifts arguments, calls the function of that number, catches exceptions, lowers the results, tells the state, refills the fuel |
//! | `assay:memory:M`, `assay:table:T`, `assay:tag:T` | the entities themselves |
//!
//! One function does all, since compilation is what a case costs: each exported function, and each
//! type of one, costs an engine a trampoline. For the same reason functions that nothing else
//! refers to may become part of it (*fused*, see [`Plan::fuse`]).
//!
//! See [`assay_engine::Shim`] for what the shim takes and gives, [`assay_engine::names`] for the
//! names, and [`crate::types`] for the slots.

mod arms;
mod dispatch;
mod handlers;
mod imports;
mod locals;
mod state;

pub(crate) use arms::Arm;
pub(crate) use dispatch::Row;
pub(crate) use locals::Locals;
pub use state::TABLE_ELEMENTS_OBSERVED;

use crate::lift::{self, Helpers};
use crate::numbers::Numbers;
use crate::rewrite::Fused;
use crate::sections::Sections;
use crate::type_table::TypeTable;
use crate::types::{Signature, Type};
use crate::uses::Uses;
use crate::{Info, Plan};
use assay_engine::{Action, Features, Shim, Slot, names};
use std::collections::{BTreeMap, BTreeSet};
use wasm_encoder::{
    ConstExpr, Elements, ExportKind, Function, GlobalType, NameMap, RefType, ValType,
};

/// The most slots that a function takes, or that the shim gives but for the status: engines allow
/// 1,000 parameters and results.
pub const MAX_SLOTS: usize = 900;

/// Appends shims to a rewritten module.
pub(crate) struct Shims<'a> {
    pub info: &'a Info,
    pub numbers: &'a Numbers,
    pub features: Features,
    pub sections: Sections,
    pub types: TypeTable,
    helpers: Helpers,
    functions: u32,
    /// The global that counts fuel, and whether anything is paid.
    fuel: u32,
    counts: bool,
    declared: Vec<u32>,
    /// Functions and the names by which a reader knows them.
    named: BTreeMap<u32, String>,
}

pub(crate) fn slot_type(slot: Slot) -> ValType {
    match slot {
        Slot::I32 => ValType::I32,
        Slot::I64 => ValType::I64,
        Slot::Extern => ValType::Ref(RefType::EXTERNREF),
    }
}

pub(crate) fn slot_types(slots: &[Slot]) -> Vec<ValType> {
    slots.iter().copied().map(slot_type).collect()
}

/// The payloads that the shim may have to tell.
pub(crate) fn payloads(info: &Info, uses: &Uses<'_>, plan: &Plan) -> Vec<Vec<Type>> {
    let tags = handlers::thrown(info, uses, plan).unwrap_or_default();
    tags.iter()
        .filter_map(|&tag| info.signature_of_type(info.tags[tag as usize]))
        .map(|signature| signature.params)
        .collect()
}

/// The tables that the host grows.
fn grown_tables(plan: &Plan) -> BTreeSet<u32> {
    let actions = plan.actions.iter().flatten();
    let tables = actions.filter_map(|action| match action {
        Action::GrowTable { table, .. } => Some(*table),
        _ => None,
    });
    tables.collect()
}

/// The memories that the host grows or writes to.
pub(crate) fn memories_of_host(plan: &Plan) -> impl Iterator<Item = u32> {
    let actions = plan.actions.iter().flatten();
    actions.filter_map(|action| match action {
        Action::GrowMemory { memory, .. } | Action::Exchange { memory, .. } => Some(*memory),
        _ => None,
    })
}

impl<'a> Shims<'a> {
    /// Starts on a rewritten module: adds the fuel, and the wrappers of imported functions at the
    /// indices that the rewriter counts on. `lowered` are the types of which values leave the
    /// module.
    pub fn new(
        info: &'a Info,
        numbers: &'a Numbers,
        types: TypeTable,
        sections: Sections,
        signatures: &[Signature],
        lowered: &[Type],
        plan: &Plan,
    ) -> Self {
        let mut shims = Self {
            info,
            numbers,
            features: plan.features,
            sections,
            types,
            helpers: Helpers::default(),
            functions: numbers.functions_kept,
            fuel: info.globals.len() as u32,
            counts: plan.fuel.is_some(),
            declared: Vec::new(),
            named: BTreeMap::new(),
        };
        let fuel = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        let full = ConstExpr::i32_const(plan.fuel.unwrap_or(0));
        shims.sections.globals.global(fuel, &full);
        shims.wrap_imports(signatures, lowered);
        shims
    }

    /// Adds the shim. Gives what its results mean, and what of the state it does not tell.
    pub fn shim(
        &mut self,
        uses: &Uses<'_>,
        plan: &Plan,
        arms: &[Arm],
        fused: &BTreeMap<u32, Fused>,
        (row, locals): (Row, Locals),
    ) -> (Shim, Vec<(String, &'static str)>) {
        let thrown = handlers::thrown(self.info, uses, plan);
        let tags = thrown.map(|thrown| self.tags(&thrown));
        for (number, arm) in arms.iter().enumerate() {
            self.declare(&arm.signature.params);
            if let Some(function) = self.numbers.function(arm.function) {
                let label = || format!("{number}:{}", arm.name);
                self.named.entry(function).or_insert_with(label);
            }
        }
        let state = self.state(uses, plan, row.results.slots());
        let parts = dispatch::Parts {
            arms,
            fused,
            row,
            tags,
            state: &state,
            refill: plan.fuel,
        };
        self.dispatcher(&parts, locals);
        let shim = Shim {
            ints: row.params.ints as u32,
            externs: row.params.externs as u32,
            results: row.results.slots() as u32,
            functions: arms.iter().map(|arm| arm.name.clone()).collect(),
            state: state.labels,
        };
        (shim, state.left_out)
    }

    fn function(&mut self, params: Vec<ValType>, results: Vec<ValType>, body: &Function) -> u32 {
        let ty = self.types.of(params, results);
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

    fn declare(&mut self, types: &[Type]) {
        for &ty in types {
            let function = lift::function_referred_to(self.info, self.numbers, ty);
            self.declared
                .extend(function.and_then(|function| self.numbers.function(function)));
        }
    }

    /// Exports the entities that hosts need: all memories and tags, and the tables that they grow.
    pub fn entities(&mut self, plan: &Plan) {
        for memory in 0..self.info.memories.len() as u32 {
            self.export(&names::memory(memory), ExportKind::Memory, memory);
        }
        for tag in 0..self.info.tags.len() as u32 {
            self.export(&names::tag(tag), ExportKind::Tag, tag);
        }
        for table in grown_tables(plan) {
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
        for (params, results) in self.types.added() {
            let ty = self.sections.types.ty();
            ty.function(params.iter().copied(), results.iter().copied());
        }
        let mut functions = NameMap::new();
        for (&index, name) in &self.named {
            functions.append(index, name);
        }
        let mut globals = NameMap::new();
        globals.append(self.fuel, FUEL_NAME);
        self.sections.encode(&functions, &globals)
    }
}

/// What the name section calls the global that counts fuel.
pub const FUEL_NAME: &str = "fuel";
