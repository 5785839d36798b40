//! What keeps exceptions: locals, globals, fields of objects.

use super::super::model::{Datum, Exception, Ref};
use super::super::operand::{Manner, Operand};
use super::super::types::{Heap, RefTy, Storage};
use super::super::world::{FIRST_GLOBAL, Var, World};
use super::exceptions::EXNREF;
use super::places::keep_in_global;
use crate::stress::Choices;

/// What keeps an exception.
#[derive(Clone, Copy)]
pub enum Keeper {
    /// A local.
    Local(Var),
    /// A global.
    Global(u32),
    /// A field of a structure of this type, which is in a local.
    Field(Var, u32, u32),
}

impl Keeper {
    /// What it keeps.
    fn value(self, w: &World) -> Option<Ref> {
        match self {
            Self::Local(var) => Some(var.value),
            Self::Global(number) => w.globals.get(number as usize)?.values.first().copied(),
            Self::Field(var, _, at) => w.objects.get(var.value)?.data.get(at as usize)?.reference(),
        }
    }

    /// Leaves the exception on the stack.
    pub fn push(self, w: &mut World, manner: Manner) {
        match self {
            Self::Local(var) => w.hand(&[Operand::Var(var, EXNREF)], manner),
            Self::Global(number) => _ = w.sink().global_get(FIRST_GLOBAL + number),
            Self::Field(var, ty, at) => {
                let ty_of_object = RefTy::null(Heap::Type(ty));
                w.hand(&[Operand::Var(var, ty_of_object)], manner);
                w.sink().struct_get(ty, at);
            }
        }
    }
}

/// The fields of structures in locals that can hold an exception and be written.
fn fields(w: &World) -> Vec<Keeper> {
    let holds = |storage: Storage| storage.reference().is_some_and(|ty| ty.heap == Heap::Exn);
    let of = |var: &Var| {
        let ty = w.objects.get(var.value)?.ty;
        let fits = w.can_be(var, RefTy::null(Heap::Type(ty)));
        let fields = w.types.fields(ty).iter();
        let at = fits.then(|| {
            fields
                .clone()
                .position(|it| it.mutable && holds(it.storage))
        })??;
        Some(Keeper::Field(*var, ty, at as u32))
    };
    w.vars.iter().filter_map(of).collect()
}

fn has_exception(w: &World, keeper: Keeper) -> bool {
    matches!(keeper.value(w), Some(Ref::Exception(_)))
}

/// What holds an exception now: locals by their names, and what else does.
fn keepers(w: &World) -> (Vec<u32>, Vec<Keeper>) {
    let locals = w.names(|var| matches!(var.value, Ref::Exception(_)));
    let globals = (0..w.globals.len() as u32).map(Keeper::Global);
    let others = globals.chain(fields(w));
    let others = others.filter(|&keeper| has_exception(w, keeper));
    (locals, others.collect())
}

/// Whether there is an exception that something keeps.
pub fn has_kept(w: &World) -> bool {
    let (locals, others) = keepers(w);
    !locals.is_empty() || !others.is_empty()
}

/// An exception that was kept: by another than a local as often as not.
pub fn kept(w: &World, c: &mut Choices<'_, '_>) -> Option<(Keeper, Ref, Exception)> {
    let (locals, others) = keepers(w);
    let other = if c.once_in(2) || locals.is_empty() {
        c.one_of(&others)
    } else {
        None
    };
    let keeper = match other {
        Some(keeper) => keeper,
        None => Keeper::Local(w.var(c.named(&locals)?)?),
    };
    let value = keeper.value(w)?;
    let Ref::Exception(number) = value else {
        return None;
    };
    Some((keeper, value, w.exceptions.get(number as usize)?.clone()))
}

/// Puts the exception of this operation, which has just got its name, elsewhere as well, mostly. Whether
/// something else keeps it then.
pub fn keep(w: &mut World, c: &mut Choices<'_, '_>) -> bool {
    let field = c.one_of(&fields(w));
    let (Some(Keeper::Field(object, ty, at)), Some(var)) = (field, w.var(c.id())) else {
        return keep_in_global(w, c, Heap::Exn);
    };
    w.push(&Operand::Var(object, RefTy::null(Heap::Type(ty))));
    w.sink().local_get(var.local).struct_set(ty, at);
    let field = w.objects.get_mut(object.value);
    let field = field.and_then(|object| object.data.get_mut(at as usize));
    field.map(|field| *field = Datum::Ref(var.value)).is_some()
}
