//! No operator is forgotten.

use wasmparser::{BinaryReader, MemArg, Operator, OperatorsReader, V128};

use super::expected::nan_lanes;
use super::*;
use crate::instructions::relaxed;

/// The operators that work on memory or are a constant; they are not in the table.
const ELSEWHERE: [&str; 23] = [
    "V128Const",
    "V128Load",
    "V128Load16Lane",
    "V128Load16Splat",
    "V128Load16x4S",
    "V128Load16x4U",
    "V128Load32Lane",
    "V128Load32Splat",
    "V128Load32Zero",
    "V128Load32x2S",
    "V128Load32x2U",
    "V128Load64Lane",
    "V128Load64Splat",
    "V128Load64Zero",
    "V128Load8Lane",
    "V128Load8Splat",
    "V128Load8x8S",
    "V128Load8x8U",
    "V128Store",
    "V128Store16Lane",
    "V128Store32Lane",
    "V128Store64Lane",
    "V128Store8Lane",
];

/// A value for each type of immediate.
trait Immediate {
    fn immediate() -> Self;
}

impl Immediate for u8 {
    fn immediate() -> Self {
        0
    }
}

impl Immediate for [u8; 16] {
    fn immediate() -> Self {
        [0; 16]
    }
}

impl Immediate for MemArg {
    fn immediate() -> Self {
        MemArg {
            align: 0,
            max_align: 0,
            offset: 0,
            memory: 0,
        }
    }
}

impl Immediate for V128 {
    fn immediate() -> Self {
        let mut code = [0; 18];
        code[..2].copy_from_slice(&[0xfd, 12]);
        match OperatorsReader::new(BinaryReader::new(&code, 0)).read() {
            Ok(Operator::V128Const { value }) => value,
            other => panic!("{other:?}"),
        }
    }
}

macro_rules! all_operators {
    ($(
        @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })?
            => $visit:ident ($($ann:tt)*)
    )*) => {
        fn all_operators() -> Vec<(&'static str, &'static str, Operator<'static>)> {
            vec![$(
                (
                    stringify!($proposal),
                    stringify!($op),
                    Operator::$op $({ $($arg: Immediate::immediate()),* })?,
                ),
            )*]
        }
    };
}
wasmparser::for_each_visit_simd_operator!(all_operators);

#[test]
fn every_operator_is_in_the_table_or_works_on_memory() {
    let (mut seen, mut elsewhere) = (Vec::new(), Vec::new());
    for (proposal, name, operator) in all_operators() {
        let Some((op, shape)) = VectorOp::of(&operator) else {
            elsewhere.push(name);
            continue;
        };
        assert_eq!(format!("{op:?}"), name);
        assert_eq!(op.shape(), shape);
        assert_eq!(
            relaxed::parameter(op).is_some(),
            proposal == "relaxed_simd",
            "{name}"
        );
        seen.push(op);
    }
    elsewhere.sort_unstable();
    assert_eq!(elsewhere, ELSEWHERE);
    assert_eq!(seen.len(), 213 + 20);
    assert_eq!(VectorOp::ALL.len(), seen.len());
    assert!(VectorOp::ALL.iter().all(|op| seen.contains(op)));
    assert_eq!(VectorOp::of(&Operator::I32Add), None);
}

#[test]
fn every_operator_runs_on_everything() {
    let samples = samples();
    for &op in VectorOp::ALL {
        for (i, &a) in samples.iter().enumerate() {
            let (b, c) = (samples[(i * 7 + 3) % samples.len()], samples[i / 2]);
            let operands = match op.shape() {
                Shape::Unary | Shape::Splat | Shape::Extract | Shape::Test => vec![a],
                Shape::Binary | Shape::Shift | Shape::Replace | Shape::Shuffle => vec![a, b],
                Shape::Ternary => vec![a, b, c],
            };
            let result = apply(op, b.to_le_bytes(), &operands);
            let Some(open) = expected(op, &operands) else {
                continue;
            };
            assert_eq!(open.bits(), result, "{op:?}");
            assert!(open.matches(result), "{op:?}");
            assert_eq!(relaxed::allowed(op, &operands)[0].expected, open, "{op:?}");
            assert!(relaxed::admits_by_lane(op, &operands, result), "{op:?}");
        }
    }
}

/// The list of operators that produce NaNs is right: just those make a payload canonical.
#[test]
fn nans_are_open_where_they_are_produced() {
    let payloads = [fill(0x7fa0_0001u32), fill(0xfff4_0000_0000_0001u64)];
    for &op in VectorOp::ALL {
        if relaxed::parameter(op).is_some() || !format!("{op:?}").starts_with('F') {
            assert_eq!(nan_lanes(op), None, "{op:?}");
            continue;
        }
        let canonical = payloads.iter().any(|&nan| {
            let operands = match op.shape() {
                Shape::Unary => vec![nan],
                Shape::Binary => vec![nan, nan],
                _ => return false,
            };
            let result = apply(op, [0; 16], &operands);
            let lane: u64 = get(result, 0);
            lane == 0x7ff8 << 48 || lane as u32 == 0x7fc0_0000
        });
        assert_eq!(nan_lanes(op).is_some(), canonical, "{op:?}");
    }
}
