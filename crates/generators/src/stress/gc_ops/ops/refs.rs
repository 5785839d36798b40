//! References: where they come from, and what can be asked of them.

use super::super::model::Ref;
use super::super::operand::Operand;
use super::super::types::{Heap, Hierarchy, RefTy};
use super::super::world::{HOST_LOCAL, MAKE, Var, World};
use super::places::keep_in_global;
use crate::stress::Choices;
use assay_engine::Trap;
use wasm_encoder::ValType;

/// What a function gives that can be referred to.
pub fn given_by(function: u32) -> i64 {
    0x0102_0304_0506_0700 + i64::from(function)
}

/// `ref.i31`
pub fn i31(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let number = w.number_31(c);
    w.push(&Operand::I31(number));
    w.give(
        c.id(),
        RefTy::non_null(Heap::I31),
        Ref::I31(number & 0x7fff_ffff),
    );
    Some(())
}

/// `i31.get_s`
pub fn i31_get_s(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    i31_get(w, c, true)
}

/// `i31.get_u`
pub fn i31_get_u(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    i31_get(w, c, false)
}

fn i31_get(w: &mut World, c: &mut Choices<'_, '_>, signed: bool) -> Option<()> {
    let ty = RefTy::null(Heap::I31);
    let mut fits = w.names(|var| w.can_be(var, RefTy::non_null(Heap::I31)));
    if c.once_in(8) {
        fits = w.names(|var| var.value == Ref::Null && w.can_be(var, ty));
    }
    let var = w.var(c.named(&fits)?)?;
    w.push(&Operand::Var(var, ty));
    let Ref::I31(number) = var.value else {
        w.save_digest();
        if signed {
            w.sink().i31_get_s();
        } else {
            w.sink().i31_get_u();
        }
        w.trapped(Trap::NullReference.into());
        return Some(());
    };
    w.seen(var.id);
    let high = number & 0x4000_0000 != 0;
    if signed {
        w.meet("I31GetS", high.then_some("negative"));
        w.sink().i31_get_s();
        w.note_i32(((number << 1).cast_signed() >> 1).cast_unsigned());
    } else {
        w.meet("I31GetU", high.then_some("highest bit"));
        w.sink().i31_get_u();
        w.note_i32(number);
    }
    Some(())
}

/// The heap types that a null is made of.
const NULLS: [Heap; 9] = [
    Heap::None,
    Heap::Any,
    Heap::Eq,
    Heap::I31,
    Heap::Struct,
    Heap::Array,
    Heap::NoFunc,
    Heap::Extern,
    Heap::NoExtern,
];

/// `ref.null`
pub fn null(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let heap = if w.types.len() > 0 && c.once_in(3) {
        Heap::Type(c.below(w.types.len()))
    } else {
        c.one_of(&NULLS)?
    };
    w.push(&Operand::Null(heap));
    w.give(c.id(), RefTy::null(heap), Ref::Null);
    Some(())
}

/// Any value.
pub fn any(w: &World, c: &mut Choices<'_, '_>) -> Option<Var> {
    w.var(c.named(&w.names(|_| true))?)
}

/// `ref.is_null`
pub fn is_null(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let var = any(w, c)?;
    w.sink().local_get(var.local).ref_is_null();
    w.note_i32((var.value == Ref::Null).into());
    Some(())
}

/// `ref.as_non_null`
pub fn as_non_null(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let mut fits = w.names(|var| var.value != Ref::Null);
    if c.once_in(8) {
        fits = w.names(|var| var.value == Ref::Null);
    }
    let var = w.var(c.named(&fits)?)?;
    w.sink().local_get(var.local);
    if var.value == Ref::Null {
        w.save_digest();
        w.sink().ref_as_non_null();
        w.trapped(Trap::NullReference.into());
        return Some(());
    }
    w.sink().ref_as_non_null();
    w.give(c.id(), RefTy::non_null(var.ty.heap), var.value);
    Some(())
}

/// `ref.eq`: of two values that are often the same object.
pub fn eq(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let ty = RefTy::null(Heap::Eq);
    let fits = w.names(|var| w.can_be(var, ty));
    let a = w.var(c.named(&fits)?)?;
    let same = w.names(|var| var.value == a.value && w.can_be(var, ty));
    let fits = if c.once_in(2) { same } else { fits };
    let b = w.var(c.named(&fits)?)?;
    w.push(&Operand::Var(a, ty));
    w.push(&Operand::Var(b, ty));
    w.sink().ref_eq();
    w.meet(
        "RefEq",
        match a.value {
            _ if a.value != b.value => "others",
            Ref::Null => "two nulls",
            Ref::I31(_) => "equal numbers",
            _ => "same object",
        },
    );
    w.note_i32((a.value == b.value).into());
    Some(())
}

/// `ref.func`
pub fn func(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let number = c.below(w.functions.len() as u32);
    let ty = *w.functions.get(number as usize)?;
    let function = w.function(number);
    w.sink().ref_func(function);
    w.give(c.id(), RefTy::non_null(Heap::Type(ty)), Ref::Func(number));
    Some(())
}

/// `call_ref`
pub fn call_ref(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let types: Vec<u32> = w.types.all().filter(|&ty| is_func(w, ty)).collect();
    let ty = c.one_of(&types)?;
    let null = RefTy::null(Heap::Type(ty));
    let wanted = if c.once_in(8) {
        null
    } else {
        RefTy::non_null(null.heap)
    };
    let fits = w.names(|var| w.can_be(var, wanted));
    let var = w.var(c.named(&fits)?)?;
    w.push(&Operand::Var(var, null));
    let Ref::Func(number) = var.value else {
        w.save_digest();
        w.sink().call_ref(ty);
        w.trapped(Trap::NullReference.into());
        return Some(());
    };
    w.seen(var.id);
    w.sink().call_ref(ty);
    w.note(given_by(number).cast_unsigned());
    Some(())
}

fn is_func(w: &World, ty: u32) -> bool {
    w.types.hierarchy(Heap::Type(ty)) == Hierarchy::Func
}

/// `select` of two references, both as one type.
pub fn select(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let a = any(w, c)?;
    let top = RefTy::null(match w.hierarchy(a.ty) {
        Hierarchy::Any => Heap::Any,
        Hierarchy::Func => Heap::Func,
        Hierarchy::Extern => Heap::Extern,
        Hierarchy::Exn => Heap::Exn,
    });
    let fits = w.names(|var| w.can_be(var, top));
    let b = w.var(c.named(&fits)?)?;
    let first = c.below(2);
    w.push(&Operand::Var(a, top));
    w.push(&Operand::Var(b, top));
    w.push_i32(first);
    w.sink().typed_select(ValType::Ref(top.encoded()));
    let value = if first == 0 { b.value } else { a.value };
    w.give(c.id(), top, value);
    Some(())
}

/// `extern.convert_any`
pub fn extern_convert_any(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    convert(w, c, Heap::Any)
}

/// `any.convert_extern`
pub fn any_convert_extern(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    convert(w, c, Heap::Extern)
}

/// Null stays null, and what cannot be null stays so.
fn convert(w: &mut World, c: &mut Choices<'_, '_>, from: Heap) -> Option<()> {
    // What is null by its type is left out: JavaScriptCore refuses the module
    // (`jsc-convert-noextern` among the regressions), and the case would be lost there.
    let fits = |var: &Var| w.can_be(var, RefTy::null(from)) && var.ty.heap != Heap::NoExtern;
    let var = w.var(c.named(&w.names(fits))?)?;
    w.sink().local_get(var.local);
    let what = match var.value {
        Ref::Null => "null",
        Ref::I31(_) => "unboxed",
        Ref::Host(_) => "host",
        Ref::Object(_) | Ref::Func(_) | Ref::Exception(_) => "object",
    };
    let to = if from == Heap::Any {
        w.meet("ExternConvertAny", what);
        w.sink().extern_convert_any();
        Heap::Extern
    } else {
        w.meet("AnyConvertExtern", what);
        w.sink().any_convert_extern();
        Heap::Any
    };
    let nullable = var.ty.nullable;
    w.give(c.id(), RefTy { nullable, heap: to }, var.value);
    Some(())
}

/// The host's reference.
pub fn host(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    w.sink().local_get(HOST_LOCAL);
    let value = Ref::Host(w.host);
    w.give(c.id(), RefTy::null(Heap::Extern), value);
    Some(())
}

/// Has the host make an object, which it does not keep. Mostly a global does, for a while.
pub fn make(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    w.sink().call(MAKE);
    let value = w.fresh();
    let heap = c.one_of(&[Heap::Extern, Heap::Any])?;
    if heap == Heap::Any {
        w.sink().any_convert_extern();
    }
    w.give(c.id(), RefTy::null(heap), value);
    keep_in_global(w, c, heap);
    Some(())
}

/// Gives a reference to the host, with the digest, when the call returns.
pub fn give_to_host(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    // Of a module that runs as it is, engines do not tell alike what an object is.
    let is_told = |var: &Var| w.other.is_none() || matches!(var.value, Ref::Null | Ref::Host(_));
    let fits = w.names(|var| w.can_be(var, RefTy::null(Heap::Extern)) && is_told(var));
    let var = w.var(c.named(&fits)?)?;
    w.sink().local_get(var.local);
    w.set_out(var.value);
    w.seen(var.id);
    Some(())
}
