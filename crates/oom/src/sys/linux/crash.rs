//! What a child takes down when it dies: the signal and the frames, from the handler.
#![allow(unsafe_code)]

use super::walk::Interrupted;
use crate::flight::Flight;
use crate::hook;
use crate::sites::stack::{Stack, Start};
use libc::{c_int, c_void, siginfo_t, ucontext_t};
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// The signals by which programs die of themselves.
const DEADLY: [c_int; 6] = [
    libc::SIGABRT,
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGTRAP,
];

static FLIGHT: AtomicPtr<Flight> = AtomicPtr::new(ptr::null_mut());

/// Catches the deadly signals. Handlers that the subject installs later come first, and this one
/// gets what they pass on; so this is called before the subject is set up.
pub(crate) fn install() {
    for signal in DEADLY {
        // SAFETY: a handler of the right form; what it does is safe in a handler.
        unsafe {
            let mut action: libc::sigaction = mem::zeroed();
            action.sa_sigaction = died as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESETHAND;
            libc::sigaction(signal, &raw const action, ptr::null_mut());
        }
    }
}

/// Says where a death is written down; `None` where it is nobody's business.
pub(crate) fn record(flight: Option<&'static Flight>) {
    FLIGHT.store(
        flight.map_or(ptr::null_mut(), |flight| ptr::from_ref(flight).cast_mut()),
        Relaxed,
    );
}

extern "C" fn died(signal: c_int, _: *mut siginfo_t, context: *mut c_void) {
    hook::with(|hook| {
        hook.intercept(false);
        hook::set_on(false);
    });
    // SAFETY: null, or set by `record` to what lives for ever.
    if let Some(flight) = unsafe { FLIGHT.load(Relaxed).as_ref() } {
        flight.signal.store(signal as u32, Relaxed);
        let at = interrupted(context);
        let end = hook::with(hook::Hook::boundary);
        flight
            .death
            .set(&Stack::of_death(Start::Interrupted(&at), end));
    }
    // SAFETY: the handler is reset by now, so this one ends the process once the handler returns.
    unsafe { libc::raise(signal) };
}

/// Where a signal of this context struck.
#[cfg(target_arch = "x86_64")]
pub(crate) fn interrupted(context: *mut c_void) -> Interrupted {
    // SAFETY: the kernel gives a valid context to a handler.
    let registers = unsafe { (*context.cast::<ucontext_t>()).uc_mcontext.gregs };
    Interrupted {
        instruction: registers[libc::REG_RIP as usize] as usize,
    }
}

/// Where a signal of this context struck.
#[cfg(target_arch = "aarch64")]
pub(crate) fn interrupted(context: *mut c_void) -> Interrupted {
    // SAFETY: the kernel gives a valid context to a handler.
    let machine = unsafe { (*context.cast::<ucontext_t>()).uc_mcontext };
    Interrupted {
        instruction: machine.pc as usize,
    }
}
