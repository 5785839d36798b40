//! Memories (chapter 4, section "Runtime Structure").

use crate::types::MemoryType;

/// A memory.
#[derive(Debug)]
pub(crate) struct MemoryInst {
    pub ty: MemoryType,
    pub data: Vec<u8>,
}

/// Beyond this many bytes a memory grows into fresh pages of the system, which are zero without
/// being touched.
const TOUCHED_BYTES: usize = 1 << 20;

impl MemoryInst {
    /// A memory of its initial size, which must have been found to fit.
    pub fn new(ty: MemoryType, bytes: usize) -> Self {
        Self {
            ty,
            data: vec![0; bytes],
        }
    }

    /// The size, in pages.
    pub fn pages(&self) -> u64 {
        (self.data.len() as u64) >> self.ty.page_size_log2
    }

    /// The type by which it satisfies an import: its present size is its minimum.
    pub fn present_type(&self) -> MemoryType {
        let mut ty = self.ty;
        ty.limits.min = self.pages();
        ty
    }

    /// The size in bytes after growing, where the type allows it.
    pub fn grown(&self, pages: u64) -> Option<u64> {
        let wanted = self
            .pages()
            .checked_add(pages)
            .filter(|&n| n <= mutate!(self.ty.max_pages(), GrowPastMaximum => 1 << 16))?;
        let bytes = u128::from(wanted) << mutate!(self.ty.page_size_log2, PagesAreLarge => 16);
        Some(u64::try_from(bytes).unwrap_or(u64::MAX))
    }

    /// Makes it so large, in bytes.
    pub fn resize(&mut self, bytes: usize) {
        let old = self.data.len();
        if bytes - old < TOUCHED_BYTES {
            self.data.resize(bytes, 0);
        } else {
            let mut data = vec![0; bytes];
            data[..old].copy_from_slice(&self.data);
            self.data = data;
        }
    }
}
