//! `exception_ops`: exceptions on every way that they can go.
//!
//! Tags of all types are thrown and caught by all kinds of clauses, through blocks, calls of all
//! kinds, tail calls, the host and back, and thrown again from where they were kept. Around them
//! functions keep many values, which must be what they were wherever code goes on; see the module `world`.

mod calls;
pub mod corners;
mod frame;
mod module;
mod neighbour;
pub(super) mod operand;
mod ops;
mod setting;
#[cfg(test)]
mod tests;
mod types;
mod unwind;
pub(super) mod value;
pub(super) mod world;

use super::{Family, Row};
use crate::Draft;
use assay_engine::Features;
use setting::Setting;
use world::World;

/// The generator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionOps;

/// What operations need and give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any value that the function keeps.
    Held,
    /// An exception that the function keeps.
    Exception,
    /// An open block.
    Scope,
    /// Room for a block.
    RoomForScope,
    /// Room for a call of a new function.
    Room,
    /// A function that would do again what it did.
    Record,
    /// A function of the host's that may do anything.
    Host,
    /// A global that can hold an exception.
    Global,
    /// A table that can hold exceptions.
    Table,
    /// An exception in one of these places.
    Kept,
    /// Tail calls, where the function can make one.
    TailCalls,
    /// Typed references to functions.
    FunctionReferences,
    /// That a trap ends a call, and not the start function.
    Call,
    /// A second instance.
    Neighbour,
    /// That there is no fuel, which would bound recursion before the stack does.
    Bare,
}

impl Family for ExceptionOps {
    const NAME: &'static str = "exception_ops";
    const OPERATIONS: usize = 30;
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
        match kind {
            Kind::Held => !world.held().is_empty(),
            Kind::Exception => world.exceptions_held().next().is_some(),
            Kind::Kept => world
                .globals
                .iter()
                .chain(&world.table)
                .any(Option::is_some),
            Kind::Scope => world.scopes() > 0,
            Kind::RoomForScope => world.has_room_for_scope(),
            Kind::Room => world.has_room_for_call(),
            Kind::Record => world.functions.iter().any(|it| it.record.is_some()),
            Kind::Host => world.setting.host && !world.is_starting(),
            Kind::Global => !world.globals.is_empty(),
            Kind::Table => !world.table.is_empty(),
            Kind::TailCalls => {
                let can = world
                    .frames
                    .last()
                    .is_some_and(|frame| !world.is_guarded(frame));
                can && world.setting.features.contains(Features::TAIL_CALL)
            }
            Kind::FunctionReferences => {
                let features = world.setting.features;
                features.contains(Features::FUNCTION_REFERENCES)
            }
            Kind::Call => !world.is_starting(),
            Kind::Bare => world.setting.bare,
            Kind::Neighbour => !world.setting.neighbour.is_empty(),
        }
    }

    fn draft(setting: &Setting, world: World) -> Draft {
        module::draft(setting, world)
    }
}
