//! What Wasmtime gets wrong.

use assay_checks::Difference;
use assay_engine::{Fit, Program};
use wasmparser::{BinaryReader, FunctionBody, Operator, OperatorsReader, Parser, Payload};

/// Whether a frame is told to be at an `if`, where it is at the first instruction in it that does anything.
///
/// Where that is certain to trap (an `unreachable`, a load beyond all that a memory can be), Cranelift's
/// optimiser makes of the branch and the trap one instruction that traps on a condition, and keeps the place
/// of the branch for it, not that of the trap.
pub(super) fn offset_of_trap_behind_if(difference: &Difference, program: &Program) -> bool {
    Misplaced::of(difference, program).is_some_and(|frame| {
        let mut operators = frame.operators();
        matches!(operators.read(), Ok(Operator::If { .. })) && only_traps(operators)
    })
}

/// The same, where the branch is that which looks at the epoch, at the start of a function or of a loop.
pub(super) fn offset_of_trap_behind_epoch_check(
    difference: &Difference,
    program: &Program,
) -> bool {
    Misplaced::of(difference, program).is_some_and(|frame| {
        if let Some(body) = frame.body_told() {
            return body.get_operators_reader().is_ok_and(only_traps);
        }
        let mut operators = frame.operators();
        matches!(operators.read(), Ok(Operator::Loop { .. })) && only_traps(operators)
    })
}

/// A frame that is told to be before the instruction where it is.
struct Misplaced<'a> {
    wasm: &'a [u8],
    /// Where it is told to be, and where it is.
    told: usize,
    is: usize,
}

impl<'a> Misplaced<'a> {
    fn of(difference: &Difference, program: &'a Program) -> Option<Self> {
        let Fit::Misplaced(frame, told) = difference.frames.as_ref()?.fit else {
            return None;
        };
        let module = program.modules.get(frame.module? as usize)?;
        Some(Self {
            wasm: &module.wasm,
            told: told.offset? as usize,
            is: frame.offset? as usize,
        })
    }

    /// From the instruction where the frame is told to be, to that where it is.
    fn operators(&self) -> OperatorsReader<'a> {
        let code = self.wasm.get(self.told..self.is).unwrap_or_default();
        OperatorsReader::new(BinaryReader::new(code, self.told))
    }

    /// The function at whose start the frame is told to be, up to the instruction where it is.
    fn body_told(&self) -> Option<FunctionBody<'a>> {
        let payloads = Parser::new(0).parse_all(self.wasm).map_while(Result::ok);
        let mut starts = payloads.filter_map(|payload| match payload {
            Payload::CodeSectionEntry(body) => Some(body.range().start),
            _ => None,
        });
        let start = starts.find(|&start| start == self.told)?;
        let code = self.wasm.get(start..self.is)?;
        Some(FunctionBody::new(BinaryReader::new(code, start)))
    }
}

/// Whether there is nothing but constants and, where there is an `else`, a first branch that traps as well.
fn only_traps(mut operators: OperatorsReader<'_>) -> bool {
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
