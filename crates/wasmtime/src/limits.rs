//! What a store may grow to.

use wasmtime::ResourceLimiter;

/// The size to which any table may grow, in elements: the limit of the WebAssembly JavaScript
/// interface, which the other engines keep.
const MAX_TABLE_ELEMENTS: usize = 10_000_000;

/// The size that no 32-bit memory exceeds, in bytes: the maximum of one that declares none.
const UNBOUNDED_BYTES: usize = 1 << 32;

/// Keeps the garbage-collected heap, and tables, from taking all memory of the machine.
///
/// Wasmtime asks about a heap as about a memory without a maximum, and does not say which it is:
/// so a memory without one does not grow beyond the limit of the heap either. That is legal
/// (`memory.grow` may fail at any time), and smaller than no program needs that runs elsewhere
/// too.
#[derive(Debug)]
pub(crate) struct GrowthLimits {
    heap_bytes: usize,
    /// Whether memories come into being at their initial sizes, which are not limited.
    pub(crate) instantiating: bool,
}

impl GrowthLimits {
    pub(crate) fn new(heap_bytes: u32) -> Self {
        Self {
            heap_bytes: heap_bytes as usize,
            instantiating: false,
        }
    }
}

impl ResourceLimiter for GrowthLimits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let bounded = maximum.is_some_and(|maximum| maximum < UNBOUNDED_BYTES);
        let is_new = self.instantiating && current == 0;
        Ok(bounded || is_new || desired <= self.heap_bytes)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }
}
