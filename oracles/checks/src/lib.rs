//! The checks: what must hold, why that is sound, and which nondeterminism is legal.
