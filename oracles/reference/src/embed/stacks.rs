//! Call stacks, in the words of programs.

use crate::machine::Active;
use assay_engine::{Frame, Moment, Stack};

/// The stack of these functions. A program's modules are instantiated in their order, each once and
/// nothing else, so that an instance has the number of its module.
pub(super) fn stack(moment: Moment, active: &[Active]) -> Stack {
    let frame = |active: &Active| Frame {
        module: Some(active.instance.0),
        function: active.function,
        offset: active.offset.try_into().ok(),
        gone: false,
    };
    Stack {
        moment,
        frames: active.iter().map(frame).collect(),
    }
}
