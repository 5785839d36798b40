//! What Wasmtime gets wrong.

use assay_checks::{Difference, What};
use assay_engine::Program;
use wasmparser::{BinaryReader, Operator, OperatorsReader};

/// Whether a frame is told to be at an `if`, where it is at the first instruction in it that does anything.
///
/// Where that is certain to trap (an `unreachable`, a load beyond all that a memory can be), Cranelift's
/// optimiser makes of the branch and the trap one instruction that traps on a condition, and keeps the place
/// of the branch for it, not that of the trap.
pub(super) fn offset_of_trap_behind_if(difference: &Difference, program: &Program) -> bool {
    let What::FrameOffset(_, misplaced) = difference.what else {
        return false;
    };
    let (Some(module), Some(is), Some(told)) = (misplaced.module, misplaced.is, misplaced.told)
    else {
        return false;
    };
    let module = program.modules.get(module as usize);
    let code = module.and_then(|module| module.wasm.get(told as usize..is as usize));
    code.is_some_and(only_traps)
}

/// Whether this is an `if`, with nothing behind it but constants and, where there is an `else`, a first branch
/// that traps as well.
fn only_traps(code: &[u8]) -> bool {
    let mut operators = OperatorsReader::new(BinaryReader::new(code, 0));
    let Ok(Operator::If { .. }) = operators.read() else {
        return false;
    };
    while !operators.eof() {
        let Ok(
            Operator::I32Const { .. }
            | Operator::I64Const { .. }
            | Operator::I64Load { .. }
            | Operator::Drop
            | Operator::Unreachable
            | Operator::Else,
        ) = operators.read()
        else {
            return false;
        };
    }
    true
}
