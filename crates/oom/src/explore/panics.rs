//! Takes panics down as they happen, also those that the subject catches.

use super::arena;
use crate::flight::Flight;
use crate::hook;
use crate::scope;
use crate::sites::stack::{Stack, Start};
use std::fmt::Write;
use std::panic::PanicHookInfo;
use std::sync::Once;
use std::sync::atomic::Ordering::Relaxed;

/// Installs the hook, once per process. Outside of runs panics go where they went before.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| match arena::known() {
            Some(arena) if hook::is_on() => scope::apart(|| record(&arena.flight, info)),
            _ => before(info),
        }));
    });
}

/// Neither allocates nor locks.
fn record(flight: &Flight, info: &PanicHookInfo<'_>) {
    if flight.panics.fetch_add(1, Relaxed) > 0 {
        return;
    }
    let end = hook::with(hook::Hook::boundary);
    flight.death.set(&Stack::of_death(Start::Here, end));
    flight
        .panic
        .set(info.payload_as_str().unwrap_or("a panic without words"));
    if let Some(place) = info.location() {
        // A text cannot fail: what does not fit is cut.
        let _cut = write!(&flight.panic, " at {}:{}", place.file(), place.line());
    }
}
