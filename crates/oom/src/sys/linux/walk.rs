//! Walking the stack: by frame pointers where the program has them, else by the unwinder.
//!
//! A walk by frame pointers costs a load per frame, one by the unwinder some hundred nanoseconds.
//! Which of the two holds in this program is found by trying both: on a known stack at first, and then on
//! each stack of a recorded run.
#![allow(unsafe_code)]

use crate::sites::stack::Start;
use libc::{c_int, c_void};
use std::cell::Cell;
use std::hint::black_box;
use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::{mem, ptr};

/// Where a signal struck.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interrupted {
    pub(crate) instruction: usize,
}

const UNDECIDED: u8 = 0;
const FRAME_POINTERS: u8 = 1;
const UNWINDER: u8 = 2;
static METHOD: AtomicU8 = AtomicU8::new(UNDECIDED);

thread_local! {
    /// The end of this thread's stack, and 0 while it is not known.
    static STACK: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Finds out, before anything is walked on this thread, what must not be asked while walking.
pub(crate) fn know_stack() {
    if STACK.get().1 == 0 {
        STACK.set(limits());
        super::modules::list();
    }
    if METHOD.load(Relaxed) == UNDECIDED {
        let agree = probe_outer(black_box(3));
        METHOD.store(if agree { FRAME_POINTERS } else { UNWINDER }, Relaxed);
    }
}

/// Whether stacks are walked by frame pointers.
pub(crate) fn has_frame_pointers() -> bool {
    METHOD.load(Relaxed) == FRAME_POINTERS
}

/// Frame pointers are not to be had after all.
pub(crate) fn unwind_from_now_on() {
    METHOD.store(UNWINDER, Relaxed);
}

/// How stacks are walked here.
pub(crate) fn method() -> &'static str {
    know_stack();
    match METHOD.load(Relaxed) {
        FRAME_POINTERS => "frame pointers",
        _ => "unwinder",
    }
}

/// The limits of this thread's stack; nothing where they cannot be had.
fn limits() -> (usize, usize) {
    // SAFETY: the structure is filled before it is read, and given back.
    unsafe {
        let mut attributes = mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes) != 0 {
            return (0, 1);
        }
        let (mut low, mut size) = (ptr::null_mut(), 0);
        let result =
            libc::pthread_attr_getstack(&raw const attributes, &raw mut low, &raw mut size);
        libc::pthread_attr_destroy(&raw mut attributes);
        match result {
            0 => (low as usize, (low as usize).wrapping_add(size)),
            _ => (0, 1),
        }
    }
}

/// Gives return addresses to `take`, innermost first: from the caller of the frame that holds the
/// beginning of `between` to the frame that holds its end, to the end of the stack, or until `take`
/// has enough. Where a signal struck, that is the beginning.
pub(crate) fn walk(start: Start<'_>, between: Range<usize>, take: &mut dyn FnMut(usize) -> bool) {
    match (METHOD.load(Relaxed), start) {
        (FRAME_POINTERS, Start::Here) => frame_pointers(between, take),
        // A signal may strike where there is no frame, or not yet.
        _ => unwind(start, between, take),
    }
}

/// The frame pointer and the stack pointer.
#[inline(always)]
fn here() -> (usize, usize) {
    let (frame, stack): (usize, usize);
    // SAFETY: two registers are read, and nothing else happens.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("mov {}, rbp", "mov {}, rsp", out(reg) frame, out(reg) stack,
            options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("mov {}, x29", "mov {}, sp", out(reg) frame, out(reg) stack,
            options(nomem, nostack, preserves_flags));
    }
    (frame, stack)
}

#[inline(never)]
fn frame_pointers(between: Range<usize>, take: &mut dyn FnMut(usize) -> bool) {
    let (mut frame, mut least) = here();
    let thread = STACK.get().0..STACK.get().1;
    let mut begin = between.start;
    // A frame lies above the one before it: chains that loop or lead astray end here. The one exception,
    // once, is the way from another stack (a fiber's) back to the thread's own.
    let mut elsewhere = !thread.contains(&least);
    while frame.is_multiple_of(8) {
        let comes_back = elsewhere && thread.contains(&frame);
        if frame < least && !comes_back || thread.contains(&frame) && frame >= between.end {
            return;
        }
        elsewhere &= !comes_back;
        // Nothing is known of the limits of other stacks, so there the kernel reads, which cannot fault.
        let pair = if thread.contains(&frame) && frame.saturating_add(16) <= thread.end {
            // SAFETY: within this thread's stack, above its stack pointer, aligned.
            Some(unsafe { *(frame as *const [usize; 2]) })
        } else {
            read_by_kernel(frame)
        };
        let Some([next, back]) = pair else { return };
        if back == 0 || (frame > begin && !take(back)) {
            return;
        }
        begin = if frame > begin { 0 } else { begin };
        least = frame.wrapping_add(16);
        frame = next;
    }
}

/// Reads what may not be there.
fn read_by_kernel(address: usize) -> Option<[usize; 2]> {
    let mut pair = [0usize; 2];
    let local = libc::iovec {
        iov_base: (&raw mut pair).cast(),
        iov_len: 16,
    };
    let remote = libc::iovec {
        iov_base: address as *mut c_void,
        iov_len: 16,
    };
    // SAFETY: the local vector is `pair`; the remote one is checked by the kernel. The number of this
    // process is asked each time, for it changes with a fork.
    let read = unsafe {
        libc::process_vm_readv(libc::getpid(), &raw const local, 1, &raw const remote, 1, 0)
    };
    (read == 16).then_some(pair)
}

unsafe extern "C-unwind" {
    fn _Unwind_Backtrace(
        trace: extern "C-unwind" fn(*mut c_void, *mut c_void) -> c_int,
        walk: *mut c_void,
    ) -> c_int;
    fn _Unwind_GetIPInfo(context: *mut c_void, before: *mut c_int) -> usize;
    fn _Unwind_GetCFA(context: *mut c_void) -> usize;
}

struct Unwinding<'a> {
    /// The address at which a signal struck, until it is reached.
    skip_to: usize,
    between: Range<usize>,
    /// This thread's stack.
    thread: Range<usize>,
    take: &'a mut dyn FnMut(usize) -> bool,
}

/// As [`walk`], by the unwinder. It neither allocates nor locks as long as nothing is being loaded.
#[inline(never)]
pub(crate) fn unwind(start: Start<'_>, between: Range<usize>, take: &mut dyn FnMut(usize) -> bool) {
    let (skip_to, between) = match start {
        Start::Here => (0, between),
        Start::Interrupted(at) => (at.instruction, 0..between.end),
    };
    let mut walk = Unwinding {
        skip_to,
        between,
        thread: STACK.get().0..STACK.get().1,
        take,
    };
    // SAFETY: `step` gets this structure back, during the call only.
    unsafe { _Unwind_Backtrace(step, (&raw mut walk).cast()) };
}

extern "C-unwind" fn step(context: *mut c_void, walk: *mut c_void) -> c_int {
    const GO_ON: c_int = 0;
    const ENOUGH: c_int = 5;
    let mut before = 0;
    // SAFETY: the unwinder gives its context, and `unwind` its structure.
    let (address, frame, walk) = unsafe {
        let address = _Unwind_GetIPInfo(context, &raw mut before);
        (
            address,
            _Unwind_GetCFA(context),
            &mut *walk.cast::<Unwinding<'_>>(),
        )
    };
    if walk.skip_to != 0 {
        if address != walk.skip_to {
            return GO_ON;
        }
        walk.skip_to = 0;
    }
    // What the unwinder calls the canonical address is the stack pointer in this frame: above the
    // boundary, the frame called the one that holds it.
    if address == 0 || (walk.thread.contains(&frame) && frame > walk.between.end) {
        return ENOUGH;
    }
    if frame <= walk.between.start {
        return GO_ON;
    }
    // What follows counts wherever it lies: a fiber's stack may be below the one that a signal came on.
    walk.between.start = 0;
    // A return address points behind the call; where a signal struck, it does not.
    let address = address.wrapping_add(usize::from(before != 0));
    match (walk.take)(address) {
        true => GO_ON,
        false => ENOUGH,
    }
}

#[inline(never)]
fn probe_outer(depth: u32) -> bool {
    black_box(probe_middle(black_box(depth))) && black_box(depth) > 0
}

#[inline(never)]
fn probe_middle(depth: u32) -> bool {
    black_box(probe_inner(black_box(depth))) && black_box(depth) > 0
}

/// Whether frame pointers tell the same callers as the unwinder.
#[inline(never)]
fn probe_inner(depth: u32) -> bool {
    fn frames(walk: impl FnOnce(&mut dyn FnMut(usize) -> bool)) -> [usize; 16] {
        let (mut frames, mut len) = ([0; 16], 0);
        walk(&mut |address| match frames.get_mut(len) {
            Some(place) => {
                *place = address;
                len += 1;
                true
            }
            None => false,
        });
        frames
    }
    let by_pointers = frames(|take| frame_pointers(0..usize::MAX, take));
    let by_tables = frames(|take| unwind(Start::Here, 0..usize::MAX, take));
    // The frames of this file differ by the place of the call. Three that are certainly the same are
    // the callers of `probe_inner`, which both must have.
    black_box(depth) > 0
        && by_pointers.windows(3).skip(1).take(6).any(|callers| {
            callers.iter().all(|caller| *caller != 0)
                && by_tables.windows(3).any(|own| own == callers)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// How many frames the handler walked.
    static FRAMES: AtomicUsize = AtomicUsize::new(0);

    type Walk = fn(Start<'_>, Range<usize>, &mut dyn FnMut(usize) -> bool);

    fn count(walk: Walk) {
        let begin = 0u8;
        let begin = black_box(&raw const begin) as usize;
        let mut frames = 0;
        walk(Start::Here, begin..usize::MAX, &mut |_| {
            frames += 1;
            true
        });
        FRAMES.store(frames, Relaxed);
    }

    extern "C" fn by_tables(_: c_int) {
        count(unwind);
    }

    extern "C" fn as_is_best(_: c_int) {
        count(walk);
    }

    const BYTES: usize = 1 << 16;

    /// Memory on one side of this stack.
    fn memory(above: bool) -> *mut c_void {
        let here = 0u8;
        let here = (&raw const here as usize) & !0xfff;
        let apart = (1..1_000).map(|step| step << 26);
        for apart in apart {
            let wanted = match above {
                true => here + apart,
                false => here - apart,
            };
            // SAFETY: a mapping of its own, wherever the kernel puts it.
            let got = unsafe {
                let access = libc::PROT_READ | libc::PROT_WRITE;
                let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
                libc::mmap(wanted as *mut c_void, BYTES, access, flags, -1, 0)
            };
            assert_ne!(got, libc::MAP_FAILED);
            if (got as usize > here) == above {
                return got;
            }
        }
        panic!("no memory on this side of the stack: above {above}");
    }

    /// The frames that a handler sees whose stack lies there.
    fn frames(handler: extern "C" fn(c_int), above: bool) -> usize {
        // SAFETY: handler and stack are put back before the memory of that stack could be given back,
        // which it never is.
        unsafe {
            let mut stack: libc::stack_t = mem::zeroed();
            stack.ss_sp = memory(above);
            stack.ss_size = BYTES;
            let mut last: libc::stack_t = mem::zeroed();
            assert_eq!(libc::sigaltstack(&raw const stack, &raw mut last), 0);
            let mut action: libc::sigaction = mem::zeroed();
            action.sa_sigaction = handler as usize;
            action.sa_flags = libc::SA_ONSTACK;
            let mut before: libc::sigaction = mem::zeroed();
            let signal = libc::SIGURG;
            assert_eq!(
                libc::sigaction(signal, &raw const action, &raw mut before),
                0
            );
            FRAMES.store(0, Relaxed);
            assert_eq!(libc::raise(signal), 0);
            assert_eq!(
                libc::sigaction(signal, &raw const before, ptr::null_mut()),
                0
            );
            assert_eq!(libc::sigaltstack(&raw const last, ptr::null_mut()), 0);
        }
        FRAMES.load(Relaxed)
    }

    #[test]
    fn a_walk_goes_on_below_the_stack_that_it_began_on() {
        know_stack();
        for handler in [by_tables, as_is_best] {
            let (below, above) = (frames(handler, false), frames(handler, true));
            // The handler's, and at least those of this test.
            assert!(below > 4, "{below}");
            assert_eq!(below, above);
        }
    }
}
