//! What a result may be, lane by lane (Core, 4.3.3, "NaN Propagation").
//!
//! When a floating-point operator other than `fabs`, `fneg` and `fcopysign` gives a NaN, its sign
//! is open, and so is its payload, within limits: if every NaN among the inputs is canonical (or
//! there is none) the result is canonical too; otherwise it may be any arithmetic NaN. `fpmin` and
//! `fpmax` are defined as a choice between their operands and keep their bits.
//!
//! The rule holds for a lane at a time and for one operator: it says nothing about what a program
//! makes of the NaN afterwards.

use super::float::{Float, is_arithmetic_nan, is_canonical_nan, is_nan};
use super::lanes::get;
use super::{Shape, VectorOp, binary, ternary, unary};
use crate::instructions::relaxed;

/// How far a lane may differ from the bits of the deterministic profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LaneRule {
    /// Not at all.
    #[default]
    Exact,
    /// A canonical NaN of either sign.
    CanonicalNan,
    /// An arithmetic NaN of either sign: any payload with its top bit set.
    ArithmeticNan,
    /// The same magnitude with either sign.
    EitherSign,
}

/// The results that are allowed for one vector, without the product over its lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    bits: u128,
    lane_bits: u32,
    /// By lane; only vectors of 32- or 64-bit floats have other than exact ones.
    rules: [LaneRule; 4],
}

impl Expected {
    /// Just `bits`, seen as lanes of `lane_bits` bits.
    pub(crate) fn exact(lane_bits: u32, bits: u128) -> Expected {
        let rules = [LaneRule::Exact; 4];
        Expected {
            bits,
            lane_bits,
            rules,
        }
    }

    /// Floating-point lanes: lane `i` is `lane(i)`, a value and how far it may differ.
    pub(crate) fn floats<T: Float>(lane: impl Fn(u32) -> (T, LaneRule)) -> Expected {
        let mut all = Expected::exact(T::BITS, 0);
        for i in 0..T::COUNT {
            let (value, rule) = lane(i);
            all.bits |= u128::from(value.raw()) << (i * T::BITS);
            all.rules[i as usize] = rule;
        }
        all
    }

    /// The result in the deterministic profile.
    pub fn bits(&self) -> u128 {
        self.bits
    }

    /// The width of a lane in bits.
    pub fn lane_bits(&self) -> u32 {
        self.lane_bits
    }

    /// How many lanes there are.
    pub fn lane_count(&self) -> u32 {
        128 / self.lane_bits
    }

    /// How far lane `index` may differ.
    pub fn rule(&self, index: u32) -> LaneRule {
        self.rules.get(index as usize).copied().unwrap_or_default()
    }

    /// Whether `result` is allowed.
    pub fn matches(&self, result: u128) -> bool {
        (0..self.lane_count()).all(|i| self.lane_matches(i, result))
    }

    /// Whether lane `index` of `result` is allowed.
    pub fn lane_matches(&self, index: u32, result: u128) -> bool {
        match self.lane_bits {
            32 => self.float_matches::<f32>(index, result),
            64 => self.float_matches::<f64>(index, result),
            bits => {
                let difference = (self.bits ^ result) >> (index % self.lane_count() * bits);
                difference & ((1 << bits) - 1) == 0
            }
        }
    }

    fn float_matches<T: Float>(&self, index: u32, result: u128) -> bool {
        let (wanted, found) = (get::<T>(self.bits, index), get::<T>(result, index));
        match self.rule(index) {
            LaneRule::Exact => wanted.raw() == found.raw(),
            LaneRule::CanonicalNan => is_canonical_nan(found),
            LaneRule::ArithmeticNan => is_arithmetic_nan(found),
            LaneRule::EitherSign => {
                super::float::abs(wanted).raw() == super::float::abs(found).raw()
            }
        }
    }
}

/// The rule for a lane that holds `result`, given the operands that went into it.
pub(crate) fn nan_rule<T: Float, U: Float>(result: U, operands: &[T]) -> LaneRule {
    let odd = |x: &T| is_nan(*x) && !is_canonical_nan(*x);
    if !is_nan(result) {
        LaneRule::Exact
    } else if operands.iter().any(odd) {
        LaneRule::ArithmeticNan
    } else {
        LaneRule::CanonicalNan
    }
}

/// What `op` may give for `operands`: one to three vectors, as many as its shape has.
///
/// Nothing is given for the shapes that take or give other than vectors, which are exact. A
/// relaxed operator is taken as the deterministic profile has it, its NaNs left open.
pub fn expected(op: VectorOp, operands: &[u128]) -> Option<Expected> {
    let result = match (op.shape(), operands) {
        (Shape::Unary, &[a]) => unary(op, a),
        (Shape::Binary, &[a, b]) => binary(op, a, b),
        (Shape::Ternary, &[a, b, c]) => ternary(op, a, b, c),
        _ => return None,
    };
    if let Some(relaxed) = relaxed::alternative(op, 0, operands) {
        return Some(relaxed.expected);
    }
    Some(match nan_lanes(op) {
        None => Expected::exact(64, result),
        Some(NanLanes::F32) => open_nans::<f32, f32>(result, operands),
        Some(NanLanes::F64) => open_nans::<f64, f64>(result, operands),
        Some(NanLanes::F32ToF64) => open_nans::<f32, f64>(result, operands),
        Some(NanLanes::F64ToF32) => open_nans::<f64, f32>(result, operands),
    })
}

/// `result`, where lane `i` comes from the lanes `i` of `operands`. Lanes past those are zero.
fn open_nans<T: Float, U: Float>(result: u128, operands: &[u128]) -> Expected {
    Expected::floats(|i| {
        let value: U = get(result, i);
        let lanes = operands.iter().map(|v| get::<T>(*v, i)).collect::<Vec<_>>();
        (value, nan_rule(value, &lanes))
    })
}

/// The lanes that go into an operator that produces NaNs, and come out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NanLanes {
    F32,
    F64,
    F32ToF64,
    F64ToF32,
}

/// Which lanes of `op` may be a NaN that it produced; relaxed operators are left out.
pub(super) fn nan_lanes(op: VectorOp) -> Option<NanLanes> {
    use VectorOp::*;
    match op {
        F32x4Ceil | F32x4Floor | F32x4Trunc | F32x4Nearest | F32x4Sqrt | F32x4Add | F32x4Sub
        | F32x4Mul | F32x4Div | F32x4Min | F32x4Max => Some(NanLanes::F32),
        F64x2Ceil | F64x2Floor | F64x2Trunc | F64x2Nearest | F64x2Sqrt | F64x2Add | F64x2Sub
        | F64x2Mul | F64x2Div | F64x2Min | F64x2Max => Some(NanLanes::F64),
        F64x2PromoteLowF32x4 => Some(NanLanes::F32ToF64),
        F32x4DemoteF64x2Zero => Some(NanLanes::F64ToF32),
        _ => None,
    }
}
