//! `assay doctor`: what this machine has, what is missing, and how to get it.

use crate::Verdict;
use crate::args::Doctor;
use anyhow::Result;
use assay_targets::Lab;
use std::process::Command;

/// Tools beside the engines: what it is for, the command that tells its version, how to get it.
const TOOLS: &[(&str, &[&str], &str)] = &[
    ("Rust", &["rustc", "--version"], "https://rustup.rs"),
    (
        "nightly Rust, for cargo-fuzz and sanitizers",
        &["rustc", "+nightly", "--version"],
        "rustup toolchain install nightly",
    ),
    (
        "cargo-fuzz",
        &["cargo-fuzz", "--version"],
        "cargo install cargo-fuzz --locked",
    ),
    (
        "npm, to install JavaScript engines",
        &["npm", "--version"],
        "install Node.js of any version",
    ),
];

pub fn doctor(args: &Doctor) -> Result<Verdict> {
    println!("engines");
    match Lab::open(args.engines.options().lab()?, &mut |line| {
        println!("  {line}")
    }) {
        Ok(lab) => engines(&lab),
        Err(why) => println!("  missing  {why}"),
    }
    println!("tools");
    for (name, command, how) in TOOLS {
        match version(command) {
            Some(version) => println!("  here     {name}: {version}"),
            None => println!("  missing  {name}: {how}"),
        }
    }
    println!("sanitizers");
    let sanitizers = if cfg!(target_os = "linux") {
        "address, leak, memory, thread"
    } else {
        "address, thread"
    };
    match version(&["rustc", "+nightly", "--version"]) {
        Some(_) => println!("  here     {sanitizers}: cargo +nightly fuzz run --sanitizer KIND"),
        None => println!("  missing  {sanitizers}: need nightly Rust"),
    }
    println!("running out of memory");
    out_of_memory();
    Ok(Verdict::Clean)
}

/// What of `assay oom` this machine can do.
fn out_of_memory() {
    match assay_oom::is_installed() {
        true => println!("  here     a heap that can fail"),
        false => println!("  missing  a heap that can fail: this command has another allocator"),
    }
    match assay_oom::intercept_system_calls() {
        Ok(means) => {
            assay_oom::stop_intercepting_system_calls();
            println!("  here     mappings that can fail, by {means}");
        }
        Err(why) => println!("  missing  mappings that can fail: {why}"),
    }
}

fn engines(lab: &Lab) {
    for compiler in lab.subjects() {
        println!(
            "  here     {} {} (in this process)",
            compiler.engine_name(),
            assay_wasmtime::VERSION
        );
    }
    for oracle in lab.oracles() {
        println!("  here     {} {}", oracle.name(), oracle.version());
    }
    for missing in lab.missing() {
        println!("  missing  {}: {}", missing.name, missing.why);
    }
}

/// The first line that a command prints, if it runs and succeeds.
fn version(command: &[&str]) -> Option<String> {
    let (program, args) = command.split_first()?;
    let output = Command::new(program).args(args).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output
        .status
        .success()
        .then(|| text.lines().next().unwrap_or_default().trim().to_owned())
}
