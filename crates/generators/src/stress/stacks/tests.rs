//! What can be said of cases without an engine.

use super::*;
use crate::stress::Sequence;
use arbitrary::Unstructured;
use assay_engine::{Action, Frame, HostFunction, Moment};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use setting::Ty;
use std::collections::{BTreeMap, BTreeSet};
use wasmparser::{Operator, Parser, Payload};

fn case(number: u64, features: Features) -> (Sequence<Stacks>, Draft) {
    let mut bytes = [0; 2048];
    SmallRng::seed_from_u64(number).fill(&mut bytes[..]);
    let mut u = Unstructured::new(&bytes);
    Sequence::generate(&mut u, features).expect("enough bytes")
}

/// The modules of a case, the main one last.
fn modules(draft: &Draft) -> Vec<&[u8]> {
    let bare = draft.bare.as_ref().expect("it runs as it is");
    let before = bare.before.iter().map(|module| module.wasm.as_slice());
    before.chain([draft.wasm.as_slice()]).collect()
}

#[track_caller]
fn assert_valid(draft: &Draft, features: Features) {
    let flags = assay_module::wasm_features(features);
    for wasm in modules(draft) {
        let mut validator = wasmparser::Validator::new_with_features(flags);
        if let Err(error) = validator.validate_all(wasm) {
            let wat = wasmprinter::print_bytes(wasm).unwrap_or_default();
            panic!("{features:?}: {error}\n{wat}");
        }
    }
}

#[test]
fn cases_are_valid_in_whatever_features() {
    let some = Features::TAIL_CALL | Features::SIMD | Features::REFERENCE_TYPES;
    let exceptions = Features::REFERENCE_TYPES | Features::EXCEPTIONS;
    let references = Features::REFERENCE_TYPES | Features::FUNCTION_REFERENCES;
    for features in [
        Features::WASM3,
        Features::empty(),
        some,
        exceptions,
        references,
    ] {
        for number in 0..1000 {
            assert_valid(&case(number, features).1, features);
        }
    }
}

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
/// one at what makes the moment, the others at a call that waits.
#[test]
fn frames_are_at_the_operators_of_the_binary() {
    let mut seen = BTreeSet::new();
    for number in 0..3000 {
        let (_, draft) = case(number, Features::WASM3);
        let modules = modules(&draft);
        let operators: Vec<_> = modules.iter().map(|wasm| operators(wasm)).collect();
        assert_eq!(draft.stacks.len(), draft.answers.len());
        for stack in draft.stacks.iter().flatten() {
            for (place, frame) in stack.frames.iter().enumerate() {
                let Frame {
                    module: Some(module),
                    function,
                    offset: Some(offset),
                } = *frame
                else {
                    panic!("the model knows all: {frame:?}");
                };
                let (is_in, operator) = &operators[module as usize][&offset];
                assert_eq!(*is_in, function, "case {number}");
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
    println!("{seen:?}");
    assert!(seen.len() > 30, "{seen:?}");
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
        let (_, draft) = case(number, Features::WASM3 - Features::TAIL_CALL);
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
        let (case, draft) = case(number, Features::WASM3);
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

#[test]
fn a_case_survives_its_file() {
    for number in 0..200 {
        let (case, draft) = case(number, Features::WASM3);
        let text = serde_json::to_string(&case).expect("it can be written");
        let back: Sequence<Stacks> = serde_json::from_str(&text).expect("it reads back");
        assert_eq!(back, case);
        let again = back.perform().1;
        assert_eq!(modules(&again), modules(&draft));
        assert_eq!(again.stacks, draft.stacks);
    }
}

#[test]
fn simpler_settings_are_smaller_and_valid() {
    let mut tried = 0;
    for number in 0..100 {
        let (case, _) = case(number, Features::WASM3);
        for setting in Stacks::simpler(&case.setting) {
            assert!(Stacks::size(&setting) < Stacks::size(&case.setting));
            let operations = case.operations.clone();
            let simpler = Sequence::<Stacks> {
                setting,
                operations,
            };
            assert_valid(&simpler.perform().1, Features::WASM3);
            tried += 1;
        }
    }
    assert!(tried > 100);
}

/// Too many modules, types that the features do not have or that cannot cross the boundary.
#[test]
fn any_setting_is_mended() {
    let all = [Ty::V128, Ty::Extern, Ty::F32, Ty::F64, Ty::I32, Ty::I64];
    for number in 0..1000 {
        let (mut broken, _) = case(number, Features::WASM3);
        broken.setting.modules = number as u32 % 3 * 7;
        broken.setting.hosts = number as u32 % 4 * 5;
        broken.setting.params = all.to_vec();
        broken.setting.results = all.repeat(5);
        broken.setting.signatures = vec![all.repeat(9); 5];
        if number % 2 == 0 {
            broken.setting.features = Features::empty();
        }
        let (mended, draft) = broken.perform();
        assert_valid(&draft, broken.setting.features);
        assert_eq!(mended.perform().0, mended, "what is mended stays");
    }
}
