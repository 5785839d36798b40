//! `host_calls`: calls of the host's functions, in all ways, and all that these may do.
//!
//! Functions of many types are imported, and called directly, through tables and references, and by
//! tail calls. What each call does is chosen on the way: it returns, throws, traps, calls back into
//! the module and takes hold of what comes out of there, writes to the memory, makes the memory and
//! the table grow, or interrupts the program. Functions keep many values around the calls.
//!
//! What the host returns is what [`HostState`](assay_engine::HostState) says: the definition itself is
//! part of the model. Code is emitted in the order in which it runs, so that every value is known.

pub mod corners;
mod frame;
mod module;
mod ops;
mod setting;
#[cfg(test)]
mod tests;
mod unwind;
mod values;
mod world;

use super::{Family, Row};
use crate::Draft;
use assay_engine::{Features, MAX_CALLBACK_DEPTH};
use setting::Setting;
use world::World;

/// The generator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCalls;

/// What operations need and give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// That there is an instance: no start function is running.
    Instance,
    /// Exceptions.
    Exceptions,
    /// `table.size` and the like.
    ReferenceTypes,
    /// Room for a new function.
    Room,
    /// That the host may call back.
    Callback,
    /// Any value that the function keeps.
    Held,
}

impl Family for HostCalls {
    const NAME: &'static str = "host_calls";
    const OPERATIONS: usize = 24;
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
        match kind {
            Kind::Instance => !world.is_starting(),
            Kind::Exceptions => features.contains(Features::EXCEPTIONS),
            Kind::ReferenceTypes => features.contains(Features::REFERENCE_TYPES),
            Kind::Room => world.has_room(),
            Kind::Callback => world.host.callbacks() < MAX_CALLBACK_DEPTH,
            Kind::Held => !world.held().is_empty(),
        }
    }

    fn draft(setting: &Setting, world: World) -> Draft {
        module::draft(setting, world)
    }
}
