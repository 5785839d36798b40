//! The system calls that ask for virtual memory, and whether they are intercepted.

use crate::sys::Unavailable;
use libc::{c_int, c_long};
use std::cell::Cell;

/// A system call that a plan may fail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub(crate) number: c_long,
    /// What it fails with.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub(crate) error: c_int,
}

const fn call(name: &'static str, number: c_long, error: c_int) -> Call {
    Call {
        name,
        number,
        error,
    }
}

/// All of them. `mprotect` fails when it would split a mapping and there are too many; what begins a
/// thread fails where its documentation says so, with EAGAIN.
pub(crate) const CALLS: &[Call] = &[
    call("mmap", libc::SYS_mmap, libc::ENOMEM),
    call("mremap", libc::SYS_mremap, libc::ENOMEM),
    call("mprotect", libc::SYS_mprotect, libc::ENOMEM),
    call("memfd_create", libc::SYS_memfd_create, libc::ENOMEM),
    call("ftruncate", libc::SYS_ftruncate, libc::ENOMEM),
    call("sigaltstack", libc::SYS_sigaltstack, libc::ENOMEM),
    call("clone", libc::SYS_clone, libc::EAGAIN),
    call("clone3", libc::SYS_clone3, libc::EAGAIN),
    call("munmap", libc::SYS_munmap, libc::ENOMEM),
    call("madvise", libc::SYS_madvise, libc::ENOMEM),
];

/// From here on they give memory back. The kernel fails such a call only when it would split a
/// mapping, so to fail them all asks more of a library than the kernel does.
const RELEASES: usize = CALLS.len() - 2;

/// The mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Dispatch,
    Filter,
}

impl By {
    pub(crate) const ALL: [Self; 2] = [Self::Dispatch, Self::Filter];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dispatch => "system call user dispatch",
            Self::Filter => "a seccomp filter",
        }
    }
}

thread_local! {
    static BY: Cell<Option<By>> = const { Cell::new(None) };
    static FAIL_RELEASES: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread's system calls can be intercepted.
pub(crate) fn is_on() -> bool {
    BY.get().is_some()
}

/// Whether calls that give memory back are requests too.
pub(crate) fn fail_releases(fail: bool) {
    FAIL_RELEASES.set(fail);
}

/// The row of a call that is a request.
#[cfg(target_arch = "x86_64")]
pub(crate) fn row(number: c_long) -> Option<usize> {
    let row = CALLS.iter().position(|call| call.number == number)?;
    (row < RELEASES || FAIL_RELEASES.get()).then_some(row)
}

/// Gets this thread's system calls ready to be intercepted, by the best that the kernel grants.
pub(crate) fn begin() -> Result<By, Unavailable> {
    if let Some(by) = BY.get() {
        return Ok(by);
    }
    let mut refusal = Unavailable::Platform("interception of system calls");
    for by in By::ALL {
        match begin_by(by) {
            Ok(()) => return Ok(by),
            Err(why) => refusal = why,
        }
    }
    Err(refusal)
}

/// As [`begin`], by this mechanism alone.
#[cfg(target_arch = "x86_64")]
pub(crate) fn begin_by(by: By) -> Result<(), Unavailable> {
    super::intercept::begin(by)?;
    BY.set(Some(by));
    Ok(())
}

/// As [`begin`], by this mechanism alone.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn begin_by(_: By) -> Result<(), Unavailable> {
    Err(Unavailable::Platform("interception of system calls"))
}

/// Ends it. A filter stays, and lets everything pass.
pub(crate) fn end() {
    #[cfg(target_arch = "x86_64")]
    if let Some(by) = BY.take() {
        super::intercept::end(by);
    }
}

/// Forgets an interception that the parent began: a fork ends it.
pub(crate) fn forget() {
    if BY.get() == Some(By::Dispatch) {
        BY.set(None);
    }
}

/// What a filter traps: the calls of the table, and those that could lock the handler out.
#[cfg(target_arch = "x86_64")]
pub(crate) fn trapped() -> Vec<c_long> {
    let others = [libc::SYS_rt_sigprocmask];
    CALLS.iter().map(|call| call.number).chain(others).collect()
}

/// How many bytes a call asks for.
#[cfg(target_arch = "x86_64")]
pub(crate) fn bytes(number: c_long, arguments: &[u64; 6]) -> usize {
    let [_, second, third, ..] = *arguments;
    let bytes = match number {
        libc::SYS_mmap
        | libc::SYS_munmap
        | libc::SYS_mprotect
        | libc::SYS_madvise
        | libc::SYS_ftruncate => second,
        libc::SYS_mremap => third,
        _ => 0,
    };
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// How much virtual memory a call that was made brought (or took). A mapping at a fixed address
/// replaces what was there, so it counts for nothing.
#[cfg(target_arch = "x86_64")]
pub(crate) fn mapped(number: c_long, arguments: &[u64; 6], result: i64) -> i64 {
    let [_, second, third, fourth, ..] = *arguments;
    if (-4095..0).contains(&result) {
        return 0;
    }
    match number {
        libc::SYS_mmap if fourth & libc::MAP_FIXED as u64 == 0 => second as i64,
        libc::SYS_munmap => (second as i64).wrapping_neg(),
        libc::SYS_mremap => (third as i64).wrapping_sub(second as i64),
        _ => 0,
    }
}
