//! Tests, casts, and the branches that do both.

use super::super::model::Ref;
use super::super::types::{Heap, Hierarchy, RefTy};
use super::super::world::{Var, World};
use super::refs::any;
use crate::stress::Choices;
use assay_engine::Trap;
use wasm_encoder::{BlockType, ValType};

/// One cast in so many fails, where that is a trap.
const FAILURES: u32 = 10;

/// Whether a reference of the host's may be asked for a defined type, which no such reference is of.
/// Wasmtime 48 looks the reserved index in its header up as if it were a type's, and aborts where it
/// is built with debug assertions.
pub const CASTS_OF_HOST: bool = false;

/// The abstract types of a hierarchy.
fn abstract_types(hierarchy: Hierarchy) -> &'static [Heap] {
    match hierarchy {
        Hierarchy::Any => &[
            Heap::Any,
            Heap::Eq,
            Heap::I31,
            Heap::Struct,
            Heap::Array,
            Heap::None,
        ],
        Hierarchy::Func => &[Heap::Func, Heap::NoFunc],
        Hierarchy::Extern => &[Heap::Extern, Heap::NoExtern],
        Hierarchy::Exn => &[Heap::Exn],
    }
}

/// A value, and a type of its hierarchy to ask for: as often as not one that it is of.
fn question(w: &World, c: &mut Choices<'_, '_>, wanted: Option<bool>) -> Option<(Var, RefTy)> {
    let var = w.var(c.named(&w.names(|var| w.hierarchy(var.ty) != Hierarchy::Exn))?)?;
    let hierarchy = w.hierarchy(var.ty);
    let host = matches!(var.value, Ref::Host(_)) && hierarchy == Hierarchy::Any;
    let defined = w.types.all().filter(|_| CASTS_OF_HOST || !host);
    let defined = defined.map(Heap::Type);
    let heaps = abstract_types(hierarchy).iter().copied().chain(defined);
    let nullable = c.once_in(2);
    let ty = |heap| RefTy { nullable, heap };
    let holds = |heap: &Heap| w.is_of(var.value, ty(*heap));
    let yes = match wanted {
        Some(yes) => yes,
        None => c.once_in(2),
    };
    let heaps: Vec<Heap> = heaps
        .filter(|&heap| w.types.hierarchy(heap) == hierarchy)
        .collect();
    let fits: Vec<Heap> = heaps
        .iter()
        .copied()
        .filter(|heap| holds(heap) == yes)
        .collect();
    let heap = match (c.one_of(&fits), wanted) {
        (None, None) => c.one_of(&heaps),
        (heap, _) => heap,
    };
    Some((var, ty(heap?)))
}

/// What a value is, by the type that it is asked for.
fn meet(w: &mut World, operator: &'static str, var: Var, ty: RefTy) {
    let object = w.objects.get(var.value).map(|object| object.ty);
    let case = match (var.value, ty.heap) {
        (Ref::Null, _) => "null",
        (_, Heap::None | Heap::NoFunc | Heap::NoExtern) => "bottom",
        _ if w.hierarchy(var.ty) == Hierarchy::Extern => "external",
        (Ref::I31(_), _) => "unboxed",
        (Ref::Host(_), _) => "host",
        (Ref::Func(_), _) => "function",
        // They are never asked.
        (Ref::Exception(_), _) => return,
        (Ref::Object(_), heap) => match (object, heap) {
            (Some(own), Heap::Type(asked)) if own == asked => "own type",
            (Some(own), Heap::Type(asked))
                if w.types.canonical(own) == w.types.canonical(asked) =>
            {
                "the same type by another name"
            }
            (Some(own), heap) if w.types.is_below(heap, Heap::Type(own)) => "below",
            _ if w.is_of(var.value, ty) => "above",
            _ if w.nearly(var.value, ty) => "nearly the same type",
            _ => "beside",
        },
    };
    w.meet(operator, case);
    if w.is_foreign(var.value) && matches!(ty.heap, Heap::Type(_)) {
        w.meet(operator, "made by another instance");
    }
}

/// `ref.test`
pub fn test(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (var, ty) = question(w, c, None)?;
    meet(w, "RefTest", var, ty);
    w.sink().local_get(var.local);
    let heap = ty.heap.encoded();
    if ty.nullable {
        w.sink().ref_test_nullable(heap);
    } else {
        w.sink().ref_test_non_null(heap);
    }
    let yes = w.is_of(var.value, ty);
    w.note_i32(yes.into());
    Some(())
}

/// `ref.cast`
pub fn cast(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let fails = c.once_in(FAILURES);
    let (var, ty) = question(w, c, Some(!fails))?;
    meet(w, "RefCast", var, ty);
    w.sink().local_get(var.local);
    if fails {
        w.save_digest();
    }
    let heap = ty.heap.encoded();
    if ty.nullable {
        w.sink().ref_cast_nullable(heap);
    } else {
        w.sink().ref_cast_non_null(heap);
    }
    if fails {
        w.trapped(Trap::CastFailure.into());
    } else {
        w.give(c.id(), ty, var.value);
    }
    Some(())
}

/// `br_on_cast`
pub fn br_on_cast(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    branch(w, c, false)
}

/// `br_on_cast_fail`
pub fn br_on_cast_fail(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    branch(w, c, true)
}

/// The top of a hierarchy, with null.
fn top(hierarchy: Hierarchy) -> RefTy {
    RefTy::null(abstract_types(hierarchy)[0])
}

/// The way is noted, and the reference gets the name of what it came out as where it is cast, else it
/// stays what it was.
fn branch(w: &mut World, c: &mut Choices<'_, '_>, on_failure: bool) -> Option<()> {
    let (var, to) = question(w, c, None)?;
    meet(
        w,
        if on_failure {
            "BrOnCastFail"
        } else {
            "BrOnCast"
        },
        var,
        to,
    );
    let hierarchy = w.hierarchy(var.ty);
    // The instruction wants a type below that of its operand.
    let from = if w.types.matches(to, var.ty) {
        var.ty
    } else {
        top(hierarchy)
    };
    let holds = w.is_of(var.value, to);
    let taken = w.local(ValType::I32);
    let result = BlockType::Result(ValType::Ref(from.encoded()));
    let mut f = w.sink();
    f.i32_const(1)
        .local_set(taken)
        .block(result)
        .local_get(var.local);
    if on_failure {
        f.br_on_cast_fail(0, from.encoded(), to.encoded());
    } else {
        f.br_on_cast(0, from.encoded(), to.encoded());
    }
    f.i32_const(0).local_set(taken).end();
    w.give(c.id(), from, var.value);
    w.sink().local_get(taken);
    w.note_i32((holds != on_failure).into());
    Some(())
}

/// `br_on_null`: the number below it tells the way, and stays what it is where the null goes.
pub fn br_on_null(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let var = any(w, c)?;
    w.sink()
        .block(BlockType::Result(ValType::I32))
        .i32_const(1)
        .local_get(var.local)
        .br_on_null(0)
        .drop()
        .drop()
        .i32_const(0)
        .end();
    w.note_i32((var.value == Ref::Null).into());
    Some(())
}

/// `br_on_non_null`: a value that was null is so after it, and of the same type.
pub fn br_on_non_null(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let var = any(w, c)?;
    let ty = RefTy::null(var.ty.heap);
    let non_null = RefTy::non_null(var.ty.heap);
    // The branch takes the reference along without its null; the other way leaves nothing.
    let kept = w.local(ValType::Ref(ty.encoded()));
    w.sink()
        .ref_null(ty.heap.encoded())
        .local_set(kept)
        .block(BlockType::Empty)
        .block(BlockType::Result(ValType::Ref(non_null.encoded())))
        .local_get(var.local)
        .br_on_non_null(0)
        .br(1)
        .end()
        .local_set(kept)
        .end()
        .local_get(kept);
    w.give(c.id(), ty, var.value);
    Some(())
}
