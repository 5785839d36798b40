//! wasmi behind the engine trait.
