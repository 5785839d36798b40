//! What must be true of every module.

use crate::log::{End, Event, Log};
use crate::run::{FUEL_PER_CALL, Manner, config};
use assay_reference::{Config, Usage};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// The native stack that everything must fit into.
pub const STACK_BYTES: usize = 256 << 10;

/// The time in which the runs of a module end: thousands of times what their fuel takes.
const TIME: Duration = Duration::from_secs(120);

/// How a module is run: by [`run`](crate::run()), or by something with a fault, to see that it is
/// found.
pub type Run = fn(&[u8], Config) -> Log;

/// What a module must not do. A native stack that does not suffice is not among it: that ends the
/// process, with the name of the thread.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Something panicked.
    #[error("a panic: {0}")]
    Panic(String),
    /// It has not ended yet.
    #[error("it does not end")]
    Time,
    /// Its imports were made for it and do not match, or a body that validated is not translated.
    #[error("what is valid was refused: {0}")]
    Refused(String),
    /// There was more fuel than had been given.
    #[error("{0} units of fuel were left, of {FUEL_PER_CALL}")]
    Fuel(u64),
    /// A limit of bytes was passed.
    #[error("{0:?} was in use")]
    Limit(Usage),
    /// Another run was another one.
    #[error("a {manner:?} run differs at event {at}: {first}, then {other}")]
    Differs {
        /// How the other run was made.
        manner: Manner,
        /// The number of the first event that differs.
        at: usize,
        /// The event of the first run.
        first: String,
        /// The event of the other.
        other: String,
    },
}

/// What a module came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many calls were made.
    pub calls: usize,
    /// How many of them returned.
    pub returned: usize,
    /// How many calls the host answered.
    pub hosted: usize,
    /// Whether anything lay on the heap at any look.
    pub heap: bool,
}

/// Runs a module three times on a thread with a small stack, which has this name.
///
/// # Errors
///
/// What is wrong.
pub fn judge(name: &str, wasm: &[u8], run: Run) -> Result<Summary, Fault> {
    judge_within(TIME, name, wasm, run)
}

/// The same with another time for the three runs.
///
/// # Errors
///
/// What is wrong.
pub fn judge_within(time: Duration, name: &str, wasm: &[u8], run: Run) -> Result<Summary, Fault> {
    let (send, receive) = sync_channel(1);
    let wasm = wasm.to_vec();
    let thread = thread::Builder::new()
        .name(name.to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            // Nobody listens any more when the time is over.
            drop(send.send(runs(&wasm, run)));
        })
        .map_err(|error| Fault::Panic(error.to_string()))?;
    match receive.recv_timeout(time) {
        Ok(judged) => judged,
        Err(RecvTimeoutError::Timeout) => Err(Fault::Time),
        Err(RecvTimeoutError::Disconnected) => {
            let panic = thread.join().err();
            let text = panic.and_then(|panic| {
                let text = panic.downcast_ref::<String>().cloned();
                text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()))
            });
            Err(Fault::Panic(text.unwrap_or_default()))
        }
    }
}

fn runs(wasm: &[u8], run: Run) -> Result<Summary, Fault> {
    let first = run(wasm, config(Manner::Plain));
    within_limits(&first)?;
    let again = run(wasm, config(Manner::Plain));
    same(Manner::Plain, &first, &again, |_| false)?;
    if first.fuel_left != again.fuel_left || first.usage != again.usage {
        return Err(Fault::Differs {
            manner: Manner::Plain,
            at: first.events.len(),
            first: format!("{:?} {:?}", first.fuel_left, first.usage),
            other: format!("{:?} {:?}", again.fuel_left, again.usage),
        });
    }
    let collecting = run(wasm, config(Manner::Collecting));
    within_limits(&collecting)?;
    // Without objects nothing depends on collections.
    let heap = first.usage.heap_bytes > 0 || collecting.usage.heap_bytes > 0;
    let depends = |event: &Event| heap && event.depends_on_collections();
    same(Manner::Collecting, &first, &collecting, depends)?;
    Ok(summary(&first, heap))
}

fn summary(log: &Log, heap: bool) -> Summary {
    let count = |is: fn(&Event) -> bool| log.events.iter().filter(|event| is(event)).count();
    Summary {
        calls: count(|event| matches!(event, Event::Called(..))),
        returned: count(|event| matches!(event, Event::Called(_, End::Returned(_)))),
        hosted: count(|event| matches!(event, Event::Hosted(..))),
        heap,
    }
}

/// Compares two runs up to the first event after which they may differ.
fn same(
    manner: Manner,
    first: &Log,
    other: &Log,
    may_differ: impl Fn(&Event) -> bool,
) -> Result<(), Fault> {
    let count = first.events.len().max(other.events.len());
    for at in 0..count {
        let [a, b] = [first, other].map(|log| log.events.get(at));
        if [a, b].into_iter().flatten().any(&may_differ) {
            return Ok(());
        }
        if a != b {
            return Err(Fault::Differs {
                manner,
                at,
                first: format!("{a:?}"),
                other: format!("{b:?}"),
            });
        }
    }
    Ok(())
}

fn within_limits(log: &Log) -> Result<(), Fault> {
    let claimed = config(Manner::Plain);
    let Usage {
        memory_bytes,
        heap_bytes,
    } = log.usage;
    if memory_bytes > claimed.memory_bytes || heap_bytes > claimed.heap_bytes {
        return Err(Fault::Limit(log.usage));
    }
    if let Some(&left) = log.fuel_left.iter().find(|&&left| left > FUEL_PER_CALL) {
        return Err(Fault::Fuel(left));
    }
    for event in &log.events {
        match (event, event.end()) {
            (Event::Unlinked(why), _) | (_, Some(End::Untranslated(why))) => {
                return Err(Fault::Refused(why.clone()));
            }
            _ => {}
        }
    }
    Ok(())
}
