//! Which calls to make of a module's exports, and what its host functions do.

use crate::draft::{Draft, DraftCall};
use arbitrary::{Arbitrary, Result, Unstructured};
use assay_engine::{Action, Features, OnFailure, Reference, Slot, Value};
use assay_module::{Exports, Info, Signature, Type};
use std::ops::RangeInclusive;

/// Chooses calls of the exported functions, round and round, with arguments from the boundaries.
///
/// # Errors
///
/// When the bytes do not suffice.
pub fn choose(
    u: &mut Unstructured<'_>,
    info: &Info,
    which: Exports,
    count: RangeInclusive<usize>,
) -> Result<Vec<DraftCall>> {
    let exports = signatures(info, which);
    let mut calls = Vec::new();
    if exports.is_empty() {
        return Ok(calls);
    }
    for n in 0..u.int_in_range(count)? {
        let (name, signature) = &exports[n % exports.len()];
        let args = signature
            .params
            .iter()
            .map(|&ty| argument(u, ty))
            .collect::<Result<_>>()?;
        calls.push(DraftCall {
            export: name.clone(),
            args,
        });
    }
    Ok(calls)
}

/// The functions to call, with their types.
fn signatures(info: &Info, which: Exports) -> Vec<(String, Signature)> {
    let signature = |f: u32| info.signature_of_type(*info.functions.get(f as usize)?);
    let functions = info.callable(which).into_iter();
    functions
        .filter_map(|(name, f)| Some((name, signature(f)?)))
        .collect()
}

/// Integers at which instructions change their mind; narrower ones are truncated.
const INTEGERS: [u64; 16] = [
    0,
    1,
    2,
    7,
    31,
    64,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
];

/// Floats at which instructions change their mind: zeros, ones, halves, the edges of the integer
/// types, infinities, NaNs with payloads.
const FLOATS: [f64; 14] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1.5,
    -2.5,
    2_147_483_647.0,
    4_294_967_296.0,
    9_223_372_036_854_775_808.0,
    18_446_744_073_709_551_616.0,
    f64::INFINITY,
    f64::MIN_POSITIVE,
    f64::MAX,
];

const NANS_32: [u32; 3] = [0x7fc0_0000, 0xffc0_0001, 0x7fa0_0000];
const NANS_64: [u64; 3] = [
    0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_0001,
    0x7ff4_0000_0000_0000,
];

/// An argument of a type: mostly from the tables, else any bits.
fn argument(u: &mut Unstructured<'_>, ty: Type) -> Result<Value> {
    Ok(match ty {
        Type::I32 => Value::I32(integer(u)? as u32),
        Type::I64 => Value::I64(integer(u)?),
        Type::F32 => Value::F32(match u.int_in_range(0..=7)? {
            0 => *u.choose(&NANS_32)?,
            1 => u.arbitrary()?,
            _ => (*u.choose(&FLOATS)? as f32).to_bits(),
        }),
        Type::F64 => Value::F64(match u.int_in_range(0..=7)? {
            0 => *u.choose(&NANS_64)?,
            1 => u.arbitrary()?,
            _ => u.choose(&FLOATS)?.to_bits(),
        }),
        Type::V128 => Value::V128(u128::from(integer(u)?) << 64 | u128::from(integer(u)?)),
        Type::Ref(..) => Value::Ref(match u.int_in_range(0..=3)? {
            0 => Reference::Null,
            1 => Reference::Extern(u.int_in_range(0..=7)?),
            _ => Reference::I31((u32::arbitrary(u)? << 1).cast_signed() >> 1),
        }),
    })
}

fn integer(u: &mut Unstructured<'_>) -> Result<u64> {
    let x = match u.int_in_range(0..=5)? {
        0 => u.arbitrary()?,
        1 => u64::from(u8::arbitrary(u)?),
        _ => *u.choose(&INTEGERS)?,
    };
    Ok(if u.ratio(1, 4)? { x.wrapping_neg() } else { x })
}

/// Chooses what the host functions of a draft do, and which exceptions leave it uncaught.
///
/// # Errors
///
/// When the bytes do not suffice.
pub fn choose_host(u: &mut Unstructured<'_>, info: &Info, draft: &mut Draft) -> Result<()> {
    draft.host_seed = u.arbitrary()?;
    let throwable = throwable(info, draft.features);
    let functions = signatures(info, draft.exports);
    for _ in 0..info.imported_functions {
        let count = *u.choose(&[0, 1, 3])?;
        let actions = (0..count).map(|_| action(u, info, &throwable, &functions));
        draft.actions.push(actions.collect::<Result<_>>()?);
    }
    if payloads_are_readable(info, draft.features) {
        for (name, _) in functions {
            if u.ratio(1, 4)? {
                draft.uncaught.insert(name);
            }
        }
    }
    Ok(())
}

/// The tags that a host can throw, with their parameters.
fn throwable(info: &Info, features: Features) -> Vec<(u32, Vec<Slot>)> {
    if !features.contains(Features::EXCEPTIONS) {
        return Vec::new();
    }
    let plain = |ty: &Type| match ty {
        Type::I32 => Some(Slot::I32),
        Type::I64 => Some(Slot::I64),
        _ => None,
    };
    let slots = |ty| {
        info.signature_of_type(ty)?
            .params
            .iter()
            .map(plain)
            .collect::<Option<Vec<_>>>()
    };
    let tags = info.tags.iter().enumerate();
    tags.filter_map(|(tag, &ty)| Some((tag as u32, slots(ty)?)))
        .collect()
}

/// Whether every host can read every payload: JavaScript sees neither `v128` nor `exnref`, and
/// cannot tell the kinds of references.
fn payloads_are_readable(info: &Info, features: Features) -> bool {
    let readable = |ty: &Type| matches!(ty, Type::I32 | Type::I64 | Type::F32 | Type::F64);
    features.contains(Features::EXCEPTIONS)
        && info.tags.iter().all(|&tag| {
            info.signature_of_type(tag)
                .is_some_and(|tag| tag.params.iter().all(readable))
        })
}

fn action(
    u: &mut Unstructured<'_>,
    info: &Info,
    throwable: &[(u32, Vec<Slot>)],
    functions: &[(String, Signature)],
) -> Result<Action> {
    Ok(match u.int_in_range(0..=9)? {
        0 => Action::Trap,
        1 | 2 if !throwable.is_empty() => {
            let (tag, params) = u.choose(throwable)?.clone();
            Action::Throw { tag, params }
        }
        3 | 4 if !info.memories.is_empty() => Action::GrowMemory {
            memory: u.int_in_range(0..=info.memories.len() as u32 - 1)?,
            pages: u.int_in_range(0..=2)?,
        },
        5 => match u.choose_iter(growable_tables(info)) {
            Ok(table) => Action::GrowTable {
                table,
                elements: u.int_in_range(0..=8)?,
            },
            Err(_) => Action::Return,
        },
        6 | 7 => callback(u, functions)?,
        _ => Action::Return,
    })
}

/// Tables that can be grown with null, and whose elements every host may hold.
fn growable_tables(info: &Info) -> Vec<u32> {
    let plain = |ty: wasmparser::RefType| {
        ty == wasmparser::RefType::FUNCREF || ty == wasmparser::RefType::EXTERNREF
    };
    let tables = info.tables.iter().enumerate();
    tables
        .filter(|(_, table)| plain(table.element_type))
        .map(|(i, _)| i as u32)
        .collect()
}

/// A call of any of the functions that are called from outside, by a host that takes what comes of it in
/// any way.
fn callback(u: &mut Unstructured<'_>, functions: &[(String, Signature)]) -> Result<Action> {
    if functions.is_empty() {
        return Ok(Action::Return);
    }
    let (name, signature) = u.choose(functions)?;
    let args = signature
        .params
        .iter()
        .map(|&ty| argument(u, ty))
        .collect::<Result<_>>()?;
    Ok(Action::Call {
        export: name.clone(),
        args,
        failure: *u.choose(&OnFailure::ALL)?,
    })
}
