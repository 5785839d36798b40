//! What a process holds of the kernel.

use std::fs;

/// A count of what a process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Census {
    /// Open file descriptors.
    pub(crate) descriptors: i64,
    /// Bytes of virtual memory, without the heap and the stack, which only ever grow.
    pub(crate) mapped: i64,
}

/// Counts. Some tens of microseconds, so not for every run.
pub(crate) fn take() -> Census {
    let descriptors = fs::read_dir("/proc/self/fd").map_or(0, |dir| dir.count() as i64);
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mapped = maps
        .lines()
        .filter(|line| !line.ends_with("[heap]") && !line.ends_with("[stack]"))
        .filter_map(|line| {
            let (low, high) = line.split_once(' ')?.0.split_once('-')?;
            let low = i64::from_str_radix(low, 16).ok()?;
            Some(i64::from_str_radix(high, 16).ok()? - low)
        })
        .sum();
    Census {
        descriptors,
        mapped,
    }
}
