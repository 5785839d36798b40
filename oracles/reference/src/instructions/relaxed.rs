//! Relaxed vector instructions (Core, 4.3.6, "Relaxed Operations").
//!
//! What a relaxed operator does is up to the implementation, within a list of alternatives. The
//! specification lets a *global parameter* choose among them, one for each family of operators
//! ([`Parameter`]): "parameters are constant during the execution of any given program". So the
//! choice is **not** made lane by lane: all lanes of a result, and all calls in a run, come from
//! the same alternative, and in the deterministic profile every parameter is 0. Hence [`allowed`]
//! lists one [`Expected`] for each alternative, and a result is allowed if *one* of them matches it
//! as a whole ([`admits`]). [`admits_by_lane`] is the weaker test that each lane comes from some
//! alternative; what passes it alone is a wrong mixture of right lanes, not a wrong lane.
//!
//! A comparison should judge each execution of an instruction by itself: an engine that follows
//! one alternative for bytes (a blend instruction, say) and another for 16-bit lanes strays from
//! the text, but is not worth a report.
//!
//! Three bodies speak about these operators and do not quite agree, so each alternative tells its
//! [`Origin`]. The specification's text is first. The official test suite allows more: a dot
//! product that does not saturate halfway, or that takes both bytes as unsigned where the second
//! has its top bit set, and an `i16x8.relaxed_laneselect` that goes by the top bit of each byte.
//! Beyond both, engines add the products of signed bytes without the saturation that the text asks
//! for, which shows only when all factors are -128. Likewise, the text has an unfused multiply-add
//! as the deterministic one (alternative 0), while the official interpreter and the deterministic
//! modes of engines fuse it: that is [`Parameters::FUSED`].

use super::expected::nan_rule;
use super::vector::float::{self, Float, fused, is_nan, unfused};
use super::vector::integer::{q15_product, q15_saturated, saturate_i16};
use super::vector::lanes::{bitselect, dot, extadd, get, map, narrow_zero, swizzle, zip, zip3};
use super::vector::{Expected, LaneRule, VectorOp, expected};

/// Who allows an alternative; the first is the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The text of the specification. The place in the list is the value of the parameter.
    Specification,
    /// The official test suite only.
    Suite,
    /// Neither, but engines or the official interpreter do it.
    Practice,
}

/// One of the things that an operator may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// Who allows it.
    pub origin: Origin,
    /// What it may give.
    pub expected: Expected,
}

/// The global parameters of the specification, `R_…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Parameter {
    /// `R_fmadd`: is a multiply-add rounded twice or once?
    Fmadd,
    /// `R_fmin`: NaNs and zeroes in a minimum.
    Fmin,
    /// `R_fmax`: NaNs and zeroes in a maximum.
    Fmax,
    /// `R_idot`: is the second operand signed or unsigned?
    Idot,
    /// `R_iq15mulr`: does -1 · -1 saturate or wrap?
    Iq15mulr,
    /// `R_trunc_u`: NaNs and values out of range.
    TruncU,
    /// `R_trunc_s`: NaNs and values out of range.
    TruncS,
    /// `R_swizzle`: indices from 16 to 127.
    Swizzle,
    /// `R_laneselect`: bit by bit, or by the top bit of a lane?
    Laneselect,
}

/// Which alternative each relaxed operator takes.
///
/// In the specification one value of a [`Parameter`] goes for a whole family. Engines that have an
/// instruction of the processor for one width and none for another choose by operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Parameters([u8; FAMILIES.len()]);

impl Parameters {
    /// The deterministic profile: every parameter is 0.
    pub const DETERMINISTIC: Parameters = Parameters([0; FAMILIES.len()]);
    /// The same, but multiply-add is fused, as the official interpreter and engines have it.
    pub const FUSED: Parameters = Parameters::DETERMINISTIC.with(Parameter::Fmadd, 1);

    /// The same with one parameter changed, for all operators that depend on it.
    pub const fn with(mut self, parameter: Parameter, value: u8) -> Parameters {
        let mut place = 0;
        while place < FAMILIES.len() {
            if FAMILIES[place] as u8 == parameter as u8 {
                self.0[place] = value;
            }
            place += 1;
        }
        self
    }

    /// The same with one operator changed; one that is not relaxed has nothing to choose.
    #[must_use]
    pub fn with_operator(mut self, op: VectorOp, alternative: u8) -> Parameters {
        if let Some(place) = place(op) {
            self.0[place] = alternative;
        }
        self
    }

    /// The alternative of `op`; none if it is not relaxed.
    pub fn get(&self, op: VectorOp) -> Option<u8> {
        Some(self.0[place(op)?])
    }
}

/// Everything that `op` may give for `operands`, the deterministic profile first. An operator that
/// is not relaxed has one alternative; one that gives other than a vector, or has not that many
/// operands, has none.
pub fn allowed(op: VectorOp, operands: &[u128]) -> Vec<Alternative> {
    if parameter(op).is_some() {
        let indices = 0..=u8::MAX;
        return indices
            .map_while(|index| alternative(op, index, operands))
            .collect();
    }
    let origin = Origin::Specification;
    let only = expected(op, operands).map(|expected| Alternative { origin, expected });
    only.into_iter().collect()
}

/// Who allows `result` at best, or nothing if nobody does.
pub fn admits(op: VectorOp, operands: &[u128], result: u128) -> Option<Origin> {
    let matching = |one: &Alternative| one.expected.matches(result);
    let all = allowed(op, operands).into_iter();
    all.filter(matching).map(|one| one.origin).min()
}

/// Whether each lane of `result`, for itself, is that of some alternative.
pub fn admits_by_lane(op: VectorOp, operands: &[u128], result: u128) -> bool {
    let all = allowed(op, operands);
    let lanes = all.first().map_or(0, |one| one.expected.lane_count());
    let some = |i| all.iter().any(|one| one.expected.lane_matches(i, result));
    lanes > 0 && (0..lanes).all(some)
}

/// What `op` does under `parameters`. Nothing is given if it is not relaxed, if `operands` are not
/// as many as it takes, or if it has no such alternative.
pub fn perform(op: VectorOp, parameters: &Parameters, operands: &[u128]) -> Option<u128> {
    let index = parameters.get(op)?;
    Some(alternative(op, index, operands)?.expected.bits())
}

macro_rules! relaxed {
    ($(
        $name:ident($($operand:ident),*) $parameter:ident [$($origin:ident => $expected:expr,)*]
    )*) => {
        /// The parameter that `op` depends on, or nothing if it is not relaxed.
        pub fn parameter(op: VectorOp) -> Option<Parameter> {
            match op {
                $(VectorOp::$name => Some(Parameter::$parameter),)*
                _ => None,
            }
        }

        /// The parameters of the relaxed operators, in the order of the table.
        const FAMILIES: [Parameter; [$(VectorOp::$name),*].len()] = [$(Parameter::$parameter),*];

        /// The place of `op` in the table, or nothing if it is not relaxed.
        fn place(op: VectorOp) -> Option<usize> {
            const OPERATORS: [VectorOp; FAMILIES.len()] = [$(VectorOp::$name),*];
            parameter(op)?;
            OPERATORS.iter().position(|relaxed| *relaxed == op)
        }

        /// Alternative `index` of `op`, from 0. Nothing is given past the last, if `op` is not
        /// relaxed, or if `operands` are not as many as it takes.
        pub fn alternative(op: VectorOp, index: u8, operands: &[u128]) -> Option<Alternative> {
            match (op, operands) {
                $((VectorOp::$name, &[$($operand),*]) => {
                    let all: &[(Origin, &dyn Fn() -> Expected)] = &[
                        $((Origin::$origin, &|| $expected),)*
                    ];
                    let (origin, expected) = all.get(usize::from(index))?;
                    Some(Alternative { origin: *origin, expected: expected() })
                })*
                _ => None,
            }
        }
    };
}

relaxed! {
    I8x16RelaxedSwizzle(a, b) Swizzle [
        Specification => Expected::exact(8, swizzle(a, b)),
        Specification => Expected::exact(8, swizzle(a, low_indices(b))),
    ]
    I32x4RelaxedTruncF32x4S(a) TruncS [
        Specification => int(map(a, |x: f32| x as i32)),
        Specification => int(map(a, |x: f32| truncate_signed(x.into()))),
    ]
    I32x4RelaxedTruncF64x2SZero(a) TruncS [
        Specification => int(narrow_zero(a, |x: f64| x as i32)),
        Specification => int(narrow_zero(a, truncate_signed)),
    ]
    I32x4RelaxedTruncF32x4U(a) TruncU [
        Specification => int(map(a, |x: f32| x as u32)),
        Specification => int(map(a, |x: f32| truncate_unsigned(x.into(), u32::MAX))),
        Specification => int(map(a, |x: f32| truncate_unsigned(x.into(), u32::MAX - 1))),
        Specification => int(map(a, |x: f32| truncate_unsigned(x.into(), 1 << 31))),
    ]
    I32x4RelaxedTruncF64x2UZero(a) TruncU [
        Specification => int(narrow_zero(a, |x: f64| x as u32)),
        Specification => int(narrow_zero(a, |x: f64| truncate_unsigned(x, u32::MAX))),
        Specification => int(narrow_zero(a, |x: f64| truncate_unsigned(x, u32::MAX - 1))),
        Specification => int(narrow_zero(a, |x: f64| truncate_unsigned(x, 1 << 31))),
    ]
    F32x4RelaxedMadd(a, b, c) Fmadd [
        Specification => multiply_add::<f32>(unfused, a, b, c),
        Specification => multiply_add::<f32>(fused, a, b, c),
    ]
    F64x2RelaxedMadd(a, b, c) Fmadd [
        Specification => multiply_add::<f64>(unfused, a, b, c),
        Specification => multiply_add::<f64>(fused, a, b, c),
    ]
    F32x4RelaxedNmadd(a, b, c) Fmadd [
        Specification => multiply_add::<f32>(unfused, map(a, float::neg::<f32>), b, c),
        Specification => multiply_add::<f32>(fused, map(a, float::neg::<f32>), b, c),
    ]
    F64x2RelaxedNmadd(a, b, c) Fmadd [
        Specification => multiply_add::<f64>(unfused, map(a, float::neg::<f64>), b, c),
        Specification => multiply_add::<f64>(fused, map(a, float::neg::<f64>), b, c),
    ]
    I8x16RelaxedLaneselect(a, b, c) Laneselect [
        Specification => Expected::exact(8, bitselect(a, b, c)),
        Specification => Expected::exact(8, bitselect(a, b, map(c, |x: i8| x >> 7))),
    ]
    I16x8RelaxedLaneselect(a, b, c) Laneselect [
        Specification => Expected::exact(16, bitselect(a, b, c)),
        Specification => Expected::exact(16, bitselect(a, b, map(c, |x: i16| x >> 15))),
        Suite => Expected::exact(16, bitselect(a, b, map(c, |x: i8| x >> 7))),
    ]
    I32x4RelaxedLaneselect(a, b, c) Laneselect [
        Specification => Expected::exact(32, bitselect(a, b, c)),
        Specification => Expected::exact(32, bitselect(a, b, map(c, |x: i32| x >> 31))),
    ]
    I64x2RelaxedLaneselect(a, b, c) Laneselect [
        Specification => Expected::exact(64, bitselect(a, b, c)),
        Specification => Expected::exact(64, bitselect(a, b, map(c, |x: i64| x >> 63))),
    ]
    F32x4RelaxedMin(a, b) Fmin [
        Specification => extremum::<f32>(a, b, 0, float::min),
        Specification => extremum::<f32>(a, b, 1, float::min),
        Specification => extremum::<f32>(a, b, 2, float::min),
        Specification => extremum::<f32>(a, b, 3, float::min),
    ]
    F32x4RelaxedMax(a, b) Fmax [
        Specification => extremum::<f32>(a, b, 0, float::max),
        Specification => extremum::<f32>(a, b, 1, float::max),
        Specification => extremum::<f32>(a, b, 2, float::max),
        Specification => extremum::<f32>(a, b, 3, float::max),
    ]
    F64x2RelaxedMin(a, b) Fmin [
        Specification => extremum::<f64>(a, b, 0, float::min),
        Specification => extremum::<f64>(a, b, 1, float::min),
        Specification => extremum::<f64>(a, b, 2, float::min),
        Specification => extremum::<f64>(a, b, 3, float::min),
    ]
    F64x2RelaxedMax(a, b) Fmax [
        Specification => extremum::<f64>(a, b, 0, float::max),
        Specification => extremum::<f64>(a, b, 1, float::max),
        Specification => extremum::<f64>(a, b, 2, float::max),
        Specification => extremum::<f64>(a, b, 3, float::max),
    ]
    I16x8RelaxedQ15mulrS(a, b) Iq15mulr [
        Specification => Expected::exact(16, zip(a, b, q15_saturated)),
        Specification => Expected::exact(16, zip(a, b, |x, y| q15_product(x, y) as i16)),
    ]
    I16x8RelaxedDotI8x16I7x16S(a, b) Idot [
        Specification => Expected::exact(16, dot_signed(a, b)),
        Specification => Expected::exact(16, dot_mixed(a, b)),
        Suite => Expected::exact(16, dot(a, b, |x: [u8; 2], y| sum(unsigned(x, y), y) as i16)),
        Practice => Expected::exact(16, dot(a, b, |x: [i8; 2], y: [i8; 2]| sum(x, y) as i16)),
    ]
    I32x4RelaxedDotI8x16I7x16AddS(a, b, c) Idot [
        Specification => int(dot_signed_add(a, b, c)),
        Specification => int(pairs_add(dot_mixed(a, b), c)),
        Suite => int(add(dot(a, b, |x: [u8; 4], y: [u8; 4]| sum(x.map(u8::cast_signed), y)), c)),
        Suite => int(add(dot(a, b, |x: [u8; 4], y| sum(unsigned(x, y), y)), c)),
        Practice => int(add(dot(a, b, |x: [i8; 4], y: [i8; 4]| sum(x, y)), c)),
        Practice => int(pairs_add(dot(a, b, |x: [i8; 2], y: [i8; 2]| sum(x, y) as i16), c)),
    ]
}

fn int(bits: u128) -> Expected {
    Expected::exact(32, bits)
}

/// Indices from 16 to 127 are taken modulo 16; the sign bit still makes a lane zero.
fn low_indices(indices: u128) -> u128 {
    map(indices, |j: u8| j & 0x8f)
}

/// `x` truncated to an i32 where it fits, else -2^31.
fn truncate_signed(x: f64) -> i32 {
    let whole = x.trunc();
    if whole == f64::from(whole as i32) {
        whole as i32
    } else {
        i32::MIN
    }
}

/// `x` truncated to a u32 where it fits, else `otherwise`.
fn truncate_unsigned(x: f64, otherwise: u32) -> u32 {
    let whole = x.trunc();
    if whole == f64::from(whole as u32) {
        whole as u32
    } else {
        otherwise
    }
}

/// `frelaxed_madd`, with its NaNs left open: they are the same for both ways.
fn multiply_add<T: Float>(f: fn(T, T, T) -> T, a: u128, b: u128, c: u128) -> Expected {
    let result = zip3(a, b, c, f);
    Expected::floats(|i| {
        let (value, operands) = (get::<T>(result, i), [a, b, c].map(|v| get::<T>(v, i)));
        (value, nan_rule(value, &operands))
    })
}

/// `frelaxed_min` or `frelaxed_max`, of which `exact` is the plain form, under parameter `r`.
fn extremum<T: Float>(a: u128, b: u128, r: u8, exact: fn(T, T) -> T) -> Expected {
    Expected::floats(|i| {
        let (x, y) = (get::<T>(a, i), get::<T>(b, i));
        let plain = exact(x, y);
        let zeroes = x.raw() != y.raw() && x == y;
        match (r, is_nan(x), is_nan(y)) {
            (1, true, _) => (x, LaneRule::EitherSign),
            (2 | 3, true, _) => (y, LaneRule::Exact),
            (2, false, true) => (y, LaneRule::EitherSign),
            (1 | 3, false, true) => (x, LaneRule::Exact),
            (1, ..) if zeroes => (x, LaneRule::Exact),
            (2, ..) if zeroes => (y, LaneRule::Exact),
            _ => (plain, nan_rule(plain, &[x, y])),
        }
    })
}

/// The bytes of `x`, unsigned where that of `y` has its top bit set, else signed.
fn unsigned<const N: usize>(x: [u8; N], y: [u8; N]) -> [i32; N] {
    std::array::from_fn(|i| match y[i] & 0x80 {
        0 => x[i].cast_signed().into(),
        _ => x[i].into(),
    })
}

/// The sum of the products; with bytes it is far from the limits of an i32.
fn sum<const N: usize, X: Into<i32>, Y: Into<i32>>(x: [X; N], y: [Y; N]) -> i32 {
    let products = x.into_iter().zip(y).map(|(x, y)| x.into() * y.into());
    products.sum()
}

/// `i16x8.relaxed_dot_i8x16_i7x16_s` with both operands signed: each sum of two saturates.
pub(crate) fn dot_signed(a: u128, b: u128) -> u128 {
    dot(a, b, |x: [i8; 2], y: [i8; 2]| saturate_i16(sum(x, y)))
}

/// The same with the second operand unsigned.
fn dot_mixed(a: u128, b: u128) -> u128 {
    dot(a, b, |x: [u8; 2], y: [u8; 2]| {
        saturate_i16(sum(x.map(u8::cast_signed), y))
    })
}

/// `i32x4.relaxed_dot_i8x16_i7x16_add_s` with both operands signed.
pub(crate) fn dot_signed_add(a: u128, b: u128, c: u128) -> u128 {
    pairs_add(dot_signed(a, b), c)
}

/// The sums of neighbours in `pairs`, added to `c`.
fn pairs_add(pairs: u128, c: u128) -> u128 {
    add(extadd::<i16, i32>(pairs), c)
}

fn add(a: u128, c: u128) -> u128 {
    zip(a, c, i32::wrapping_add)
}
