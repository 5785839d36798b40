//! Locals that several pieces of code use in turn.

#[cfg(test)]
use std::ops::Range;
use wasm_encoder::ValType;

/// Locals behind a function's parameters. Each piece of code gets those of its types from the
/// first on, so that the function has only as many as the piece that needs most.
pub(super) struct Locals {
    first: u32,
    types: Vec<ValType>,
}

impl Locals {
    /// Locals for any one of these pieces of code at a time, behind `params` parameters.
    pub fn for_any<'a>(params: u32, pieces: impl Iterator<Item = &'a [ValType]>) -> Self {
        let mut all = Self {
            first: params,
            types: Vec::new(),
        };
        for piece in pieces {
            all.assign(piece);
        }
        all
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

    /// The indices of all.
    #[cfg(test)]
    pub fn indices(&self) -> Range<u32> {
        self.first..self.first + self.types.len() as u32
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
        let mut locals = Locals::for_any(2, pieces.iter().map(Vec::as_slice));
        assert_eq!(locals.indices(), 2..5);
        assert_eq!(locals.assign(&pieces[0]), [2, 3]);
        assert_eq!(locals.assign(&pieces[1]), [2, 4]);
    }
}
