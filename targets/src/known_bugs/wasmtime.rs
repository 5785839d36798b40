//! What Wasmtime gets wrong.

use assay_checks::{Difference, What};
use assay_engine::Program;

/// The codes of `if` without parameters and results, and of `unreachable` (section "Control
/// Instructions" of the binary format).
const IF: [u8; 2] = [0x04, 0x40];
const UNREACHABLE: u8 = 0x00;

/// Whether a frame is told to be at an `if`, where it is at the `unreachable` that this begins with.
///
/// Cranelift's optimiser makes of the two one instruction that traps on a condition, and keeps the place of
/// the branch for it, not that of the trap.
pub(super) fn offset_of_trap_behind_if(difference: &Difference, program: &Program) -> bool {
    let What::FrameOffset(_, misplaced) = difference.what else {
        return false;
    };
    let (Some(module), Some(is), Some(told)) = (misplaced.module, misplaced.is, misplaced.told)
    else {
        return false;
    };
    let module = program.modules.get(module as usize);
    let code = module.and_then(|module| module.wasm.get(told as usize..=is as usize));
    code.is_some_and(|code| *code == [IF[0], IF[1], UNREACHABLE])
}
