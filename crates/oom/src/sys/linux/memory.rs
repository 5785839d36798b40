//! Memory that parent and child share.
#![allow(unsafe_code)]

use crate::sys::{Shared, Unavailable};
use std::{io, mem, ptr};

/// A zeroed `T` that children of this process share with it. It is never given back; only the pages
/// that are touched cost anything.
pub(crate) fn share<T: Shared>() -> Result<&'static T, Unavailable> {
    // SAFETY: a fresh mapping, where the kernel likes, of nothing that exists.
    let address = unsafe {
        libc::mmap(
            ptr::null_mut(),
            mem::size_of::<T>(),
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if address == libc::MAP_FAILED {
        return Err(Unavailable::Kernel {
            what: "shared memory",
            why: io::Error::last_os_error().to_string(),
        });
    }
    // SAFETY: zeroed, page-aligned, large enough, never unmapped; `Shared` says that zeroes are valid.
    Ok(unsafe { &*address.cast::<T>() })
}
