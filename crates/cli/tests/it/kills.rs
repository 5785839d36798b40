//! Processes that are killed in mid-run: neither findings nor cases are lost, and nobody is left.

use crate::common::{BUILT_IN, assay, folder, run, stderr, stdout, text};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// After the engines are known: until cases run.
const SOON: Duration = Duration::from_millis(200);

/// A run that goes on.
struct Run {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Run {
    fn start(out: &Path, more: &[&str]) -> Self {
        let mut child = assay(["run", "differential", "--seed", "1", "--out", text(out)])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        let output = child.stdout.take().expect("it is piped");
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// Waits until `count` lines begin with `start`, and gives the last.
    fn wait_for(&mut self, start: &str, count: usize) -> String {
        let mut found = 0;
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no {start:?} in {:#?}", self.seen));
            self.seen.push(line.clone());
            found += usize::from(line.trim_start().starts_with(start));
            if found == count {
                return line;
            }
        }
    }

    /// Waits for the end, and gives the exit code.
    fn end(&mut self) -> Option<i32> {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.seen.push(line);
        }
        self.child.wait().expect("it is our child").code()
    }

    /// The engine in a process of its own of the only worker, which is in the middle of the cases.
    fn engine(&mut self) -> u32 {
        self.wait_for("oracle", 1);
        sleep(SOON);
        match children(self.workers()[0])[..] {
            [engine] => engine,
            ref all => panic!("the worker has the children {all:?}"),
        }
    }

    /// Its workers.
    fn workers(&self) -> Vec<u32> {
        children(self.child.id())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn findings_that_were_printed_survive_the_command() {
    let out = folder();
    let more = ["--cases", "100000", "--jobs", "2", "--canary", "result-bit"];
    let mut run = Run::start(out.path(), &[&more[..], &["--engines", BUILT_IN]].concat());
    run.wait_for("FINDING", 2);
    run.wait_for(text(out.path()), 1);
    let workers = run.workers();
    assert_eq!(workers.len(), 2, "{workers:?}");
    run.child.kill().expect("it is our child");
    run.end();
    wait_until(
        || workers.iter().all(|&pid| is_gone(pid)),
        "the workers are gone",
    );
    let printed: Vec<_> = run
        .seen
        .iter()
        .map(|line| line.trim())
        .filter(|line| line.starts_with(text(out.path())))
        .map(PathBuf::from)
        .collect();
    assert!(printed.len() >= 2, "{:#?}", run.seen);
    for path in printed {
        replays(&path);
    }
}

#[test]
fn no_case_is_lost_with_a_worker() {
    let out = folder();
    let more = ["--cases", "2500", "--jobs", "2", "--engines", BUILT_IN];
    let mut run = Run::start(out.path(), &more);
    run.wait_for("oracle", 1);
    wait_until(|| run.workers().len() == 2, "there are two workers");
    sleep(SOON);
    // One of them is at some case; the other one may not be ready yet.
    let workers = run.workers();
    workers.iter().for_each(|&worker| kill("-KILL", worker));
    assert_eq!(run.end(), Some(1), "{:#?}", run.seen);
    let all = run.seen.join("\n");
    assert!(all.contains("differential: 2500 cases in "), "{all}");
    assert!(all.contains("took its process down: was killed"), "{all}");
    let died = |count| all.contains(&format!("worker-died {count}"));
    assert!(died(1) || died(2), "{all}");
    let case = finding(out.path(), "took-its-process-down");
    replays(&case);
}

#[test]
fn an_engine_that_is_killed_is_started_anew() {
    let out = folder();
    let more = ["--cases", "400", "--jobs", "1", "--engines", "wasmtime,v8"];
    let mut run = Run::start(out.path(), &more);
    kill("-KILL", run.engine());
    assert_eq!(run.end(), Some(1), "{:#?}", run.seen);
    let all = run.seen.join("\n");
    assert!(all.contains("differential: 400 cases in "), "{all}");
    assert!(all.contains("FINDING differential v8 crashed"), "{all}");
    assert!(!all.contains("worker-died"), "{all}");
    replays(&finding(out.path(), "v8-crashed"));
}

/// The worker waits for an engine that says nothing, and hears nevertheless that it is alone.
#[test]
fn a_worker_that_waits_does_not_outlive_the_command() {
    let out = folder();
    let more = ["--time", "1h", "--jobs", "1", "--engines", "wasmtime,v8"];
    let mut run = Run::start(out.path(), &more);
    let engine = run.engine();
    let worker = run.workers()[0];
    kill("-STOP", engine);
    sleep(SOON);
    run.child.kill().expect("it is our child");
    let killed = Instant::now();
    wait_until(|| is_gone(worker) && is_gone(engine), "both are gone");
    // An engine that is silent is given up after ten seconds.
    assert!(killed.elapsed() < Duration::from_secs(5));
}

/// The finding whose folder's name has these words.
fn finding(out: &Path, words: &str) -> PathBuf {
    let mut all = crate::common::findings(out).into_iter();
    let found = all.find(|path| text(path).contains(words));
    found.unwrap_or_else(|| panic!("no finding {words}"))
}

/// A finding of an engine that was killed, or of a canary, passes.
fn replays(path: &Path) {
    let output = run(["replay", text(path)]);
    let all = format!("{}{}", stdout(&output), stderr(&output));
    assert_eq!(output.status.code(), Some(0), "{all}");
}

fn kill(signal: &str, pid: u32) {
    let status = Command::new("kill")
        .args([signal, &pid.to_string()])
        .status();
    assert!(status.is_ok_and(|status| status.success()), "kill {pid}");
}

fn wait_until(mut done: impl FnMut() -> bool, what: &str) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "not yet: {what}");
        sleep(Duration::from_millis(10));
    }
}

/// The state and the parent of a process, if there is one.
fn stat(pid: u32) -> Option<(String, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold anything.
    let (_, rest) = text.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
}

fn is_gone(pid: u32) -> bool {
    stat(pid).is_none_or(|(state, _)| state == "Z")
}

fn children(of: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").expect("Linux has it");
    let mut pids: Vec<u32> = all
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&pid| stat(pid).is_some_and(|(state, parent)| parent == of && state != "Z"))
        .collect();
    pids.sort_unstable();
    pids
}
