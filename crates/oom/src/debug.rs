//! Checks of what a program does with its memory, for a debugging build of the allocator.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ptr;

/// What the allocator checks. A failed check says so on standard error and aborts: an allocator
/// must not unwind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checks {
    /// Fresh memory is filled with [`FRESH`](Self::FRESH), freed memory with
    /// [`FREED`](Self::FREED), so that the use of either shows.
    pub poison: bool,
    /// A block must be given back with the layout that it was taken with, and once.
    pub layouts: bool,
    /// A request for no bytes, which the trait forbids, is refused.
    pub zero_sizes: bool,
    /// Whether a block that is resized moves.
    pub realloc: Realloc,
}

/// What resizing does to the place of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Realloc {
    /// It always moves, so that a stale pointer shows.
    Moves,
    /// A block that shrinks stays where it is, so that reliance on moving shows.
    Stays,
}

impl Checks {
    /// Nothing is checked, and nothing is paid for.
    pub const NONE: Self = Self {
        poison: false,
        layouts: false,
        zero_sizes: false,
        realloc: Realloc::Stays,
    };
    /// Everything is checked, and a block that is resized moves.
    pub const ALL: Self = Self {
        poison: true,
        layouts: true,
        zero_sizes: true,
        realloc: Realloc::Moves,
    };
    /// What fresh memory is filled with.
    pub const FRESH: u8 = 0xa5;
    /// What freed memory is filled with.
    pub const FREED: u8 = 0xde;

    pub(crate) const fn any(&self) -> bool {
        self.poison || self.layouts || self.zero_sizes || matches!(self.realloc, Realloc::Moves)
    }

    pub(crate) fn size(&self, bytes: usize) {
        if self.zero_sizes && bytes == 0 {
            stop("a request for no bytes");
        }
    }

    pub(crate) const fn stays(&self, old: usize, new: usize) -> bool {
        matches!(self.realloc, Realloc::Stays) && new <= old
    }

    /// # Safety
    ///
    /// `bytes` bytes can be written from `block` on.
    pub(crate) unsafe fn poison_fresh(&self, block: *mut u8, bytes: usize) {
        if self.poison {
            // SAFETY: the caller's promise.
            unsafe { ptr::write_bytes(block, Self::FRESH, bytes) };
        }
    }

    /// # Safety
    ///
    /// `bytes` bytes can be written from `block` on.
    pub(crate) unsafe fn poison_freed(&self, block: *mut u8, bytes: usize) {
        if self.poison {
            // SAFETY: the caller's promise.
            unsafe { ptr::write_bytes(block, Self::FREED, bytes) };
        }
    }

    /// The layout of the outer block and where the inner one begins, after the check.
    ///
    /// # Safety
    ///
    /// `block` was made by `Header::write`.
    pub(crate) unsafe fn layout(&self, block: *mut u8, claimed: Layout) -> Option<(Layout, usize)> {
        // SAFETY: the caller's promise.
        let header = unsafe { Header::read(block) };
        if header.magic != Header::LIVE {
            stop("a block that is not live is given back");
        }
        if self.layouts && (header.size != claimed.size() || header.align != claimed.align()) {
            stop("a block is given back with another layout than it was taken with");
        }
        let taken = Layout::from_size_align(header.taken, header.align).ok()?;
        Header::around(taken)
    }
}

/// What stands before each block while anything is checked.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Header {
    magic: usize,
    size: usize,
    align: usize,
    /// The size when the block was taken, before it shrank in place.
    taken: usize,
}

impl Header {
    const LIVE: usize = 0x6c69_7665;
    const GONE: usize = 0x676f_6e65;

    /// The layout of a header and a block behind it, and where the block begins.
    pub(crate) fn around(layout: Layout) -> Option<(Layout, usize)> {
        Layout::new::<Self>().extend(layout).ok()
    }

    /// # Safety
    ///
    /// `block` lies behind room for a header, as [`around`](Self::around) says.
    pub(crate) unsafe fn write(block: *mut u8, layout: Layout) {
        let header = Self {
            magic: Self::LIVE,
            size: layout.size(),
            align: layout.align(),
            taken: layout.size(),
        };
        // SAFETY: the caller's promise; blocks may be aligned to less than a header.
        unsafe { ptr::write_unaligned(Self::before(block), header) };
    }

    /// # Safety
    ///
    /// As [`write`](Self::write).
    unsafe fn read(block: *mut u8) -> Self {
        // SAFETY: the caller's promise.
        unsafe { ptr::read_unaligned(Self::before(block)) }
    }

    /// # Safety
    ///
    /// As [`write`](Self::write).
    pub(crate) unsafe fn erase(block: *mut u8) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut header = Self::read(block);
            header.magic = Self::GONE;
            ptr::write_unaligned(Self::before(block), header);
        }
    }

    /// # Safety
    ///
    /// As [`write`](Self::write).
    pub(crate) unsafe fn shrink(block: *mut u8, layout: Layout, size: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut header = Self::read(block);
            if header.size != layout.size() || header.align != layout.align() {
                stop("a block is resized with another layout than it was taken with");
            }
            header.size = size;
            ptr::write_unaligned(Self::before(block), header);
        }
    }

    fn before(block: *mut u8) -> *mut Self {
        block.wrapping_sub(size_of::<Self>()).cast()
    }
}

/// Says why, and aborts.
#[cold]
#[inline(never)]
fn stop(why: &str) -> ! {
    crate::hook::set_on(false);
    crate::sys::say("assay-oom: ");
    crate::sys::say(why);
    crate::sys::say("\n");
    std::process::abort()
}
