//! Wrappers of imported functions, and the functions that tell the kind of a reference.

use super::{Shims, callee, slot_type, slot_types};
use crate::lift::{self, Helpers};
use crate::types::{Hierarchy, Signature, Type, argument_slots, result_slots};
use assay_engine::Features;
use wasm_encoder::{Function, RefType, ValType};
use wasmparser::ValType as ValTypeIn;

impl Shims<'_> {
    /// A wrapper per imported function: lowers the arguments, calls the host, lifts the results.
    pub fn wrap_imports(&mut self, signatures: &[Signature], pay: &dyn Fn(&mut Function)) {
        for signature in signatures {
            let params = slot_types(&result_slots(&signature.params));
            let results = slot_types(&argument_slots(&signature.results));
            self.new_type(params, results);
        }
        // The wrappers' indices come before those of the helpers that they call.
        let helpers_from = self.functions + signatures.len() as u32;
        self.helpers = self.plan_helpers(helpers_from);
        for (number, signature) in signatures.iter().enumerate() {
            self.declare(&signature.results);
            let body = self.wrapper(number as u32, signature, pay);
            let ty = self.info.functions[number];
            self.define(ty, &body);
        }
        self.add_helpers();
    }

    fn wrapper(&self, number: u32, signature: &Signature, pay: &dyn Fn(&mut Function)) -> Function {
        let slots = argument_slots(&signature.results);
        let mut f = Function::new(slots.iter().map(|&slot| (1, slot_type(slot))));
        pay(&mut f);
        for (param, &ty) in signature.params.iter().enumerate() {
            lift::lower(&mut f, self.helpers, ty, &|f| {
                f.instructions().local_get(param as u32);
            });
        }
        f.instructions().call(number);
        let first = signature.params.len() as u32;
        for slot in (0..slots.len() as u32).rev() {
            f.instructions().local_set(first + slot);
        }
        let mut slot = first;
        for &ty in &signature.results {
            lift::lift(&mut f, self.info, ty, slot, &|index| {
                callee(self.info, index)
            });
            slot += ty.argument_slots().len() as u32;
        }
        f.instructions().end();
        f
    }

    /// Which helpers there will be, if they begin at this function index.
    fn plan_helpers(&self, from: u32) -> Helpers {
        if !self.features.contains(Features::GC) || !self.has_internal_references() {
            return Helpers::default();
        }
        Helpers {
            code_of_any: Some(from),
        }
    }

    /// Whether anything that is carried may be a reference of the hierarchies whose kinds differ.
    fn has_internal_references(&self) -> bool {
        let internal = |ty: &Type| matches!(ty, Type::Ref(Hierarchy::Any | Hierarchy::Extern, _));
        let functions = self.info.functions.iter().chain(&self.info.tags);
        let signatures = functions.filter_map(|&ty| self.info.signature_of_type(ty));
        let globals = self.info.globals.iter().map(|global| global.content_type);
        let tables = self
            .info
            .tables
            .iter()
            .map(|table| ValTypeIn::Ref(table.element_type));
        let values = globals
            .chain(tables)
            .filter_map(|ty| Type::of(self.info, ty));
        signatures
            .into_iter()
            .any(|s| s.params.iter().chain(&s.results).any(internal))
            || values.into_iter().any(|ty| internal(&ty))
    }

    fn add_helpers(&mut self) {
        if self.helpers.code_of_any.is_some() {
            let anyref = ValType::Ref(RefType::ANYREF);
            self.function(vec![anyref], vec![ValType::I64], &lift::code_of_any());
        }
    }
}
