//! Generators: random bytes in, programs out.
