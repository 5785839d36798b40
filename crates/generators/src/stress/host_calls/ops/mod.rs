//! The operation table, family by family.

mod deeds;
mod guest;
mod reentrance;
mod ways;

use super::world::World;
use super::{HostCalls, Kind};
use crate::stress::{Choices, Row};

/// A row; what operations give is not needed by any.
const fn row(
    name: &'static str,
    weight: u32,
    needs: &'static [Kind],
    perform: fn(&mut World, &mut Choices<'_, '_>) -> Option<()>,
) -> Row<HostCalls> {
    Row {
        name,
        weight,
        needs,
        gives: &[],
        perform,
    }
}

/// All operations. Those that begin with "host" call a function of the host's, which does that.
pub static TABLE: &[Row<HostCalls>] = &{
    use Kind::{Callback, Exceptions, Held, Instance, ReferenceTypes, Room};
    [
        row("host returns", 10, &[Room], deeds::returns),
        row("host collects", 3, &[Room], deeds::collects),
        row("host exchanges", 6, &[Room], deeds::exchanges),
        row("host grows memory", 4, &[Room], deeds::grows_memory),
        row(
            "host grows table",
            3,
            &[Room, ReferenceTypes],
            deeds::grows_table,
        ),
        row("host traps", 4, &[Room, Instance], deeds::traps),
        row(
            "host throws",
            6,
            &[Room, Instance, Exceptions],
            deeds::throws,
        ),
        row("host interrupts", 4, &[Room, Instance], deeds::interrupts),
        row(
            "host calls back",
            14,
            &[Room, Instance, Callback],
            deeds::calls_back,
        ),
        row(
            "host calls back in vain",
            3,
            &[Room],
            deeds::calls_back_in_vain,
        ),
        row(
            "host calls again",
            4,
            &[Room, Instance, Callback],
            reentrance::calls_again,
        ),
        row("call", 3, &[Room], guest::call),
        row("keep a value", 6, &[], guest::keep),
        row("keep many values", 3, &[], guest::keep_many),
        row("look", 3, &[Held], guest::look),
        row("store", 3, &[], guest::store),
        row("load", 4, &[], guest::load),
        row("memory.grow", 2, &[], guest::grow),
        row("throw", 5, &[Instance, Exceptions], guest::throw),
        row("trap", 3, &[Instance], guest::trap),
        row("end", 5, &[], guest::end),
        row("next call", 2, &[], guest::next_call),
    ]
};
