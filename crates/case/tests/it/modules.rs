//! Modules survive the way through text.

use crate::samples::SAMPLES;
use assay_case::Case;
use assay_engine::{Features, Module, Program};
use std::path::Path;
use wasmparser::{Parser, Payload};

fn case_of(wasm: Vec<u8>, new: fn(&'static str, Features, Program) -> Case) -> Case {
    let modules = vec![Module {
        name: "m".into(),
        wasm,
    }];
    new(
        "differential",
        Features::WASM3,
        Program {
            modules,
            ..Program::default()
        },
    )
}

/// All that the binary says but for the encoding of numbers, the grouping of locals, and the
/// order of custom sections.
fn content(wasm: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.expect("it decodes") {
            Payload::TypeSection(s) => lines.extend(s.into_iter().map(|t| {
                let types: Vec<_> = t.unwrap().into_types().collect();
                format!("{types:?}")
            })),
            Payload::ImportSection(s) => {
                lines.extend(s.into_imports().map(|x| format!("{:?}", x.unwrap())));
            }
            Payload::FunctionSection(s) => {
                lines.extend(s.into_iter().map(|x| format!("func {x:?}")))
            }
            Payload::ExportSection(s) => lines.extend(s.into_iter().map(|x| format!("{x:?}"))),
            Payload::MemorySection(s) => lines.extend(s.into_iter().map(|x| format!("{x:?}"))),
            Payload::TagSection(s) => lines.extend(s.into_iter().map(|x| format!("{x:?}"))),
            Payload::StartSection { func, .. } => lines.push(format!("start {func}")),
            Payload::CodeSectionEntry(body) => {
                let locals = body
                    .get_locals_reader()
                    .unwrap()
                    .into_iter()
                    .flat_map(|local| {
                        let (count, ty) = local.unwrap();
                        vec![ty; count as usize]
                    });
                lines.push(format!("locals {:?}", locals.collect::<Vec<_>>()));
                let operators = body.get_operators_reader().unwrap();
                lines.extend(operators.into_iter().map(|op| format!("{:?}", op.unwrap())));
            }
            Payload::DataSection(s) => lines.extend(s.into_iter().map(|x| {
                let data = x.unwrap().data.to_vec();
                format!("data {data:?}")
            })),
            Payload::CustomSection(s) if s.name() != "name" => {
                lines.push(format!("custom {:?} {:?}", s.name(), s.data()));
            }
            _ => {}
        }
    }
    lines
}

#[test]
fn every_sample_is_readable_and_the_same_module() {
    for (name, wat) in SAMPLES {
        let wasm = wat::parse_str(wat).unwrap_or_else(|e| panic!("{name}: {e}"));
        let case = case_of(wasm.clone(), Case::new);
        let text = case.to_single().unwrap();
        assert!(
            !text.contains("(module binary"),
            "{name} is not written as text:\n{text}"
        );
        let back =
            Case::parse(&text, Path::new("x")).unwrap_or_else(|e| panic!("{name}: {e}\n{text}"));
        assert_eq!(back, case, "{name}");
        let (mut before, mut after) = (content(&wasm), content(&case.program.main().wasm));
        before.sort();
        after.sort();
        assert_eq!(before, after, "{name}");
    }
}

#[test]
fn what_text_cannot_carry_is_written_in_binary() {
    let mut overlong = wat::parse_str("(module (func nop))").unwrap();
    overlong.splice(9..10, [0x84, 0]);
    for wasm in [
        overlong.clone(),
        b"\0asm\x01\0\0\0garbage".to_vec(),
        Vec::new(),
    ] {
        let case = case_of(wasm.clone(), Case::exact);
        let text = case.to_single().unwrap();
        assert!(text.contains("(module binary"), "{text}");
        assert_eq!(
            Case::parse(&text, Path::new("x"))
                .unwrap()
                .program
                .main()
                .wasm,
            wasm
        );
    }
    let normalised = case_of(overlong, Case::new);
    assert!(!normalised.to_single().unwrap().contains("(module binary"));
}

#[test]
fn the_script_says_when_it_needs_a_host() {
    let host = "cannot carry";
    for (name, wat) in SAMPLES {
        let text = case_of(wat::parse_str(wat).unwrap(), Case::new)
            .to_wast()
            .unwrap();
        assert_eq!(text.contains(host), *name == "host", "{name}");
    }
}
