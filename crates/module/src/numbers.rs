//! Which functions and types of a module stay, and the indices that they get.
//!
//! Compilation is what a case costs, and much of it goes by the number of functions and of their
//! types, whatever is in them: an engine makes a trampoline for each type. So a function that only
//! the shim calls may become part of it, and types that are left without use are dropped.

use crate::lift::{self, function_type};
use crate::shims::Arm;
use crate::types::Type;
use crate::uses::Uses;
use crate::{Info, Plan};
use wasm_encoder::ValType;
use wasm_encoder::reencode::{Error, Reencode};

/// The new indices.
pub(crate) struct Numbers {
    /// The new index of each function that stays; imported ones become wrappers, behind the others.
    functions: Vec<Option<u32>>,
    /// For each function, whether anything refers to it, so that it can be had as a reference at no
    /// cost.
    referred: Vec<bool>,
    /// For each function, whether the shim calls it.
    called: Vec<bool>,
    /// The new index of each type that stays.
    types: Vec<Option<u32>>,
    /// How many functions stay, wrappers not counted.
    pub functions_kept: u32,
    /// How many types stay.
    pub types_kept: u32,
}

impl Numbers {
    /// Decides what stays. `arms` are the functions that the shim calls.
    pub fn new(info: &Info, uses: &Uses<'_>, plan: &Plan, arms: &[Arm]) -> Self {
        let mut numbers = Self {
            functions: Vec::new(),
            referred: uses.functions.clone(),
            called: vec![false; info.functions.len()],
            types: Vec::new(),
            functions_kept: 0,
            types_kept: 0,
        };
        numbers.refer_to_what_is_lifted(info, arms);
        numbers.number_functions(info, uses, plan, arms);
        numbers.number_types(info, uses);
        numbers
    }

    /// Marks the functions that stand for references that the host asks for.
    fn refer_to_what_is_lifted(&mut self, info: &Info, arms: &[Arm]) {
        let params = arms.iter().flat_map(|arm| &arm.signature.params);
        let imports = (0..info.imported_functions as usize)
            .filter_map(|f| info.signature_of_type(info.functions[f]));
        let results: Vec<Type> = imports.flat_map(|signature| signature.results).collect();
        for &ty in params.chain(&results) {
            if let Some(function) = lift::function_referred_to(info, self, ty) {
                self.referred[function as usize] = true;
            }
        }
    }

    fn number_functions(&mut self, info: &Info, uses: &Uses<'_>, plan: &Plan, arms: &[Arm]) {
        let imported = info.imported_functions;
        let mut next = imported;
        self.functions = vec![None; info.functions.len()];
        for function in imported..info.functions.len() as u32 {
            let calls = arms.iter().filter(|arm| arm.function == function).count();
            let referred = self.referred[function as usize];
            self.called[function as usize] = calls > 0;
            let body = uses.bodies.get((function - imported) as usize);
            let fits = body.is_some_and(|body| {
                let results = function_type(info, function).map_or(0, |ty| ty.results().len());
                !body.tail_calls && (results <= 1 || !body.leaves_early)
            });
            // One that is not even called goes.
            let goes = calls == 0 || calls == 1 && fits;
            if referred || !plan.fuse || !goes {
                self.functions[function as usize] = Some(next);
                next += 1;
            }
        }
        self.functions_kept = next;
        for function in 0..imported {
            self.functions[function as usize] = Some(next + function);
        }
    }

    fn number_types(&mut self, info: &Info, uses: &Uses) {
        let mut used = uses.types.clone();
        for (function, &ty) in info.functions.iter().enumerate() {
            if self.functions[function].is_some() {
                used[ty as usize] = true;
            }
        }
        for used in used {
            self.types.push(used.then_some(self.types_kept));
            self.types_kept += u32::from(used);
        }
    }

    /// The index by which code refers to a function: that of the wrapper of an imported one. `None`
    /// for one that has become part of the shim, or is dropped.
    pub fn function(&self, function: u32) -> Option<u32> {
        self.functions.get(function as usize).copied().flatten()
    }

    /// Whether nothing refers to a function, and nothing calls it.
    pub fn is_dropped(&self, function: u32) -> bool {
        self.function(function).is_none() && self.called.get(function as usize) != Some(&true)
    }

    /// Whether anything refers to the function.
    pub fn is_referred(&self, function: u32) -> bool {
        self.referred.get(function as usize) == Some(&true)
    }

    /// The index of a type; `None` for one that is dropped.
    pub fn ty(&self, ty: u32) -> Option<u32> {
        self.types.get(ty as usize).copied().flatten()
    }

    /// A type of the module in the encoder's terms.
    pub fn val_type(&self, ty: wasmparser::ValType) -> Option<ValType> {
        Renumber(self).val_type(ty).ok()
    }

    /// As [`Numbers::val_type`], for a type of references.
    pub fn ref_type(&self, ty: wasmparser::RefType) -> Option<wasm_encoder::RefType> {
        Renumber(self).ref_type(ty).ok()
    }

    /// As [`Numbers::val_type`], for many.
    pub fn val_types(&self, types: &[wasmparser::ValType]) -> Vec<ValType> {
        types.iter().filter_map(|&ty| self.val_type(ty)).collect()
    }
}

/// Encodes types under their new indices.
struct Renumber<'a>(&'a Numbers);

impl Reencode for Renumber<'_> {
    type Error = Gone;

    fn type_index(&mut self, index: u32) -> Result<u32, Error<Gone>> {
        self.0.ty(index).ok_or(Error::UserError(Gone))
    }
}

/// An index refers to what has been dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reference to what is not there")]
pub(crate) struct Gone;

/// The short form of a block's type, where the type in the module says no more than that.
pub(crate) fn short_block(info: &Info, index: u32) -> Option<Option<wasmparser::ValType>> {
    let ty = info.types.get(index as usize)?;
    match &ty.composite_type.inner {
        wasmparser::CompositeInnerType::Func(ty) if ty.params().is_empty() => match ty.results() {
            [] => Some(None),
            &[one] => Some(Some(one)),
            _ => None,
        },
        _ => None,
    }
}
