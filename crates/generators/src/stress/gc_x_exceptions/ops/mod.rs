//! The operation table, family by family.

mod control;
mod host;
mod objects;
mod places;
mod rounds;
mod tail;
mod throws;

use super::world::World;
use super::{GcXExceptions, Kind};
use crate::stress::{Choices, Row};

/// A row; `needs` and `gives` are kinds.
const fn row(
    name: &'static str,
    weight: u32,
    needs: &'static [Kind],
    gives: &'static [Kind],
    perform: fn(&mut World, &mut Choices<'_, '_>) -> Option<()>,
) -> Row<GcXExceptions> {
    Row {
        name,
        weight,
        needs,
        gives,
        perform,
    }
}

/// All operations.
pub static TABLE: &[Row<GcXExceptions>] = &{
    use Kind::{
        Exception, Global, Object, Reference, Room, RoomForScope, Table, TailCall, Vectors,
    };
    [
        row("struct.new", 9, &[], &[Object, Reference], objects::new),
        row(
            "array.new_fixed",
            4,
            &[],
            &[Object, Reference],
            objects::new_array,
        ),
        row(
            "array.new_fixed of vectors",
            8,
            &[Vectors],
            &[Object, Reference],
            objects::new_vectors,
        ),
        row("ref.i31", 1, &[], &[Reference], objects::i31),
        row("struct.get", 10, &[Object], &[], objects::get),
        row("struct.set", 9, &[Object], &[], objects::set),
        row("array.get", 3, &[Object], &[], objects::array_get),
        row("array.set", 4, &[Object], &[], objects::array_set),
        row(
            "extern.convert_any",
            2,
            &[Object],
            &[Reference],
            objects::externalize,
        ),
        row(
            "any.convert_extern",
            2,
            &[Reference],
            &[Object],
            objects::internalize,
        ),
        row("ref.eq", 2, &[Object], &[], objects::compare),
        row("look", 3, &[Reference], &[], objects::look),
        row("forget", 4, &[Reference], &[], objects::forget),
        row("global.set", 4, &[Global], &[], places::global_set),
        row("global.get", 4, &[Global], &[Reference], places::global_get),
        row("table.set", 4, &[Table], &[], places::table_set),
        row("table.get", 4, &[Table], &[Reference], places::table_get),
        row("try_table", 20, &[RoomForScope], &[], control::try_table),
        row("end", 12, &[], &[], control::end),
        row("call", 9, &[Room], &[], control::call),
        row("return_call", 4, &[Room, TailCall], &[], tail::direct),
        row(
            "return_call_indirect",
            3,
            &[Room, TailCall],
            &[],
            tail::indirect,
        ),
        row(
            "return_call_ref",
            3,
            &[Room, TailCall],
            &[],
            tail::by_reference,
        ),
        row("throw", 24, &[], &[], throws::throw),
        row("throw_ref", 50, &[Exception], &[], throws::throw_ref),
        row("throw_ref of null", 1, &[], &[], throws::throw_null),
        row("collect", 14, &[], &[], host::collect),
        row("garbage", 5, &[], &[], host::garbage),
        row("host throws", 8, &[], &[], host::throws),
        row("host calls back", 4, &[Room], &[], host::calls_back),
        row("host looks", 2, &[], &[], host::looks),
        row("recurse", 6, &[Room], &[], rounds::recurse),
        row("loop", 3, &[], &[Object, Reference], rounds::catch_in_loop),
        row("next call", 2, &[], &[], control::next_call),
    ]
};
