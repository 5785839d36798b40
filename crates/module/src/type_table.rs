//! The function types of a module, its own and those that are added.

use crate::Info;
use crate::numbers::Numbers;
use crate::uses::Uses;
use wasm_encoder::ValType;

/// Finds a type for a signature, or adds one behind the module's own.
pub(crate) struct TypeTable {
    known: Vec<(Vec<ValType>, Vec<ValType>, u32)>,
    /// How many of those are the module's.
    own: usize,
    next: u32,
}

impl TypeTable {
    /// The table of a module. Types that have, or may have, supertypes are left alone.
    pub fn new(info: &Info, uses: &Uses<'_>, numbers: &Numbers) -> Self {
        let mut known = Vec::new();
        for (index, ty) in info.types.iter().enumerate() {
            let plain = ty.is_final && ty.supertype_idx.is_none() && !uses.grouped[index];
            if let (wasmparser::CompositeInnerType::Func(func), Some(new), true) =
                (&ty.composite_type.inner, numbers.ty(index as u32), plain)
            {
                let params = numbers.val_types(func.params());
                known.push((params, numbers.val_types(func.results()), new));
            }
        }
        Self {
            own: known.len(),
            known,
            next: numbers.types_kept,
        }
    }

    /// The type of this signature.
    pub fn of(&mut self, params: Vec<ValType>, results: Vec<ValType>) -> u32 {
        let mut known = self.known.iter();
        if let Some(&(_, _, index)) = known.find(|(p, r, _)| *p == params && *r == results) {
            return index;
        }
        self.known.push((params, results, self.next));
        self.next += 1;
        self.next - 1
    }

    /// The types that were added, in order.
    pub fn added(&self) -> impl Iterator<Item = (&[ValType], &[ValType])> {
        self.known[self.own..]
            .iter()
            .map(|(params, results, _)| (params.as_slice(), results.as_slice()))
    }
}
