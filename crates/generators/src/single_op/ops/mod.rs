//! The tables of operators, a file per family, and the code for those that need their own.

pub mod access;
pub mod arrays;
pub mod bulk;
pub mod calls;
pub mod casts;
pub mod control;
pub mod exceptions;
pub mod numeric;
pub mod refs;
pub mod simd;
pub mod structs;
pub mod tables;
