//! Where in a run something was seen, in words.

use assay_engine::{Program, Value, names};
use assay_module::{Info, Type};
use serde::{Deserialize, Serialize};
use std::fmt;
use wasmparser::{KnownCustom, Name, Operator, Parser, Payload};

/// A point of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// After instantiation.
    Instantiation,
    /// After call number `n`, from 0.
    Call(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instantiation => f.write_str("instantiation"),
            Self::Call(n) => write!(f, "call {n}"),
        }
    }
}

/// The function that call `call` of a program is of, by number and name, as `2:I32Add/1`.
pub fn function_name(program: &Program, call: usize) -> Option<String> {
    let Value::I32(number) = *program.calls.get(call)?.args.first()? else {
        return None;
    };
    let prefix = format!("{number}:");
    let payloads = Parser::new(0).parse_all(&program.main().wasm);
    let names = payloads.flatten().find_map(|payload| match payload {
        Payload::CustomSection(section) => match section.as_known() {
            KnownCustom::Name(names) => Some(names),
            _ => None,
        },
        _ => None,
    })?;
    let functions = names.into_iter().flatten().find_map(|names| match names {
        Name::Function(functions) => Some(functions),
        _ => None,
    })?;
    let mut functions = functions.into_iter().flatten();
    let naming = functions.find(|naming| naming.name.starts_with(&prefix))?;
    Some(naming.name.to_owned())
}

/// What slot `slot` of `assay:observe` tells: `fuel`, `global 2`, `table 0 size`, …
///
/// The names follow from the main module alone. A slot that the module cannot explain is named by
/// its number.
pub fn slot_name(program: &Program, slot: usize) -> String {
    observed(&program.main().wasm)
        .and_then(|names| names.into_iter().nth(slot))
        .unwrap_or_else(|| format!("slot {slot}"))
}

/// The names of all slots, in the order in which `assay:observe` gives them.
fn observed(wasm: &[u8]) -> Option<Vec<String>> {
    let info = Info::read(wasm).ok()?;
    let globals = fuel_global(wasm, &info)?;
    let mut all = vec!["fuel".to_owned()];
    for (index, global) in info.globals.iter().take(globals as usize).enumerate() {
        if let Some(ty) = Type::of(&info, global.content_type) {
            all.extend(ty.result_slots().iter().map(|_| format!("global {index}")));
        }
    }
    for table in 0..info.tables.len() {
        all.push(format!("table {table} size"));
        all.push(format!("table {table} elements"));
    }
    Some(all)
}

/// The global that counts fuel: the operand of the first instruction of `assay:observe`.
pub(crate) fn fuel_global(wasm: &[u8], info: &Info) -> Option<u32> {
    let observe = info
        .exports
        .iter()
        .find(|export| export.name == names::OBSERVE)?
        .index;
    let function = observe.checked_sub(info.imported_functions)?;
    let mut bodies = Parser::new(0)
        .parse_all(wasm)
        .filter_map(|payload| match payload {
            Ok(Payload::CodeSectionEntry(body)) => Some(body),
            _ => None,
        });
    match bodies
        .nth(function as usize)?
        .get_operators_reader()
        .ok()?
        .read()
        .ok()?
    {
        Operator::GlobalGet { global_index } => Some(global_index),
        _ => None,
    }
}
