//! Types, and what places hold, from bytes.

use super::groups::repeat_group;
use super::mend::MAX_TYPES;
use super::types::{Field, Heap, RefTy, Shape, Storage, TypeDef};
use arbitrary::{Result, Unstructured};
use assay_engine::Features;

/// What references that operations keep are mostly of.
const PLACES: [Heap; 6] = [
    Heap::Any,
    Heap::Any,
    Heap::Eq,
    Heap::Struct,
    Heap::Array,
    Heap::Extern,
];

/// The types of a certain shape.
pub fn of_shape(types: &[TypeDef], is: fn(&Shape) -> bool) -> Vec<u32> {
    let numbered = (0..).zip(types);
    let fit = numbered.filter(|(_, def)| is(&def.shape));
    fit.map(|(number, _)| number).collect()
}

/// What arrays hold: a segment of just that can be copied there.
pub fn element_heaps(types: &[TypeDef]) -> Vec<Heap> {
    let element = |def: &TypeDef| match def.shape {
        Shape::Array(element) => Some(element.storage.reference()?.heap),
        _ => None,
    };
    types.iter().filter_map(element).collect()
}

/// What a global, a table or a segment holds.
pub fn place(u: &mut Unstructured<'_>, types: u32) -> Result<Heap> {
    Ok(match u.int_in_range(0..=9)? {
        0..=6 => *u.choose(&PLACES)?,
        7 => Heap::Func,
        _ => Heap::Type(u.int_in_range(0..=types - 1)?),
    })
}

/// Types: mostly a handful, since each costs an engine time, and now and then many.
pub fn types(u: &mut Unstructured<'_>, features: Features) -> Result<Vec<TypeDef>> {
    let count = match u.int_in_range(0..=23)? {
        0 => MAX_TYPES,
        1 => 16,
        _ => u.int_in_range(3..=7)?,
    };
    let mut types: Vec<TypeDef> = Vec::with_capacity(count);
    while types.len() < count {
        let group = if u.ratio(1, 3)? {
            u.int_in_range(2..=4)?
        } else {
            1
        };
        let start = types.len();
        if start > 1 && u.ratio(1, 10)? {
            repeat_group(u, &mut types)?;
            continue;
        }
        let end = (start + group).min(count);
        for at in start..end {
            let def = type_def(u, features, &types, end as u32)?;
            types.push(TypeDef {
                begins_group: at == start,
                ..def
            });
        }
    }
    types.truncate(MAX_TYPES);
    Ok(types)
}

/// A type: mostly a structure, in four cases of ten below another one.
fn type_def(
    u: &mut Unstructured<'_>,
    features: Features,
    before: &[TypeDef],
    end: u32,
) -> Result<TypeDef> {
    let own = before.len() as u32;
    let open: Vec<u32> = (0..own)
        .filter(|&ty| !before[ty as usize].is_final)
        .collect();
    let supertype = if !open.is_empty() && u.ratio(2, 5)? {
        Some(*u.choose(&open)?)
    } else {
        None
    };
    let field = |u: &mut Unstructured<'_>| {
        Ok(Field {
            storage: storage(u, features, own, end)?,
            mutable: u.ratio(3, 4)?,
        })
    };
    let shape = match supertype.map(|sup| &before[sup as usize].shape) {
        Some(Shape::Struct(fields)) => {
            let mut fields = fields.clone();
            for _ in 0..u.int_in_range(0..=2)? {
                fields.push(field(u)?);
            }
            narrow(u, &mut fields, own)?;
            Shape::Struct(fields)
        }
        Some(other) => other.clone(),
        None => match u.int_in_range(0..=11)? {
            0..=5 => {
                let count = u.int_in_range(0..=4)?;
                Shape::Struct((0..count).map(|_| field(u)).collect::<Result<_>>()?)
            }
            6 => Shape::Array(Field {
                storage: *u.choose(&[Storage::I8, Storage::I16])?,
                mutable: u.ratio(3, 4)?,
            }),
            7..=9 => Shape::Array(field(u)?),
            _ => Shape::Func,
        },
    };
    Ok(TypeDef {
        begins_group: false,
        is_final: u.ratio(1, 4)?,
        supertype,
        shape,
    })
}

/// Now and then makes an inherited field narrower; where that is not allowed, it is mended.
fn narrow(u: &mut Unstructured<'_>, fields: &mut [Field], types: u32) -> Result<()> {
    for field in fields {
        if let Storage::Ref(ty) = &mut field.storage
            && !field.mutable
            && u.ratio(1, 3)?
        {
            ty.heap = *u.choose(&[Heap::Eq, Heap::Struct, Heap::I31, Heap::Type(types / 2)])?;
        }
    }
    Ok(())
}

const NUMBERS: [Storage; 7] = [
    Storage::I8,
    Storage::I16,
    Storage::I32,
    Storage::I64,
    Storage::F32,
    Storage::F64,
    Storage::V128,
];

const HEAPS: [Heap; 8] = [
    Heap::Any,
    Heap::Any,
    Heap::Eq,
    Heap::Struct,
    Heap::Array,
    Heap::I31,
    Heap::Extern,
    Heap::Func,
];

/// What a field holds: as often a reference as a number. A reference that cannot be null is to
/// what was there before, mostly, so that there are values of the type.
pub fn storage(
    u: &mut Unstructured<'_>,
    features: Features,
    own: u32,
    end: u32,
) -> Result<Storage> {
    if u.ratio(1, 2)? {
        let number = *u.choose(&NUMBERS)?;
        let vectors = features.contains(Features::SIMD) || number != Storage::V128;
        return Ok(if vectors { number } else { Storage::I64 });
    }
    let nullable = u.ratio(5, 6)?;
    let last = if nullable || u.ratio(1, 12)? {
        end
    } else {
        own
    };
    let heap = if last > 0 && u.ratio(1, 2)? {
        Heap::Type(u.int_in_range(0..=last - 1)?)
    } else {
        *u.choose(&HEAPS)?
    };
    Ok(Storage::Ref(RefTy { nullable, heap }))
}
