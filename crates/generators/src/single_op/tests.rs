//! What every generated module must be, over many seeds.

use super::{CALLS, EXCLUDED_OPERATORS, EXCLUDED_PROPOSALS, generate, operators};
use crate::draft::Draft;
use arbitrary::Unstructured;
use assay_engine::Features;
use assay_module::wasm_features;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::collections::BTreeSet;
use wasmparser::{ExternalKind, Operator, Parser, Payload, Validator};

/// All that can be asked for.
const ALL: Features = Features::all().difference(Features::LEGACY_EXCEPTIONS);

fn bytes(seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

fn draft(seed: u64, features: Features) -> Draft {
    generate(&mut Unstructured::new(&bytes(seed)), features).expect("bytes are enough")
}

fn validate(draft: &Draft, seed: u64) {
    if let Err(error) =
        Validator::new_with_features(wasm_features(draft.features)).validate_all(&draft.wasm)
    {
        let text = wasmprinter::print_bytes(&draft.wasm).unwrap_or_default();
        panic!("seed {seed}, {:?}: {error}\n{text}", draft.features);
    }
}

/// Each operator that `wasmparser` knows, with its proposal.
fn all_operators() -> Vec<(&'static str, &'static str)> {
    macro_rules! list {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            vec![$((stringify!($proposal), stringify!($op)),)*]
        };
    }
    wasmparser::for_each_operator!(list)
}

fn name(operator: &Operator<'_>) -> &'static str {
    macro_rules! name {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match operator {
                $(Operator::$op { .. } => stringify!($op),)*
                _ => "unknown",
            }
        };
    }
    wasmparser::for_each_operator!(name)
}

/// The operators that the exports are named after, each of which its function must contain.
fn under_test(wasm: &[u8]) -> BTreeSet<String> {
    let mut imported = 0;
    let mut exports = Vec::new();
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.expect("it is valid") {
            Payload::ImportSection(section) => imported = section.count(),
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.expect("it is valid");
                    assert_eq!(export.kind, ExternalKind::Func);
                    exports.push((export.name.to_owned(), export.index));
                }
            }
            Payload::CodeSectionEntry(body) => {
                let operators = body
                    .get_operators_reader()
                    .expect("it is valid")
                    .into_iter();
                let names = operators.map(|op| name(&op.expect("it is valid")));
                bodies.push(names.collect::<BTreeSet<_>>());
            }
            _ => {}
        }
    }
    let operator = |(export, index): (String, u32)| {
        let operator = export.split('/').next().unwrap_or_default().to_owned();
        let body = &bodies[(index - imported) as usize];
        assert!(
            body.contains(operator.as_str()),
            "{export} has no {operator}"
        );
        operator
    };
    exports.into_iter().map(operator).collect()
}

#[test]
fn the_table_has_every_operator() {
    let rows: Vec<&str> = operators().map(|(name, _)| name).collect();
    let set: BTreeSet<&str> = rows.iter().copied().collect();
    assert_eq!(rows.len(), set.len(), "an operator has two rows");
    let all = all_operators();
    let missing: Vec<_> = all
        .iter()
        .filter(|(proposal, op)| {
            !EXCLUDED_PROPOSALS.iter().any(|(p, _)| p == proposal)
                && !EXCLUDED_OPERATORS.iter().any(|(o, _)| o == op)
                && !set.contains(op)
        })
        .collect();
    assert_eq!(missing, Vec::<&(&str, &str)>::new());
    for (excluded, _) in EXCLUDED_PROPOSALS {
        assert!(
            all.iter().any(|(proposal, _)| proposal == excluded),
            "{excluded} is no proposal"
        );
    }
    for (excluded, _) in EXCLUDED_OPERATORS {
        assert!(
            all.iter().any(|(_, op)| op == excluded),
            "{excluded} is no operator"
        );
        assert!(!set.contains(excluded), "{excluded} is not excluded");
    }
}

#[test]
fn every_operator_is_generated_and_every_module_is_valid() {
    let mut seen = BTreeSet::new();
    for seed in 0..12_000 {
        let draft = draft(seed, ALL);
        validate(&draft, seed);
        seen.extend(under_test(&draft.wasm));
    }
    let missing: Vec<&str> = operators()
        .map(|(name, _)| name)
        .filter(|&name| !seen.contains(name))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

/// The validator has exactly the features given, so that a module with any other is invalid.
#[test]
fn features_that_are_off_stay_off() {
    for (i, feature) in (0..).zip(ALL.iter()) {
        for seed in 0..400 {
            let seed = i * 1000 + seed;
            let draft = draft(seed, ALL - feature);
            assert!(!draft.features.contains(feature));
            validate(&draft, seed);
        }
        for seed in 0..100 {
            let draft = draft(seed, feature.with_prerequisites());
            validate(&draft, seed);
        }
    }
    for seed in 0..400 {
        validate(&draft(seed, Features::empty()), seed);
        validate(
            &draft(seed, Features::from_bits_truncate(seed as u32 * 41)),
            seed,
        );
    }
}

#[test]
fn sizes_and_calls_are_as_promised() {
    let mut sizes: Vec<usize> = Vec::new();
    for seed in 0..500 {
        let draft = draft(seed, Features::WASM3);
        assert!(
            CALLS.contains(&draft.calls.len()),
            "{} calls",
            draft.calls.len()
        );
        sizes.push(draft.wasm.len());
    }
    sizes.sort_unstable();
    assert!(
        sizes[sizes.len() / 2] >= 400,
        "the median is {} bytes",
        sizes[sizes.len() / 2]
    );
    assert!(
        sizes[sizes.len() - 1] < 20_000,
        "the largest has {} bytes",
        sizes[sizes.len() - 1]
    );
}

#[test]
fn the_same_bytes_give_the_same_draft() {
    for seed in 0..200 {
        let (one, two) = (draft(seed, ALL), draft(seed, ALL));
        assert_eq!(format!("{one:?}"), format!("{two:?}"));
    }
}

/// Few bytes, or none, are as good as many.
#[test]
fn bytes_may_run_out() {
    for len in 0..200 {
        let bytes = bytes(len);
        let mut u = Unstructured::new(&bytes[..len as usize]);
        let draft = generate(&mut u, ALL).expect("running out is no error");
        validate(&draft, len);
    }
}

/// Every function can be called once the module is made ready.
#[test]
fn every_function_can_be_shimmed() {
    for seed in 0..1000 {
        let draft = draft(seed, ALL);
        let calls = draft.calls.len();
        let features = draft.features;
        let finished = draft.finish().expect("it can be made ready");
        assert!(
            finished.left_out.is_empty(),
            "seed {seed}: {:?}",
            finished.left_out
        );
        assert_eq!(finished.program.calls.len(), calls);
        let main = finished.program.main();
        let valid = Validator::new_with_features(wasm_features(features)).validate_all(&main.wasm);
        assert!(valid.is_ok(), "seed {seed}: {:?}", valid.err());
    }
}
