//! Floating-point operators on their edges, for both widths from the same tables.

use super::*;
use VectorOp::*;

/// A value that both widths have.
#[derive(Clone, Copy, Debug, PartialEq)]
enum V {
    /// A number, with its sign, or an infinity.
    N(f64),
    /// The canonical NaN, positive or negative.
    Nan,
    MinusNan,
    /// Another NaN, quiet and signalling.
    Quiet,
    Signalling,
    /// The least subnormal number and the greatest number.
    Least,
    Greatest,
}

use V::{Greatest, Least, MinusNan, N, Nan, Quiet, Signalling};

const INF: V = N(f64::INFINITY);
const MINUS_INF: V = N(f64::NEG_INFINITY);

impl V {
    fn f32(self) -> u32 {
        match self {
            N(x) => (x as f32).to_bits(),
            Nan => 0x7fc0_0000,
            MinusNan => 0xffc0_0000,
            Quiet => 0xffc0_0001,
            Signalling => 0x7f80_0001,
            Least => 1,
            Greatest => 0x7f7f_ffff,
        }
    }

    fn f64(self) -> u64 {
        match self {
            N(x) => x.to_bits(),
            Nan => 0x7ff8 << 48,
            MinusNan => 0xfff8 << 48,
            Quiet => (0xfff8 << 48) + 1,
            Signalling => (0x7ff0 << 48) + 1,
            Least => 1,
            Greatest => (0x7ff0 << 48) - 1,
        }
    }
}

/// Both operators give `result` in every lane.
fn check(ops: (VectorOp, VectorOp), operands: &[V], result: V) {
    let narrow = operands.iter().map(|x| fill(x.f32())).collect::<Vec<_>>();
    let wide = operands.iter().map(|x| fill(x.f64())).collect::<Vec<_>>();
    let found = (apply(ops.0, [0; 16], &narrow), apply(ops.1, [0; 16], &wide));
    let wanted = (fill(result.f32()), fill(result.f64()));
    assert_eq!(found, wanted, "{ops:?} {operands:?} is not {result:?}");
}

#[test]
fn roundings() {
    let ceil = (F32x4Ceil, F64x2Ceil);
    let floor = (F32x4Floor, F64x2Floor);
    let trunc = (F32x4Trunc, F64x2Trunc);
    let nearest = (F32x4Nearest, F64x2Nearest);
    // The operand, then its ceiling, floor, truncation and nearest whole number.
    let table = [
        (0.0, [0.0, 0.0, 0.0, 0.0]),
        (-0.0, [-0.0, -0.0, -0.0, -0.0]),
        (0.25, [1.0, 0.0, 0.0, 0.0]),
        (-0.25, [-0.0, -1.0, -0.0, -0.0]),
        (0.5, [1.0, 0.0, 0.0, 0.0]),
        (-0.5, [-0.0, -1.0, -0.0, -0.0]),
        (1.5, [2.0, 1.0, 1.0, 2.0]),
        (-1.5, [-1.0, -2.0, -1.0, -2.0]),
        (2.5, [3.0, 2.0, 2.0, 2.0]),
        (-2.5, [-2.0, -3.0, -2.0, -2.0]),
        (8388607.5, [8388608.0, 8388607.0, 8388607.0, 8388608.0]),
        (-8388608.0, [-8388608.0; 4]),
        (f64::INFINITY, [f64::INFINITY; 4]),
        (f64::NEG_INFINITY, [f64::NEG_INFINITY; 4]),
    ];
    for (x, results) in table {
        for (ops, result) in [ceil, floor, trunc, nearest].into_iter().zip(results) {
            check(ops, &[N(x)], N(result));
        }
    }
    for ops in [ceil, floor, trunc, nearest, (F32x4Sqrt, F64x2Sqrt)] {
        for nan in [Nan, MinusNan, Quiet, Signalling] {
            check(ops, &[nan], Nan);
        }
    }
    check(ceil, &[Least], N(1.0));
    check(floor, &[Least], N(0.0));
}

#[test]
fn signs_and_roots() {
    let abs = (F32x4Abs, F64x2Abs);
    let neg = (F32x4Neg, F64x2Neg);
    let sqrt = (F32x4Sqrt, F64x2Sqrt);
    let table = [
        (abs, N(-0.0), N(0.0)),
        (abs, MINUS_INF, INF),
        (abs, MinusNan, Nan),
        (abs, Signalling, Signalling),
        (neg, N(0.0), N(-0.0)),
        (neg, INF, MINUS_INF),
        (neg, Nan, MinusNan),
        (sqrt, N(-0.0), N(-0.0)),
        (sqrt, N(0.0), N(0.0)),
        (sqrt, N(2.25), N(1.5)),
        (sqrt, INF, INF),
        (sqrt, MINUS_INF, Nan),
        (sqrt, N(-1.0), Nan),
    ];
    for (ops, x, result) in table {
        check(ops, &[x], result);
    }
    assert_eq!(unary(F32x4Neg, fill(0x7f80_0001u32)), fill(0xff80_0001u32));
    assert_eq!(unary(F64x2Abs, fill(u64::MAX)), fill(u64::MAX >> 1));
}

#[test]
fn arithmetic() {
    let add = (F32x4Add, F64x2Add);
    let sub = (F32x4Sub, F64x2Sub);
    let mul = (F32x4Mul, F64x2Mul);
    let div = (F32x4Div, F64x2Div);
    let table = [
        (add, N(1.5), N(2.25), N(3.75)),
        (add, N(0.0), N(-0.0), N(0.0)),
        (add, N(-0.0), N(-0.0), N(-0.0)),
        (add, N(1.0), N(-1.0), N(0.0)),
        (add, INF, MINUS_INF, Nan),
        (add, Greatest, Greatest, INF),
        (sub, N(0.0), N(0.0), N(0.0)),
        (sub, N(-0.0), N(0.0), N(-0.0)),
        (sub, INF, INF, Nan),
        (sub, Least, Least, N(0.0)),
        (mul, N(0.0), N(-1.0), N(-0.0)),
        (mul, INF, N(0.0), Nan),
        (mul, INF, N(-2.0), MINUS_INF),
        (mul, Least, N(0.5), N(0.0)),
        (mul, Least, N(0.75), Least),
        (div, N(1.0), N(0.0), INF),
        (div, N(1.0), N(-0.0), MINUS_INF),
        (div, N(0.0), N(0.0), Nan),
        (div, INF, INF, Nan),
        (div, N(-1.0), INF, N(-0.0)),
    ];
    for (ops, x, y, result) in table {
        check(ops, &[x, y], result);
    }
    for ops in [
        add,
        sub,
        mul,
        div,
        (F32x4Min, F64x2Min),
        (F32x4Max, F64x2Max),
    ] {
        for nan in [Nan, MinusNan, Quiet, Signalling] {
            for other in [N(1.0), MINUS_INF, Quiet] {
                check(ops, &[nan, other], Nan);
                check(ops, &[other, nan], Nan);
            }
        }
    }
    // Ties go to even.
    assert_eq!(
        binary(F32x4Add, fill(16777216f32), fill(1f32)),
        fill(16777216f32)
    );
    assert_eq!(
        binary(F32x4Add, fill(16777216f32), fill(3f32)),
        fill(16777220f32)
    );
}

#[test]
fn minima_and_maxima() {
    let min = (F32x4Min, F64x2Min);
    let max = (F32x4Max, F64x2Max);
    let pmin = (F32x4PMin, F64x2PMin);
    let pmax = (F32x4PMax, F64x2PMax);
    // The operands, then their minimum, maximum, pseudo-minimum and pseudo-maximum.
    let table = [
        (N(1.0), N(2.0), [N(1.0), N(2.0), N(1.0), N(2.0)]),
        (N(2.0), N(1.0), [N(1.0), N(2.0), N(1.0), N(2.0)]),
        (N(0.0), N(-0.0), [N(-0.0), N(0.0), N(0.0), N(0.0)]),
        (N(-0.0), N(0.0), [N(-0.0), N(0.0), N(-0.0), N(-0.0)]),
        (N(-0.0), N(-0.0), [N(-0.0); 4]),
        (INF, N(7.0), [N(7.0), INF, N(7.0), INF]),
        (MINUS_INF, INF, [MINUS_INF, INF, MINUS_INF, INF]),
        (Quiet, N(1.0), [Nan, Nan, Quiet, Quiet]),
        (N(1.0), Quiet, [Nan, Nan, N(1.0), N(1.0)]),
        (Signalling, MinusNan, [Nan, Nan, Signalling, Signalling]),
    ];
    for (x, y, results) in table {
        for (ops, result) in [min, max, pmin, pmax].into_iter().zip(results) {
            check(ops, &[x, y], result);
        }
    }
}

#[test]
fn relations() {
    // The operands, then whether they are equal, less, greater; or neither, with a NaN.
    let table = [
        (N(0.0), N(-0.0), [true, false, false]),
        (N(1.0), N(2.0), [false, true, false]),
        (INF, Greatest, [false, false, true]),
        (MINUS_INF, N(-1.0), [false, true, false]),
        (INF, INF, [true, false, false]),
        (Least, N(0.0), [false, false, true]),
        (Nan, Nan, [false; 3]),
        (Signalling, N(1.0), [false; 3]),
        (N(1.0), Quiet, [false; 3]),
    ];
    for (x, y, [eq, lt, gt]) in table {
        let relations = [
            (F32x4Eq, F64x2Eq, eq),
            (F32x4Ne, F64x2Ne, !eq),
            (F32x4Lt, F64x2Lt, lt),
            (F32x4Gt, F64x2Gt, gt),
            (F32x4Le, F64x2Le, lt || eq),
            (F32x4Ge, F64x2Ge, gt || eq),
        ];
        for (narrow, wide, holds) in relations {
            let wanted = if holds { u128::MAX } else { 0 };
            assert_eq!(
                binary(narrow, fill(x.f32()), fill(y.f32())),
                wanted,
                "{narrow:?} {x:?} {y:?}"
            );
            assert_eq!(
                binary(wide, fill(x.f64()), fill(y.f64())),
                wanted,
                "{wide:?} {x:?} {y:?}"
            );
        }
    }
}

#[test]
fn truncations() {
    // The operand, then the signed and the unsigned result.
    let table = [
        (N(-0.9), 0, 0),
        (N(1.9), 1, 1),
        (N(-1.9), -1, 0),
        (N(2147483648.0), i32::MAX, 1 << 31),
        (N(-2147483648.0), i32::MIN, 0),
        (N(-1e10), i32::MIN, 0),
        (N(4294967040.0), i32::MAX, 4294967040),
        (N(4294967296.0), i32::MAX, u32::MAX),
        (INF, i32::MAX, u32::MAX),
        (MINUS_INF, i32::MIN, 0),
        (Nan, 0, 0),
        (Quiet, 0, 0),
        (Least, 0, 0),
    ];
    for (x, signed, unsigned) in table {
        let (narrow, wide) = (fill(x.f32()), fill(x.f64()));
        let zeroes = |v: u128| v & u128::from(u64::MAX);
        for (op, result) in [
            (I32x4TruncSatF32x4S, fill(signed)),
            (I32x4RelaxedTruncF32x4S, fill(signed)),
            (I32x4TruncSatF32x4U, fill(unsigned)),
            (I32x4RelaxedTruncF32x4U, fill(unsigned)),
        ] {
            assert_eq!(unary(op, narrow), result, "{op:?} {x:?}");
        }
        for (op, result) in [
            (I32x4TruncSatF64x2SZero, zeroes(fill(signed))),
            (I32x4RelaxedTruncF64x2SZero, zeroes(fill(signed))),
            (I32x4TruncSatF64x2UZero, zeroes(fill(unsigned))),
            (I32x4RelaxedTruncF64x2UZero, zeroes(fill(unsigned))),
        ] {
            assert_eq!(unary(op, wide), result, "{op:?} {x:?}");
        }
    }
    assert_eq!(
        unary(I32x4TruncSatF64x2UZero, vector(&[4294967295.9, 1.0])),
        vector(&[u32::MAX, 1])
    );
}

#[test]
fn conversions() {
    let words = vector(&[-1, 16777217, i32::MIN, 7]);
    let signed = vector(&[-1f32, 16777216.0, -2147483648.0, 7.0]);
    let unsigned = vector(&[4294967296f32, 16777216.0, 2147483648.0, 7.0]);
    assert_eq!(unary(F32x4ConvertI32x4S, words), signed);
    assert_eq!(unary(F32x4ConvertI32x4U, words), unsigned);
    assert_eq!(
        unary(F64x2ConvertLowI32x4S, words),
        vector(&[-1f64, 16777217.0])
    );
    assert_eq!(
        unary(F64x2ConvertLowI32x4U, words),
        vector(&[4294967295f64, 16777217.0])
    );

    let promoted = |x: u32| unary(F64x2PromoteLowF32x4, vector(&[x, 0, u32::MAX, u32::MAX]));
    assert_eq!(promoted(1), vector(&[2f64.powi(-149), 0.0]));
    assert_eq!(promoted(Signalling.f32()), vector(&[Nan.f64(), 0]));
    assert_eq!(promoted((-0f32).to_bits()), vector(&[-0f64, 0.0]));

    let demoted = |x: f64, y: f64| unary(F32x4DemoteF64x2Zero, vector(&[x, y]));
    assert_eq!(demoted(1e300, -1e-300), vector(&[f32::INFINITY, -0.0]));
    assert_eq!(
        demoted(16777217.0, 16777219.0),
        vector(&[16777216f32, 16777220.0])
    );
    let nans = unary(F32x4DemoteF64x2Zero, vector(&[Quiet.f64(), MinusNan.f64()]));
    assert_eq!(nans, vector(&[Nan.f32(), Nan.f32()]));
}

#[test]
fn nan_rules() {
    use LaneRule::*;
    // An operator, its operands, and how far each lane may differ.
    let nan = [Nan, Quiet, N(1.0), MinusNan].map(V::f32);
    let one = [N(1.0), N(1.0), N(1.0), Signalling].map(V::f32);
    let (nan, one) = (vector(&nan), vector(&one));
    let table: [(VectorOp, &[u128], [LaneRule; 4]); 7] = [
        (
            F32x4Add,
            &[nan, one],
            [CanonicalNan, ArithmeticNan, Exact, ArithmeticNan],
        ),
        (
            F32x4Min,
            &[one, nan],
            [CanonicalNan, ArithmeticNan, Exact, ArithmeticNan],
        ),
        (F32x4PMin, &[nan, one], [Exact; 4]),
        (F32x4Abs, &[nan], [Exact; 4]),
        (
            F32x4Ceil,
            &[nan],
            [CanonicalNan, ArithmeticNan, Exact, CanonicalNan],
        ),
        (
            F64x2PromoteLowF32x4,
            &[nan],
            [CanonicalNan, ArithmeticNan, Exact, Exact],
        ),
        (F32x4Eq, &[nan, nan], [Exact; 4]),
    ];
    for (op, operands, rules) in table {
        let open = expected(op, operands).expect("a vector");
        assert_eq!([0, 1, 2, 3].map(|i| open.rule(i)), rules, "{op:?}");
    }
    let open = expected(F64x2Sqrt, &[vector(&[-1f64, 4.0])]).expect("a vector");
    assert!(open.matches(vector(&[MinusNan.f64(), N(2.0).f64()])));
    assert!(!open.matches(vector(&[Quiet.f64(), N(2.0).f64()])));
    assert!(!open.matches(vector(&[Nan.f64(), N(3.0).f64()])));
    let open = expected(F64x2Sqrt, &[fill(Signalling.f64())]).expect("a vector");
    assert!(open.matches(fill(Quiet.f64())));
    assert!(!open.matches(fill(Signalling.f64())));
    let demoted = expected(F32x4DemoteF64x2Zero, &[fill(Quiet.f64())]).expect("a vector");
    assert!(demoted.matches(vector(&[Quiet.f32(), MinusNan.f32()])));
    assert!(!demoted.matches(fill(Quiet.f32())));
    assert_eq!(expected(F32x4Add, &[0]), None);
    assert_eq!(expected(V128AnyTrue, &[0]), None);
}
