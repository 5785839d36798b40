//! The interpreter holds, and what would not is found.

mod canaries;
mod smoke;
