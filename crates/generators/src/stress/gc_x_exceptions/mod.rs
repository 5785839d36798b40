//! `gc_x_exceptions`: garbage collection and exceptions together.
//!
//! Small graphs of objects are kept where an exception passes them by (in locals, parameters, on the
//! stack below a block, in functions that are unwound), or by the exception alone: in its payload while
//! it is in flight, in an `exnref` in a global, a table, an object, another exception. Collections
//! run before the throw, on the way, in the landing pad and after it; see the module `world`.

mod calls;
pub mod corners;
mod frame;
mod model;
mod module;
mod operand;
mod ops;
mod setting;
#[cfg(test)]
mod tests;
mod unwind;
mod value;
mod walker;
mod world;

use super::{Family, Row};
use crate::Draft;
use setting::Setting;
use value::{Datum, Ty};
use world::{Held, World};

/// The generator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GcXExceptions;

/// What operations need and give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A reference that the function keeps.
    Reference,
    /// An object that the function keeps.
    Object,
    /// An exception that the function keeps.
    Exception,
    /// Room for a block.
    RoomForScope,
    /// Room for a call of a new function.
    Room,
    /// A global.
    Global,
    /// A table.
    Table,
    /// That the function can make a tail call.
    TailCall,
    /// Arrays of vectors.
    Vectors,
}

impl Family for GcXExceptions {
    const NAME: &'static str = "gc_x_exceptions";
    const OPERATIONS: usize = 32;
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
        let some = |fits: &dyn Fn(&Held) -> bool| world.held().iter().any(fits);
        match kind {
            Kind::Reference => some(&|held| !held.ty.is_number()),
            Kind::Object => some(&|held| held.ty.is_eq() && matches!(held.datum, Datum::Object(_))),
            Kind::Exception => some(&|held| held.ty == Ty::Exn && held.datum != Datum::Null),
            Kind::RoomForScope => world.has_room_for_scope(),
            Kind::Room => world.has_room_for_call(),
            Kind::Global => !world.globals.is_empty(),
            Kind::Table => !world.tables.is_empty(),
            Kind::TailCall => world.can_make_tail_call(),
            Kind::Vectors => world.heap.vectors.is_some(),
        }
    }

    fn draft(setting: &Setting, world: World) -> Draft {
        module::draft(setting, world)
    }
}
