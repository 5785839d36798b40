//! Recursive groups that are the same as others, and such that nearly are.

use super::types::{Shape, TypeDef};
use arbitrary::{Result, Unstructured};
use std::ops::Range;

/// Adds a group that is the same as another one: its types are the same then.
pub fn repeat_group(u: &mut Unstructured<'_>, types: &mut Vec<TypeDef>) -> Result<Range<usize>> {
    let starts: Vec<usize> = (0..types.len())
        .filter(|&at| types[at].begins_group)
        .collect();
    let start = *u.choose(&starts)?;
    let next = starts.iter().find(|&&other| other > start);
    let end = next.copied().unwrap_or(types.len());
    let by = (types.len() - start) as u32;
    let shift = |ty: u32| if ty as usize >= start { ty + by } else { ty };
    let group = types[start..end].iter().map(|def| def.renumbered(shift));
    let group: Vec<TypeDef> = group.collect();
    let start = types.len();
    types.extend(group);
    Ok(start..types.len())
}

/// Adds a group that is nearly the same as another one: its types are none of those.
pub fn nearly_repeat_group(u: &mut Unstructured<'_>, types: &mut Vec<TypeDef>) -> Result<()> {
    let group = repeat_group(u, types)?;
    let at = u.int_in_range(group.start..=group.end - 1)?;
    match u.int_in_range(0..=2)? {
        0 => types[at].is_final = !types[at].is_final,
        1 => {
            let field = match &mut types[at].shape {
                Shape::Struct(fields) => fields.last_mut(),
                Shape::Array(element) => Some(element),
                Shape::Func => None,
            };
            field.into_iter().for_each(|it| it.mutable = !it.mutable);
        }
        // One more in it, behind the others: all that refers to them stays as it is.
        _ => types.push(TypeDef {
            begins_group: false,
            is_final: true,
            supertype: None,
            shape: Shape::Struct(Vec::new()),
        }),
    }
    Ok(())
}
