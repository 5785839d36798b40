//! `gc_ops`: object graphs under collection.
//!
//! Objects of recursive types, with sharing and cycles, are made by every instruction there is,
//! kept in locals, globals, tables, fields, payloads of exceptions and across calls, and read back
//! while collections run. All that is loaded goes into a digest, and so do walks of the graph from
//! what is left at the end; see the module `world`.

pub mod corners;
mod draw;
mod ends;
mod groups;
mod lives;
mod matching;
mod mend;
mod model;
mod module;
mod operand;
mod ops;
mod other;
mod seen;
mod segments;
mod setting;
#[cfg(test)]
mod tests;
mod types;
mod walker;
mod world;

use super::{Family, Row};
use crate::Draft;
use setting::Setting;
use types::{Heap, Hierarchy, RefTy};
use world::{Var, World};

/// The generator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GcOps;

/// What operations need and give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Struct,
    Array,
    /// A structure or an array.
    Object,
    /// Any value.
    Any,
    Func,
    Extern,
    Global,
    Table,
    Segment,
    Data,
    /// A tag.
    Exceptions,
    /// An exception that is kept.
    Exception,
    /// A host that makes objects.
    Maker,
    /// A second instance.
    Other,
    /// A case in which a call may end where the heap does.
    Exhaustion,
}

impl Family for GcOps {
    const NAME: &'static str = "gc_ops";
    const OPERATIONS: usize = 36;
    const TABLE: &'static [Row<Self>] = ops::TABLE;
    type Setting = Setting;
    type Kind = Kind;
    type State = World;

    fn begin(setting: &mut Setting) -> World {
        World::new(setting)
    }

    fn is_open(world: &World) -> bool {
        world.is_open()
    }

    fn has(world: &World, kind: Kind) -> bool {
        let some = |fits: &dyn Fn(&Var) -> bool| world.vars.iter().any(fits);
        let of = |heap: Heap| move |var: &Var| world.can_be(var, RefTy::null(heap));
        match kind {
            Kind::Struct => some(&of(Heap::Struct)),
            Kind::Array => some(&of(Heap::Array)),
            Kind::Object => some(&of(Heap::Eq)),
            Kind::Any => !world.vars.is_empty(),
            Kind::Func => some(&|var| world.hierarchy(var.ty) == Hierarchy::Func),
            Kind::Extern => some(&of(Heap::Extern)),
            Kind::Global => !world.globals.is_empty(),
            Kind::Table => !world.tables.is_empty(),
            Kind::Segment => !world.segments.is_empty(),
            Kind::Data => world.has_data,
            Kind::Maker => world.maker,
            Kind::Other => world.other.is_some(),
            Kind::Exhaustion => world.exhausts,
            Kind::Exceptions => !world.tags.is_empty(),
            Kind::Exception => ops::has_kept(world),
        }
    }

    fn draft(setting: &Setting, world: World) -> Draft {
        module::draft(setting, world)
    }
}
