//! Which functions are active, for an embedder that asks ([`Config::traces`]).
//!
//! The specification has no word for it. A function is active from its call until it returns, is
//! left by a tail call, or is unwound. While the host runs, the frames below it wait in the store;
//! what stops is written down before frames are unwound, and forgotten where it is caught.
//!
//! [`Config::traces`]: crate::Config::traces

use super::call::Frame;
use crate::module::{Module, ModuleData};
use crate::store::{Instance, Store};

/// A function that is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Active {
    /// Its instance.
    pub instance: Instance,
    /// Its index in the function index space of its module.
    pub function: u32,
    /// Where in its module, in bytes, the operation is that runs, or waits for its callee.
    pub offset: usize,
}

/// What a store keeps of active functions.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    /// Those that wait for the host, the outermost first.
    waiting: Vec<Active>,
    /// Those at the stop that is on its way out, the outermost first.
    stopped: Option<Vec<Active>>,
}

impl Store {
    /// The functions that are active while the host runs, the innermost first; none unless
    /// [`Config::traces`](crate::Config::traces) asked for them.
    pub fn active(&self) -> Vec<Active> {
        let traces = self.traces.iter();
        traces
            .flat_map(|traces| traces.waiting.iter().rev().copied())
            .collect()
    }

    /// The functions that were active when the last call stopped, the innermost first; none where
    /// it returned, or the store was not asked to know.
    pub fn active_at_stop(&self) -> Vec<Active> {
        let stopped = self.traces.iter().filter_map(|it| it.stopped.as_ref());
        stopped
            .flat_map(|stopped| stopped.iter().rev().copied())
            .collect()
    }
}

/// A call from outside begins.
pub(super) fn begin(store: &mut Store) {
    if let Some(traces) = &mut store.traces {
        traces.stopped = None;
    }
}

/// The frames wait for the host. Gives how many waited before.
pub(super) fn wait(
    store: &mut Store,
    modules: &[Module],
    frames: &[Frame<'_>],
    frame: Option<Frame<'_>>,
) -> usize {
    let Some(traces) = &mut store.traces else {
        return 0;
    };
    let before = traces.waiting.len();
    let frames = frames.iter().chain(&frame);
    let active = frames.filter_map(|frame| active(modules, frame));
    traces.waiting.extend(active);
    before
}

/// The host is done, and only so many wait as did before.
pub(super) fn go_on(store: &mut Store, before: usize, returned: bool) {
    if let Some(traces) = &mut store.traces {
        traces.waiting.truncate(before);
        if returned {
            traces.stopped = None;
        }
    }
}

/// Something stops in the last of these frames, or has already stopped in what the host called.
pub(super) fn stop(store: &mut Store, modules: &[Module], frames: &[Frame<'_>], frame: Frame<'_>) {
    let Some(traces) = &mut store.traces else {
        return;
    };
    if traces.stopped.is_none() {
        let frames = frames.iter().chain([&frame]);
        let active = frames.filter_map(|frame| active(modules, frame));
        let waiting = traces.waiting.iter().copied();
        traces.stopped = Some(waiting.chain(active).collect());
    }
}

/// What stopped is caught.
pub(super) fn caught(store: &mut Store) {
    begin(store);
}

/// The function of a frame; none of a constant expression, nor of a frame that a tail call has left.
fn active(modules: &[Module], frame: &Frame<'_>) -> Option<Active> {
    let offset = *frame.code.origins.get(frame.pc.checked_sub(1)?)? as usize;
    let data: &ModuleData = &modules.get(frame.module as usize)?.0;
    let body = data
        .bodies
        .iter()
        .position(|body| body.range.contains(&offset))?;
    let imported = data.spaces.funcs.len() - data.bodies.len();
    Some(Active {
        instance: Instance(frame.instance),
        function: u32::try_from(imported + body).ok()?,
        offset,
    })
}
