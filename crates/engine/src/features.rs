//! What parts of WebAssembly an engine runs and a module may use.

use serde::{Deserialize, Serialize};

bitflags::bitflags! {
    /// A set of WebAssembly features, named as the proposals were.
    ///
    /// The baseline, WebAssembly 2.0 without SIMD and without non-null references, has no flag:
    /// every engine has it.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(transparent)]
    pub struct Features: u32 {
        /// Fixed-width SIMD: `v128` and its 236 instructions.
        const SIMD = 1 << 0;
        /// Relaxed SIMD, whose results the specification leaves open within sets.
        const RELAXED_SIMD = 1 << 1;
        /// `externref`, `funcref` tables, `table.*`, `ref.*` of WebAssembly 2.0.
        const REFERENCE_TYPES = 1 << 2;
        /// `return_call` and `return_call_indirect`.
        const TAIL_CALL = 1 << 3;
        /// More than one memory.
        const MULTI_MEMORY = 1 << 4;
        /// 64-bit memories and tables.
        const MEMORY64 = 1 << 5;
        /// Typed function references: `call_ref`, `(ref $t)`, `br_on_null`, …
        const FUNCTION_REFERENCES = 1 << 6;
        /// Garbage-collected structs, arrays, `i31` and casts.
        const GC = 1 << 7;
        /// Exceptions with `exnref`: `try_table`, `throw`, `throw_ref`.
        const EXCEPTIONS = 1 << 8;
        /// The legacy exceptions (`try`, `catch`, `rethrow`, `delegate`).
        const LEGACY_EXCEPTIONS = 1 << 9;
        /// Atomics and shared memories.
        const THREADS = 1 << 10;
        /// 128-bit arithmetic on pairs of `i64`.
        const WIDE_ARITHMETIC = 1 << 11;
        /// Memories with a page size of one byte.
        const CUSTOM_PAGE_SIZES = 1 << 12;
        /// Arithmetic and `global.get` of any preceding global in constant expressions.
        const EXTENDED_CONST = 1 << 13;
    }
}

impl Features {
    /// All of the WebAssembly 3.0 standard.
    pub const WASM3: Self = Self::SIMD
        .union(Self::RELAXED_SIMD)
        .union(Self::REFERENCE_TYPES)
        .union(Self::TAIL_CALL)
        .union(Self::MULTI_MEMORY)
        .union(Self::MEMORY64)
        .union(Self::FUNCTION_REFERENCES)
        .union(Self::GC)
        .union(Self::EXCEPTIONS)
        .union(Self::EXTENDED_CONST);

    /// Adds what each feature builds on, and drops nothing.
    #[must_use]
    pub fn with_prerequisites(mut self) -> Self {
        for (feature, needs) in Self::PREREQUISITES {
            if self.contains(feature) {
                self |= needs;
            }
        }
        self
    }

    /// Drops each feature whose prerequisites are missing.
    #[must_use]
    pub fn without_orphans(mut self) -> Self {
        for (feature, needs) in Self::PREREQUISITES.into_iter().rev() {
            if !self.contains(needs) {
                self -= feature;
            }
        }
        self
    }

    /// Each feature and what it is defined on top of; a feature comes before its prerequisites'.
    const PREREQUISITES: [(Self, Self); 4] = [
        (Self::RELAXED_SIMD, Self::SIMD),
        (Self::EXCEPTIONS, Self::REFERENCE_TYPES),
        (Self::GC, Self::FUNCTION_REFERENCES),
        (Self::FUNCTION_REFERENCES, Self::REFERENCE_TYPES),
    ];

    /// The names of the features in the set, in kebab case: `simd`, `tail-call`, …
    pub fn names(self) -> impl Iterator<Item = String> {
        self.iter_names()
            .map(|(name, _)| name.to_ascii_lowercase().replace('_', "-"))
    }
}

#[cfg(test)]
mod tests {
    use super::Features;

    #[test]
    fn prerequisites_are_added_and_orphans_dropped() {
        assert_eq!(
            Features::GC.with_prerequisites(),
            Features::GC | Features::FUNCTION_REFERENCES | Features::REFERENCE_TYPES
        );
        let orphan = Features::GC | Features::FUNCTION_REFERENCES | Features::SIMD;
        assert_eq!(orphan.without_orphans(), Features::SIMD);
    }
}
