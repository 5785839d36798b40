//! Child processes.
#![allow(unsafe_code)]

use crate::sys::Unavailable;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Writes to standard error, without a lock or an allocation.
pub(crate) fn say(text: &str) {
    // SAFETY: a valid text, of the length that is told. What cannot be said is lost.
    unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Exit(i32),
    Signal(i32),
}

/// A child process. It is killed when dropped, and when its parent dies.
#[derive(Debug)]
pub(crate) struct Child {
    pid: libc::pid_t,
    descriptor: OwnedFd,
    ended: Option<Ended>,
}

/// What a child prints, in memory.
#[derive(Debug)]
pub(crate) struct Capture(File);

/// How many threads this process has.
pub(crate) fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}

/// Keeps the standard library from symbolising a backtrace at every panic and every abort of a child,
/// which costs a hundred times what the run does. A process of several threads is left as it is.
pub(crate) fn without_backtraces() {
    if threads() > 1 {
        return;
    }
    for name in [c"RUST_BACKTRACE", c"RUST_LIB_BACKTRACE"] {
        // SAFETY: texts that end with a zero; no other thread reads the environment meanwhile.
        unsafe { libc::setenv(name.as_ptr(), c"0".as_ptr(), 1) };
    }
}

/// The processor time that this thread has used.
pub(crate) fn processor_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: fills what it is given.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Forks. The child runs `work` and exits with what it returns; it prints into `capture`.
///
/// The caller must be the only thread: others do not survive, but the locks they hold do.
pub(crate) fn fork(capture: &Capture, work: impl FnOnce() -> i32) -> Result<Child, Unavailable> {
    let refused = |what| Unavailable::Kernel {
        what,
        why: io::Error::last_os_error().to_string(),
    };
    // SAFETY: this process has one thread, so that the child has all of it.
    let pid = unsafe { libc::fork() };
    if pid < 0 {
        return Err(refused("a fork"));
    }
    if pid == 0 {
        // SAFETY: plain system calls with descriptors that are open.
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            libc::dup2(capture.0.as_raw_fd(), 1);
            libc::dup2(capture.0.as_raw_fd(), 2);
        }
        let code = catch_unwind(AssertUnwindSafe(work)).unwrap_or(PANICKED);
        crate::hook::with(|hook| hook.intercept(false));
        // SAFETY: ends the process; destructors are the parent's.
        unsafe { libc::_exit(code) }
    }
    // SAFETY: asks for a descriptor of the child just made.
    let descriptor = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if descriptor < 0 {
        let why = refused("a descriptor of a process");
        // SAFETY: the child is ours.
        unsafe {
            libc::kill(pid, libc::SIGKILL);
            libc::waitpid(pid, std::ptr::null_mut(), 0);
        }
        return Err(why);
    }
    Ok(Child {
        pid,
        // SAFETY: just opened, and nobody else's.
        descriptor: unsafe { OwnedFd::from_raw_fd(descriptor as i32) },
        ended: None,
    })
}

/// The exit code of a child whose own work panicked, outside of any run.
pub(crate) const PANICKED: i32 = 101;

impl Child {
    /// Waits for at most so long.
    pub(crate) fn wait(&mut self, at_most: Duration) -> Option<Ended> {
        if self.ended.is_some() {
            return self.ended;
        }
        let mut poll = libc::pollfd {
            fd: self.descriptor.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let milliseconds = i32::try_from(at_most.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: one structure, as is told.
        if unsafe { libc::poll(&raw mut poll, 1, milliseconds) } <= 0 {
            return None;
        }
        Some(self.reap())
    }

    /// Asks it to take down where it is and to die.
    pub(crate) fn abort(&self) {
        if self.ended.is_none() {
            // SAFETY: as in `kill`.
            unsafe { libc::kill(self.pid, libc::SIGABRT) };
        }
    }

    /// Kills it, and waits until it is gone.
    pub(crate) fn kill(&mut self) -> Ended {
        if let Some(ended) = self.ended {
            return ended;
        }
        // SAFETY: the child is ours and not yet waited for, so its number is its own.
        unsafe { libc::kill(self.pid, libc::SIGKILL) };
        self.reap()
    }

    fn reap(&mut self) -> Ended {
        let mut status = 0;
        // SAFETY: as above.
        while unsafe { libc::waitpid(self.pid, &raw mut status, 0) } < 0
            && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
        {}
        let ended = match libc::WIFSIGNALED(status) {
            true => Ended::Signal(libc::WTERMSIG(status)),
            false => Ended::Exit(libc::WEXITSTATUS(status)),
        };
        self.ended = Some(ended);
        ended
    }

    /// Whether it waits for something other than its turn.
    pub(crate) fn sleeps(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid));
        let stat = stat.unwrap_or_default();
        // The name before it is in parentheses and may hold anything.
        let state = stat.rsplit_once(") ").map(|(_, behind)| behind);
        state.is_some_and(|state| state.starts_with(['S', 'D']))
    }

    /// The processor time that it has used.
    pub(crate) fn processor_time(&self) -> Option<Duration> {
        let mut clock = 0;
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: both fill what they are given.
        let known = unsafe {
            libc::clock_getcpuclockid(self.pid, &raw mut clock) == 0
                && libc::clock_gettime(clock, &raw mut time) == 0
        };
        known.then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Capture {
    pub(crate) fn new() -> Result<Self, Unavailable> {
        // SAFETY: a name that ends with a zero.
        let file = unsafe { libc::memfd_create(c"assay-oom".as_ptr(), libc::MFD_CLOEXEC) };
        if file < 0 {
            return Err(Unavailable::Kernel {
                what: "a file in memory",
                why: io::Error::last_os_error().to_string(),
            });
        }
        // SAFETY: just opened, and nobody else's.
        Ok(Self(unsafe { File::from_raw_fd(file) }))
    }

    /// Adds to it, from the child's side.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.0).write_all(bytes)
    }

    /// Takes all that is in it.
    pub(crate) fn take(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut file = &self.0;
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        file.set_len(0)?;
        file.rewind()?;
        Ok(bytes)
    }
}
