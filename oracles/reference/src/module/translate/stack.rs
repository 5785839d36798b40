//! The height of the stack while translating.

/// The operands on the stack, by how many slots they take.
#[derive(Debug, Default)]
pub(super) struct Heights {
    widths: Vec<u8>,
    height: u32,
    highest: u32,
}

impl Heights {
    /// The height, in slots of the frame.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The greatest height so far.
    pub fn highest(&self) -> u32 {
        self.highest
    }

    /// How many operands there are.
    pub fn count(&self) -> usize {
        self.widths.len()
    }

    /// Makes room below all operands.
    pub fn reserve(&mut self, width: u32) {
        self.height += width;
        self.highest = self.highest.max(self.height);
    }

    /// Pushes an operand.
    pub fn push(&mut self, width: u32) {
        self.widths.push(width as u8);
        self.reserve(width);
    }

    /// Pops an operand and tells how many slots it takes.
    pub fn pop(&mut self) -> u32 {
        let width = u32::from(self.widths.pop().unwrap_or(0));
        self.height -= width;
        width
    }

    /// Pops so many operands.
    pub fn pop_many(&mut self, count: usize) {
        for _ in 0..count {
            self.pop();
        }
    }

    /// Pops until so many are left.
    pub fn truncate(&mut self, count: usize) {
        self.pop_many(self.count().saturating_sub(count));
    }
}
