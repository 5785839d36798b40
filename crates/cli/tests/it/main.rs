//! Tests of the command as a user has it: the real binary, its output and its exit code.

mod common;
mod finds;
#[cfg(target_os = "linux")]
mod kills;
mod misuse;
#[cfg(target_os = "linux")]
mod oom;
#[cfg(target_os = "linux")]
mod oom_baseline;
mod says;
mod spectest;
