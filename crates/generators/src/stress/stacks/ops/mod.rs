//! The operation table, family by family.

mod calls;
mod control;
mod fillers;
mod hosts;
mod recursion;
mod throws;
pub mod traps;

use super::world::World;
use super::{Kind, Stacks};
use crate::stress::{Choices, Row};

/// A row; `needs` are kinds.
const fn row(
    name: &'static str,
    weight: u32,
    needs: &'static [Kind],
    perform: fn(&mut World, &mut Choices<'_, '_>) -> Option<()>,
) -> Row<Stacks> {
    Row {
        name,
        weight,
        needs,
        gives: &[],
        perform,
    }
}

/// All operations.
pub static TABLE: &[Row<Stacks>] = &{
    use Kind::{Call, Callback, Exceptions, Kept, Over, Record, Reference, Room, Scope, TailCalls};
    [
        row("call", 9, &[Room], calls::call),
        row("call_indirect", 9, &[Room], calls::call_indirect),
        row("call_ref", 9, &[Room, Reference], calls::call_ref),
        row("return_call", 4, &[Room, TailCalls], calls::return_call),
        row(
            "return_call_indirect",
            4,
            &[Room, TailCalls],
            calls::return_call_indirect,
        ),
        row(
            "return_call_ref",
            4,
            &[Room, TailCalls, Reference],
            calls::return_call_ref,
        ),
        row("call again", 5, &[Record], calls::again),
        row("recurse", 5, &[Room], recursion::recurse),
        row("host returns", 8, &[], hosts::returns),
        row("host in a loop", 2, &[], hosts::in_a_loop),
        row("host calls back", 5, &[Room, Callback], hosts::calls_back),
        row("host throws", 2, &[Call, Exceptions], hosts::throws),
        row("host traps", 1, &[Call], hosts::traps),
        row(
            "return_call of the host",
            4,
            &[TailCalls],
            hosts::takes_the_place,
        ),
        row("throw", 10, &[Exceptions], throws::throw),
        row("throw_ref", 25, &[Kept], throws::throw_ref),
        row("try_table", 9, &[Scope, Exceptions], control::try_table),
        row("block", 4, &[Scope], control::block),
        row("end", 5, &[], control::end),
        row("return", 2, &[Call], control::return_),
        row("trap", 5, &[Call], traps::trap),
        row("filler", 10, &[], fillers::filler),
        row("next call", 2, &[Call], control::next_call),
        row("same call again", 2, &[Over], control::repeat),
    ]
};
