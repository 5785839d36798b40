//! The x86-64 extensions that generated code may use.

use arbitrary::{Arbitrary, Unstructured};
use serde::{Deserialize, Serialize};

/// The extensions that code must do without, though the machine may have them. Wasmtime uses all
/// that it finds; taking some away reaches the code that it generates for older machines. Nothing
/// is ever added, so every machine can run every configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WithoutIsa(Vec<Extension>);

macro_rules! extensions {
    ($($name:ident $flag:literal $detect:tt needs $needs:expr;)*) => {
        /// An extension of x86-64.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        #[expect(missing_docs, reason = "they are the vendors' own names")]
        pub enum Extension { $($name,)* }

        impl Extension {
            /// Each extension that Cranelift can use.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Cranelift's flag for it.
            pub(super) fn flag(self) -> &'static str {
                match self { $(Self::$name => $flag,)* }
            }

            /// The extension that every processor with this one has too.
            fn needs(self) -> Option<Self> {
                use Extension::*;
                match self { $($name => $needs,)* }
            }

            /// Whether this machine has it.
            #[cfg(target_arch = "x86_64")]
            pub fn is_here(self) -> bool {
                match self { $(Self::$name => std::is_x86_feature_detected!($detect),)* }
            }
        }
    };
}

extensions! {
    Sse3 "has_sse3" "sse3" needs None;
    Ssse3 "has_ssse3" "ssse3" needs Some(Sse3);
    Sse41 "has_sse41" "sse4.1" needs Some(Ssse3);
    Sse42 "has_sse42" "sse4.2" needs Some(Sse41);
    Popcnt "has_popcnt" "popcnt" needs Some(Sse3);
    Avx "has_avx" "avx" needs Some(Sse42);
    Avx2 "has_avx2" "avx2" needs Some(Avx);
    Fma "has_fma" "fma" needs Some(Avx);
    AvxVnni "has_avx_vnni" "avxvnni" needs Some(Avx2);
    Bmi1 "has_bmi1" "bmi1" needs None;
    Bmi2 "has_bmi2" "bmi2" needs None;
    Lzcnt "has_lzcnt" "lzcnt" needs None;
    Cmpxchg16b "has_cmpxchg16b" "cmpxchg16b" needs None;
    Avx512f "has_avx512f" "avx512f" needs Some(Avx2);
    Avx512dq "has_avx512dq" "avx512dq" needs Some(Avx512f);
    Avx512vl "has_avx512vl" "avx512vl" needs Some(Avx512f);
    Avx512bitalg "has_avx512bitalg" "avx512bitalg" needs Some(Avx512f);
    Avx512vbmi "has_avx512vbmi" "avx512vbmi" needs Some(Avx512f);
    Avx512vnni "has_avx512vnni" "avx512vnni" needs Some(Avx512f);
}

impl Extension {
    /// Whether this machine has it.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn is_here(self) -> bool {
        false
    }
}

impl WithoutIsa {
    /// Does without these, and without what builds on them: no processor has AVX but not SSE4.2,
    /// and Cranelift may rely on that.
    pub fn new(extensions: impl IntoIterator<Item = Extension>) -> Self {
        let named: Vec<Extension> = extensions.into_iter().collect();
        let gone = |mut extension: Extension| {
            loop {
                if named.contains(&extension) {
                    return true;
                }
                match extension.needs() {
                    Some(below) => extension = below,
                    None => return false,
                }
            }
        };
        Self(
            Extension::ALL
                .iter()
                .copied()
                .filter(|&extension| gone(extension))
                .collect(),
        )
    }

    /// The extensions that code must do without.
    pub fn extensions(&self) -> &[Extension] {
        &self.0
    }

    /// Whether generated code may use an extension on this machine.
    pub fn allows(&self, extension: Extension) -> bool {
        extension.is_here() && !self.0.contains(&extension)
    }

    /// The same, with what builds on each extension, and in order.
    pub(super) fn normalised(&self) -> Self {
        Self::new(self.0.iter().copied())
    }
}

impl<'a> Arbitrary<'a> for WithoutIsa {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let count = input.int_in_range(1..=4)?;
        let mut chosen = Vec::new();
        for _ in 0..count {
            chosen.push(*input.choose(Extension::ALL)?);
        }
        Ok(Self::new(chosen))
    }
}
