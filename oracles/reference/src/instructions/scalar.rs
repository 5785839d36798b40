//! What a numeric operator on scalars may give: the results of [`numeric`](super::numeric) and
//! [`conversion`](super::conversion), with their NaNs left open as the specification has it.

use super::conversion::{Conversion, conversion};
use super::expected::{Expected, OpenNans, nan_rule};
use super::numeric::{Binary, Unary, binary, unary};
use super::vector::float::Float;
use wasmparser::Operator;

/// What `operator` may give for `operands`, of which those of 32 bits are zero-extended.
///
/// Nothing is given for an operator that is not numeric, that can trap, or that gives two numbers,
/// nor where the operands are not as many as it takes.
pub fn expected(operator: &Operator<'_>, operands: &[u64]) -> Option<Expected> {
    let result = run(operator, operands)?;
    Some(match open_nans(operator) {
        None => Expected::number(result),
        Some(OpenNans::F32) => open::<f32, f32>(result, operands),
        Some(OpenNans::F64) => open::<f64, f64>(result, operands),
        Some(OpenNans::F32ToF64) => open::<f32, f64>(result, operands),
        Some(OpenNans::F64ToF32) => open::<f64, f32>(result, operands),
    })
}

/// The result in the deterministic profile.
fn run(operator: &Operator<'_>, operands: &[u64]) -> Option<u64> {
    match *operands {
        [a] => match Unary::of(operator) {
            Some(op) => Some(unary(op, a)),
            None => Some(conversion(Conversion::of(operator)?, a)),
        },
        [a, b] => Some(binary(Binary::of(operator)?, a, b)),
        _ => None,
    }
}

fn open<T: Float, U: Float>(result: u64, operands: &[u64]) -> Expected {
    let operands: Vec<T> = operands.iter().map(|&bits| T::from_raw(bits)).collect();
    let value = U::from_raw(result);
    Expected::float(value, nan_rule(value, &operands))
}

/// Whether a NaN that `operator` gives is open, and of which types it and the operands are.
fn open_nans(operator: &Operator<'_>) -> Option<OpenNans> {
    use Operator::*;
    match operator {
        F32Ceil | F32Floor | F32Trunc | F32Nearest | F32Sqrt | F32Add | F32Sub | F32Mul
        | F32Div | F32Min | F32Max => Some(OpenNans::F32),
        F64Ceil | F64Floor | F64Trunc | F64Nearest | F64Sqrt | F64Add | F64Sub | F64Mul
        | F64Div | F64Min | F64Max => Some(OpenNans::F64),
        F64PromoteF32 => Some(OpenNans::F32ToF64),
        F32DemoteF64 => Some(OpenNans::F64ToF32),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
