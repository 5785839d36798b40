//! A store in numbers, to tell whether two of the same program are equal.

use super::Store;

/// Pieces of a memory of which those of zeros are left out.
const CHUNK_BYTES: usize = 64;

impl Store {
    /// Writes all that instructions can change but for stacks and what is used up. Two stores that
    /// began alike and write the same are equal.
    pub(crate) fn write_state(&self, state: &mut Vec<u64>) {
        for memory in &self.memories {
            state.push(memory.data.len() as u64);
            write_bytes(&memory.data, state);
        }
        for global in &self.globals {
            state.extend(global.value);
        }
        for table in &self.tables {
            state.push(table.elements.len() as u64);
            state.extend(&table.elements);
        }
        for instance in &self.instances {
            state.extend(instance.dropped.iter().map(|&dropped| u64::from(dropped)));
            state.extend(instance.elements.iter().map(|items| items.len() as u64));
        }
        if self.heap.len() > 0 {
            let text = format!("{:?}", self.heap);
            state.push(text.len() as u64);
            write_bytes(text.as_bytes(), state);
        }
    }
}

/// Writes the chunks that are not all zero, each behind its number, and then the end.
fn write_bytes(bytes: &[u8], state: &mut Vec<u64>) {
    let zeros = [0; CHUNK_BYTES];
    for (number, chunk) in bytes.chunks(CHUNK_BYTES).enumerate() {
        if *chunk != zeros[..chunk.len()] {
            state.push(number as u64);
            for word in chunk.chunks(8) {
                let mut bytes = [0; 8];
                bytes[..word.len()].copy_from_slice(word);
                state.push(u64::from_le_bytes(bytes));
            }
        }
    }
    state.push(u64::MAX);
}
