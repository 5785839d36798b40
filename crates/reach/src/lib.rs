//! Which functions of a binary reach given functions, and by which shortest path: for any program or
//! library in the form of ELF for x86-64 that has its symbols.
//!
//! # How
//!
//! 1. [`Program::read`] takes the bounds of functions from the symbols, decodes the code of each, and
//!    notes what it calls or jumps to and whose address it takes. Pointers in data are known from the
//!    relocations, so calls by way of the table of offsets and of the linkage table are followed, and
//!    so are tables of functions: who takes the address of a table takes that of each function in it.
//! 2. [`Program::reach`] searches backwards from the roots. A [`Path`] has the fewest taken addresses
//!    that there are, and among those paths the fewest steps.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # if cfg!(not(all(target_os = "linux", target_arch = "x86_64"))) { return Ok(()) }
//! let bytes = std::fs::read(std::env::current_exe()?)?;
//! let program = assay_reach::Program::read(&bytes)?;
//! let roots = program.named(|name| name.ends_with("::handle_alloc_error"));
//! let reach = program.reach(&roots, |_| false);
//! assert!(reach.functions().count() > 1);
//! # Ok(()) }
//! ```
//!
//! # What it cannot prove
//!
//! In one direction: a path is no proof that the root is ever reached.
//!
//! - A path may be infeasible. `push` may follow a reservation that makes its growing impossible, and a
//!   branch may never be taken.
//! - A taken address ([`Edge::Takes`]) says that the function *may* be called by whoever gets hold of
//!   it, and not that it is called before the taker returns. That is why such edges are kept apart.
//!
//! In the other direction: the absence of a path is no proof that the root is never reached.
//!
//! - A call through a pointer is followed only from where the address was taken. If that is outside all
//!   paths from the caller (a callback that was stored earlier, a method of an object that was made
//!   elsewhere, a symbol that was looked up at run time), nothing leads from the call to its target.
//! - Code that was made at run time is not there, nor are its calls back into the binary.
//! - Other libraries are names at the border: what they do inside, and whom they call back, is not
//!   seen.
//! - A table of functions is taken to end where the next address begins that anything refers to. The
//!   rest of a table whose inside is referred to as well is not ascribed to who refers to its begin.
//! - An address that is computed in any other way than relative to the instruction or by a relocation
//!   is not seen. Neither is code that no symbol covers.
//!
//! And the names are those of the binary: a function that was inlined has the name of its caller, the
//! linker may have folded functions of the same code into one (which then has all their names), and code
//! that it dropped is not there. Another build may differ in all of this.

mod code;
mod elf;
mod graph;
mod layout;
mod names;
mod program;
mod search;

pub use program::{Edge, Function, Program};
pub use search::{Path, Reach, Step};

/// Why a binary cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is no ELF file of 64 bits, or a damaged one.
    #[error("no ELF file of 64 bits: {0}")]
    NotElf(#[from] object::Error),
    /// It is for another processor.
    #[error("not for x86-64")]
    NotX86,
    /// It has fixed addresses: without relocations, those in its data cannot be told from numbers.
    #[error("not position-independent, so pointers in its data cannot be told from numbers")]
    FixedAddresses,
    /// It has no symbols of functions.
    #[error("stripped: it has no symbols of functions")]
    Stripped,
    /// It has more functions or data than can be numbered.
    #[error("too large")]
    TooLarge,
}
