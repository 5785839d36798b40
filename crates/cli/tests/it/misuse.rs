//! Whatever is wrong with the input: exit code 2, one line that says it, and no panic.

use crate::common::{BUILT_IN, findings, folder, run, stderr, stdout, text};
use std::fs;
use std::path::Path;

/// Runs the command, and checks that it complains of `about` in one line.
fn refuses(args: &[&str], about: &str) {
    let output = run(args);
    let complaint = stderr(&output);
    let all = format!(
        "{args:?}: {:?} {}{complaint}",
        output.status,
        stdout(&output)
    );
    assert_eq!(output.status.code(), Some(2), "{all}");
    assert_eq!(complaint.lines().count(), 1, "{all}");
    assert!(complaint.starts_with("assay: "), "{all}");
    assert!(complaint.contains(about), "{about:?} is not in {all}");
    assert!(!complaint.contains("panicked"), "{all}");
}

/// As [`refuses`], for a run that has a folder of its own and needs nothing installed.
fn run_refuses(args: &[&str], about: &str) {
    let out = folder();
    let mut all = vec!["run", "--out", text(out.path()), "--engines", BUILT_IN];
    all.extend(args);
    refuses(&all, about);
}

#[test]
fn verbs_and_flags() {
    refuses(&[], "say what to do");
    refuses(&["walk"], "walk");
    run_refuses(&["--frobnicate"], "--frobnicate");
    run_refuses(&["--cases", "1", "--time", "1s"], "--time");
    run_refuses(&["--cases", "few"], "few");
    run_refuses(&["--cases", "-1"], "-1");
    run_refuses(&["--jobs", "0"], "0");
    run_refuses(&["--seed", "red"], "red");
    refuses(&["replay"], "PATH");
}

#[test]
fn the_official_suite() {
    refuses(&["spectest", "--engine", "nobody"], "nobody");
    refuses(
        &["spectest", "--engine", "wasmi", "--proposal", "nothing"],
        "nothing",
    );
    refuses(
        &["spectest", "--engine", "wasmi", "--canary", "nothing"],
        "nothing",
    );
}

#[test]
fn running_out_of_memory() {
    refuses(&["oom", "nothing"], "nothing");
    refuses(&["oom", "--time", "-1s"], "-1s");
    refuses(&["oom", "replay"], "TOKEN");
    refuses(&["oom", "replay", "nonsense"], "nonsense");
    refuses(&["oom", "replay", "nothing/nth:1/0"], "nothing");
    refuses(&["oom", "replay", "store-new/nth:x/0"], "nth:x");
}

#[test]
fn times() {
    for time in [
        "-1s",
        "0s",
        "5",
        "",
        "s",
        "1.5s",
        "1d",
        "99999999999999999999s",
    ] {
        run_refuses(&["--time", time], "is no duration");
        run_refuses(&[&format!("--time={time}")], "--time");
    }
}

#[test]
fn names() {
    run_refuses(&["defferential", "--cases", "1"], "differential");
    run_refuses(&["--cases", "1", "--canary", "yellow"], "result-bit");
    let out = folder();
    for engines in ["wasmtime,wasmer", "wasmtime,", "WASMI"] {
        let out = text(out.path());
        refuses(
            &["run", "--out", out, "--cases", "1", "--engines", engines],
            "there is no such engine",
        );
        refuses(&["list", "--engines", engines], "there is no such engine");
    }
    refuses(
        &["list", "--engines", "v8", "--node", "/nowhere/node"],
        "/nowhere/node",
    );
}

#[test]
fn modules() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("no.wat"), "It was a dark and stormy night.\n").expect("a file");
    fs::write(path("no.wasm"), b"\0asm\x01\0\0").expect("a file");
    fs::write(path("no.wast"), "(module (func)\n(assert_return\n").expect("a file");
    fs::create_dir(path("empty")).expect("a folder");
    for name in ["no.wat", "no.wasm", "no.wast", "empty", "missing.wasm"] {
        let path = path(name);
        run_refuses(&["--modules", text(&path), "--cases", "1"], name);
    }
}

#[test]
fn folders_that_cannot_be_written() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "here already").expect("a file");
    for out in [file.clone(), file.join("below")] {
        let args = ["run", "--engines", BUILT_IN, "--cases", "1", "--out"];
        refuses(&[&args[..], &[text(&out)]].concat(), "cannot write to");
    }
}

/// Copies the first case below `from`, with what `spoil` makes of its header and its script.
fn spoilt(from: &Path, to: &Path, spoil: fn(&mut String, &mut String)) {
    fs::create_dir(to).expect("a folder");
    let read = |name| fs::read_to_string(from.join(name)).expect("a file of the case");
    let (mut header, mut script) = (read("case.toml"), read("case.wast"));
    spoil(&mut header, &mut script);
    fs::write(to.join("case.toml"), header).expect("a file");
    fs::write(to.join("case.wast"), script).expect("a file");
}

#[test]
fn cases_that_do_not_read() {
    let folder = folder();
    let out = folder.path().join("out");
    let args = [
        "run",
        "--seed",
        "1",
        "--cases",
        "5",
        "--canary",
        "result-bit",
    ];
    run([&args[..], &["--engines", BUILT_IN, "--out", text(&out)]].concat());
    let case = findings(&out).remove(0);

    type Spoil = fn(&mut String, &mut String);
    let ways: [(&str, &str, Spoil); 8] = [
        ("half-header", "half-header", |header, _| {
            header.truncate(header.len() / 2)
        }),
        ("half-script", "half-script", |_, script| {
            script.truncate(script.len() / 2)
        }),
        ("no-header", "no-header", |header, _| header.clear()),
        ("no-script", "no-script", |_, script| script.clear()),
        ("no-engine", "no such engine", |header, _| {
            *header = header.replace("name = \"wasmi\"", "name = \"wasmo\"")
        }),
        ("no-subject", "is not here", |header, _| {
            *header = header.replace("role = \"subject\"", "role = \"oracle\"")
        }),
        ("no-target", "there is no target", |header, _| {
            *header = header.replace("\"differential\"", "\"integral\"")
        }),
        ("no-compiler", "configuration", |header, _| {
            *header = header.replace("compiler = \"", "compiler = \"not-")
        }),
    ];
    for (name, about, spoil) in ways {
        let path = folder.path().join(name);
        spoilt(&case, &path, spoil);
        replay_refuses(&path, about);
    }
}

#[test]
fn paths_without_a_case() {
    let folder = folder();
    replay_refuses(folder.path(), "there is no case in");
    replay_refuses(&folder.path().join("missing"), "missing");
    let file = folder.path().join("file.wast");
    fs::write(&file, [0xff, 0, 1, 2]).expect("a file");
    replay_refuses(&file, "file.wast");
}

/// The header of the table is all that a replay may say before it refuses.
fn replay_refuses(path: &Path, about: &str) {
    refuses(&["replay", text(path)], about);
}
