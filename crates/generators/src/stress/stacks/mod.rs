//! `stacks`: call graphs of all kinds of edges, and the stack at each moment at which one is taken.
//!
//! Functions of one to three instances call each other, the host, and are called back by it; they
//! return, tail call, throw, catch and trap; see the module `world`. The model knows which functions
//! are active, and at which of their instructions ([`Draft::stacks`]). So do the modules: each
//! function puts its number onto a shadow stack, a digest of which is an argument of host calls and
//! goes into results, so that a wrong model shows by values. In some cases there is no such code.

mod body;
pub mod corners;
mod event;
mod model;
mod modules;
mod ops;
mod piece;
mod scopes;
mod sections;
mod setting;
#[cfg(test)]
mod tests;
mod types;
mod unwind;
mod world;

use super::{Family, Row};
use crate::Draft;
use assay_engine::{Features, MAX_CALLBACK_DEPTH};
use setting::Setting;
use world::{Entry, World};

/// The generator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stacks;

/// What operations need and give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Room for a call of a new function.
    Room,
    /// Room for a block.
    Scope,
    /// That the host is there as a whole, and may end the call: not so before the instance is.
    Call,
    /// That the host may call back.
    Callback,
    /// Tail calls, where the function can make one.
    TailCalls,
    /// Typed references to functions.
    Reference,
    /// Exceptions.
    Exceptions,
    /// An exception that the function keeps.
    Kept,
    /// A function that would do again what it did.
    Record,
    /// A call that is over.
    Over,
}

impl Family for Stacks {
    const NAME: &'static str = "stacks";
    const OPERATIONS: usize = 40;
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
        let features = world.setting.features;
        let top = world.running.last();
        match kind {
            Kind::Room => world.has_room_for_call(),
            Kind::Scope => world.has_room_for_scope(),
            Kind::Call => !world.is_starting(),
            Kind::Callback => !world.is_starting() && world.model.callbacks() < MAX_CALLBACK_DEPTH,
            Kind::TailCalls => {
                let can = top.is_some_and(|top| top.entry != Entry::Start);
                can && features.contains(Features::TAIL_CALL)
            }
            Kind::Reference => features.contains(Features::FUNCTION_REFERENCES),
            Kind::Exceptions => features.contains(Features::EXCEPTIONS),
            Kind::Kept => top.is_some_and(|top| !top.kept.is_empty()),
            Kind::Record => world.functions.iter().any(|it| it.record.is_some()),
            Kind::Over => !world.calls.is_empty(),
        }
    }

    fn draft(setting: &Setting, world: World) -> Draft {
        modules::draft(setting, world)
    }
}
