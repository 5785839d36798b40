//! The failing allocator.
#![allow(unsafe_code)]

use crate::debug::{Checks, Header};
use crate::hook::{self, ALLOC, REALLOC, ZEROED};
use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;

/// A global allocator that can fail, over any other.
///
/// Outside a [`Scope`](crate::Scope) it costs one branch. Inside, on the thread that entered it, it
/// counts, keeps the balance, and fails what the plan says.
///
/// ```
/// use assay_oom::FaultAllocator;
///
/// #[global_allocator]
/// static ALLOCATOR: FaultAllocator = FaultAllocator::system();
/// # fn main() { assert!(assay_oom::is_installed()) }
/// ```
#[derive(Debug)]
pub struct FaultAllocator<A = System> {
    inner: A,
    checks: Checks,
}

impl FaultAllocator<System> {
    /// Over the system's allocator.
    pub const fn system() -> Self {
        Self::new(System)
    }
}

impl<A> FaultAllocator<A> {
    /// Over `inner`, which is asked for all that does not fail.
    pub const fn new(inner: A) -> Self {
        Self {
            inner,
            checks: Checks::NONE,
        }
    }

    /// Over `inner`, with checks of what the program does with its memory. They hold in the whole
    /// process, in and out of scopes, and cost what they cost.
    pub const fn checked(inner: A, checks: Checks) -> Self {
        Self { inner, checks }
    }
}

// SAFETY: every block comes from `inner` with the layout that was asked for (or, with checks, with
// that layout behind a header), goes back to it with the same, and failing is returning null,
// which the trait allows at any time. Nothing here unwinds: the hook does arithmetic that wraps.
unsafe impl<A: GlobalAlloc> GlobalAlloc for FaultAllocator<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        let take = || unsafe { self.take(layout, false) };
        match hook::is_on() {
            false => take(),
            true => counted(ALLOC, layout, take),
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        let take = || unsafe { self.take(layout, true) };
        match hook::is_on() {
            false => take(),
            true => counted(ZEROED, layout, take),
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        let give = || unsafe { self.give(block, layout) };
        match hook::is_on() {
            false => give(),
            true => hook::with(|hook| {
                hook.gave_back(layout.size());
                hook.inner(give);
            }),
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        let resize = || unsafe { self.resize(block, layout, size) };
        match hook::is_on() {
            false => resize(),
            true => hook::with(|hook| {
                if hook.heap_fails(REALLOC, size) {
                    return ptr::null_mut();
                }
                let moved = hook.inner(resize);
                if !moved.is_null() {
                    hook.resized(layout.size(), size);
                }
                moved
            }),
        }
    }
}

/// Counts a request, and serves it unless it fails.
fn counted(kind: u32, layout: Layout, take: impl FnOnce() -> *mut u8) -> *mut u8 {
    hook::with(|hook| {
        if hook.heap_fails(kind, layout.size()) {
            return ptr::null_mut();
        }
        let block = hook.inner(take);
        if !block.is_null() {
            hook.took(layout.size());
        }
        block
    })
}

/// The way to the inner allocator, through the checks that are on.
impl<A: GlobalAlloc> FaultAllocator<A> {
    /// # Safety
    ///
    /// As `GlobalAlloc::alloc`.
    #[inline(always)]
    unsafe fn take(&self, layout: Layout, zeroed: bool) -> *mut u8 {
        if !self.checks.any() {
            // SAFETY: the caller's promises are passed on.
            return unsafe {
                match zeroed {
                    false => self.inner.alloc(layout),
                    true => self.inner.alloc_zeroed(layout),
                }
            };
        }
        // SAFETY: as above.
        unsafe { self.take_checked(layout, zeroed) }
    }

    /// # Safety
    ///
    /// As `GlobalAlloc::dealloc`.
    #[inline(always)]
    unsafe fn give(&self, block: *mut u8, layout: Layout) {
        if !self.checks.any() {
            // SAFETY: the caller's promises are passed on.
            return unsafe { self.inner.dealloc(block, layout) };
        }
        // SAFETY: as above.
        unsafe { self.give_checked(block, layout) }
    }

    /// # Safety
    ///
    /// As `GlobalAlloc::realloc`.
    #[inline(always)]
    unsafe fn resize(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !self.checks.any() {
            // SAFETY: the caller's promises are passed on.
            return unsafe { self.inner.realloc(block, layout, size) };
        }
        // SAFETY: as above.
        unsafe { self.resize_checked(block, layout, size) }
    }

    #[cold]
    #[inline(never)]
    unsafe fn take_checked(&self, layout: Layout, zeroed: bool) -> *mut u8 {
        self.checks.size(layout.size());
        let Some((outer, offset)) = Header::around(layout) else {
            return ptr::null_mut();
        };
        // SAFETY: `outer` is at least as large as the header, so it is not empty.
        let base = unsafe { self.inner.alloc(outer) };
        if base.is_null() {
            return base;
        }
        // SAFETY: the block holds `offset` bytes of header and `layout.size()` bytes behind.
        unsafe {
            let block = base.add(offset);
            Header::write(block, layout);
            match zeroed {
                true => ptr::write_bytes(block, 0, layout.size()),
                false => self.checks.poison_fresh(block, layout.size()),
            }
            block
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn give_checked(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block was taken by `take_checked`, so its header is before it, and both
        // layouts are found again; what is poisoned is about to be given back.
        unsafe {
            let Some((outer, offset)) = self.checks.layout(block, layout) else {
                return;
            };
            self.checks.poison_freed(block, layout.size());
            Header::erase(block);
            self.inner.dealloc(block.sub(offset), outer);
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn resize_checked(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.checks.size(size);
        if self.checks.stays(layout.size(), size) {
            // SAFETY: the block is ours and has room, for it shrinks; only its header changes.
            unsafe { Header::shrink(block, layout, size) };
            return block;
        }
        let Ok(new) = Layout::from_size_align(size, layout.align()) else {
            return ptr::null_mut();
        };
        // SAFETY: two blocks that do not overlap, and what is copied is within both.
        unsafe {
            let moved = self.take_checked(new, false);
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                self.give_checked(block, layout);
            }
            moved
        }
    }
}
