//! Sites: where in the program a request for memory comes from.

pub(crate) mod key;
pub(crate) mod names;
pub(crate) mod stack;
pub(crate) mod symbols;
