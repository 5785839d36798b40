//! A child does not outlive whoever started it, even where that is killed and the child is in an
//! endless loop.

#![cfg(target_os = "linux")]

mod common;

use assay_engine::Engine;
use common::*;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Set in the process that is going to be killed.
const VICTIM: &str = "ASSAY_TEST_VICTIM";

const NAME: &str = "a_child_dies_with_its_parent";

#[test]
fn a_child_dies_with_its_parent() {
    match std::env::var(VICTIM) {
        Ok(engine) => loop_for_ever(&engine),
        Err(_) => ["v8", "jsc"].into_iter().for_each(watch),
    }
}

fn loop_for_ever(name: &str) {
    let mut engine = start(name);
    let mut program = program(r#"(module (func (export "f") (loop br 0)))"#);
    program.calls = vec![call("f", &[])];
    engine.begin(&program, 1).unwrap();
    println!("\nchild {}", engine.process_id().unwrap());
    std::thread::sleep(Duration::from_secs(60));
}

fn watch(engine: &str) {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(VICTIM, engine)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let child = lines
        .map_while(Result::ok)
        .find_map(|line| Some(line.strip_prefix("child ")?.to_owned()))
        .expect("the victim starts a child");
    let child = PathBuf::from("/proc").join(child);
    // So that the loop runs, and the child is not about to read its input.
    std::thread::sleep(Duration::from_millis(300));
    assert!(is_alive(&child), "{engine}");
    victim.kill().unwrap();
    victim.wait().unwrap();
    let killed = Instant::now();
    while is_alive(&child) {
        assert!(
            killed.elapsed() < Duration::from_secs(10),
            "{engine} lives on"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether the process is there and is no zombie that nobody has waited for.
fn is_alive(process: &std::path::Path) -> bool {
    let stat = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| &rest[..1]);
    state.is_some_and(|state| state != "Z" && state != "X")
}
