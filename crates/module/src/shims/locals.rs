//! Locals that several pieces of code use in turn.

use wasm_encoder::ValType;

/// Locals of a function, of which no two pieces of code run in one call. Each piece gets those of
/// its types from the first on, so that the function has only as many as the piece that needs most.
pub(crate) struct Locals {
    first: u32,
    types: Vec<ValType>,
}

impl Locals {
    /// None yet; the first is to be number `first`.
    pub fn behind(first: u32) -> Self {
        Self {
            first,
            types: Vec::new(),
        }
    }

    /// A local for each of these types. Adds those that are missing.
    pub fn assign(&mut self, types: &[ValType]) -> Vec<u32> {
        let mut taken = Vec::with_capacity(types.len());
        for &ty in types {
            let free = |index: &usize| !taken.contains(&(self.first + *index as u32));
            let found = (0..self.types.len()).find(|index| self.types[*index] == ty && free(index));
            let index = found.unwrap_or_else(|| {
                self.types.push(ty);
                self.types.len() - 1
            });
            taken.push(self.first + index as u32);
        }
        taken
    }

    /// The declaration.
    pub fn declare(&self) -> Vec<(u32, ValType)> {
        self.types.iter().map(|&ty| (1, ty)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_share_locals() {
        let pieces = [
            vec![ValType::I32, ValType::F64],
            vec![ValType::I32, ValType::I32],
        ];
        let mut locals = Locals::behind(2);
        assert_eq!(locals.assign(&pieces[0]), [2, 3]);
        assert_eq!(locals.assign(&pieces[1]), [2, 4]);
        let all = [ValType::I32, ValType::F64, ValType::I32];
        assert_eq!(locals.declare(), all.map(|ty| (1, ty)));
    }
}
