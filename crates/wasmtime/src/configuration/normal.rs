//! What goes with what: the rules that make an arbitrary configuration one that Wasmtime takes.

use super::{
    Code, Compiler, Configuration, Embedding, Entry, Gc, InlineCalls, Memory, Way, WithoutIsa,
    ZEALOUS,
};

/// The least address space for a memory that cannot move, in bytes: without it, `memory.grow`
/// would fail where it succeeds on every other engine.
const FIXED_MEMORY_BYTES: u64 = 1 << 32;

/// The least address space for a heap that cannot move, in bytes: the default of
/// [`Limits::gc_heap_bytes`](assay_engine::Limits).
const FIXED_HEAP_BYTES: u64 = 64 << 20;

impl Configuration {
    /// The nearest configuration that Wasmtime takes. A knob that has no effect beside the others
    /// is reset, so that what is printed is what matters.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        let configuration = &mut self;
        match configuration.compiler {
            Compiler::Cranelift => {}
            Compiler::Winch => for_winch(configuration),
            Compiler::Pulley => for_pulley(configuration),
        }
        code(&mut configuration.code);
        memory(&mut configuration.memory);
        heap(&mut configuration.gc);
        entry(&mut configuration.entry, configuration.code.fuel);
        if configuration.entry.async_stacks {
            checked(&mut configuration.embedding);
        }
        pooled(configuration);
        configuration.without_isa = configuration.without_isa.normalised();
        self
    }
}

/// Winch refuses to go without signals or lazy tables, knows no DWARF and none of the flags that
/// are Cranelift's linker's, does not inline, and has neither garbage collection nor relaxed SIMD.
fn for_winch(configuration: &mut Configuration) {
    let default = Code::default();
    let code = &mut configuration.code;
    code.signals_based_traps = default.signals_based_traps;
    code.native_debug_info = default.native_debug_info;
    code.inlining = default.inlining;
    code.relaxed_simd_deterministic = default.relaxed_simd_deterministic;
    code.function_padding_bytes = default.function_padding_bytes;
    code.debug_checks = default.debug_checks;
    configuration.memory.table_lazy_init = Memory::default().table_lazy_init;
    configuration.gc = Gc::default();
    configuration.embedding.collections = Embedding::default().collections;
}

/// Byte code is the same on every machine, knows no signals, and has no DWARF of its own.
fn for_pulley(configuration: &mut Configuration) {
    let default = Code::default();
    let code = &mut configuration.code;
    code.signals_based_traps = default.signals_based_traps;
    code.heap_spectre_mitigation = default.heap_spectre_mitigation;
    code.table_spectre_mitigation = default.table_spectre_mitigation;
    code.native_debug_info = default.native_debug_info;
    configuration.without_isa = WithoutIsa::default();
}

fn code(code: &mut Code) {
    let default = Code::default();
    if !code.signals_based_traps {
        code.heap_spectre_mitigation = false;
        code.table_spectre_mitigation = false;
    }
    // Wasmtime 48 panics on any function that has debugging information and no address map, and on one of
    // which only what it has inlined is left.
    if code.native_debug_info {
        code.address_map = true;
        code.inlining = InlineCalls::No;
    }
    if code.inlining == InlineCalls::No {
        code.inlining_small_callee_size = default.inlining_small_callee_size;
        code.inlining_sum_size_threshold = default.inlining_sum_size_threshold;
    }
}

fn memory(memory: &mut Memory) {
    if !memory.may_move {
        at_least(&mut memory.reservation_bytes, FIXED_MEMORY_BYTES);
        memory.growth_reservation_bytes = None;
    }
    if !memory.copy_on_write {
        memory.force_memfd = false;
        memory.dense_image_bytes = None;
    }
}

fn heap(gc: &mut Gc) {
    gc.zeal = gc.zeal.filter(|_| ZEALOUS);
    if gc.may_move == Some(false) {
        at_least(&mut gc.reservation_bytes, FIXED_HEAP_BYTES);
        gc.growth_reservation_bytes = None;
    }
}

fn entry(entry: &mut Entry, fuel: bool) {
    let default = Entry::default();
    entry.backtraces &= entry.backtrace_frames > 0;
    if !entry.backtraces {
        entry.backtrace_frames = default.backtrace_frames;
    }
    if !entry.async_stacks {
        entry.async_stack_zeroing = default.async_stack_zeroing;
    }
    if !entry.async_stacks || !fuel {
        entry.fuel_yield_interval = default.fuel_yield_interval;
    }
}

/// What is unchecked is synchronous.
fn checked(embedding: &mut Embedding) {
    for way in [&mut embedding.host_functions, &mut embedding.calls] {
        if *way == Way::Unchecked {
            *way = Way::Untyped;
        }
    }
}

/// The pool lays heaps out as it does memories, and every memory within its reservation. None of
/// them ever moves.
fn pooled(configuration: &mut Configuration) {
    let Some(pool) = &configuration.pool else {
        return;
    };
    let gc = &mut configuration.gc;
    gc.reservation_bytes = None;
    gc.guard_bytes = None;
    gc.growth_reservation_bytes = None;
    gc.may_move = None;
    at_least(
        &mut configuration.memory.reservation_bytes,
        pool.memory_bytes,
    );
}

/// Raises a size that was set; Wasmtime's own default is large enough for all.
fn at_least(size: &mut Option<u64>, least: u64) {
    if size.is_some_and(|size| size < least) {
        *size = Some(least);
    }
}
