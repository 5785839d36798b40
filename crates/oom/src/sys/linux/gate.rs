//! The gate: the one place from which this process may make system calls while all others are
//! intercepted.
//!
//! It stands in a range of addresses that the kernel is told of, so it works whatever the selector
//! says, and nothing has to be switched off and on again in a signal handler.
#![allow(unsafe_code)]

use std::arch::global_asm;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Where a call that must be made in place goes on afterwards.
static RETURN: AtomicUsize = AtomicUsize::new(0);

// `restore` is, to the byte, what the unwinder knows as the end of a signal handler, so that stacks
// can be walked through it; it must not have unwind tables of its own.
global_asm!(
    ".pushsection .text.assay_oom_gate, \"ax\", @progbits",
    ".balign 64",
    ".globl assay_oom_gate_begin",
    "assay_oom_gate_begin:",
    ".globl assay_oom_gate_call",
    "assay_oom_gate_call:",
    "mov rax, rdi",
    "mov r11, rsi",
    "mov rdi, [r11]",
    "mov rsi, [r11 + 8]",
    "mov rdx, [r11 + 16]",
    "mov r10, [r11 + 24]",
    "mov r8, [r11 + 32]",
    "mov r9, [r11 + 40]",
    "syscall",
    "ret",
    ".balign 16",
    "nop",
    ".globl assay_oom_gate_restore",
    "assay_oom_gate_restore:",
    ".byte 0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05",
    "ud2",
    ".globl assay_oom_gate_pass",
    "assay_oom_gate_pass:",
    "syscall",
    "jmp qword ptr [rip + {target}]",
    "ud2",
    ".globl assay_oom_gate_end",
    "assay_oom_gate_end:",
    ".popsection",
    target = sym RETURN,
);

unsafe extern "C" {
    static assay_oom_gate_begin: u8;
    static assay_oom_gate_end: u8;
    static assay_oom_gate_restore: u8;
    static assay_oom_gate_pass: u8;
    fn assay_oom_gate_call(number: i64, arguments: *const [u64; 6]) -> i64;
}

/// Makes a system call: its result, or the negative number of an error.
///
/// # Safety
///
/// As the system call.
pub(super) unsafe fn call(number: i64, arguments: &[u64; 6]) -> i64 {
    // SAFETY: the caller's promise.
    unsafe { assay_oom_gate_call(number, arguments) }
}

/// The range of the gate: where it begins, and how long it is.
pub(super) fn range() -> (usize, usize) {
    let (begin, end) = (
        &raw const assay_oom_gate_begin,
        &raw const assay_oom_gate_end,
    );
    (begin as usize, end as usize - begin as usize)
}

/// Where a signal handler returns to.
pub(super) fn restore() -> usize {
    ptr::addr_of!(assay_oom_gate_restore) as usize
}

/// Where a call goes that must be made with the registers and the stack as they are; it goes on at
/// `back`. One at a time.
pub(super) fn pass_to(back: usize) -> usize {
    RETURN.store(back, Relaxed);
    ptr::addr_of!(assay_oom_gate_pass) as usize
}
