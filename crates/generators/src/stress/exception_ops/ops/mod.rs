//! The operation table, family by family.

mod branches;
mod calls;
mod control;
mod exhaustion;
mod host;
mod loops;
mod neighbour;
mod places;
mod recursion;
mod throws;
mod values;

use super::world::World;
use super::{ExceptionOps, Kind};
use crate::stress::{Choices, Row};

/// A row; `needs` and `gives` are kinds.
const fn row(
    name: &'static str,
    weight: u32,
    needs: &'static [Kind],
    gives: &'static [Kind],
    perform: fn(&mut World, &mut Choices<'_, '_>) -> Option<()>,
) -> Row<ExceptionOps> {
    Row {
        name,
        weight,
        needs,
        gives,
        perform,
    }
}

/// All operations.
pub static TABLE: &[Row<ExceptionOps>] = &{
    use Kind::{
        Bare, Call, Exception, FunctionReferences, Global, Held, Host, Kept, Neighbour, Record,
        Room, RoomForScope, Scope, Table, TailCalls,
    };
    [
        row(
            "try_table",
            14,
            &[RoomForScope],
            &[Scope],
            control::try_table,
        ),
        row("end", 5, &[], &[], control::end),
        row("br", 3, &[Scope], &[], control::br),
        row("br with values", 4, &[], &[], branches::br),
        row("br_if", 4, &[], &[], branches::br_if),
        row("br_table", 4, &[], &[], branches::br_table),
        row("return", 2, &[], &[], control::return_),
        row("throw", 12, &[], &[], throws::throw),
        row("throw_ref", 16, &[Exception], &[], throws::throw_ref),
        row("throw_ref of null", 1, &[Call], &[], throws::throw_null),
        row("trap", 1, &[Call], &[], throws::trap),
        row("keep a value", 4, &[], &[Held], values::keep),
        row("keep many values", 3, &[], &[Held], values::keep_many),
        row("change a value", 6, &[Held], &[], values::change),
        row("look", 2, &[Held], &[], values::look),
        row(
            "global.set",
            14,
            &[Global, Exception],
            &[Kept],
            places::global_set,
        ),
        row(
            "global.get",
            14,
            &[Global, Kept],
            &[Exception],
            places::global_get,
        ),
        row(
            "table.set",
            14,
            &[Table, Exception],
            &[Kept],
            places::table_set,
        ),
        row(
            "table.get",
            14,
            &[Table, Kept],
            &[Exception],
            places::table_get,
        ),
        row("call", 7, &[Room], &[], calls::call),
        row("call_indirect", 4, &[Room], &[], calls::call_indirect),
        row(
            "call_ref",
            4,
            &[Room, FunctionReferences],
            &[],
            calls::call_ref,
        ),
        row(
            "return_call",
            3,
            &[Room, TailCalls],
            &[],
            calls::return_call,
        ),
        row(
            "return_call_indirect",
            2,
            &[Room, TailCalls],
            &[],
            calls::return_call_indirect,
        ),
        row(
            "return_call_ref",
            2,
            &[Room, TailCalls, FunctionReferences],
            &[],
            calls::return_call_ref,
        ),
        row("call again", 5, &[Record], &[], calls::again),
        row("host returns", 1, &[Host], &[], host::returns),
        row("host throws", 4, &[Host], &[], host::throws),
        row("host traps", 1, &[Host], &[], host::traps),
        row("host calls back", 4, &[Host, Room], &[], host::calls_back),
        row("neighbour throws", 10, &[Neighbour], &[], neighbour::throws),
        row("neighbour keeps", 10, &[Neighbour], &[], neighbour::keeps),
        row(
            "neighbour calls back",
            12,
            &[Neighbour, Room],
            &[],
            neighbour::calls_back,
        ),
        row("recurse", 3, &[], &[], recursion::recurse),
        row(
            "exhaust the stack",
            1,
            &[Bare, Call],
            &[],
            exhaustion::exhaust,
        ),
        row("loop", 3, &[], &[], loops::catch_in_loop),
        row("catch at loop", 2, &[], &[], loops::catch_at_loop),
        row("next call", 2, &[], &[], control::next_call),
    ]
};
