//! What relaxed operators may do.

use super::*;
use crate::instructions::relaxed::{
    Origin, Parameter, Parameters, admits, admits_by_lane, allowed, perform,
};
use Origin::{Practice, Specification, Suite};
use VectorOp::*;

/// The alternatives of `op`, by origin and by what lane 0 is.
fn first_lanes<T: lanes::Lane>(op: VectorOp, operands: &[u128]) -> Vec<(Origin, T)> {
    let all = allowed(op, operands).into_iter();
    all.map(|one| (one.origin, get(one.expected.bits(), 0)))
        .collect()
}

fn specified<T: lanes::Lane>(op: VectorOp, operands: &[u128]) -> Vec<T> {
    let all = first_lanes(op, operands).into_iter();
    all.filter(|one| one.0 == Specification)
        .map(|one| one.1)
        .collect()
}

#[test]
fn swizzles() {
    let a = vector(&[10u8, 11, 12, 13]);
    for (index, lanes) in [
        (1, [11, 11]),
        (17, [0, 11]),
        (127, [0, 0]),
        (0x81, [0, 0]),
        (255, [0, 0]),
    ] {
        assert_eq!(
            specified::<u8>(I8x16RelaxedSwizzle, &[a, fill(index)]),
            lanes,
            "{index}"
        );
    }
    // The parameter is one for the whole vector.
    let operands = [a, vector(&[16u8, 17])];
    let mixed = vector(&[10u8, 0]) | binary(I8x16Swizzle, a, 0) & !0xffff;
    assert_eq!(admits(I8x16RelaxedSwizzle, &operands, mixed), None);
    assert!(admits_by_lane(I8x16RelaxedSwizzle, &operands, mixed));
    assert!(!admits_by_lane(I8x16RelaxedSwizzle, &operands, mixed ^ 1));
}

#[test]
fn truncations() {
    let signed: [(f64, [i32; 2]); 7] = [
        (1.9, [1, 1]),
        (-0.5, [0, 0]),
        (-2147483648.0, [i32::MIN; 2]),
        (2147483648.0, [i32::MAX, i32::MIN]),
        (-1e10, [i32::MIN; 2]),
        (f64::INFINITY, [i32::MAX, i32::MIN]),
        (f64::NAN, [0, i32::MIN]),
    ];
    for (x, lanes) in signed {
        assert_eq!(
            specified::<i32>(I32x4RelaxedTruncF32x4S, &[fill(x as f32)]),
            lanes,
            "{x}"
        );
        assert_eq!(
            specified::<i32>(I32x4RelaxedTruncF64x2SZero, &[fill(x)]),
            lanes,
            "{x}"
        );
    }
    let others = |first| [first, u32::MAX, u32::MAX - 1, 1 << 31];
    let unsigned: [(f64, [u32; 4]); 7] = [
        (1.9, [1; 4]),
        (-0.5, [0; 4]),
        (4294967040.0, [4294967040; 4]),
        (4294967296.0, others(u32::MAX)),
        (-1.0, others(0)),
        (f64::NEG_INFINITY, others(0)),
        (f64::NAN, others(0)),
    ];
    for (x, lanes) in unsigned {
        assert_eq!(
            specified::<u32>(I32x4RelaxedTruncF32x4U, &[fill(x as f32)]),
            lanes,
            "{x}"
        );
        assert_eq!(
            specified::<u32>(I32x4RelaxedTruncF64x2UZero, &[fill(x)]),
            lanes,
            "{x}"
        );
    }
    for one in allowed(I32x4RelaxedTruncF64x2UZero, &[fill(f64::NAN)]) {
        assert_eq!(one.expected.bits() >> 64, 0);
    }
}

#[test]
fn multiply_adds() {
    // 1 + 2^-52 squared, less the part of the product that is representable.
    let x = 1.0 + f64::EPSILON;
    let z = -(1.0 + 2.0 * f64::EPSILON);
    let rest = f64::EPSILON * f64::EPSILON;
    assert_eq!(
        specified::<f64>(F64x2RelaxedMadd, &[fill(x), fill(x), fill(z)]),
        [0.0, rest]
    );
    assert_eq!(
        specified::<f64>(F64x2RelaxedNmadd, &[fill(-x), fill(x), fill(z)]),
        [0.0, rest]
    );
    let (x, z) = (1.0 + f32::EPSILON, -(1.0 + 2.0 * f32::EPSILON));
    let rest = f32::EPSILON * f32::EPSILON;
    assert_eq!(
        specified::<f32>(F32x4RelaxedMadd, &[fill(x), fill(x), fill(z)]),
        [0.0, rest]
    );
    assert_eq!(
        specified::<f32>(F32x4RelaxedNmadd, &[fill(-x), fill(x), fill(z)]),
        [0.0, rest]
    );
    // A tie of the exact sum that a product kept in 64 bits would round the wrong way.
    let (x, y) = (
        fill(1.0f32 + f32::EPSILON),
        fill(1.0f32 - f32::EPSILON / 2.0),
    );
    let z = fill(2f32.powi(24));
    let fused: f32 = specified(F32x4RelaxedMadd, &[x, y, z])[1];
    assert_eq!(fused, 2f32.powi(24) + 2.0);

    let operands = [fill(f32::INFINITY), 0, fill(1f32)];
    assert_eq!(
        admits(F32x4RelaxedMadd, &operands, fill(0xffc0_0000u32)),
        Some(Specification)
    );
    assert_eq!(
        admits(F32x4RelaxedMadd, &operands, fill(0xffc0_0001u32)),
        None
    );
    let operands = [fill(f32::INFINITY), 0, fill(0x7f80_0001u32)];
    assert_eq!(
        admits(F32x4RelaxedMadd, &operands, fill(0xffc0_0001u32)),
        Some(Specification)
    );
}

#[test]
fn lane_selections() {
    let operands = [fill(0x1234u16), fill(0x5678u16), fill(0x0080u16)];
    let lanes = [
        (Specification, 0x5678),
        (Specification, 0x5678),
        (Suite, 0x5634),
    ];
    assert_eq!(first_lanes::<u16>(I16x8RelaxedLaneselect, &operands), lanes);
    let operands = [fill(0x1234u16), fill(0x5678u16), fill(0xff00u16)];
    let lanes = [
        (Specification, 0x1278),
        (Specification, 0x1234),
        (Suite, 0x1278),
    ];
    assert_eq!(first_lanes::<u16>(I16x8RelaxedLaneselect, &operands), lanes);
    let operands = [fill(0x12u8), fill(0x34u8), fill(0xf0u8)];
    assert_eq!(
        specified::<u8>(I8x16RelaxedLaneselect, &operands),
        [0x14, 0x12]
    );
    let operands = [fill(1u32), fill(2u32), fill(0x7fff_ffffu32)];
    assert_eq!(specified::<u32>(I32x4RelaxedLaneselect, &operands), [1, 2]);
    let operands = [fill(1u64), fill(2u64), fill(1u64 << 63)];
    assert_eq!(specified::<u64>(I64x2RelaxedLaneselect, &operands), [2, 1]);
}

#[test]
fn minima_and_maxima() {
    const NAN: u32 = 0x7fc0_0000;
    const ODD: u32 = 0xff80_0005;
    const MINUS_ZERO: u32 = 1 << 31;
    let one = 1f32.to_bits();
    // The operands and the four minima, then the four maxima.
    let table = [
        (one, 0, [0; 4], [one; 4]),
        (
            0,
            MINUS_ZERO,
            [MINUS_ZERO, 0, MINUS_ZERO, MINUS_ZERO],
            [0, 0, MINUS_ZERO, 0],
        ),
        (
            MINUS_ZERO,
            0,
            [MINUS_ZERO, MINUS_ZERO, 0, MINUS_ZERO],
            [0, MINUS_ZERO, 0, 0],
        ),
        (ODD, one, [NAN, ODD, one, one], [NAN, ODD, one, one]),
        (one, ODD, [NAN, one, ODD, one], [NAN, one, ODD, one]),
        (ODD, NAN, [NAN, ODD, NAN, NAN], [NAN, ODD, NAN, NAN]),
    ];
    for (x, y, minima, maxima) in table {
        let operands = [fill(x), fill(y)];
        assert_eq!(
            specified::<u32>(F32x4RelaxedMin, &operands),
            minima,
            "{x:x} {y:x}"
        );
        assert_eq!(
            specified::<u32>(F32x4RelaxedMax, &operands),
            maxima,
            "{x:x} {y:x}"
        );
    }
    let operands = [fill(ODD), fill(one)];
    let admitted = |lane: u32| admits(F32x4RelaxedMin, &operands, fill(lane)).is_some();
    // Any arithmetic NaN, the operand with either sign, the other operand; not another payload.
    assert!(
        [0xffc0_1234, ODD, ODD ^ MINUS_ZERO, one]
            .into_iter()
            .all(admitted)
    );
    assert!(![0x7f80_0006, 0, one ^ MINUS_ZERO].into_iter().any(admitted));
    let operands = [vector(&[0f64, -0.0]), vector(&[-0f64, 0.0])];
    let both = [[-0.0, -0.0], [0.0, -0.0], [-0.0, 0.0]].map(|lanes: [f64; 2]| vector(&lanes));
    assert!(
        both.into_iter()
            .all(|v| admits(F64x2RelaxedMin, &operands, v).is_some())
    );
    assert_eq!(admits(F64x2RelaxedMin, &operands, 0), None);
}

#[test]
fn products() {
    let least = fill(i16::MIN);
    assert_eq!(
        specified::<i16>(I16x8RelaxedQ15mulrS, &[least, least]),
        [i16::MAX, i16::MIN]
    );
    assert_eq!(
        specified::<i16>(I16x8RelaxedQ15mulrS, &[least, fill(1i16)]),
        [-1, -1]
    );

    let dot = I16x8RelaxedDotI8x16I7x16S;
    let add = I32x4RelaxedDotI8x16I7x16AddS;
    let all = |lanes: &[(Origin, i32)]| lanes.to_vec();
    let narrow = |operands: &[u128]| {
        let all = first_lanes::<i16>(dot, operands).into_iter();
        all.map(|(origin, x)| (origin, i32::from(x)))
            .collect::<Vec<_>>()
    };
    let wide = |a, b, c| first_lanes::<i32>(add, &[a, b, c]);
    // In range of seven bits all agree.
    let (a, b) = (fill(-128i8), fill(127i8));
    assert!(narrow(&[a, b]).iter().all(|one| one.1 == -32512));
    assert!(wide(a, b, fill(1)).iter().all(|one| one.1 == -65023));
    // The examples of the suite.
    let b = fill(-127i8);
    let lanes = [
        (Specification, 32512),
        (Specification, -32768),
        (Suite, -32512),
        (Practice, 32512),
    ];
    assert_eq!(narrow(&[a, b]), all(&lanes));
    let lanes = [
        (Specification, 65025),
        (Specification, -65535),
        (Suite, -66047),
        (Suite, 66049),
        (Practice, 65025),
        (Practice, 65025),
    ];
    assert_eq!(wide(a, b, fill(1)), all(&lanes));
    // Signed products that overflow: saturated, or wrapped, or exact.
    let lanes = [
        (Specification, 32767),
        (Specification, -32768),
        (Suite, -32768),
        (Practice, -32768),
    ];
    assert_eq!(narrow(&[a, a]), all(&lanes));
    let lanes = [
        (Specification, 65534),
        (Specification, -65536),
        (Suite, -65536),
        (Suite, 65536),
        (Practice, 65536),
        (Practice, -65536),
    ];
    assert_eq!(wide(a, a, 0), all(&lanes));
    // The last addition wraps.
    assert_eq!(
        wide(fill(1i8), fill(1i8), fill(i32::MAX))[0].1,
        i32::MIN + 3
    );
}

#[test]
fn parameters() {
    let operands = [fill(i16::MIN), fill(i16::MIN)];
    let q15 = |parameters: Parameters| perform(I16x8RelaxedQ15mulrS, &parameters, &operands);
    let wrapping = Parameters::DETERMINISTIC.with(Parameter::Iq15mulr, 1);
    assert_eq!(q15(Parameters::DETERMINISTIC), Some(fill(i16::MAX)));
    assert_eq!(q15(wrapping), Some(fill(i16::MIN)));
    assert_eq!(q15(wrapping.with(Parameter::Iq15mulr, 2)), None);
    assert_eq!(q15(Parameters::FUSED), Some(fill(i16::MAX)));
    assert_eq!(perform(I16x8Add, &wrapping, &operands), None);
    assert_eq!(perform(I16x8RelaxedQ15mulrS, &wrapping, &[0]), None);

    let one = Parameters::DETERMINISTIC.with_operator(I32x4RelaxedLaneselect, 1);
    assert_eq!(one.get(I32x4RelaxedLaneselect), Some(1));
    assert_eq!(one.get(I64x2RelaxedLaneselect), Some(0));
    assert_eq!(one.get(I32x4Add), None);
    let family = Parameters::DETERMINISTIC.with(Parameter::Laneselect, 1);
    assert_eq!(family.get(I64x2RelaxedLaneselect), Some(1));
    assert_eq!(family.get(I8x16RelaxedSwizzle), Some(0));

    let operands = [
        1.0 + f64::EPSILON,
        1.0 + f64::EPSILON,
        -(1.0 + 2.0 * f64::EPSILON),
    ]
    .map(fill);
    let fused = perform(F64x2RelaxedMadd, &Parameters::FUSED, &operands);
    assert_eq!(fused, Some(fill(f64::EPSILON * f64::EPSILON)));
}

#[test]
fn deterministic_is_first() {
    let samples = samples();
    for &op in VectorOp::ALL {
        for (i, &a) in samples.iter().enumerate() {
            let all = [
                a,
                samples[(i + 11) % samples.len()],
                samples[(i * 5 + 2) % samples.len()],
            ];
            let operands = match op.shape() {
                Shape::Unary => &all[..1],
                Shape::Binary => &all[..2],
                Shape::Ternary => &all,
                _ => continue,
            };
            let wanted = apply(op, [0; 16], operands);
            let first = allowed(op, operands).first().map(|one| one.expected.bits());
            assert_eq!(first, Some(wanted), "{op:?}");
            let deterministic = perform(op, &Parameters::DETERMINISTIC, operands);
            assert!(deterministic.is_none_or(|v| v == wanted), "{op:?}");
            assert_eq!(admits(op, operands, wanted), Some(Specification), "{op:?}");
        }
    }
}
