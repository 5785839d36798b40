//! Makes any setting one that can be: what a shrunk, a mutated or a written setting says that
//! cannot be is replaced by the nearest that can.

use super::matching::Types;
use super::setting::Setting;
use super::types::{Field, Heap, RefTy, Shape, Storage, TypeDef};

/// How many types there are at most, and fields in a structure.
pub const MAX_TYPES: usize = 32;
const MAX_FIELDS: usize = 8;

/// Mends types in place, in their order: what a type refers to is mended before it, but for its own
/// group.
pub(super) fn mend(defs: &mut [TypeDef]) {
    if let Some(first) = defs.first_mut() {
        first.begins_group = true;
    }
    for at in 0..defs.len() {
        let end = group_end(defs, at);
        let (before, rest) = defs.split_at_mut(at);
        let Some(def) = rest.first_mut() else { return };
        numbers(def, end as u32);
        def.supertype = def.supertype.filter(|&sup| {
            before.get(sup as usize).is_some_and(|sup| {
                !sup.is_final
                    && std::mem::discriminant(&sup.shape) == std::mem::discriminant(&def.shape)
            })
        });
    }
    // Fields are compared once all numbers are right, since whole groups count.
    for at in 0..defs.len() {
        let inherited = defs[at]
            .supertype
            .map(|sup| defs[sup as usize].shape.clone());
        if let Some(inherited) = inherited {
            let shape = below(defs, at, &inherited);
            defs[at].shape = shape;
        }
    }
}

/// The end of the group that a type is in.
fn group_end(defs: &[TypeDef], at: usize) -> usize {
    let next = defs.iter().skip(at + 1).position(|def| def.begins_group);
    next.map_or(defs.len(), |next| at + 1 + next)
}

/// Brings the numbers of types below `end`.
fn numbers(def: &mut TypeDef, end: u32) {
    let mend = |field: &mut Field| {
        if let Storage::Ref(RefTy {
            heap: Heap::Type(ty),
            ..
        }) = &mut field.storage
        {
            *ty = (*ty).min(end - 1);
        }
    };
    match &mut def.shape {
        Shape::Struct(fields) => {
            fields.truncate(MAX_FIELDS);
            fields.iter_mut().for_each(mend);
        }
        Shape::Array(element) => mend(element),
        Shape::Func => {}
    }
}

/// The shape that a type can have below another: it begins with the fields of that one, where its
/// own do not match them.
fn below(defs: &[TypeDef], at: usize, inherited: &Shape) -> Shape {
    let types = Types::unmended(&defs[..group_end(defs, at)]);
    let matches =
        |own: Field, inherited: Field| own == inherited || types.field_matches(own, inherited);
    match (&defs[at].shape, inherited) {
        (Shape::Struct(own), Shape::Struct(inherited)) => {
            let mut fields = own.clone();
            for (number, &theirs) in inherited.iter().enumerate() {
                match fields.get_mut(number) {
                    Some(own) if matches(*own, theirs) => {}
                    Some(own) => *own = theirs,
                    None => fields.push(theirs),
                }
            }
            Shape::Struct(fields)
        }
        (&Shape::Array(own), &Shape::Array(theirs)) => {
            Shape::Array(if matches(own, theirs) { own } else { theirs })
        }
        (shape, _) => shape.clone(),
    }
}

/// Brings the numbers of types below their count, and takes away what there is no type for.
pub(super) fn mend_places(setting: &mut Setting, types: &Types) {
    let number = |ty: &mut u32| *ty = (*ty).min(types.len().saturating_sub(1));
    let heap = |heap: &mut Heap| match heap {
        Heap::Type(_) if types.len() == 0 => *heap = Heap::Any,
        Heap::Type(ty) => number(ty),
        _ => {}
    };
    setting.globals.iter_mut().for_each(heap);
    setting.tables.iter_mut().for_each(heap);
    setting
        .segments
        .iter_mut()
        .for_each(|it| heap(&mut it.heap));
    for storage in setting.tags.iter_mut().flatten() {
        match storage {
            // What a tag carries is seen by the host, and packed fields are no values.
            Storage::Ref(ty) => heap(&mut ty.heap),
            Storage::I8 | Storage::I16 => *storage = Storage::I32,
            _ => {}
        }
    }
    setting
        .functions
        .retain(|&ty| types.shape(ty) == Some(&Shape::Func));
    if let Some(other) = &mut setting.other {
        other.mend(types);
    }
    setting.host = setting.host.clamp(1, 1000);
}
