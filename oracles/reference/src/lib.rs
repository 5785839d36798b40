//! A WebAssembly interpreter whose only aim is to be right.
//!
//! It is written from the specification and shares no code with an engine, so that what it says of
//! a program is a second opinion and not an echo. It runs all of WebAssembly 3.0, legacy
//! exceptions, atomics, wide arithmetic and custom page sizes. Only decoding and validation are
//! someone else's: those of the crate `wasmparser`.
//!
//! # The way of a program
//!
//! 1. [`Module::new`] decodes and validates (`module/decode.rs`). Types, segments and constant
//!    expressions are kept in the module's own terms.
//! 2. [`Store::instantiate`] gives them meaning: types become the canonical types of the store
//!    ([`TypeRegistry`]), imports are matched, globals and segments are evaluated
//!    (`store/link.rs`).
//! 3. The first call of a function translates its body (`module/translate`) into a flat list of
//!    operations of eight bytes each (`module/code.rs`). Branches are resolved, locals are numbers
//!    of slots, and the height of the stack is known everywhere.
//! 4. [`Store::invoke`] runs that list (`machine/run.rs`). Values lie in one stack of 64-bit slots;
//!    a vector takes two. Frames have a list of their own, so that no recursion of WebAssembly is
//!    one of Rust.
//!
//! # Where an instruction is
//!
//! Each family has a module under [`instructions`], which opens with its section of the
//! specification. Arithmetic is pure functions from slots to slots; the rest works on the store and
//! the operands of the current frame.
//!
//! | Section of chapter 4 | Module |
//! |---|---|
//! | Numeric Instructions | [`numeric`](instructions::numeric), [`conversion`](instructions::conversion), [`scalar`] |
//! | Vector Instructions | [`vector`], [`relaxed`] |
//! | Reference Instructions | [`reference`](mod@instructions::reference), [`cast`](instructions::cast) |
//! | Aggregate Instructions | [`gc_struct`](instructions::gc_struct), [`gc_array`](instructions::gc_array) |
//! | Table Instructions | [`table`](instructions::table) |
//! | Memory Instructions | [`memory`](instructions::memory), [`bulk`](instructions::bulk), [`atomic`](instructions::atomic) |
//! | Control Instructions | [`exception`](instructions::exception); the rest is the machine's, see [`instructions`] |
//!
//! # Choices
//!
//! What the specification leaves open is decided as its deterministic profile has it: one NaN, and
//! the first alternative of each relaxed instruction. [`relaxed`], [`scalar::expected`] and
//! [`vector::expected()`] tell all that is allowed.
//!
//! What an implementation may limit ends with [`Stop::Exhausted`], by [`Config`]: the stack, the
//! bytes of memories and tables, the bytes of the heap, and the fuel. One operation takes one unit
//! of fuel; those that move many bytes, collections and calls of the host take more, so that fuel
//! bounds time. A `memory.grow` or `table.grow` that the type allows but the limit does not is such
//! an end, and no `-1`.
//!
//! # Agents
//!
//! Calls can run side by side as agents that share memories. A scheduler that the caller supplies
//! says which of them runs and for how many operations, so that the same schedule gives the same
//! run; [`agents::explore`] gives all outcomes of a small program. See [`agents`], also for what of
//! the memory model that cannot show.
//!
//! A call by [`Store::invoke`] is an agent alone: its `memory.atomic.notify` finds nobody, and a
//! wait that no time limits is out of [`Time`](assay_engine::Resource::Time).
//!
//! # What has run
//!
//! With [`Config::coverage`] a store records which operators ran, how they ended, and which of
//! their special cases were met; [`OpcodeCoverage`] adds that up over programs and tells what is
//! still [missing](OpcodeCoverage::missing). Without it the loop is compiled as if there were no
//! such thing.
//!
//! # An example
//!
//! ```
//! use assay_engine::Features;
//! use assay_reference::{Config, Extern, Module, Store, Val};
//!
//! let wasm = wat::parse_str(
//!     r#"(module (func (export "add") (param i32 i32) (result i32)
//!         (i32.add (local.get 0) (local.get 1))))"#,
//! )?;
//! let module = Module::new(&wasm, Features::WASM3)?;
//! let mut store = Store::new(Config::default());
//! let instance = store.instantiate(&mut (), &module, &[])?;
//! let Some(Extern::Func(add)) = store.export(instance, "add") else {
//!     panic!("there is such an export");
//! };
//! let sum = store.invoke(&mut (), add, &[Val::I32(2), Val::I32(3)])?;
//! assert_eq!(sum, [Val::I32(5)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[macro_use]
pub mod mutants;

pub mod agents;
mod coverage;
mod embed;
pub mod instructions;
mod machine;
mod module;
mod store;
mod types;

pub use coverage::{Case, OpcodeCoverage, OperatorCoverage, Way};
pub use embed::{NAME, ReferenceEngine};
pub use instructions::expected::{Expected, LaneRule};
pub use instructions::{relaxed, scalar, vector};
pub use machine::{Active, Host, Stop};
pub use module::{Import, ImportType, Module, ModuleError};
pub use store::{
    Config, Extern, FRAME_BYTES, Func, Global, Instance, InstantiationError, LinkError, Memory,
    Profile, Ref, RefKind, Store, Table, Tag, Usage, Val,
};
pub use types::{
    CompositeType, FieldType, FuncType, GlobalType, HeapType, Layout, Limits, MemoryType, RefType,
    StorageType, SubType, TableType, TypeId, TypeIndex, TypeRegistry, ValType,
};
