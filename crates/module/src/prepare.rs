//! Makes a module ready for engines.

use crate::rewrite::Rewriter;
use crate::sections::Sections;
use crate::shims::{Dispatched, Shims};
use crate::types::{self, Signature, Widths, argument_slots, result_slots};
use crate::{Exports, Info, provider};
use assay_engine::{Action, Call, Features, Host, HostFunction, Module, Value};
use std::collections::BTreeSet;
use wasmparser::TypeRef;

/// What to make of a module.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The features that the module may use; shims use no others.
    pub features: Features,
    /// Which functions are to be called.
    pub exports: Exports,
    /// The fuel that instantiation and each call get.
    pub fuel: i32,
    /// What array lengths are masked with, if they are.
    pub array_mask: Option<i32>,
    /// The functions, by name, whose exceptions are to reach the host.
    pub uncaught: BTreeSet<String>,
    /// Mixed into what host functions return.
    pub host_seed: u32,
    /// What each imported function does, by number; those that are missing return. Calls are of
    /// functions by their own names, with arguments in their own types.
    pub actions: Vec<Vec<Action>>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            features: Features::WASM3,
            exports: Exports::Named,
            fuel: 20_000,
            array_mask: None,
            uncaught: BTreeSet::new(),
            host_seed: 0,
            actions: Vec::new(),
        }
    }
}

/// A module that engines can run, with what is needed to call it.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The provider of its imports, if there is one, and the module itself, last.
    pub modules: Vec<Module>,
    /// The functions that it imports.
    pub host: Host,
    /// How many memories it has.
    pub memories: u32,
    /// How many tags it has.
    pub tags: u32,
    /// The exported functions that can be called.
    pub callables: Vec<Callable>,
    /// Those that cannot, and why.
    pub left_out: Vec<(String, &'static str)>,
}

/// A function behind the dispatcher.
#[derive(Clone, Debug)]
pub struct Callable {
    /// The name that the module gave it.
    pub name: String,
    /// Its number, the first argument of the dispatcher.
    pub number: u32,
    /// The dispatcher.
    pub export: &'static str,
    /// Its own types.
    pub signature: Signature,
    /// How many slots the dispatcher takes behind the number.
    pub params: Widths,
    /// How many slots the dispatcher gives before the status.
    pub results: Widths,
    /// Whether the dispatcher catches exceptions.
    pub catches: bool,
}

impl Callable {
    /// A call with arguments in the function's own types.
    pub fn call(&self, args: &[Value]) -> Call {
        let mut slots = vec![Value::I32(self.number)];
        slots.extend(self.params.row(&types::lower(&self.signature.params, args)));
        Call {
            export: self.export.into(),
            args: slots,
            catches: self.catches,
        }
    }
}

/// Why a module cannot be made ready.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// It does not decode.
    #[error("the module does not decode: {0}")]
    Malformed(String),
    /// A function or tag has values that Assay cannot carry.
    #[error("the types of imported function {0} cannot be carried")]
    Carry(u32),
    /// No value can be made for an import.
    #[error("no initial value can be made for import {0}")]
    Unprovided(u32),
}

/// Rewrites a module after a plan.
///
/// # Errors
///
/// See [`PrepareError`]. The module must be valid for the features of the plan; an invalid one
/// gives another invalid one, or an error.
pub fn prepare(wasm: &[u8], info: &Info, plan: &Plan) -> Result<Prepared, PrepareError> {
    let signatures = imported_signatures(info)?;
    let mut rewriter = Rewriter::new(info, plan.array_mask);
    let sections = Sections::decode(wasm, &mut rewriter)
        .map_err(|e| PrepareError::Malformed(e.to_string()))?;
    let mut shims = Shims::new(info, plan.features, sections, plan);
    shims.wrap_imports(&signatures, &|f| rewriter.pay_for_host(f));
    let Dispatched {
        callables,
        left_out,
    } = shims.dispatcher(plan);
    shims.observe(plan);
    shims.entities(&grown_tables(plan));
    let main = Module {
        name: "main".into(),
        wasm: shims.finish(),
    };
    let env = provider::provider(info, wasm).map_err(PrepareError::Unprovided)?;
    let env = env.map(|wasm| Module {
        name: provider::NAME.into(),
        wasm,
    });
    Ok(Prepared {
        modules: env.into_iter().chain([main]).collect(),
        host: host(info, &signatures, plan, &callables),
        memories: info.memories.len() as u32,
        tags: info.tags.len() as u32,
        callables,
        left_out,
    })
}

fn imported_signatures(info: &Info) -> Result<Vec<Signature>, PrepareError> {
    (0..info.imported_functions)
        .map(|i| {
            info.signature_of_type(info.functions[i as usize])
                .ok_or(PrepareError::Carry(i))
        })
        .collect()
}

fn host(info: &Info, signatures: &[Signature], plan: &Plan, callables: &[Callable]) -> Host {
    let shimmed = |action: &Action| match action {
        Action::Call { export, args } => {
            match callables.iter().find(|callable| callable.name == *export) {
                Some(callable) => {
                    let Call { export, args, .. } = callable.call(args);
                    Action::Call { export, args }
                }
                None => Action::Return,
            }
        }
        other => other.clone(),
    };
    let imports = info
        .imports
        .iter()
        .filter(|import| matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
    let functions = imports
        .zip(signatures)
        .enumerate()
        .map(|(number, (import, signature))| HostFunction {
            label: format!("{}.{}", import.module, import.field),
            params: result_slots(&signature.params),
            results: argument_slots(&signature.results),
            actions: plan
                .actions
                .get(number)
                .into_iter()
                .flatten()
                .map(shimmed)
                .collect(),
        });
    Host {
        seed: plan.host_seed,
        functions: functions.collect(),
    }
}

fn grown_tables(plan: &Plan) -> Vec<u32> {
    let tables: BTreeSet<u32> = plan
        .actions
        .iter()
        .flatten()
        .filter_map(|action| match action {
            Action::GrowTable { table, .. } => Some(*table),
            _ => None,
        })
        .collect();
    tables.into_iter().collect()
}
