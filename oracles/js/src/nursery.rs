//! Starts children that do not outlive this process, however it ends.
//!
//! A child whose parent is gone reads the end of its input and leaves by itself, unless it is in
//! an endless loop. For that case Linux is asked to kill it with its parent. By "parent" Linux
//! means the thread that started it; so one thread, which never ends, starts them all.

use std::io;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Sender};

type Birth = (Command, Sender<io::Result<Child>>);

/// As [`Command::spawn`].
pub(crate) fn spawn(mut command: Command) -> io::Result<Child> {
    static NURSERY: OnceLock<Sender<Birth>> = OnceLock::new();
    die_with_parent(&mut command);
    let (answer, child) = mpsc::channel();
    let gone = || io::Error::other("the thread that starts children is gone");
    NURSERY
        .get_or_init(open)
        .send((command, answer))
        .map_err(|_| gone())?;
    child.recv().map_err(|_| gone())?
}

fn open() -> Sender<Birth> {
    let (sender, births) = mpsc::channel::<Birth>();
    std::thread::spawn(move || {
        for (mut command, answer) in births {
            // Whoever asked may have gone; then the child is killed at once.
            if let Err(unsent) = answer.send(command.spawn())
                && let Ok(mut child) = unsent.0
            {
                drop(child.kill());
                drop(child.wait());
            }
        }
    });
    sender
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn die_with_parent(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: the closure runs between fork and exec, where only async-signal-safe functions may
    // be called; prctl is one system call that touches no memory of ours, and nothing allocates.
    unsafe {
        command.pre_exec(
            || match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            },
        );
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_command: &mut Command) {}
