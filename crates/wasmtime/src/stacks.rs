//! Call stacks, as Wasmtime's backtraces tell them.
//!
//! Inside a host call one is captured, whatever the configuration says of traps. A trap or an uncaught
//! exception carries one in its error, where the configuration lets it. There it is left out when it
//! has no frame at all, so that none means an empty one.
//!
//! Both end after as many frames as the configuration says; where traps capture none, the former
//! after as many as Wasmtime's default. Where calls are inlined, frames may be missing: so the
//! documentation of `Inlining` has it. What it does not have, and so is judged, is that Wasmtime 48 then
//! tells no offsets, and frames of functions that are gone by a tail call
//! (`corpus/regressions/wasmtime-no-offset-of-inlined-call` and `-frame-of-inlined-tail-call`).

use crate::Configuration;
use crate::configuration::{Entry, InlineCalls};
use crate::host::HostData;
use assay_engine::{Frame, Inlined, Moment, Stack, Tells};
use wasmtime::{AsContextMut, Error, FrameInfo, Module, WasmBacktrace};

/// What a store knows and has told of stacks, where it is asked for them.
pub(crate) struct Stacks {
    /// Whether errors carry backtraces.
    in_errors: bool,
    /// The modules of the program, so far.
    pub(crate) modules: Vec<Module>,
    told: Vec<Stack>,
}

impl Stacks {
    pub(crate) fn new(configuration: &Configuration) -> Self {
        Self {
            in_errors: configuration.entry.captured_frames().is_some(),
            modules: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Takes what was told since the last time.
    pub(crate) fn take(&mut self) -> Vec<Stack> {
        std::mem::take(&mut self.told)
    }

    fn tell(&mut self, moment: Moment, frames: &[FrameInfo]) {
        let frames = frames.iter().map(|info| frame(&self.modules, info));
        let stack = Stack {
            moment,
            frames: frames.collect(),
        };
        self.told.push(stack);
    }
}

/// What Wasmtime tells in this configuration.
pub(crate) fn tells(configuration: &Configuration) -> Tells {
    let in_errors = configuration.entry.captured_frames().is_some();
    let inlines = configuration.code.inlining != InlineCalls::No;
    let default = Entry::default().backtrace_frames;
    Tells {
        host_calls: true,
        traps: in_errors,
        exceptions: in_errors,
        modules: true,
        offsets: configuration.code.address_map,
        frames: match in_errors {
            true => configuration.entry.backtrace_frames,
            false => default,
        },
        inlined: match inlines {
            true => Inlined::Merged,
            false => Inlined::None,
        },
    }
}

/// Tells the stack of a host call, where it is asked for.
pub(crate) fn of_host_call(mut store: impl AsContextMut<Data = HostData>) {
    if store.as_context().data().stacks.is_none() {
        return;
    }
    let trace = WasmBacktrace::force_capture(store.as_context());
    let mut store = store.as_context_mut();
    if let Some(stacks) = &mut store.data_mut().stacks {
        stacks.tell(Moment::HostCall, trace.frames());
    }
}

/// Tells the stack at which a call ended so, where it is asked for.
pub(crate) fn of_error(
    mut store: impl AsContextMut<Data = HostData>,
    moment: Option<Moment>,
    error: &Error,
) {
    let mut store = store.as_context_mut();
    if let (Some(stacks), Some(moment)) = (&mut store.data_mut().stacks, moment)
        && stacks.in_errors
    {
        let trace = error.downcast_ref::<WasmBacktrace>();
        stacks.tell(moment, trace.map_or(&[], WasmBacktrace::frames));
    }
}

fn frame(modules: &[Module], info: &FrameInfo) -> Frame {
    let module = modules
        .iter()
        .position(|module| Module::same(module, info.module()));
    Frame {
        module: module.and_then(|index| index.try_into().ok()),
        function: info.func_index(),
        offset: info
            .module_offset()
            .and_then(|offset| offset.try_into().ok()),
        gone: false,
    }
}
