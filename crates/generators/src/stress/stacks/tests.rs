//! What can be said of cases without an engine.

use super::*;
use crate::stress::tests::{assert_mended, case, modules};
use assay_engine::{Action, Frame, HostFunction, Moment};
use setting::Ty;
use std::collections::{BTreeMap, BTreeSet};
use wasmparser::{Operator, Parser, Payload};

/// What begins where, in the functions of a module: the index of the function, and the operator.
fn operators(wasm: &[u8]) -> BTreeMap<u32, (u32, Operator<'_>)> {
    let mut function = 0;
    let mut all = BTreeMap::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.expect("it is valid") {
            Payload::ImportSection(imports) => {
                let imports = imports
                    .into_imports()
                    .map(|import| import.expect("it is valid"));
                let functions = imports.filter(|it| matches!(it.ty, wasmparser::TypeRef::Func(_)));
                function = functions.count() as u32;
            }
            Payload::CodeSectionEntry(body) => {
                let reader = body.get_operators_reader().expect("it is valid");
                for operator in reader.into_iter_with_offsets() {
                    let (operator, offset) = operator.expect("it is valid");
                    all.insert(offset as u32, (function, operator));
                }
                function += 1;
            }
            _ => {}
        }
    }
    all
}

/// Each frame is in the function that it names, at an instruction at which it can be: the innermost
/// one at what makes the moment, the others at a call that waits, and those that are gone at a tail call.
#[test]
fn frames_are_at_the_operators_of_the_binary() {
    let mut seen = BTreeSet::new();
    let mut all_gone = 0;
    for number in 0..3000 {
        let (_, draft) = case::<Stacks>(number, Features::WASM3);
        let modules = modules(&draft);
        let operators: Vec<_> = modules.iter().map(|wasm| operators(wasm)).collect();
        assert_eq!(draft.stacks.len(), draft.answers.len());
        for stack in draft.stacks.iter().flatten() {
            let mut active = 0;
            for frame in &stack.frames {
                let Frame {
                    module: Some(module),
                    function,
                    offset: Some(offset),
                    gone,
                } = *frame
                else {
                    panic!("the model knows all: {frame:?}");
                };
                let (is_in, operator) = &operators[module as usize][&offset];
                assert_eq!(*is_in, function, "case {number}");
                if gone {
                    let leaves = matches!(
                        operator,
                        Operator::ReturnCall { .. }
                            | Operator::ReturnCallIndirect { .. }
                            | Operator::ReturnCallRef { .. }
                    );
                    assert!(leaves, "case {number}: {operator:?} in {stack:?}");
                    all_gone += 1;
                    continue;
                }
                let place = active;
                active += 1;
                let waits = matches!(
                    operator,
                    Operator::Call { .. }
                        | Operator::CallIndirect { .. }
                        | Operator::CallRef { .. }
                );
                let throws = matches!(operator, Operator::Throw { .. } | Operator::ThrowRef);
                let fits = match (place, stack.moment) {
                    (0, Moment::Exception) => waits || throws,
                    (0, Moment::Trap) => !matches!(operator, Operator::Throw { .. }),
                    _ => waits,
                };
                assert!(fits, "case {number}: {operator:?} in {stack:?}");
                if place == 0 {
                    seen.insert((
                        stack.moment,
                        format!("{operator:?}").split(' ').next().map(str::to_owned),
                    ));
                }
            }
        }
    }
    println!("{seen:?}, {all_gone} gone");
    assert!(seen.len() > 30 && all_gone > 1000, "{seen:?}, {all_gone}");
}

/// The functions that a module imports: from where, by which name.
fn imports(wasm: &[u8]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for payload in Parser::new(0).parse_all(wasm).map_while(Result::ok) {
        if let Payload::ImportSection(imports) = payload {
            let imports = imports.into_imports().map_while(Result::ok);
            let functions = imports.filter(|it| matches!(it.ty, wasmparser::TypeRef::Func(_)));
            all.extend(functions.map(|it| (it.module.to_owned(), it.name.to_owned())));
        }
    }
    all
}

/// The index of a function that a module exports.
fn exported(wasm: &[u8], name: &str) -> Option<u32> {
    let payloads = Parser::new(0).parse_all(wasm).map_while(Result::ok);
    let exports = payloads.filter_map(|payload| match payload {
        Payload::ExportSection(exports) => Some(exports),
        _ => None,
    });
    let mut exports = exports.flatten().map_while(Result::ok);
    Some(exports.find(|export| export.name == name)?.index)
}

/// Without tail calls and callbacks, a frame that waits at a direct call waits for the frame above it.
#[test]
fn callers_wait_for_those_that_they_have_called() {
    let mut seen = [0, 0];
    for number in 0..1000 {
        let (_, draft) = case::<Stacks>(number, Features::WASM3 - Features::TAIL_CALL);
        let modules = modules(&draft);
        let operators: Vec<_> = modules.iter().map(|wasm| operators(wasm)).collect();
        let imports: Vec<_> = modules.iter().map(|wasm| imports(wasm)).collect();
        for pair in draft
            .stacks
            .iter()
            .flatten()
            .flat_map(|it| it.frames.windows(2))
        {
            let (Some(module), Some(offset)) = (pair[1].module, pair[1].offset) else {
                panic!("the model knows all");
            };
            let (_, Operator::Call { function_index }) = operators[module as usize][&offset] else {
                continue;
            };
            let called = match imports[module as usize].get(function_index as usize) {
                None => (module, function_index),
                Some((from, _)) if from == assay_engine::names::HOST_MODULE => continue,
                Some((from, name)) => {
                    let from = from.trim_start_matches('m').parse().expect("a number");
                    let index = exported(modules[from as usize], name);
                    (from, index.expect("it is exported"))
                }
            };
            seen[usize::from(called.0 != module)] += 1;
            assert_eq!(
                (pair[0].module, pair[0].function),
                (Some(called.0), called.1)
            );
        }
    }
    assert!(seen.into_iter().all(|count| count > 500), "{seen:?}");
}

/// At each call of the host one stack is taken.
#[test]
fn there_are_as_many_stacks_as_calls_of_the_host() {
    for number in 0..500 {
        let (case, draft) = case::<Stacks>(number, Features::WASM3);
        if case.setting.start {
            continue;
        }
        let bare = draft.bare.as_ref().expect("it runs as it is");
        let actions = |function: &HostFunction| -> Vec<Action> { function.actions.clone() };
        let calls = bare.functions.iter().flat_map(actions).count();
        let taken = draft.stacks.iter().flatten();
        let taken = taken
            .filter(|stack| stack.moment == Moment::HostCall)
            .count();
        assert_eq!(taken, calls, "case {number}");
    }
}

/// Too many modules, types that the features do not have or that cannot cross the boundary.
#[test]
fn any_setting_is_mended() {
    let all = [Ty::V128, Ty::Extern, Ty::F32, Ty::F64, Ty::I32, Ty::I64];
    for number in 0..1000 {
        let (mut broken, _) = case::<Stacks>(number, Features::WASM3);
        broken.setting.modules = number as u32 % 3 * 7;
        broken.setting.hosts = number as u32 % 4 * 5;
        broken.setting.params = all.to_vec();
        broken.setting.results = all.repeat(5);
        broken.setting.signatures = vec![all.repeat(9); 5];
        if number % 2 == 0 {
            broken.setting.features = Features::empty();
        }
        assert_mended(&broken);
    }
}
