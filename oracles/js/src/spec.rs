//! Which engine, in which runtime, with which flags.

use crate::messages::{self, Row};
use std::path::PathBuf;

/// The names of the engines of this crate.
pub const ENGINES: [&str; 5] = ["v8", "v8-liftoff", "v8-turbofan", "jsc", "jsc-inlining"];

/// A JavaScript runtime that runs the host script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// Node.js, which has V8.
    Node,
    /// Deno, which has V8.
    Deno,
    /// Bun, which has JavaScriptCore.
    Bun,
}

/// What is needed to start an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsSpec {
    /// The name by which the engine is asked for, one of [`ENGINES`].
    pub name: String,
    /// What kind of program `path` is.
    pub runtime: Runtime,
    /// The runtime's program.
    pub path: PathBuf,
    /// Arguments of the runtime that come before the script.
    pub flags: Vec<String>,
    /// Variables of its environment.
    pub env: Vec<(String, String)>,
}

/// Of V8's tiers: the default first runs Liftoff's code and replaces what runs hot.
const V8_TIERS: [(&str, &[&str]); 3] = [
    ("v8", &[]),
    ("v8-liftoff", &["--liftoff", "--no-wasm-tier-up"]),
    ("v8-turbofan", &["--no-liftoff"]),
];

/// No threads for compilation: for modules of a kilobyte they cost more than they save. And a
/// heap that is full in two seconds, not in fifty. Collections on request, for hosts that ask for one.
const V8_FLAGS: [&str; 3] = [
    "--single-threaded",
    "--max-old-space-size=512",
    "--expose-gc",
];

/// Half a stack of 8 MiB, which is what systems give; V8 by itself takes one.
const V8_STACK: (u64, &str) = (8 << 20, "--stack-size=3900");

impl Runtime {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Node, Self::Deno, Self::Bun];

    /// The name of its program.
    pub fn program(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Deno => "deno",
            Self::Bun => "bun",
        }
    }

    /// The engines that it offers, from the same program by other flags.
    pub fn engines(self) -> &'static [&'static str] {
        match self {
            Self::Node | Self::Deno => &["v8", "v8-liftoff", "v8-turbofan"],
            Self::Bun => &["jsc", "jsc-inlining"],
        }
    }

    /// What the engine's errors mean.
    pub(crate) fn rows(self) -> &'static [Row] {
        match self {
            Self::Node | Self::Deno => messages::V8,
            Self::Bun => messages::JSC,
        }
    }
}

impl JsSpec {
    /// The engine `name` in this program, with the flags that belong to it.
    ///
    /// `None` when the runtime has no engine of that name.
    pub fn new(name: &str, runtime: Runtime, path: impl Into<PathBuf>) -> Option<Self> {
        let known = runtime.engines().contains(&name);
        known.then(|| Self::with_flags(name, runtime, path.into()))
    }

    /// The engine of this runtime with its default tiers.
    pub(crate) fn of_runtime(runtime: Runtime, path: impl Into<PathBuf>) -> Self {
        Self::with_flags(runtime.engines()[0], runtime, path.into())
    }

    fn with_flags(name: &str, runtime: Runtime, path: PathBuf) -> Self {
        let tier = V8_TIERS
            .iter()
            .find(|(tier, _)| *tier == name)
            .map_or(&[][..], |(_, flags)| flags);
        let stack = (stack_limit() >= V8_STACK.0).then_some(V8_STACK.1);
        let v8 = V8_FLAGS.iter().chain(tier).copied().chain(stack);
        let flags = match runtime {
            Runtime::Node => v8.map(str::to_owned).collect(),
            Runtime::Deno => deno_flags(&v8.collect::<Vec<_>>()),
            Runtime::Bun => Vec::new(),
        };
        let env = ENV.iter().filter(|(of, ..)| *of == runtime);
        let env = env.map(|&(_, key, value)| (key, value));
        let inlining = (name == "jsc").then_some(NO_INLINING);
        let env = env
            .chain(inlining)
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        Self {
            name: name.to_owned(),
            runtime,
            path,
            flags,
            env,
        }
    }
}

/// Variables that the runtimes need. JavaScriptCore has 64-bit memories off by default; its fast
/// memories, which reserve 4 GiB each, and its threads for the collector take twice the time of
/// all the rest for small programs. A crash is reported here, not to Bun's makers.
const ENV: [(Runtime, &str, &str); 6] = [
    (Runtime::Bun, "BUN_JSC_useWasmMemory64", "1"),
    (Runtime::Bun, "BUN_JSC_useWasmFastMemory", "0"),
    (Runtime::Bun, "BUN_JSC_numberOfGCMarkers", "1"),
    (Runtime::Bun, "BUN_ENABLE_CRASH_REPORTING", "0"),
    (Runtime::Bun, "DO_NOT_TRACK", "1"),
    (Runtime::Deno, "DENO_NO_UPDATE_CHECK", "1"),
];

/// JavaScriptCore's optimiser is wrong about tail calls in functions that it inlines, by chance, since it runs beside
/// the program (`jsc-handler-of-inlined-tail-call`, `jsc-frame-of-inlined-tail-call` among the regressions). So it
/// inlines in the engine `jsc-inlining` alone, which is JavaScriptCore as it is shipped.
pub(crate) const NO_INLINING: (&str, &str) = ("BUN_JSC_useOMGInlining", "0");

fn deno_flags(v8: &[&str]) -> Vec<String> {
    let own = [
        "run",
        "--quiet",
        "--no-config",
        "--no-lock",
        "--no-remote",
        "--allow-all",
    ];
    let v8 = format!("--v8-flags={}", v8.join(","));
    own.into_iter().map(str::to_owned).chain([v8]).collect()
}

/// The stack that the system gives a process, in bytes; 0 where it does not say.
fn stack_limit() -> u64 {
    let Ok(limits) = std::fs::read_to_string("/proc/self/limits") else {
        return 0;
    };
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max stack size"));
    match line.and_then(|line| line.split_whitespace().next()) {
        Some("unlimited") => u64::MAX,
        Some(bytes) => bytes.parse().unwrap_or(0),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_belongs_to_a_runtime() {
        for name in ENGINES {
            assert!(
                Runtime::ALL
                    .iter()
                    .any(|r| JsSpec::new(name, *r, "x").is_some()),
                "{name}"
            );
        }
        assert_eq!(JsSpec::new("jsc", Runtime::Node, "x"), None);
    }

    #[test]
    fn tiers_differ_by_flags_alone() {
        let flags = |name| JsSpec::new(name, Runtime::Node, "node").unwrap().flags;
        assert!(flags("v8-turbofan").contains(&"--no-liftoff".to_owned()));
        assert!(!flags("v8").contains(&"--no-liftoff".to_owned()));
        let env = |name| JsSpec::new(name, Runtime::Bun, "bun").unwrap().env;
        let inlining: Vec<_> = env("jsc-inlining");
        assert_eq!(env("jsc").split_last().unwrap().1, inlining);
    }
}
