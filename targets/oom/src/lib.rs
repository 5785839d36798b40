//! What Wasmtime does when memory runs out: scenarios of its whole data plane, for the explorer of
//! `assay-oom`.
//!
//! The *data plane* is what runs code: engines, modules that are loaded, stores, linkers, instances,
//! calls. Wasmtime promises, as far as it can, an error for each request for memory there that is
//! not granted. The compiler promises nothing, so modules are compiled and serialised when a scenario
//! is set up, and what is explored runs on engines with `Config::enable_compiler(false)`.
//!
//! [`SCENARIOS`] lists them all, with the public API that each covers; [`api`] holds that against
//! the whole public API.
//!
//! How results are judged:
//! - Errors are judged by their type: `error.is::<OutOfMemory>()` for the heap, the operating system's
//!   ENOMEM for mappings.
//! - `memory.grow` and `table.grow` that give −1 and leave the size alone are fallbacks.
//! - A trap or an exception that the clean run gives is a value, with the depth of its backtrace.
//! - After a failure the same operation on the same store must give the clean result, and where the
//!   operation runs code, a trap in a fresh store must still unwind and be told with its frames.
//! - Data that stores own are counted, and the slots of pools.
//!
//! What is not Wasmtime's is kept out: operations use fixed arrays and what was made beforehand, and
//! the futures and errors that host functions give are of no size. `std::backtrace` asks for memory
//! of its own; it is Wasmtime's feature `backtrace` that takes such a backtrace for each error, and
//! it is off here. What Wasmtime makes once per process (signal handlers, thread-locals) is made by
//! the clean runs that the explorer begins with.

pub mod api;
mod async_;
mod call;
mod case;
mod component;
mod drop;
mod engine;
mod entities;
mod exception;
mod fuel_epoch;
pub mod fuzz;
mod gc;
mod gc_host;
mod gc_instance;
pub mod generated;
mod host;
mod instance;
mod linker;
mod module;
mod pooling;
mod row;
mod shared_memory;
mod store;
mod trap;
mod unwind;
mod values;
mod world;

pub use row::Row;

use assay_oom::{AnyScenario, Shims};

/// All scenarios, by group.
pub const SCENARIOS: &[(&str, &[Row])] = &[
    ("engine", engine::ROWS),
    ("module", module::ROWS),
    ("store", store::ROWS),
    ("linker", linker::ROWS),
    ("instance", instance::ROWS),
    ("call", call::ROWS),
    ("host", host::ROWS),
    ("entities", entities::ROWS),
    ("values", values::ROWS),
    ("trap", trap::ROWS),
    ("exception", exception::ROWS),
    ("gc", gc::ROWS),
    ("gc-host", gc_host::ROWS),
    ("gc-instance", gc_instance::ROWS),
    ("fuel-epoch", fuel_epoch::ROWS),
    ("async", async_::ROWS),
    ("pooling", pooling::ROWS),
    ("shared-memory", shared_memory::ROWS),
    ("component", component::ROWS),
    ("component-call", component::calls::ROWS),
    ("component-resource", component::resources::ROWS),
    ("component-more", component::more::ROWS),
    ("drop", drop::ROWS),
    ("generated", generated::ROWS),
];

/// Which of Wasmtime's builds this is: in that of `--cfg arc_try_new`, which needs an unstable library
/// (`ci/arc_try_new.toml`), `Arc` is made fallibly.
pub const BUILD: &str = match cfg!(arc_try_new) {
    true => "arc_try_new",
    false => "stable",
};

/// The rows of all scenarios.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    SCENARIOS.iter().flat_map(|(_, rows)| rows.iter())
}

/// Which frames only pass a request on: beside those that are nobody's, the collections that Wasmtime
/// keeps for itself.
pub fn shims() -> Shims {
    let mut shims = Shims::default();
    let own = ["/wasmtime-internal-core-", "/cranelift-entity-"];
    shims.files.extend(own.map(String::from));
    let own = ["wasmtime_internal_core", "cranelift_entity"];
    shims.crates.extend(own.map(String::from));
    shims
}

/// The row of this name.
pub fn find(name: &str) -> Option<&'static Row> {
    rows().find(|row| row.name == name)
}

/// All scenarios, set up in this process.
///
/// # Panics
///
/// When a set-up fails ([`Row::make`]).
pub fn all() -> Vec<Box<dyn AnyScenario>> {
    rows().map(Row::make).collect()
}
