//! All that depends on the platform: walking stacks, forking, signals, system calls.
//!
//! Linux on x86-64 has all of it, Linux on AArch64 all but the interception of system calls. Elsewhere
//! the allocator, scopes and judging in this process work (without sites), and the rest says
//! [`Unavailable`].

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(feature = "elsewhere")
))]
mod linux;
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(feature = "elsewhere")
))]
pub(crate) use linux::*;

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(feature = "elsewhere")
)))]
mod other;
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(feature = "elsewhere")
)))]
pub(crate) use other::*;

/// What may lie in shared memory.
///
/// # Safety
///
/// The type is made of atomics only: valid when zeroed, and without pointers.
#[allow(unsafe_code)]
pub(crate) unsafe trait Shared {}

// SAFETY: atomics, and arrays and structures of them, all through.
#[allow(unsafe_code)]
unsafe impl Shared for crate::explore::arena::Arena {}

/// What this machine cannot do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// The platform has no support for it here.
    #[error("{0} is not supported on this platform")]
    Platform(&'static str),
    /// The kernel refused.
    #[error("the kernel refuses {what}: {why}")]
    Kernel {
        /// What was asked for.
        what: &'static str,
        /// What the kernel said.
        why: String,
    },
}
