//! Unwind tables that Wasmtime registers with the system's unwinder, counted.
//!
//! Code that is gone while its table is still registered is read by the next unwinder that looks, which
//! need not be soon. So the functions that register are intercepted: they are defined here, by their
//! names, count, and pass on.

use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;

/// Tables registered and not taken back.
static REGISTERED: AtomicI64 = AtomicI64::new(0);

/// How many tables are registered. Always 0 where they cannot be counted.
pub(crate) fn registered() -> i64 {
    REGISTERED.load(Relaxed)
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
mod gnu {
    use super::{REGISTERED, Relaxed};
    use std::ffi::CStr;
    use std::sync::OnceLock;

    type Register = unsafe extern "C" fn(*const u8);

    /// The system's function of this name.
    fn real(name: &CStr, found: &OnceLock<Option<Register>>) -> Option<Register> {
        *found.get_or_init(|| {
            // SAFETY: the name is a string of C's.
            let address = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
            // SAFETY: both functions have this type in libgcc and in libunwind; null is `None`.
            unsafe { std::mem::transmute::<*mut libc::c_void, Option<Register>>(address) }
        })
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn __register_frame(table: *const u8) {
        static REAL: OnceLock<Option<Register>> = OnceLock::new();
        if let Some(register) = real(c"__register_frame", &REAL) {
            REGISTERED.fetch_add(1, Relaxed);
            // SAFETY: the caller keeps to the contract of the function of this name.
            unsafe { register(table) };
        }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn __deregister_frame(table: *const u8) {
        static REAL: OnceLock<Option<Register>> = OnceLock::new();
        if let Some(deregister) = real(c"__deregister_frame", &REAL) {
            REGISTERED.fetch_sub(1, Relaxed);
            // SAFETY: as above.
            unsafe { deregister(table) };
        }
    }
}
