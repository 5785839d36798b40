//! The knobs themselves, one table per group, and how each table is told to Wasmtime.

use super::knobs::knobs;
use serde::{Deserialize, Serialize};
use std::num::{NonZeroU32, NonZeroUsize};
use wasmtime::{Config, Enabled, Inlining, PoolingAllocationConfig};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// How hard Cranelift optimises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "they are Wasmtime's own words")]
pub enum OptLevel {
    None,
    Speed,
    SpeedAndSize,
}

/// The algorithm that assigns registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "they are Wasmtime's own words")]
pub enum RegisterAllocator {
    Backtracking,
    SinglePass,
}

/// Which calls Cranelift may inline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InlineCalls {
    /// None.
    No,
    /// Those between modules, and within a module that uses garbage collection.
    Gc,
    /// All that it can.
    Yes,
}

/// The garbage collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Collector {
    /// The one that Wasmtime chooses.
    Auto,
    /// Deferred reference counting.
    Drc,
    /// None at all: the heap only grows.
    Null,
    /// A copying collector.
    Copying,
}

/// By what an embedder defines and calls functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// By values of which each tells its type.
    Untyped,
    /// By Rust types, where Assay has some for the signature.
    Typed,
    /// By raw values of which nobody checks the types.
    Unchecked,
}

/// Whether this is a build in which garbage can be collected at every so many allocations: one for libFuzzer, or
/// with the configuration `ci/gc_zeal.toml`. Wasmtime refuses it in others.
pub const ZEALOUS: bool = cfg!(any(fuzzing, gc_zeal));

/// When an embedder collects garbage, beside when a program asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Collections {
    /// Never.
    Never,
    /// Around each call from outside: with the arguments there, and with the results there.
    Calls,
    /// In each call of a host function, with its arguments there.
    HostCalls,
    /// In all these places.
    Everywhere,
}

impl Collections {
    /// Whether that is around calls.
    pub(crate) fn around_calls(self) -> bool {
        matches!(self, Self::Calls | Self::Everywhere)
    }

    /// Whether that is in host calls.
    pub(crate) fn in_host_calls(self) -> bool {
        matches!(self, Self::HostCalls | Self::Everywhere)
    }
}

knobs! {
    /// What changes the code that is generated.
    pub struct Code {
        /// How hard Cranelift optimises.
        opt_level: OptLevel = OptLevel::Speed, sometimes [OptLevel::None, OptLevel::SpeedAndSize];
        /// The algorithm that assigns registers.
        register_allocator: RegisterAllocator = RegisterAllocator::Backtracking,
            sometimes [RegisterAllocator::SinglePass];
        /// Which calls are inlined.
        inlining: InlineCalls = InlineCalls::No, sometimes [InlineCalls::Gc, InlineCalls::Yes];
        /// The size up to which a callee is small, and inlined wherever it is called.
        inlining_small_callee_size: u32 = 50, sometimes [0, 5, 1_000];
        /// The size of caller and callee together up to which other callees are inlined.
        inlining_sum_size_threshold: u32 = 2_000, sometimes [0, 100, 20_000];
        /// Whether loads are forwarded and dropped.
        alias_analysis: bool = true, sometimes [false];
        /// Whether accesses of memories are guarded against misspeculation.
        heap_spectre_mitigation: bool = true, sometimes [false];
        /// Whether accesses of tables are guarded against misspeculation.
        table_spectre_mitigation: bool = true, sometimes [false];
        /// Whether arithmetic makes every NaN the canonical one.
        nan_canonicalization: bool = false, sometimes [true];
        /// Whether relaxed SIMD gives the same results on every machine.
        relaxed_simd_deterministic: bool = false, sometimes [true];
        /// Whether branch hints are heeded.
        branch_hinting: bool = false, sometimes [true];
        /// Whether code counts fuel. The budget is never used up.
        fuel: bool = false, sometimes [true];
        /// Whether code looks at the epoch. It goes on with every host call, and never ends a
        /// program.
        epochs: bool = false, sometimes [true];
        /// Whether traps may be raised by signals, on engines of native code.
        signals_based_traps: bool = true, sometimes [false];
        /// Whether native code carries DWARF debugging information.
        native_debug_info: bool = false, rarely [true];
        /// Whether native code carries tables for unwinding.
        unwind_info: bool = true, sometimes [false];
        /// Whether there is a map from native code to the module.
        address_map: bool = true, sometimes [false];
        /// Whether failed assertions of generated code carry a trap code.
        assert_metadata: bool = false, sometimes [true];
        /// Whether generated code asserts what Wasmtime believes of it.
        debug_checks: bool = false, sometimes [true];
        /// Whether Cranelift verifies its own intermediate representation.
        verifier: bool = false, rarely [true];
        /// Whether the register allocator's result is proved by its checker.
        register_checker: bool = false, rarely [true];
        /// Padding between basic blocks: `2^(n-1)` bytes, none for 0.
        block_padding_log2_minus_one: u8 = 0, sometimes [1, 5, 9];
        /// Padding between functions, in bytes.
        function_padding_bytes: u32 = 0, sometimes [1, 4_096];
        /// The least alignment of functions, as a power of two.
        function_alignment_log2: u8 = 0, sometimes [6, 12];
        /// Whether functions are compiled on several threads. Off by default, unlike in Wasmtime:
        /// a campaign has its own workers.
        parallel_compilation: bool = false, rarely [true];
        /// Whether a module is serialised after compilation, and run from what was read back.
        precompiled: bool = false, sometimes [true];
    }
}

knobs! {
    /// What changes the layout of memories and tables. `None` leaves it to Wasmtime, whose
    /// defaults depend on the target.
    pub struct Memory {
        /// Address space reserved for a memory, in bytes.
        reservation_bytes: Option<u64> = None, sometimes [Some(0), Some(MIB), Some(64 * MIB)];
        /// The guard region behind a memory, in bytes.
        guard_bytes: Option<u64> = None, sometimes [Some(0), Some(64 * KIB), Some(2 * GIB)];
        /// Address space reserved for further growth when a memory moves, in bytes.
        growth_reservation_bytes: Option<u64> = None, sometimes [Some(0), Some(64 * KIB), Some(MIB)];
        /// Whether a memory may move when it grows.
        may_move: bool = true, sometimes [false];
        /// Whether there is a guard region before a memory too.
        guard_before: bool = true, sometimes [false];
        /// Whether initial contents are mapped copy-on-write.
        copy_on_write: bool = true, sometimes [false];
        /// Whether initial contents are copied to a memory-backed file first.
        force_memfd: bool = false, sometimes [true];
        /// The size up to which initial contents are mapped however sparse they are, in bytes.
        dense_image_bytes: Option<u64> = None, sometimes [Some(0), Some(64 * KIB), Some(GIB)];
        /// Whether tables are filled on first use.
        table_lazy_init: bool = true, sometimes [false];
    }
}

knobs! {
    /// What changes the garbage-collected heap.
    pub struct Gc {
        /// The collector.
        collector: Collector = Collector::Auto,
            sometimes [Collector::Drc, Collector::Null, Collector::Copying];
        /// Address space reserved for the heap, in bytes.
        reservation_bytes: Option<u64> = None, sometimes [Some(0), Some(MIB), Some(128 * MIB)];
        /// The guard region behind the heap, in bytes.
        guard_bytes: Option<u64> = None, sometimes [Some(0), Some(64 * KIB), Some(2 * GIB)];
        /// Address space reserved for further growth when the heap moves, in bytes.
        growth_reservation_bytes: Option<u64> = None, sometimes [Some(0), Some(64 * KIB), Some(MIB)];
        /// Whether the heap may move when it grows.
        may_move: Option<bool> = None, sometimes [Some(false), Some(true)];
        /// The size that the heap begins with, in bytes.
        initial_bytes: Option<u64> = None, sometimes [Some(1), Some(MIB)];
        /// Whether a corrupt heap is reported as such.
        corruption_metadata: bool = true, sometimes [false];
        /// At which allocation garbage is collected each time, in builds that can ([`ZEALOUS`]). Wasmtime counts
        /// those for which code calls its runtime: all with [`Collector::Drc`], but with [`Collector::Copying`]
        /// only those for which there is no room.
        zeal: Option<NonZeroU32> = None, sometimes [NonZeroU32::new(1), NonZeroU32::new(2), NonZeroU32::new(7)];
    }
}

knobs! {
    /// What changes how the host enters and leaves WebAssembly.
    pub struct Entry {
        /// Whether WebAssembly runs on stacks of its own, driven as futures.
        async_stacks: bool = false, sometimes [true];
        /// Whether those stacks are zeroed before use.
        async_stack_zeroing: bool = false, sometimes [true];
        /// After how much fuel WebAssembly yields to its driver.
        fuel_yield_interval: Option<u64> = None, sometimes [Some(100), Some(10_000)];
        /// Whether traps capture the stack.
        backtraces: bool = true, sometimes [false];
        /// How many frames of a stack are captured at most.
        backtrace_frames: u32 = 20, sometimes [1, 5, 200];
    }
}

knobs! {
    /// What an embedder does in its own way: code and engine are the same whatever it is.
    pub struct Embedding {
        /// How functions of the host are defined.
        host_functions: Way = Way::Untyped, sometimes [Way::Typed, Way::Typed, Way::Unchecked];
        /// How exported functions are called.
        calls: Way = Way::Untyped, sometimes [Way::Typed, Way::Typed, Way::Unchecked];
        /// When garbage is collected, beside when a program asks for it.
        collections: Collections = Collections::Never,
            sometimes [Collections::Calls, Collections::HostCalls, Collections::Everywhere];
    }
}

knobs! {
    /// The pooling allocator and its limits, which are kept above what a program needs: two
    /// modules with four memories and four tables each.
    pub struct Pool {
        /// Instances at a time.
        core_instances: u32 = 16, sometimes [8, 100];
        /// The size of an instance's own data, in bytes.
        core_instance_bytes: u64 = MIB, sometimes [4 * MIB];
        /// Memories at a time, heaps included.
        memories: u32 = 16, sometimes [10, 40];
        /// Tables at a time.
        tables: u32 = 16, sometimes [8, 40];
        /// Stacks at a time.
        stacks: u32 = 8, sometimes [16];
        /// Garbage-collected heaps at a time.
        gc_heaps: u32 = 8, sometimes [16];
        /// The size to which a memory may grow, in bytes.
        memory_bytes: u64 = 4 * GIB, sometimes [64 * MIB];
        /// The size to which a table may grow, in elements.
        table_elements: u32 = MIB as u32, sometimes [20_000];
        /// Unused slots that keep their module's image.
        max_unused_warm_slots: u32 = 100, sometimes [0, 1];
        /// How many slots are given back to the system at once.
        decommit_batch_size: u32 = 1, sometimes [4, 100];
        /// How much of a stack is zeroed by hand instead of given back, in bytes.
        stack_keep_resident_bytes: u64 = 0, sometimes [4 * KIB, 64 * KIB];
        /// How much of a memory is reset by hand instead of given back, in bytes.
        memory_keep_resident_bytes: u64 = 0, sometimes [64 * KIB, MIB];
        /// How much of a table is reset by hand instead of given back, in bytes.
        table_keep_resident_bytes: u64 = 0, sometimes [4 * KIB, 64 * KIB];
        /// Whether the system is asked which pages were written, where it can tell.
        pagemap_scan: bool = false, sometimes [true];
    }
}

impl Entry {
    /// How many frames a trap captures at most; `None` where it captures none.
    pub(crate) fn captured_frames(&self) -> Option<NonZeroUsize> {
        let frames = NonZeroUsize::new(self.backtrace_frames as usize);
        frames.filter(|_| self.backtraces)
    }
}

impl Code {
    /// Sets what every compiler knows; the flags of Cranelift are in [`Code::flags`].
    pub(super) fn apply(&self, config: &mut Config) {
        config
            .cranelift_opt_level(match self.opt_level {
                OptLevel::None => wasmtime::OptLevel::None,
                OptLevel::Speed => wasmtime::OptLevel::Speed,
                OptLevel::SpeedAndSize => wasmtime::OptLevel::SpeedAndSize,
            })
            .cranelift_regalloc_algorithm(match self.register_allocator {
                RegisterAllocator::Backtracking => wasmtime::RegallocAlgorithm::Backtracking,
                RegisterAllocator::SinglePass => wasmtime::RegallocAlgorithm::SinglePass,
            })
            .compiler_inlining(match self.inlining {
                InlineCalls::No => Inlining::No,
                InlineCalls::Gc => Inlining::InterModuleAndIntraGc,
                InlineCalls::Yes => Inlining::Yes,
            })
            .cranelift_nan_canonicalization(self.nan_canonicalization)
            .cranelift_debug_verifier(self.verifier)
            .relaxed_simd_deterministic(self.relaxed_simd_deterministic)
            .wasm_branch_hinting(self.branch_hinting)
            .consume_fuel(self.fuel)
            .epoch_interruption(self.epochs)
            .debug_info(self.native_debug_info)
            .native_unwind_info(self.unwind_info)
            .generate_address_map(self.address_map)
            .metadata_for_internal_asserts(self.assert_metadata)
            .parallel_compilation(self.parallel_compilation);
        if self.debug_checks {
            config.cranelift_wasmtime_debug_checks(true);
        }
    }

    /// The flags of Cranelift that differ from their defaults. Only those: Wasmtime wants to set
    /// some of them itself.
    pub(super) fn flags(&self) -> Vec<(&'static str, String)> {
        let default = Self::default();
        let mut flags = Vec::new();
        macro_rules! flag {
            ($($knob:ident => $flag:literal,)*) => {
                $(if self.$knob != default.$knob {
                    flags.push(($flag, self.$knob.to_string()));
                })*
            };
        }
        flag! {
            inlining_small_callee_size => "wasmtime_inlining_small_callee_size",
            inlining_sum_size_threshold => "wasmtime_inlining_sum_size_threshold",
            alias_analysis => "enable_alias_analysis",
            heap_spectre_mitigation => "enable_heap_access_spectre_mitigation",
            table_spectre_mitigation => "enable_table_access_spectre_mitigation",
            register_checker => "regalloc_checker",
            block_padding_log2_minus_one => "bb_padding_log2_minus_one",
            function_padding_bytes => "wasmtime_linkopt_padding_between_functions",
            function_alignment_log2 => "log2_min_function_alignment",
        }
        flags
    }
}

/// Calls each setter whose knob is set.
macro_rules! set_some {
    ($config:ident: $($setter:ident = $value:expr,)*) => {
        $(if let Some(value) = $value {
            $config.$setter(value);
        })*
    };
}

impl Memory {
    pub(super) fn apply(&self, config: &mut Config) {
        config
            .memory_may_move(self.may_move)
            .guard_before_linear_memory(self.guard_before)
            .memory_init_cow(self.copy_on_write)
            .force_memory_init_memfd(self.force_memfd)
            .table_lazy_init(self.table_lazy_init);
        set_some! { config:
            memory_reservation = self.reservation_bytes,
            memory_guard_size = self.guard_bytes,
            memory_reservation_for_growth = self.growth_reservation_bytes,
            memory_guaranteed_dense_image_size = self.dense_image_bytes,
        }
    }
}

impl Gc {
    pub(super) fn apply(&self, config: &mut Config) -> wasmtime::Result<()> {
        config
            .collector(match self.collector {
                Collector::Auto => wasmtime::Collector::Auto,
                Collector::Drc => wasmtime::Collector::DeferredReferenceCounting,
                Collector::Null => wasmtime::Collector::Null,
                Collector::Copying => wasmtime::Collector::Copying,
            })
            .metadata_for_gc_heap_corruption(self.corruption_metadata);
        set_some! { config:
            gc_heap_reservation = self.reservation_bytes,
            gc_heap_guard_size = self.guard_bytes,
            gc_heap_reservation_for_growth = self.growth_reservation_bytes,
            gc_heap_may_move = self.may_move,
            gc_heap_initial_size = self.initial_bytes,
        }
        if self.zeal.is_some() {
            config.gc_zeal_alloc_counter(self.zeal)?;
        }
        Ok(())
    }
}

impl Pool {
    /// Memories and tables of one module.
    const PER_MODULE: u32 = 8;

    pub(super) fn allocator(&self) -> PoolingAllocationConfig {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(self.core_instances)
            .max_core_instance_size(bytes(self.core_instance_bytes))
            .total_memories(self.memories)
            .max_memories_per_module(Self::PER_MODULE)
            .max_memory_size(bytes(self.memory_bytes))
            .total_tables(self.tables)
            .max_tables_per_module(Self::PER_MODULE)
            .table_elements(bytes(self.table_elements.into()))
            .total_stacks(self.stacks)
            .total_gc_heaps(self.gc_heaps)
            .max_unused_warm_slots(self.max_unused_warm_slots)
            .decommit_batch_size(bytes(self.decommit_batch_size.into()))
            .async_stack_keep_resident(bytes(self.stack_keep_resident_bytes))
            .linear_memory_keep_resident(bytes(self.memory_keep_resident_bytes))
            .table_keep_resident(bytes(self.table_keep_resident_bytes))
            .pagemap_scan(if self.pagemap_scan {
                Enabled::Auto
            } else {
                Enabled::No
            });
        pool
    }
}

/// A size as Wasmtime wants it; on a 32-bit host no more than can be.
fn bytes(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}
