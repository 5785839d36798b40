//! Modules of the suite, changed in a few places: bytes anywhere, or operators of a function, which
//! leaves the module well-formed.

use crate::suite::{Suite, is_valid, suite};
use arbitrary::{Result, Unstructured};
use wasm_encoder::{CodeSection, Module, RawSection};
use wasmparser::{FunctionBody, Parser, Payload};

/// How many places are changed at most.
const CHANGES: usize = 6;
/// How many changes are tried to find those that leave a module valid.
const ATTEMPTS: usize = 24;

/// Takes a list, and gives it changed in one place.
type Change<T> = fn(&mut Unstructured<'_>, Vec<T>) -> Result<Vec<T>>;

/// Changes of bytes.
const BYTES: [Change<u8>; 5] = [flip, set, insert, remove, splice];

/// Changes of the operators of a function.
const OPERATORS: [Change<Vec<u8>>; 6] = [
    remove_operator,
    repeat_operator,
    swap_operators,
    replace_number,
    move_operator,
    change_operator,
];

/// A module of the suite, with changes.
pub(crate) fn module(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    if u.ratio(1, 8)? {
        let mut wasm = any(u)?.clone();
        for _ in 0..u.int_in_range(0..=CHANGES)? {
            wasm = change(u, &wasm)?;
        }
        return Ok(wasm);
    }
    // Few changes leave a module valid, and only what is valid runs.
    let mut wasm = u.choose(&suite().runnable)?.clone();
    let mut left = u.int_in_range(1..=CHANGES)?;
    for _ in 0..ATTEMPTS {
        let changed = change(u, &wasm)?;
        if changed != wasm && is_valid(&changed) {
            wasm = changed;
            left -= 1;
        }
        if left == 0 || u.is_empty() {
            break;
        }
    }
    Ok(wasm)
}

/// Any module of the suite.
fn any(u: &mut Unstructured<'_>) -> Result<&'static Vec<u8>> {
    let Suite { runnable, others } = suite();
    let at = u.choose_index(runnable.len() + others.len())?;
    Ok(match at.checked_sub(runnable.len()) {
        Some(at) => &others[at],
        None => &runnable[at],
    })
}

fn change(u: &mut Unstructured<'_>, wasm: &[u8]) -> Result<Vec<u8>> {
    if u.ratio(1, 3)? {
        return u.choose(&BYTES)?(u, wasm.to_vec());
    }
    Ok(change_function(u, wasm)?.unwrap_or_else(|| wasm.to_vec()))
}

fn place(u: &mut Unstructured<'_>, wasm: &[u8]) -> Result<usize> {
    u.choose_index(wasm.len().max(1))
}

fn flip(u: &mut Unstructured<'_>, mut wasm: Vec<u8>) -> Result<Vec<u8>> {
    let at = place(u, &wasm)?;
    let bit = u.int_in_range(0..=7)?;
    wasm.iter_mut()
        .skip(at)
        .take(1)
        .for_each(|byte| *byte ^= 1 << bit);
    Ok(wasm)
}

fn set(u: &mut Unstructured<'_>, mut wasm: Vec<u8>) -> Result<Vec<u8>> {
    let at = place(u, &wasm)?;
    let value = *u.choose(&[0, 1, 0x40, 0x7f, 0x80, 0xff])?;
    wasm.iter_mut()
        .skip(at)
        .take(1)
        .for_each(|byte| *byte = value);
    Ok(wasm)
}

fn insert(u: &mut Unstructured<'_>, mut wasm: Vec<u8>) -> Result<Vec<u8>> {
    let at = place(u, &wasm)?;
    wasm.insert(at, u.arbitrary()?);
    Ok(wasm)
}

fn remove(u: &mut Unstructured<'_>, mut wasm: Vec<u8>) -> Result<Vec<u8>> {
    let at = place(u, &wasm)?;
    let end = (at + u.int_in_range(1..=4)?).min(wasm.len());
    wasm.drain(at..end);
    Ok(wasm)
}

/// Puts a part of another module in.
fn splice(u: &mut Unstructured<'_>, mut wasm: Vec<u8>) -> Result<Vec<u8>> {
    let other = any(u)?;
    let from = place(u, other)?;
    let end = (from + u.int_in_range(1..=64)?).min(other.len());
    let at = place(u, &wasm)?;
    let over = (at + u.int_in_range(0..=64)?).min(wasm.len());
    wasm.splice(at..over, other[from..end].iter().copied());
    Ok(wasm)
}

/// Changes one function of a module; `None` where there is none, or it cannot be read.
fn change_function(u: &mut Unstructured<'_>, wasm: &[u8]) -> Result<Option<Vec<u8>>> {
    let count = Parser::new(0)
        .parse_all(wasm)
        .filter(|payload| matches!(payload, Ok(Payload::CodeSectionEntry(_))))
        .count();
    if count == 0 {
        return Ok(None);
    }
    let chosen = u.choose_index(count)?;
    let change = *u.choose(&OPERATORS)?;
    rebuild(wasm, chosen, |operators| change(u, operators))
}

/// The module with the operators of one function changed.
fn rebuild(
    wasm: &[u8],
    chosen: usize,
    change: impl FnOnce(Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>>,
) -> Result<Option<Vec<u8>>> {
    let mut change = Some(change);
    let mut module = Module::new();
    let mut code = CodeSection::new();
    let mut left = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        let Ok(payload) = payload else {
            return Ok(None);
        };
        match &payload {
            Payload::CodeSectionStart { count, .. } => left = *count,
            Payload::CodeSectionEntry(body) => {
                let bytes = &wasm[body.range()];
                match (
                    operators(body, wasm),
                    change.take_if(|_| code.len() as usize == chosen),
                ) {
                    (Some((locals, operators)), Some(change)) => {
                        code.raw(&[locals, change(operators)?.concat()].concat());
                    }
                    _ => _ = code.raw(bytes),
                }
                left -= 1;
                if left == 0 {
                    module.section(&code);
                }
            }
            _ => {
                if let Some((id, range)) = payload.as_section() {
                    let data = &wasm[range];
                    module.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(Some(module.finish()))
}

/// The declarations of a body's locals, and its operators one by one.
fn operators(body: &FunctionBody<'_>, wasm: &[u8]) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
    let mut reader = body.get_operators_reader().ok()?;
    let first = reader.original_position();
    let mut operators = Vec::new();
    while !reader.eof() {
        let start = reader.original_position();
        reader.read().ok()?;
        operators.push(wasm[start..reader.original_position()].to_vec());
    }
    Some((wasm[body.range().start..first].to_vec(), operators))
}

fn remove_operator(u: &mut Unstructured<'_>, mut operators: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
    let at = u.choose_index(operators.len().max(1))?;
    operators.drain(at..(at + 1).min(operators.len()));
    Ok(operators)
}

fn repeat_operator(u: &mut Unstructured<'_>, mut operators: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
    let chosen = u.choose(&operators)?.clone();
    let at = u.choose_index(operators.len())?;
    operators.insert(at, chosen);
    Ok(operators)
}

fn swap_operators(u: &mut Unstructured<'_>, mut operators: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
    let first = u.choose_index(operators.len().max(1))?;
    let second = u.choose_index(operators.len().max(1))?;
    if first.max(second) < operators.len() {
        operators.swap(first, second);
    }
    Ok(operators)
}

/// Replaces an operator by another of the same form: numeric instructions of one byte, or those
/// with the same prefix and immediates.
fn replace_number(u: &mut Unstructured<'_>, mut operators: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
    let at = u.choose_index(operators.len().max(1))?;
    match operators.get_mut(at).map(Vec::as_mut_slice) {
        Some([opcode @ 0x45..=0xc4]) => *opcode = u.int_in_range(0x45..=0xc4)?,
        Some([opcode @ 0x28..=0x3e, ..]) => *opcode = u.int_in_range(0x28..=0x3e)?,
        Some([0xfb, opcode, ..]) => *opcode = u.int_in_range(0..=0x1e)?,
        Some([0xfc, opcode, ..]) => *opcode = u.int_in_range(0..=0x16)?,
        Some([0xfe, opcode, ..]) => *opcode = u.int_in_range(0..=0x4e)?,
        Some([0xfd, opcode, rest @ ..]) => {
            *opcode = u.int_in_range(0..=0x7f)?;
            if let [high] = rest {
                *opcode |= 0x80;
                *high = *u.choose(&[1, 1, 2])?;
            }
        }
        _ => {}
    }
    Ok(operators)
}

fn move_operator(u: &mut Unstructured<'_>, mut operators: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
    let from = u.choose_index(operators.len().max(1))?;
    if from < operators.len() {
        let moved = operators.remove(from);
        let to = u.choose_index(operators.len() + 1)?;
        operators.insert(to, moved);
    }
    Ok(operators)
}

/// Changes a byte of an operator: an immediate as a rule.
fn change_operator(u: &mut Unstructured<'_>, mut operators: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
    let at = u.choose_index(operators.len().max(1))?;
    if let Some(operator) = operators.get_mut(at) {
        *operator = u.choose(&[flip, set])?(u, std::mem::take(operator))?;
    }
    Ok(operators)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_change_the_module_stays() {
        for wasm in &suite().runnable {
            let rebuilt = rebuild(wasm, 0, Ok).ok().flatten();
            let rebuilt = rebuilt.expect("a valid module can be read");
            let printed = |wasm: &[u8]| {
                let bodies = Parser::new(0)
                    .parse_all(wasm)
                    .filter_map(|payload| match payload {
                        Ok(Payload::CodeSectionEntry(body)) => Some(wasm[body.range()].to_vec()),
                        _ => None,
                    });
                bodies.collect::<Vec<_>>()
            };
            assert_eq!(printed(&rebuilt), printed(wasm));
        }
    }
}
