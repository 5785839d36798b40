//! What engines get wrong of the frames of functions that they inline.

use assay_checks::differential::Inliner;
use assay_checks::{Difference, What};
use assay_engine::Program;
use wasmparser::{BinaryReader, Operator, OperatorsReader};

/// Whether a function that made a tail call to one that was inlined into it is told in the place of that.
pub(super) fn frame_instead(difference: &Difference, program: &Program) -> bool {
    gone(difference, program).is_some_and(|(frame, tail)| frame.replaces && tail == Tail::ByName)
}

/// Whether a function that made a tail call to one that was inlined into it is told, too.
pub(super) fn frame_beside(difference: &Difference, program: &Program) -> bool {
    gone(difference, program).is_some_and(|(frame, tail)| !frame.replaces && tail == Tail::ByName)
}

/// Whether a function that was inlined and made a tail call, of which a plain one was made, is told, too.
pub(super) fn frame_of_any_beside(difference: &Difference, program: &Program) -> bool {
    gone(difference, program).is_some_and(|(frame, _)| !frame.replaces)
}

/// Whether the frame of a function that is at a call which was inlined has no offset.
pub(super) fn frame_unplaced(difference: &Difference, program: &Program) -> bool {
    let What::FrameUnplaced(_, frame) = difference.what else {
        return false;
    };
    matches!(operator(&frame, program), Some(Operator::Call { .. }))
}

/// How a tail call says what it calls. What it does not name is not inlined.
#[derive(PartialEq)]
enum Tail {
    ByName,
    ByValue,
}

/// The frame that is told though its function is gone, and the tail call that it made.
fn gone(difference: &Difference, program: &Program) -> Option<(Inliner, Tail)> {
    let What::FrameGone(_, frame) = difference.what else {
        return None;
    };
    let tail = match operator(&frame, program)? {
        Operator::ReturnCall { .. } => Tail::ByName,
        Operator::ReturnCallIndirect { .. } | Operator::ReturnCallRef { .. } => Tail::ByValue,
        _ => return None,
    };
    Some((frame, tail))
}

/// The operator at which a frame is.
fn operator<'a>(frame: &Inliner, program: &'a Program) -> Option<Operator<'a>> {
    let module = program.modules.get(frame.module? as usize)?;
    let start = frame.offset? as usize;
    let code = module.wasm.get(start..)?;
    let mut operators = OperatorsReader::new(BinaryReader::new(code, start));
    operators.read().ok()
}
