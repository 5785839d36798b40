//! What engines get wrong of the frames of functions that they inline.

use assay_checks::differential::Inliner;
use assay_checks::{Difference, What};
use assay_engine::Program;
use wasmparser::{BinaryReader, Operator, OperatorsReader};

/// Whether a function that made a tail call to one that was inlined into it is told in the place of that.
pub(super) fn frame_instead(difference: &Difference, program: &Program) -> bool {
    gone(difference, program).is_some_and(|frame| frame.replaces)
}

/// Whether a function that made a tail call to one that was inlined into it is told, too.
pub(super) fn frame_beside(difference: &Difference, program: &Program) -> bool {
    gone(difference, program).is_some_and(|frame| !frame.replaces)
}

/// Whether a function that was inlined and made a tail call, of which a plain one was made, is told, too.
pub(super) fn frame_of_any_beside(difference: &Difference, program: &Program) -> bool {
    let What::FrameGone(_, frame) = difference.what else {
        return false;
    };
    let leaves = matches!(
        operator(&frame, program),
        Some(
            Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. }
        )
    );
    leaves && !frame.replaces
}

/// Whether the frame of a function that is at a call which was inlined has no offset.
pub(super) fn frame_unplaced(difference: &Difference, program: &Program) -> bool {
    let What::FrameUnplaced(_, frame) = difference.what else {
        return false;
    };
    matches!(operator(&frame, program), Some(Operator::Call { .. }))
}

/// The frame that is told though its function is gone, by a tail call that names the callee: others are
/// not inlined.
fn gone(difference: &Difference, program: &Program) -> Option<Inliner> {
    let What::FrameGone(_, frame) = difference.what else {
        return None;
    };
    let operator = operator(&frame, program)?;
    matches!(operator, Operator::ReturnCall { .. }).then_some(frame)
}

/// The operator at which a frame is.
fn operator<'a>(frame: &Inliner, program: &'a Program) -> Option<Operator<'a>> {
    let module = program.modules.get(frame.module? as usize)?;
    let start = frame.offset? as usize;
    let code = module.wasm.get(start..)?;
    let mut operators = OperatorsReader::new(BinaryReader::new(code, start));
    operators.read().ok()
}
