//! What engines get wrong of the frames of functions that they inline.

use assay_checks::Difference;
use assay_checks::differential::Frames;
use assay_engine::{Fit, Frame, Inlined, Program};
use wasmparser::{BinaryReader, Operator, OperatorsReader};

/// Whether a function that made a tail call to one that was inlined into it is told in the place of that.
pub(super) fn frame_instead(difference: &Difference, program: &Program) -> bool {
    gone(difference, program) == Some((Inlined::Merged, Tail::ByName))
}

/// Whether a function that made a tail call to one that was inlined into it is told, too.
pub(super) fn frame_beside(difference: &Difference, program: &Program) -> bool {
    gone(difference, program) == Some((Inlined::Apart, Tail::ByName))
}

/// Whether a function that was inlined and made a tail call, of which a plain one was made, is told, too.
pub(super) fn frame_of_any_beside(difference: &Difference, program: &Program) -> bool {
    gone(difference, program).is_some_and(|(inlined, _)| inlined == Inlined::Apart)
}

/// Whether the frame of a function that is at a call which was inlined has no offset.
pub(super) fn frame_unplaced(difference: &Difference, program: &Program) -> bool {
    let Some(Fit::Unplaced(frame)) = difference.frames.as_ref().map(|it| it.fit) else {
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

/// Where a frame is told though its function is gone: what becomes of the frames of inlined functions in that
/// engine, and the tail call that it made.
fn gone(difference: &Difference, program: &Program) -> Option<(Inlined, Tail)> {
    let &Frames {
        fit: Fit::Gone(frame),
        inlined,
        ..
    } = difference.frames.as_ref()?
    else {
        return None;
    };
    let tail = match operator(&frame, program)? {
        Operator::ReturnCall { .. } => Tail::ByName,
        Operator::ReturnCallIndirect { .. } | Operator::ReturnCallRef { .. } => Tail::ByValue,
        _ => return None,
    };
    Some((inlined, tail))
}

/// The operator at which a frame is.
fn operator<'a>(frame: &Frame, program: &'a Program) -> Option<Operator<'a>> {
    let module = program.modules.get(frame.module? as usize)?;
    let start = frame.offset? as usize;
    let code = module.wasm.get(start..)?;
    let mut operators = OperatorsReader::new(BinaryReader::new(code, start));
    operators.read().ok()
}
