//! How the shim catches exceptions.

use super::locals::Locals;
use super::{Row, Shims};
use crate::lift;
use crate::types::{Type, Widths};
use crate::uses::Uses;
use crate::{Info, Plan};
use assay_engine::{Action, Features};
use wasm_encoder::{BlockType, Catch, InstructionSink as Sink, ValType};

/// A tag whose exceptions are told with their payload.
pub(super) struct Tag {
    /// Its index.
    index: u32,
    pub types: Vec<Type>,
    /// Its types in the encoder's terms.
    pub fields: Vec<ValType>,
    /// The type of a block that ends with its fields on the stack.
    block: BlockType,
}

/// The tags of which an exception may come up; `None` where there can be no exception at all, or
/// where the shim cannot tell one.
pub(super) fn thrown(info: &Info, uses: &Uses<'_>, plan: &Plan) -> Option<Vec<u32>> {
    let by_host = |tag: u32| {
        let mut actions = plan.actions.iter().flatten();
        actions.any(|action| matches!(action, Action::Throw { tag: t, .. } if *t == tag))
    };
    let is_thrown = |&tag: &u32| uses.thrown.get(tag as usize) == Some(&true) || by_host(tag);
    let tags: Vec<u32> = (0..info.tags.len() as u32).filter(is_thrown).collect();
    let carried = |&tag: &u32| info.signature_of_type(info.tags[tag as usize]).is_some();
    let possible = !tags.is_empty() || uses.rethrows;
    (plan.features.contains(Features::EXCEPTIONS) && possible && tags.iter().all(carried))
        .then_some(tags)
}

/// How many blocks [`open`] begins.
pub(super) fn depth(tags: &[Tag]) -> u32 {
    tags.len() as u32 + 3
}

/// Emits the openings of the blocks that handlers end, and of the `try_table` within. The
/// outermost block is left by what returns, the next one by what no tag explains.
pub(super) fn open(f: &mut Sink<'_>, tags: &[Tag]) {
    let count = tags.len() as u32;
    f.block(BlockType::Empty).block(BlockType::Empty);
    for tag in tags {
        f.block(tag.block);
    }
    let catches = tags.iter().zip(0..).map(|(tag, number)| Catch::One {
        tag: tag.index,
        label: count - 1 - number,
    });
    let catches: Vec<_> = catches.chain([Catch::All { label: count }]).collect();
    f.try_table(BlockType::Empty, catches);
}

impl Shims<'_> {
    /// What is needed to catch these tags.
    pub(super) fn tags(&mut self, indices: &[u32]) -> Vec<Tag> {
        indices
            .iter()
            .filter_map(|&index| {
                let ty = *self.info.tags.get(index as usize)?;
                let types = self.info.signature_of_type(ty)?.params;
                let fields = match &self.info.types[ty as usize].composite_type.inner {
                    wasmparser::CompositeInnerType::Func(ty) => self.numbers.val_types(ty.params()),
                    _ => Vec::new(),
                };
                let block = match fields.as_slice() {
                    [] => BlockType::Empty,
                    &[one] => BlockType::Result(one),
                    many => BlockType::FunctionType(self.types.of(Vec::new(), many.to_vec())),
                };
                Some(Tag {
                    index,
                    types,
                    fields,
                    block,
                })
            })
            .collect()
    }

    /// Emits the ends of the blocks that [`open`] began. Each handler puts payload and status into
    /// locals.
    pub(super) fn handle(&self, f: &mut Sink<'_>, tags: &[Tag], locals: &mut Locals, row: &Row) {
        f.end().br(tags.len() as u32 + 1);
        for (number, tag) in tags.iter().enumerate().rev() {
            let values = locals.assign(&tag.fields);
            f.end();
            for &local in values.iter().rev() {
                f.local_set(local);
            }
            self.keep(f, &tag.types, &values, row);
            f.i32_const(tag.index as i32 + 1)
                .local_set(row.status)
                .br(number as u32 + 1);
        }
        f.end().i32_const(-1).local_set(row.status).end();
    }

    /// Emits code that puts lowered values into the locals of the row.
    pub(super) fn keep(&self, f: &mut Sink<'_>, types: &[Type], values: &[u32], row: &Row) {
        let (mut int, mut external) = (row.first, row.first + row.results.ints as u32);
        for (&ty, &local) in types.iter().zip(values) {
            let widths = Widths::of_results(&[ty]);
            lift::lower_ints(f, self.helpers, ty, &|f| {
                f.local_get(local);
            });
            for slot in (0..widths.ints as u32).rev() {
                f.local_set(int + slot);
            }
            int += widths.ints as u32;
            if widths.externs > 0 {
                f.local_get(local).local_set(external);
                external += 1;
            }
        }
    }
}
