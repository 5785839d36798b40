//! Printing to a reader who may have gone away, as in `assay list | head`: what nobody reads is lost,
//! and the command goes on to its exit code. The standard macros panic.

use std::fmt::Arguments;
use std::io::Write;

/// As the standard one.
macro_rules! println {
    ($($text:tt)*) => { $crate::print::out(format_args!("{}\n", format_args!($($text)*))) };
}

/// As the standard one.
macro_rules! print {
    ($($text:tt)*) => { $crate::print::out(format_args!($($text)*)) };
}

/// Writes to standard output.
pub fn out(text: Arguments<'_>) {
    // There is nobody to tell of an error.
    drop(std::io::stdout().write_fmt(text));
}
