//! Interception of this thread's system calls.
//!
//! System Call User Dispatch comes first: it holds for one thread, can be ended, and is switched by
//! storing a byte, so that a plan costs no system call. A seccomp filter comes second: it traps only
//! what the table names, but holds for the rest of the process. Both end in the same handler, which
//! makes the call through the gate or answers it with an error.
#![allow(unsafe_code)]

use super::calls::{self, By, CALLS};
use super::{crash, gate};
use crate::hook;
use crate::sites::stack::Start;
use crate::sys::Unavailable;
use libc::{c_int, c_long, c_void, siginfo_t, sock_filter, ucontext_t};
use std::sync::atomic::Ordering::Relaxed;
use std::{io, mem, ptr};

const PR_SET_SYSCALL_USER_DISPATCH: c_int = 59;
const OFF: usize = 0;
const ON: usize = 1;

/// Begins, for this thread. Until the selector is set nothing is intercepted.
pub(super) fn begin(by: By) -> Result<(), Unavailable> {
    handle()?;
    let result = match by {
        By::Dispatch => {
            let (begin, len) = gate::range();
            let selector = hook::with(|hook| hook.selector().as_ptr());
            // SAFETY: the selector lives as long as this thread.
            unsafe { libc::prctl(PR_SET_SYSCALL_USER_DISPATCH, ON, begin, len, selector) }
        }
        By::Filter => filter(),
    };
    match result {
        0 => Ok(()),
        _ => Err(refused(by.name())),
    }
}

/// Ends it where that is possible.
pub(super) fn end(by: By) {
    hook::with(|hook| hook.intercept(false));
    if by == By::Dispatch {
        // SAFETY: takes no memory.
        unsafe { libc::prctl(PR_SET_SYSCALL_USER_DISPATCH, OFF, 0, 0, 0) };
    }
}

fn refused(what: &'static str) -> Unavailable {
    Unavailable::Kernel {
        what,
        why: io::Error::last_os_error().to_string(),
    }
}

/// What the kernel takes: its own structure, for libc's call puts in a return of its own.
#[repr(C)]
struct KernelAction {
    handler: usize,
    flags: u64,
    restorer: usize,
    mask: u64,
}

const SA_RESTORER: u64 = 0x0400_0000;

fn handle() -> Result<(), Unavailable> {
    let action = KernelAction {
        handler: trapped as *const () as usize,
        flags: SA_RESTORER | libc::SA_SIGINFO as u64 | libc::SA_NODEFER as u64,
        restorer: gate::restore(),
        mask: 0,
    };
    // SAFETY: a valid action, whose restorer returns from handlers as libc's does.
    let result = unsafe {
        libc::syscall(
            libc::SYS_rt_sigaction,
            libc::SIGSYS,
            &raw const action,
            ptr::null::<c_void>(),
            8usize,
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(refused("a handler for system calls")),
    }
}

/// Traps the calls of the table unless they come from the gate.
fn filter() -> c_int {
    const LOAD: u16 = 0x20;
    const EQUAL: u16 = 0x15;
    const AT_LEAST: u16 = 0x35;
    const RETURN: u16 = 0x06;
    const ALLOW: u32 = 0x7fff_0000;
    const TRAP: u32 = 0x0003_0000;
    const NUMBER: u32 = 0;
    const POINTER_LOW: u32 = 8;
    const POINTER_HIGH: u32 = 12;
    let step = |code, k, jt, jf| sock_filter { code, jt, jf, k };
    let (begin, len) = gate::range();
    let (high, low) = ((begin >> 32) as u32, begin as u32);
    let mut program = vec![
        step(LOAD, POINTER_HIGH, 0, 0),
        step(EQUAL, high, 0, 4),
        step(LOAD, POINTER_LOW, 0, 0),
        step(AT_LEAST, low, 0, 2),
        step(AT_LEAST, low.wrapping_add(len as u32).wrapping_add(1), 1, 0),
        step(RETURN, ALLOW, 0, 0),
        step(LOAD, NUMBER, 0, 0),
    ];
    let traps = calls::trapped();
    for number in &traps {
        program.push(step(EQUAL, *number as u32, 0, 1));
        program.push(step(RETURN, TRAP, 0, 0));
    }
    program.push(step(RETURN, ALLOW, 0, 0));
    let filter = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: a valid program that lives until the call returns.
    unsafe {
        if libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 {
            return -1;
        }
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const filter,
        )
    }
}

/// The part of `siginfo_t` that SIGSYS fills.
#[repr(C)]
struct SysInfo {
    head: [c_int; 4],
    address: usize,
    number: c_int,
}

/// The registers of an intercepted call.
struct Registers<'a>(&'a mut ucontext_t);

impl Registers<'_> {
    fn read(&self, register: c_int) -> u64 {
        self.0.uc_mcontext.gregs[register as usize] as u64
    }

    fn write(&mut self, register: c_int, value: i64) {
        self.0.uc_mcontext.gregs[register as usize] = value;
    }

    fn arguments(&self) -> [u64; 6] {
        [
            libc::REG_RDI,
            libc::REG_RSI,
            libc::REG_RDX,
            libc::REG_R10,
            libc::REG_R8,
            libc::REG_R9,
        ]
        .map(|register| self.read(register))
    }

    /// Makes the call in place, with this stack and these registers, once the handler returns.
    fn pass(&mut self, number: i64) {
        let back = self.read(libc::REG_RIP) as usize;
        self.write(libc::REG_RAX, number);
        self.write(libc::REG_RIP, gate::pass_to(back) as i64);
    }

    /// Returns from the handler that was interrupted on its way back.
    fn restore(&mut self) {
        self.write(libc::REG_RIP, gate::restore() as i64);
    }
}

extern "C" fn trapped(_: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel gives a handler of SIGSYS both, valid and its own.
    let (number, mut registers) = unsafe {
        let number = (*info.cast::<SysInfo>()).number;
        (i64::from(number), Registers(&mut *context.cast()))
    };
    let arguments = registers.arguments();
    // A filter traps also while nothing is to be intercepted.
    let on = hook::with(|hook| hook.selector().load(Relaxed) != 0);
    if let Some(row) = calls::row(number as c_long).filter(|_| on) {
        let at = crash::interrupted(context);
        let bytes = calls::bytes(number as c_long, &arguments);
        if hook::with(|hook| hook.mapping_fails(row, bytes, Start::Interrupted(&at))) {
            return registers.write(libc::REG_RAX, -i64::from(CALLS[row].error));
        }
    }
    match number as c_long {
        libc::SYS_rt_sigreturn => registers.restore(),
        libc::SYS_rt_sigprocmask => {
            let result = mask(&mut registers, &arguments);
            registers.write(libc::REG_RAX, result);
        }
        // These act on the stack, on the return or on what the return restores.
        libc::SYS_clone
        | libc::SYS_clone3
        | libc::SYS_fork
        | libc::SYS_vfork
        | libc::SYS_sigaltstack => registers.pass(number),
        _ => {
            // SAFETY: the call that the program made, made in its stead.
            let result = unsafe { gate::call(number, &arguments) };
            registers.write(libc::REG_RAX, result);
            if on {
                let came = calls::mapped(number as c_long, &arguments, result);
                hook::with(|hook| hook.mapped(came));
            }
        }
    }
}

/// Changes the signal mask that holds after the handler. SIGSYS always gets through: blocked, it
/// would end the process.
fn mask(registers: &mut Registers<'_>, arguments: &[u64; 6]) -> i64 {
    let [how, set, old, ..] = *arguments;
    // SAFETY: the kernel's mask is the first 8 bytes; `set` and `old` are the program's own pointers.
    unsafe {
        let current = (&raw mut registers.0.uc_sigmask).cast::<u64>();
        let before = *current;
        if let Some(set) = (set as *const u64).as_ref() {
            let wanted = match how as c_int {
                libc::SIG_BLOCK => before | set,
                libc::SIG_UNBLOCK => before & !set,
                libc::SIG_SETMASK => *set,
                _ => return -i64::from(libc::EINVAL),
            };
            *current = wanted & !(1 << (libc::SIGSYS - 1));
        }
        if let Some(old) = (old as *mut u64).as_mut() {
            *old = before;
        }
    }
    0
}

const _: () = assert!(mem::offset_of!(SysInfo, number) == 24);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Plan, Rule, Scope};

    /// By which errors three mappings of a page fail, when the second is to.
    fn failing(by: By) -> [i32; 3] {
        // A filter cannot be taken back, so each has a thread that ends with it.
        let thread = std::thread::spawn(move || {
            calls::begin_by(by).expect("the kernel grants it");
            let scope = Scope::enter(Plan::mapping(Rule::Nth(1)));
            // SAFETY: new pages where the kernel likes; the thread forgets them.
            let maps = [(); 3].map(|()| unsafe {
                let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
                let page = libc::mmap(ptr::null_mut(), 4096, libc::PROT_READ, flags, -1, 0);
                match page == libc::MAP_FAILED {
                    true => *libc::__errno_location(),
                    false => 0,
                }
            });
            drop(scope);
            calls::end();
            maps
        });
        thread.join().expect("the thread ends")
    }

    #[test]
    fn each_means_fails_exactly_the_planned_call() {
        for by in By::ALL {
            assert_eq!(failing(by), [0, libc::ENOMEM, 0], "{by:?}");
        }
    }
}
