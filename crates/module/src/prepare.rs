//! Makes a module ready for engines.

use crate::numbers::Numbers;
use crate::rewrite::Rewriter;
use crate::sections::Sections;
use crate::shims::{self, Arm, Row, Shims, slot_types};
use crate::type_table::TypeTable;
use crate::types::{self, Signature, Type, Widths, argument_slots, result_slots};
use crate::uses::Uses;
use crate::{Exports, Info, provider};
use assay_engine::{
    Action, Call, Features, Host, HostFunction, Module, OnFailure, Outcome, Shim, Value, names,
};
use std::collections::{BTreeMap, BTreeSet};
use wasmparser::TypeRef;

/// What to make of a module.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The features that the module may use; shims use no others.
    pub features: Features,
    /// Which functions are to be called.
    pub exports: Exports,
    /// The fuel that instantiation and each call get; `None` for a module that ends by itself, and pays
    /// nothing.
    pub fuel: Option<i32>,
    /// Whether functions to which nothing refers become part of the shim, or go where it does not call
    /// them. It costs an engine less than a function, a type and a call; what calls do with values is
    /// not tested then.
    pub fuse: bool,
    /// How the shim tells the state.
    pub state: Telling,
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
            fuel: Some(20_000),
            fuse: false,
            state: Telling::Slots,
            array_mask: None,
            uncaught: BTreeSet::new(),
            host_seed: 0,
            actions: Vec::new(),
        }
    }
}

/// How the state is told: what globals and tables hold, after each call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Telling {
    /// Slot by slot. Each costs an engine as much as several instructions.
    #[default]
    Slots,
    /// As one digest, of what can change. Memories that cannot change are not observed either.
    Digest,
    /// Not at all, since the calls tell it as results. For memories, as [`Telling::Digest`].
    Nothing,
}

/// A module that engines can run, with what is needed to call it.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The provider of its imports, if there is one, and the module itself, last.
    pub modules: Vec<Module>,
    /// The functions that it imports.
    pub host: Host,
    /// How many of its memories to observe, from the first.
    pub memories: u32,
    /// How many tags it has.
    pub tags: u32,
    /// What the results of calls mean.
    pub shim: Shim,
    /// The functions that can be called.
    pub callables: Vec<Callable>,
    /// Functions that cannot be, and state that is not told, and why.
    pub left_out: Vec<(String, &'static str)>,
}

/// A function behind the shim.
#[derive(Clone, Debug)]
pub struct Callable {
    /// The name that the module gave it.
    pub name: String,
    /// Its number, the first argument of the shim.
    pub number: u32,
    /// Its own types.
    pub signature: Signature,
    /// How many slots the shim takes behind the number.
    pub params: Widths,
    /// How many slots the shim gives before the status.
    pub results: Widths,
}

impl Callable {
    /// A call with arguments in the function's own types.
    pub fn call(&self, args: &[Value]) -> Call {
        Call {
            export: names::CALL.into(),
            args: self.args(self.number, args),
        }
    }

    /// An outcome of it in its own types, as the shim tells it. References are by what they refer to,
    /// whatever their types.
    pub fn outcome(&self, outcome: &Outcome, info: &Info) -> Outcome {
        let row = |types: &[Type], values: &[Value]| {
            self.results.row(&types::lower_results(types, values))
        };
        match outcome {
            Outcome::Returned(values) => Outcome::Returned(row(&self.signature.results, values)),
            Outcome::Threw {
                tag: Some(tag),
                payload,
            } => {
                let ty = info.tags.get(*tag as usize);
                let ty = ty.and_then(|&ty| info.signature_of_type(ty));
                Outcome::Threw {
                    tag: Some(*tag),
                    payload: ty.map_or(Vec::new(), |ty| row(&ty.params, payload)),
                }
            }
            other => other.clone(),
        }
    }

    /// A call of it that the host makes while another call runs.
    fn nested(&self, args: &[Value], failure: OnFailure) -> Action {
        Action::Call {
            export: names::CALL.into(),
            args: self.args(Shim::nested(self.number), args),
            failure,
        }
    }

    fn args(&self, number: u32, args: &[Value]) -> Vec<Value> {
        let mut slots = vec![Value::I32(number)];
        slots.extend(self.params.row(&types::lower(&self.signature.params, args)));
        slots
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
    let uses = Uses::read(wasm, info, plan).map_err(PrepareError::Malformed)?;
    let (arms, mut left_out) = Arm::all(info, plan);
    let numbers = Numbers::new(info, &uses, plan, &arms);
    let mut types = TypeTable::new(info, &uses, &numbers);
    let import_types = types_of_imports(&signatures, &mut types);
    let payloads = shims::payloads(info, &uses, plan);
    let row = Row::new(&arms, &payloads);
    let mut locals = row.locals();
    let mut rewriter = Rewriter {
        info,
        uses: &uses,
        numbers: &numbers,
        fuel: plan.fuel.map(|_| info.globals.len() as u32),
        short_blocks: plan.fuse,
        array_mask: plan.array_mask,
        import_types: &import_types,
        locals: &mut locals,
        fused: BTreeMap::new(),
        next_body: 0,
    };
    let sections = Sections::decode(wasm, &mut rewriter)
        .map_err(|e| PrepareError::Malformed(e.to_string()))?;
    let fused = rewriter.fused;
    let lowered = lowered_types(&signatures, &arms, &payloads);
    let mut shims = Shims::new(info, &numbers, types, sections, &signatures, &lowered, plan);
    let (shim, untold) = shims.shim(&uses, plan, &arms, &fused, (row, locals));
    left_out.extend(untold);
    shims.entities(plan);
    let main = Module {
        name: "main".into(),
        wasm: shims.finish(),
    };
    let env = provider::provider(info, wasm).map_err(PrepareError::Unprovided)?;
    let env = env.map(|wasm| Module {
        name: provider::NAME.into(),
        wasm,
    });
    let callables: Vec<Callable> = arms
        .into_iter()
        .zip(0..)
        .map(|(arm, number)| Callable {
            name: arm.name,
            number,
            signature: arm.signature,
            params: row.params,
            results: row.results,
        })
        .collect();
    Ok(Prepared {
        modules: env.into_iter().chain([main]).collect(),
        host: host(info, &signatures, plan, &callables),
        memories: observed_memories(&uses, plan),
        tags: info.tags.len() as u32,
        shim,
        callables,
        left_out,
    })
}

/// How many memories to observe: all, or unless it is told slot by slot up to the last that can change.
fn observed_memories(uses: &Uses<'_>, plan: &Plan) -> u32 {
    let by_host: Vec<u32> = shims::memories_of_host(plan).collect();
    let changes = |&memory: &u32| {
        plan.state == Telling::Slots
            || uses.memories_changed[memory as usize]
            || by_host.contains(&memory)
    };
    let memories = 0..uses.memories_changed.len() as u32;
    memories.rev().find(changes).map_or(0, |last| last + 1)
}

/// The types of values that leave the module.
fn lowered_types(signatures: &[Signature], arms: &[Arm], payloads: &[Vec<Type>]) -> Vec<Type> {
    let arguments = signatures.iter().map(|signature| &signature.params);
    let results = arms.iter().map(|arm| &arm.signature.results);
    let all = arguments.chain(results).chain(payloads);
    all.flatten().copied().collect()
}

/// The types of the imported functions as the host knows them.
fn types_of_imports(signatures: &[Signature], types: &mut TypeTable) -> Vec<u32> {
    let lowered = signatures.iter().map(|signature| {
        let params = slot_types(&result_slots(&signature.params));
        types.of(params, slot_types(&argument_slots(&signature.results)))
    });
    lowered.collect()
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
        Action::Call {
            export,
            args,
            failure,
        } => match callables.iter().find(|callable| callable.name == *export) {
            Some(callable) => callable.nested(args, *failure),
            None => Action::Return,
        },
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
