//! V8 in this process.
