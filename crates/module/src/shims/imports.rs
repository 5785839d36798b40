//! Wrappers of imported functions, and the functions that tell the kind of a reference.

use super::{Shims, slot_type};
use crate::lift::{self, Helpers};
use crate::rewrite;
use crate::types::{Hierarchy, Signature, Type, argument_slots};
use assay_engine::Features;
use wasm_encoder::{Function, RefType, ValType};
use wasmparser::ValType as ValTypeIn;

impl Shims<'_> {
    /// A wrapper per imported function: lowers the arguments, calls the host, lifts the results.
    pub(super) fn wrap_imports(&mut self, signatures: &[Signature], lowered: &[Type]) {
        // The wrappers' indices come before those of the helpers that they call.
        let helpers_from = self.functions + signatures.len() as u32;
        self.helpers = self.plan_helpers(helpers_from, lowered);
        for (number, signature) in signatures.iter().enumerate() {
            self.declare(&signature.results);
            let body = self.wrapper(number as u32, signature);
            let ty = self.info.functions[number];
            self.define(self.numbers.ty(ty).unwrap_or(ty), &body);
        }
        self.add_helpers();
    }

    fn wrapper(&self, number: u32, signature: &Signature) -> Function {
        let slots = argument_slots(&signature.results);
        let locals = slots.iter().map(|&slot| (1, slot_type(slot))).collect();
        lift::function(locals, |f| {
            rewrite::pay_for_host(f, self.counts.then_some(self.fuel));
            for (param, &ty) in signature.params.iter().enumerate() {
                lift::lower(f, self.helpers, ty, &|f| {
                    f.local_get(param as u32);
                });
            }
            f.call(number);
            let first = signature.params.len() as u32;
            for slot in (0..slots.len() as u32).rev() {
                f.local_set(first + slot);
            }
            let mut slot = first;
            for &ty in &signature.results {
                lift::lift(f, self.info, self.numbers, ty, slot);
                slot += ty.argument_slots().len() as u32;
            }
            f.end();
        })
    }

    /// Which helpers there will be, if they begin at this function index and these types cross the
    /// boundary from inside.
    fn plan_helpers(&self, from: u32, lowered: &[Type]) -> Helpers {
        let internal = |ty: &Type| matches!(ty, Type::Ref(Hierarchy::Any | Hierarchy::Extern, _));
        let globals = self.info.globals.iter().map(|global| global.content_type);
        let tables = self.info.tables.iter();
        let tables = tables.map(|table| ValTypeIn::Ref(table.element_type));
        let mut told = globals
            .chain(tables)
            .filter_map(|ty| Type::of(self.info, ty));
        let needed = lowered.iter().any(internal) || told.any(|ty| internal(&ty));
        Helpers {
            code_of_any: (needed && self.features.contains(Features::GC)).then_some(from),
        }
    }

    fn add_helpers(&mut self) {
        if self.helpers.code_of_any.is_some() {
            let anyref = ValType::Ref(RefType::ANYREF);
            self.function(vec![anyref], vec![ValType::I64], &lift::code_of_any());
        }
    }
}
