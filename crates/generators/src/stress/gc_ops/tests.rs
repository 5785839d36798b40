//! Settings that say what cannot be.

use super::setting::Setting;
use super::types::{Field, Heap, RefTy, Shape, Storage, TypeDef};
use super::*;
use crate::stress::Sequence;
use crate::stress::tests::{assert_mended, bytes, case};

/// A type that may refer to anything, wherever it is.
fn nonsense(u: &mut Unstructured<'_>) -> Result<TypeDef> {
    let field = |u: &mut Unstructured<'_>| -> Result<Field> {
        let heap = match u.int_in_range(0..=3)? {
            0 => *u.choose(&[Heap::Any, Heap::Struct, Heap::I31, Heap::Func, Heap::None])?,
            _ => Heap::Type(u.int_in_range(0..=20)?),
        };
        let nullable = u.arbitrary()?;
        Ok(Field {
            storage: match u.int_in_range(0..=3)? {
                0 => Storage::I8,
                _ => Storage::Ref(RefTy { nullable, heap }),
            },
            mutable: u.arbitrary()?,
        })
    };
    Ok(TypeDef {
        begins_group: u.arbitrary()?,
        is_final: u.ratio(1, 4)?,
        supertype: u.arbitrary::<Option<u8>>()?.map(|ty| u32::from(ty % 12)),
        shape: match u.int_in_range(0..=4)? {
            0 => Shape::Func,
            1 => Shape::Array(field(u)?),
            _ => {
                let count = u.int_in_range(0..=4)?;
                Shape::Struct((0..count).map(|_| field(u)).collect::<Result<_>>()?)
            }
        },
    })
}

#[test]
fn any_setting_is_mended() {
    for number in 0..3000 {
        let bytes = bytes(number);
        let mut u = Unstructured::new(&bytes);
        let types = (0..number % 12).map(|_| nonsense(&mut u).expect("enough bytes"));
        let (case, _) = case::<GcOps>(number, Features::WASM3);
        assert_mended(&Sequence::<GcOps> {
            setting: Setting {
                types: types.collect(),
                functions: vec![0, 1, 2, 99],
                ..case.setting
            },
            operations: case.operations,
        });
    }
}
