//! One child process: frames in, frames out, and how it ended.

use crate::frame::HEADER_BYTES;
use crate::spec::JsSpec;
use crate::{nursery, script};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child as Process, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How much of what a child printed last is looked at.
const STDERR_BYTES: u64 = 16 << 10;

/// Longer than any reply, even with the content of a memory.
const LARGEST_FRAME: usize = 1 << 30;

/// How long a child whose pipe is closed may take to end.
const DYING: Duration = Duration::from_secs(5);

/// A running child.
///
/// It reads and writes one socket: unlike a pipe, that can be read with a time limit, and writing
/// to it after the other end is gone is an error and not a signal.
#[derive(Debug)]
pub(crate) struct Child {
    process: Process,
    stream: UnixStream,
    stderr: File,
    time_limit: Duration,
    buffer: Vec<u8>,
}

/// Why there is no reply.
#[derive(Debug)]
pub(crate) enum Failure {
    /// None came in time.
    TimedOut,
    /// The process is gone, or its end of the socket is.
    Gone,
    /// What it writes is no frame.
    Nonsense,
}

/// How a child ended.
#[derive(Debug)]
pub(crate) struct End {
    status: Option<ExitStatus>,
    /// The end of what it printed.
    pub stderr: String,
}

impl Child {
    /// Starts the runtime with the host script.
    pub fn start(spec: &JsSpec) -> io::Result<Self> {
        let script = script::file()?;
        let (ours, theirs) = UnixStream::pair()?;
        let stderr = unnamed_file()?;
        let mut command = Command::new(&spec.path);
        command.args(&spec.flags).arg(&script);
        command.envs(spec.env.iter().map(|(key, value)| (key, value)));
        // Settings of the user's own projects are none of ours.
        command.env_remove("NODE_OPTIONS").env_remove("BUN_OPTIONS");
        command.current_dir(script.parent().unwrap_or(&script));
        command
            .stdin(OwnedFd::from(theirs.try_clone()?))
            .stdout(OwnedFd::from(theirs));
        command.stderr(Stdio::from(stderr.try_clone()?));
        let process = nursery::spawn(command)?;
        let buffer = vec![0; 1 << 17];
        Ok(Self {
            process,
            stream: ours,
            stderr,
            time_limit: Duration::ZERO,
            buffer,
        })
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether the process is still there.
    pub fn is_running(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Writes a frame. The child reads all of it before it replies, so this does not block but for
    /// a child that is busy.
    pub fn send(&mut self, frame: &[u8]) -> Result<(), Failure> {
        self.stream.write_all(frame).map_err(|_| Failure::Gone)
    }

    /// Waits for a frame, and gives it without its length.
    pub fn receive(&mut self, time_limit: Duration) -> Result<&[u8], Failure> {
        let started = Instant::now();
        self.limit_reads(time_limit)?;
        let mut have = 0;
        let mut need = HEADER_BYTES;
        while have < need {
            match self.stream.read(&mut self.buffer[have..]) {
                Ok(0) => return Err(Failure::Gone),
                Ok(read) => have += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Err(Failure::TimedOut),
                Err(_) => return Err(Failure::Gone),
            }
            if have < need && started.elapsed() > time_limit {
                return Err(Failure::TimedOut);
            }
            if let Some(header) = self.buffer[..have].first_chunk::<HEADER_BYTES>() {
                need = HEADER_BYTES + u32::from_le_bytes(*header) as usize;
                if need > LARGEST_FRAME {
                    return Err(Failure::Nonsense);
                }
                if self.buffer.len() < need {
                    self.buffer.resize(need, 0);
                }
            }
        }
        Ok(&self.buffer[HEADER_BYTES..need])
    }

    /// Sets the time limit of a read, which costs a system call, where it differs.
    fn limit_reads(&mut self, time_limit: Duration) -> Result<(), Failure> {
        let time_limit = time_limit.max(Duration::from_millis(1));
        if self.time_limit != time_limit {
            self.stream
                .set_read_timeout(Some(time_limit))
                .map_err(|_| Failure::Gone)?;
            self.time_limit = time_limit;
        }
        Ok(())
    }

    /// Waits for a process that is about to end, and kills it when it does not.
    pub fn end(mut self) -> End {
        let started = Instant::now();
        // It may be waiting for us instead.
        drop(self.stream.shutdown(std::net::Shutdown::Both));
        while self.is_running() && started.elapsed() < DYING {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.kill();
        let stderr = self.printed().unwrap_or_default();
        End {
            status: self.process.wait().ok(),
            stderr,
        }
    }

    /// The end of what the process printed.
    fn printed(&mut self) -> io::Result<String> {
        let len = self.stderr.seek(SeekFrom::End(0))?;
        self.stderr
            .seek(SeekFrom::Start(len.saturating_sub(STDERR_BYTES)))?;
        let mut bytes = Vec::new();
        Read::by_ref(&mut self.stderr)
            .take(STDERR_BYTES)
            .read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn kill(&mut self) {
        // Both fail only for a process that has been waited for, which is what they are for.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

impl End {
    /// The signal or exit status, and what tells most of what was printed.
    pub fn how(&self) -> String {
        let status = match self.status {
            Some(status) => match (status.signal(), status.code()) {
                (Some(signal), _) => format!("killed by signal {signal}"),
                (None, Some(code)) => format!("exit status {code}"),
                (None, None) => "ended".to_owned(),
            },
            None => "ended".to_owned(),
        };
        [status]
            .into_iter()
            .chain(telling_lines(&self.stderr))
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// The lines in which the runtimes say why they end; or else the last ones. Stack traces and
/// process numbers, which differ from run to run, stay out.
fn telling_lines(stderr: &str) -> Vec<String> {
    const MARKS: [&str; 6] = [
        "FATAL ERROR:",
        "# ",
        "panic(",
        "panic:",
        "error:",
        "ASSERTION FAILED:",
    ];
    let lines = || {
        stderr
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
    };
    let marked = |line: &&str| MARKS.iter().any(|mark| line.starts_with(mark));
    let telling: Vec<_> = lines().filter(marked).take(4).map(str::to_owned).collect();
    if !telling.is_empty() {
        return telling;
    }
    let mut last: Vec<_> = lines().rev().take(4).map(str::to_owned).collect();
    last.reverse();
    last
}

/// A number that no one else in this process has.
pub(crate) fn serial() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A file for what a child prints. A pipe would need someone to empty it.
fn unnamed_file() -> io::Result<File> {
    let name = format!("assay-stderr-{}-{}", std::process::id(), serial());
    let path = std::env::temp_dir().join(name);
    let file = File::options()
        .read(true)
        .append(true)
        .create_new(true)
        .open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_an_end_does_not_differ_from_run_to_run() {
        let v8 =
            "\n[1:0x2] 3 ms: Mark-Compact\n\nFATAL ERROR: Reached heap limit\n 1: 0x84 [node]\n";
        assert_eq!(telling_lines(v8), ["FATAL ERROR: Reached heap limit"]);
        assert_eq!(telling_lines("a\n\nb\nc\nd\ne\n"), ["b", "c", "d", "e"]);
        assert_eq!(telling_lines(""), Vec::<String>::new());
    }
}
