//! What an operator may give (Core, 4.3.3, "NaN Propagation").
//!
//! When a floating-point operator other than `fabs`, `fneg` and `fcopysign` gives a NaN, its sign
//! is open, and so is its payload, within limits: if every NaN among the inputs is canonical (or
//! there is none) the result is canonical too; otherwise it may be any arithmetic NaN. `fpmin` and
//! `fpmax` are defined as a choice between their operands and keep their bits.
//!
//! The rule holds for one operator and, of a vector, for a lane at a time: it says nothing about
//! what a program makes of the NaN afterwards. Scalars and vectors share [`Expected`]; a scalar has
//! one lane. [`scalar::expected`](super::scalar::expected) gives it for the former,
//! [`vector::expected()`](super::vector::expected()) for the latter.

use super::vector::float::{self, Float, is_arithmetic_nan, is_canonical_nan, is_nan};
use super::vector::lanes::get;
use std::fmt;

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

/// The results that are allowed for one operator, without the product over its lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    bits: u128,
    lane_bits: u32,
    lane_count: u32,
    /// By lane; only floats have other than exact ones.
    rules: [LaneRule; 4],
}

impl Expected {
    /// Just the vector `bits`, seen as lanes of `lane_bits` bits.
    pub(crate) fn exact(lane_bits: u32, bits: u128) -> Expected {
        Expected {
            bits,
            lane_bits,
            lane_count: 128 / lane_bits,
            rules: [LaneRule::Exact; 4],
        }
    }

    /// Just the number `bits`, one of 32 bits zero-extended.
    pub(crate) fn number(bits: u64) -> Expected {
        Expected {
            lane_count: 1,
            ..Expected::exact(64, bits.into())
        }
    }

    /// A float, and how far it may differ.
    pub(crate) fn float<T: Float>(value: T, rule: LaneRule) -> Expected {
        let mut one = Expected::exact(T::BITS, value.raw().into());
        one.lane_count = 1;
        one.rules[0] = rule;
        one
    }

    /// A vector of floats: lane `i` is `lane(i)`, a value and how far it may differ.
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
        self.lane_count
    }

    /// How far lane `index` may differ.
    pub fn rule(&self, index: u32) -> LaneRule {
        self.rules.get(index as usize).copied().unwrap_or_default()
    }

    /// Whether `result` is allowed; a number is zero-extended.
    pub fn matches(&self, result: u128) -> bool {
        let width = self.lane_bits * self.lane_count;
        let fits = result.checked_shr(width).is_none_or(|rest| rest == 0);
        fits && (0..self.lane_count).all(|i| self.lane_matches(i, result))
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
            LaneRule::EitherSign => float::abs(wanted).raw() == float::abs(found).raw(),
        }
    }
}

impl fmt::Display for Expected {
    /// The lanes, the highest first, as numbers or as what a script of the official suite says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mask = u128::MAX >> (128 - self.lane_bits);
        let digits = self.lane_bits as usize / 4;
        for i in (0..self.lane_count).rev() {
            let lane = (self.bits >> (i * self.lane_bits)) & mask;
            match self.rule(i) {
                LaneRule::Exact => write!(f, "{lane:0digits$x}")?,
                LaneRule::CanonicalNan => f.write_str("nan:canonical")?,
                LaneRule::ArithmeticNan => f.write_str("nan:arithmetic")?,
                LaneRule::EitherSign => write!(f, "±{lane:0digits$x}")?,
            }
            if i > 0 {
                f.write_str(" ")?;
            }
        }
        Ok(())
    }
}

/// The rule for a float that is `result`, given the operands that went into it.
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

/// The floats that go into an operator whose NaNs are open, and those that come out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenNans {
    F32,
    F64,
    F32ToF64,
    F64ToF32,
}
