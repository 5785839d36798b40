//! The operation table, family by family.

mod arrays;
mod bulk;
mod calls;
mod casts;
mod exceptions;
mod exhaustion;
mod keepers;
mod other;
mod places;
mod refs;
mod structs;
mod tables;

pub use keepers::has_kept;
pub use refs::given_by;

use super::world::World;
use super::{GcOps, Kind};
use crate::stress::{Choices, Row};

/// A row; `needs` and `gives` are kinds.
const fn row(
    name: &'static str,
    weight: u32,
    needs: &'static [Kind],
    gives: &'static [Kind],
    perform: fn(&mut World, &mut Choices<'_, '_>) -> Option<()>,
) -> Row<GcOps> {
    Row {
        name,
        weight,
        needs,
        gives,
        perform,
    }
}

/// All operations.
pub static TABLE: &[Row<GcOps>] = &{
    use Kind::{
        Any, Array, Data, Exception, Exceptions, Exhaustion, Extern, Func, Global, Maker, Object,
        Other, Segment, Struct, Table,
    };
    [
        row("struct.new", 10, &[], &[Struct], structs::new),
        row(
            "struct.new_default",
            4,
            &[],
            &[Struct],
            structs::new_default,
        ),
        row("struct.get", 8, &[Struct], &[], structs::get),
        row("struct.get_s", 3, &[Struct], &[], structs::get_s),
        row("struct.get_u", 3, &[Struct], &[], structs::get_u),
        row("struct.set", 8, &[Struct], &[], structs::set),
        row("array.new", 4, &[], &[Array], arrays::new),
        row("array.new_default", 3, &[], &[Array], arrays::new_default),
        row("array.new_fixed", 5, &[], &[Array], arrays::new_fixed),
        row("array.new_data", 4, &[Data], &[Array], arrays::new_data),
        row("array.new_elem", 5, &[Segment], &[Array], arrays::new_elem),
        row("array.get", 6, &[Array], &[], arrays::get),
        row("array.get_s", 4, &[Array], &[], arrays::get_s),
        row("array.get_u", 4, &[Array], &[], arrays::get_u),
        row("array.set", 6, &[Array], &[], arrays::set),
        row("array.len", 3, &[Array], &[], arrays::len),
        row("array.fill", 4, &[Array], &[], bulk::fill),
        row("array.copy", 5, &[Array], &[], bulk::copy),
        row("array.init_data", 3, &[Array, Data], &[], bulk::init_data),
        row(
            "array.init_elem",
            6,
            &[Array, Segment],
            &[],
            bulk::init_elem,
        ),
        row("data.drop", 2, &[Data], &[], bulk::data_drop),
        row("elem.drop", 3, &[Segment], &[], bulk::elem_drop),
        row("ref.i31", 4, &[], &[Any], refs::i31),
        row("i31.get_s", 3, &[Any], &[], refs::i31_get_s),
        row("i31.get_u", 3, &[Any], &[], refs::i31_get_u),
        row("ref.null", 2, &[], &[], refs::null),
        row("ref.is_null", 2, &[], &[], refs::is_null),
        row("ref.as_non_null", 2, &[], &[], refs::as_non_null),
        row("ref.eq", 5, &[Any], &[], refs::eq),
        row("ref.func", 4, &[], &[Func], refs::func),
        row("call_ref", 6, &[Func], &[], refs::call_ref),
        row("select", 2, &[Any], &[], refs::select),
        row(
            "extern.convert_any",
            2,
            &[Any],
            &[Extern],
            refs::extern_convert_any,
        ),
        row(
            "any.convert_extern",
            5,
            &[Extern],
            &[Any],
            refs::any_convert_extern,
        ),
        row("host reference", 3, &[], &[Extern], refs::host),
        row("make", 10, &[Maker], &[Extern], refs::make),
        row("give to host", 2, &[Extern], &[], refs::give_to_host),
        row("ref.test", 4, &[Any], &[], casts::test),
        row("ref.cast", 4, &[Any], &[], casts::cast),
        row("br_on_cast", 4, &[Any], &[], casts::br_on_cast),
        row("br_on_cast_fail", 4, &[Any], &[], casts::br_on_cast_fail),
        row("br_on_null", 2, &[Any], &[], casts::br_on_null),
        row("br_on_non_null", 2, &[Any], &[], casts::br_on_non_null),
        row("global.set", 5, &[Global], &[], places::global_set),
        row("global.get", 5, &[Global], &[], places::global_get),
        row("table.set", 4, &[Table], &[], tables::table_set),
        row("table.get", 4, &[Table], &[], tables::table_get),
        row("table.fill", 2, &[Table], &[], tables::table_fill),
        row("table.copy", 2, &[Table], &[], tables::table_copy),
        row("table.init", 3, &[Table, Segment], &[], tables::table_init),
        row("table.grow", 4, &[Table], &[], tables::table_grow),
        row("table.size", 1, &[Table], &[], tables::table_size),
        row("forget", 3, &[Object], &[], places::forget),
        row("walk", 5, &[Any], &[], calls::walk),
        row("pass through a call", 3, &[Any], &[Any], calls::pass),
        row("collect", 4, &[], &[], calls::collect),
        row("garbage", 3, &[], &[], calls::garbage),
        row(
            "throw and catch",
            4,
            &[Exceptions],
            &[],
            exceptions::throw_and_catch,
        ),
        row(
            "catch and keep",
            4,
            &[Exceptions],
            &[Exception],
            exceptions::catch_and_keep,
        ),
        row(
            "throw what was kept",
            6,
            &[Exception],
            &[],
            exceptions::throw_kept,
        ),
        row("throw", 1, &[Exceptions], &[], exceptions::throw),
        row(
            "leave with what was kept",
            1,
            &[Exception],
            &[],
            exceptions::leave_with_kept,
        ),
        row("throw null", 1, &[Exceptions], &[], exceptions::throw_null),
        row(
            "exhaust the heap",
            3,
            &[Exhaustion],
            &[],
            exhaustion::exhaust,
        ),
        row("make elsewhere", 12, &[Other], &[Object], other::make),
        row("read elsewhere", 12, &[Other, Struct], &[], other::read),
        row("write elsewhere", 6, &[Other, Struct], &[], other::write),
        row("ref.test elsewhere", 12, &[Other, Any], &[], other::test),
        row("ref.cast elsewhere", 8, &[Other, Any], &[], other::cast),
        row("keep elsewhere", 6, &[Other, Any], &[], other::keep),
        row("get from elsewhere", 8, &[Other], &[Any], other::give),
        row("table.get elsewhere", 6, &[Other], &[Any], other::look),
        row("next call", 3, &[], &[], calls::next_call),
    ]
};
