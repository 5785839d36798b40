//! The configuration space of Wasmtime, as a type.

mod groups;
mod isa;
mod knobs;
mod normal;

pub use groups::{
    Code, Collections, Collector, Embedding, Entry, Gc, InlineCalls, Memory, OptLevel, Pool,
    RegisterAllocator, Way, ZEALOUS,
};
pub use isa::{Extension, WithoutIsa};

use arbitrary::{Arbitrary, Unstructured};
use assay_engine::Features;
use knobs::{Rarity, is_default};
use serde::{Deserialize, Serialize};
use wasmtime::{Config, InstanceAllocationStrategy, Strategy};

/// The stack that WebAssembly may use, in bytes. Fixed, because Wasmtime compiles it into its
/// engine.
pub const WASM_STACK_BYTES: usize = 4 << 20;

/// The stack that a thread must have to run a program, in bytes: that of WebAssembly, and as much
/// again for the compiler, the host functions and what called them. The main thread usually has
/// 8 MiB; others have 2 MiB unless told.
pub const STACK_BYTES_NEEDED: usize = 2 * WASM_STACK_BYTES;

/// What turns WebAssembly into something that runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, Arbitrary)]
#[serde(rename_all = "kebab-case")]
pub enum Compiler {
    /// The optimising compiler.
    #[default]
    Cranelift,
    /// The baseline compiler.
    Winch,
    /// The optimising compiler, with the interpreter of its byte code.
    Pulley,
}

impl Compiler {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cranelift, Self::Winch, Self::Pulley];

    /// The name by which an engine with this compiler is asked for.
    pub fn engine_name(self) -> &'static str {
        match self {
            Self::Cranelift => "wasmtime",
            Self::Winch => "winch",
            Self::Pulley => "pulley",
        }
    }
}

/// One point of the configuration space.
///
/// [`Configuration::default`] is Wasmtime as it comes, but for what the documentation of a knob
/// says. It prints, by serde or [`Configuration::to_toml`], as the knobs that differ from that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Configuration {
    /// What turns WebAssembly into something that runs.
    #[serde(skip_serializing_if = "is_default")]
    pub compiler: Compiler,
    /// The extensions of x86-64 that code must do without.
    #[serde(skip_serializing_if = "is_default")]
    pub without_isa: WithoutIsa,
    /// What changes the code that is generated.
    #[serde(skip_serializing_if = "is_default")]
    pub code: Code,
    /// What changes the layout of memories and tables.
    #[serde(skip_serializing_if = "is_default")]
    pub memory: Memory,
    /// What changes the garbage-collected heap.
    #[serde(skip_serializing_if = "is_default")]
    pub gc: Gc,
    /// What changes how the host enters and leaves WebAssembly.
    #[serde(skip_serializing_if = "is_default")]
    pub entry: Entry,
    /// What an embedder does in its own way.
    #[serde(skip_serializing_if = "is_default")]
    pub embedding: Embedding,
    /// The pooling allocator; without it, everything is allocated on demand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
}

/// Why a configuration is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// Wasmtime refuses it. Never one that is [`Configuration::normalised`].
    #[error("wasmtime refuses the configuration: {0:#}")]
    Refused(wasmtime::Error),
    /// The text is not a configuration.
    #[error("not a configuration of wasmtime: {0}")]
    Text(#[from] toml::de::Error),
    /// A value cannot be printed as TOML, such as a size of more than 63 bits.
    #[error("the configuration cannot be printed: {0}")]
    Print(#[from] toml::ser::Error),
}

impl Configuration {
    /// All defaults, with this compiler.
    pub fn of(compiler: Compiler) -> Self {
        Self {
            compiler,
            ..Self::default()
        }
    }

    /// An arbitrary configuration with this compiler.
    ///
    /// # Errors
    ///
    /// None in practice: input that has run out leaves the defaults.
    pub fn arbitrary_of(
        compiler: Compiler,
        input: &mut Unstructured<'_>,
    ) -> arbitrary::Result<Self> {
        let rarity = Rarity::arbitrary(input)?;
        let mut configuration = Self::of(compiler);
        if rarity.sometimes(input)? {
            configuration.without_isa = WithoutIsa::arbitrary(input)?;
        }
        configuration.code.turn(rarity, input)?;
        configuration.memory.turn(rarity, input)?;
        configuration.gc.turn(rarity, input)?;
        configuration.entry.turn(rarity, input)?;
        if rarity.sometimes(input)? {
            configuration
                .pool
                .get_or_insert_default()
                .turn(rarity, input)?;
        }
        configuration.embedding.turn(rarity, input)?;
        Ok(configuration.normalised())
    }

    /// The same code in another embedding: what changes neither code nor engine is drawn anew, each knob
    /// for itself, so that the ways of embedding meet.
    ///
    /// # Errors
    ///
    /// None in practice: input that has run out leaves the defaults.
    pub fn embedded(&self, input: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        let mut other = self.engine_part();
        other.entry.async_stacks = !input.ratio(2, 3)?;
        other.entry.fuel_yield_interval = *input.choose(&[None, Some(100), Some(10_000)])?;
        other.embedding.turn(Rarity::OFTEN, input)?;
        Ok(other.normalised())
    }

    /// What Wasmtime's engine is made from. Where that is the same, so is the compiled code.
    #[must_use]
    pub fn engine_part(&self) -> Self {
        let default = Entry::default();
        Self {
            entry: Entry {
                async_stacks: default.async_stacks,
                fuel_yield_interval: default.fuel_yield_interval,
                ..self.entry.clone()
            },
            embedding: Embedding::default(),
            ..self.clone()
        }
    }

    /// Prints the knobs that differ from their defaults.
    ///
    /// # Errors
    ///
    /// Where a value does not fit into TOML.
    pub fn to_toml(&self) -> Result<String, ConfigurationError> {
        Ok(toml::to_string(self)?)
    }

    /// Reads what [`Configuration::to_toml`] has printed, or what a person wrote.
    ///
    /// # Errors
    ///
    /// Where the text is not TOML, or names a knob that there is not.
    pub fn from_toml(text: &str) -> Result<Self, ConfigurationError> {
        Ok(toml::from_str(text)?)
    }

    /// All features that Wasmtime runs in this configuration.
    pub fn features(&self) -> Features {
        let common = Features::MULTI_MEMORY
            | Features::MEMORY64
            | Features::EXTENDED_CONST
            | Features::WIDE_ARITHMETIC
            | Features::CUSTOM_PAGE_SIZES;
        match self.compiler {
            Compiler::Cranelift => common | Features::WASM3 | Features::THREADS,
            Compiler::Pulley => common | Features::WASM3,
            // Winch has no typed `select`, hence no `externref`; nor SIMD without AVX2. On
            // aarch64 it has neither atomics nor SIMD.
            Compiler::Winch if cfg!(target_arch = "x86_64") => {
                let simd = self.without_isa.allows(Extension::Avx2);
                let simd = if simd {
                    Features::SIMD
                } else {
                    Features::empty()
                };
                common | Features::THREADS | simd
            }
            Compiler::Winch => common,
        }
    }

    /// Makes Wasmtime's engine.
    ///
    /// # Errors
    ///
    /// Where Wasmtime refuses the configuration, which it never does once that is
    /// [`Configuration::normalised`].
    pub fn engine(&self) -> Result<wasmtime::Engine, ConfigurationError> {
        wasmtime::Engine::new(&self.config()?).map_err(ConfigurationError::Refused)
    }

    /// What Wasmtime's engine is made from, for those who have more to set.
    ///
    /// # Errors
    ///
    /// As for [`Configuration::engine`].
    pub fn config(&self) -> Result<Config, ConfigurationError> {
        self.all().map_err(ConfigurationError::Refused)
    }

    fn all(&self) -> wasmtime::Result<Config> {
        let mut config = Config::new();
        config
            .max_wasm_stack(WASM_STACK_BYTES)
            .async_stack_size(STACK_BYTES_NEEDED)
            .async_stack_zeroing(self.entry.async_stack_zeroing)
            .strategy(match self.compiler {
                Compiler::Cranelift | Compiler::Pulley => Strategy::Cranelift,
                Compiler::Winch => Strategy::Winch,
            });
        config.wasm_backtrace_max_frames(self.entry.captured_frames());
        if self.compiler == Compiler::Pulley {
            config.target("pulley64")?;
        } else {
            config.signals_based_traps(self.code.signals_based_traps);
        }
        enable(self.features(), self.compiler, &mut config);
        self.code.apply(&mut config);
        self.memory.apply(&mut config);
        if self.compiler != Compiler::Winch {
            self.gc.apply(&mut config)?;
        }
        for (flag, value) in self.flags() {
            set_flag(&mut config, flag, &value);
        }
        if let Some(pool) = &self.pool {
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool.allocator()));
        }
        Ok(config)
    }

    /// Cranelift's flags, those of the target included.
    fn flags(&self) -> Vec<(&'static str, String)> {
        let mut flags = self.code.flags();
        if cfg!(target_arch = "x86_64") && self.compiler != Compiler::Pulley {
            let gone = self.without_isa.extensions().iter();
            flags.extend(gone.map(|extension| (extension.flag(), false.to_string())));
        }
        flags
    }
}

impl<'a> Arbitrary<'a> for Configuration {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let compiler = Compiler::arbitrary(input)?;
        Self::arbitrary_of(compiler, input)
    }
}

/// A switch of one proposal in Wasmtime's configuration.
type Switch = fn(&mut Config, bool) -> &mut Config;

/// Each feature and its switch.
const SWITCHES: &[(Features, Switch)] = &[
    (Features::SIMD, Config::wasm_simd),
    (Features::RELAXED_SIMD, Config::wasm_relaxed_simd),
    (Features::REFERENCE_TYPES, Config::wasm_reference_types),
    (Features::TAIL_CALL, Config::wasm_tail_call),
    (Features::MULTI_MEMORY, Config::wasm_multi_memory),
    (Features::MEMORY64, Config::wasm_memory64),
    (
        Features::FUNCTION_REFERENCES,
        Config::wasm_function_references,
    ),
    (Features::GC, Config::wasm_gc),
    (Features::EXCEPTIONS, Config::wasm_exceptions),
    (Features::THREADS, Config::wasm_threads),
    (Features::WIDE_ARITHMETIC, Config::wasm_wide_arithmetic),
    (Features::CUSTOM_PAGE_SIZES, Config::wasm_custom_page_sizes),
    (Features::EXTENDED_CONST, Config::wasm_extended_const),
];

/// Enables exactly these features. The one exception: Winch runs `funcref` and `table.*`, though
/// not all of the reference types, so those stay on there.
fn enable(features: Features, compiler: Compiler, config: &mut Config) {
    for &(feature, switch) in SWITCHES {
        let part = compiler == Compiler::Winch && feature == Features::REFERENCE_TYPES;
        switch(config, part || features.contains(feature));
    }
    // Without it Wasmtime takes the instructions, and makes no memory for them.
    config.shared_memory(features.contains(Features::THREADS));
}

/// Sets a flag of Cranelift.
#[allow(unsafe_code)]
fn set_flag(config: &mut Config, flag: &str, value: &str) {
    // SAFETY: the flags come from the tables of `groups` and `isa`. The former change how code is
    // laid out and optimised and keep what it does; disabling an extension of the processor is
    // always sound, and none is ever enabled.
    unsafe {
        config.cranelift_flag_set(flag, value);
    }
}
