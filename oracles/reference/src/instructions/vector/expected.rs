//! What a vector operator may give, lane by lane.

use super::float::Float;
use super::lanes::get;
use super::{Shape, VectorOp, binary, ternary, unary};
use crate::instructions::expected::{Expected, OpenNans, nan_rule};
use crate::instructions::relaxed;

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
        Some(OpenNans::F32) => open_nans::<f32, f32>(result, operands),
        Some(OpenNans::F64) => open_nans::<f64, f64>(result, operands),
        Some(OpenNans::F32ToF64) => open_nans::<f32, f64>(result, operands),
        Some(OpenNans::F64ToF32) => open_nans::<f64, f32>(result, operands),
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

/// Which lanes of `op` may be a NaN that it produced; relaxed operators are left out.
pub(super) fn nan_lanes(op: VectorOp) -> Option<OpenNans> {
    use VectorOp::*;
    match op {
        F32x4Ceil | F32x4Floor | F32x4Trunc | F32x4Nearest | F32x4Sqrt | F32x4Add | F32x4Sub
        | F32x4Mul | F32x4Div | F32x4Min | F32x4Max => Some(OpenNans::F32),
        F64x2Ceil | F64x2Floor | F64x2Trunc | F64x2Nearest | F64x2Sqrt | F64x2Add | F64x2Sub
        | F64x2Mul | F64x2Div | F64x2Min | F64x2Max => Some(OpenNans::F64),
        F64x2PromoteLowF32x4 => Some(OpenNans::F32ToF64),
        F32x4DemoteF64x2Zero => Some(OpenNans::F64ToF32),
        _ => None,
    }
}
