//! Which recursion groups a second module needs so as to speak of certain types of the first.
//!
//! Types are equal only within equal groups (Core, section 3.1, "Rolling and Unrolling"), so that
//! groups stay whole, with all that they refer to; the others go, since each function type costs an
//! engine a trampoline.

use crate::numbers::Gone;
use std::ops::Range;
use wasm_encoder::TypeSection;
use wasm_encoder::reencode::{Error, Reencode, RoundtripReencoder};
use wasmparser::{Parser, Payload, RecGroup, TypeRef};

/// The groups that stay. As a re-encoder, it gives types their new indices.
#[derive(Default)]
pub(crate) struct Groups {
    all: Vec<(Range<usize>, RecGroup)>,
    /// The new index of each type that stays.
    types: Vec<Option<u32>>,
}

impl Groups {
    /// The groups of a module that these imports need, and these types besides.
    pub fn needed(wasm: &[u8], imports: impl Iterator<Item = TypeRef>, types: &[u32]) -> Self {
        let mut groups = Self::read(wasm);
        let mut needed = Needed(vec![
            false;
            groups.all.last().map_or(0, |(types, _)| types.end)
        ]);
        types.iter().for_each(|&index| needed.note(index));
        for import in imports {
            // Functions are no matter of who provides the rest. Noting cannot fail.
            if !matches!(import, TypeRef::Func(_) | TypeRef::FuncExact(_)) {
                let _ = needed.entity_type(import);
            }
        }
        // A group refers to itself and to what is before it.
        groups.all.reverse();
        groups.all.retain(|(types, group)| {
            let stays = needed.0[types.clone()].contains(&true);
            for ty in group.types().filter(|_| stays) {
                let _ = needed.sub_type(ty.clone());
            }
            stays
        });
        groups.all.reverse();
        groups.types = vec![None; needed.0.len()];
        let stay = groups.all.iter().flat_map(|(types, _)| types.clone());
        for (new, old) in (0..).zip(stay) {
            groups.types[old] = Some(new);
        }
        groups
    }

    fn read(wasm: &[u8]) -> Self {
        let mut groups = Self::default();
        let mut first = 0;
        for payload in Parser::new(0).parse_all(wasm).flatten() {
            if let Payload::TypeSection(section) = payload {
                for group in section.into_iter().flatten() {
                    let end = first + group.types().len();
                    groups.all.push((first..end, group));
                    first = end;
                }
            }
        }
        groups
    }

    /// The groups that stay.
    pub fn encode(&mut self) -> Result<TypeSection, Error<Gone>> {
        let mut section = TypeSection::new();
        for (_, group) in std::mem::take(&mut self.all) {
            self.parse_recursive_type_group(section.ty(), group)?;
        }
        Ok(section)
    }
}

impl Reencode for Groups {
    type Error = Gone;

    fn type_index(&mut self, index: u32) -> Result<u32, Error<Gone>> {
        let new = self.types.get(index as usize).copied().flatten();
        new.ok_or(Error::UserError(Gone))
    }
}

/// For each type whether it is needed. As a re-encoder, it takes note of the indices that pass.
struct Needed(Vec<bool>);

impl Needed {
    fn note(&mut self, index: u32) {
        if let Some(needed) = self.0.get_mut(index as usize) {
            *needed = true;
        }
    }
}

impl Reencode for Needed {
    type Error = std::convert::Infallible;

    fn type_index(&mut self, index: u32) -> Result<u32, Error<Self::Error>> {
        self.note(index);
        RoundtripReencoder.type_index(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Info;

    /// The new indices of the types of a module, as its imports need them.
    fn types(wat: &str) -> Vec<Option<u32>> {
        let wasm = wat::parse_str(wat).expect("the text is right");
        let info = Info::read(&wasm).expect("it decodes");
        let imports = info.imports.iter().map(|import| import.ty);
        let mut groups = Groups::needed(&wasm, imports, &[]);
        groups.encode().expect("what stays refers to what stays");
        groups.types
    }

    #[test]
    fn only_what_imports_need_stays() {
        let wat = r#"(module (type (func)) (type (func (param i32))) (type (func (param i64)))
            (import "m" "f" (func (type 0))) (import "m" "t" (tag (type 2))))"#;
        assert_eq!(types(wat), [None, None, Some(0)]);
    }

    #[test]
    fn groups_stay_whole_and_with_what_they_refer_to() {
        let wat = r#"(module (type (struct)) (type $a (sub (struct (field i32))))
            (rec (type (func)) (type $b (sub $a (struct (field i32)))))
            (import "m" "g" (global (ref null $b))))"#;
        assert_eq!(types(wat), [None, Some(0), Some(1), Some(2)]);
    }
}
