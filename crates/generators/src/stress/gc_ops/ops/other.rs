//! What a second instance does with the objects of this one, and the other way round.

use super::super::corners::OTHER;
use super::super::model::{Datum, Ref};
use super::super::operand::{Manner, Operand, Target};
use super::super::other::Task;
use super::super::types::{Field, Heap, Hierarchy, RefTy, Shape, Storage};
use super::super::world::{Var, World};
use super::arrays::LENGTHS;
use super::casts::CASTS_OF_HOST;
use crate::stress::Choices;
use assay_engine::Trap;

/// One cast in so many fails, where that is a trap.
const FAILURES: u32 = 8;

/// Has an object made.
pub fn make(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let is = |&ty: &u32| {
        !matches!(w.types.shape(ty), None | Some(Shape::Func)) && w.can_ask(Task::Make(ty))
    };
    let ty = c.one_of(&w.types.all().filter(is).collect::<Vec<u32>>())?;
    let manner = Manner::choose(c);
    let data = if let Some(element) = w.types.element(ty) {
        let operand = w.operand(c, element.storage)?;
        let length = c.one_of(&LENGTHS)?;
        w.hand(&[operand], manner);
        w.push_i32(length);
        vec![operand.datum(); length as usize]
    } else {
        let fields = w.types.fields(ty).iter();
        let fields: Vec<Storage> = fields.map(|it| it.storage).collect();
        let operands = w.operands(c, fields)?;
        w.hand(&operands, manner);
        operands.iter().map(Operand::datum).collect()
    };
    w.ask(Task::Make(ty));
    w.meet(OTHER, "makes");
    let value = w.objects.add(ty, data);
    if let Some(other) = &mut w.other {
        other.made.extend(value.object());
    }
    w.give(c.id(), RefTy::non_null(Heap::Type(ty)), value);
    Some(())
}

/// A structure and a field of it that the other instance can be asked for.
fn field(
    w: &World,
    c: &mut Choices<'_, '_>,
    fits: impl Fn(&Field) -> bool,
    task: fn(u32, u32) -> Task,
) -> Option<(Target, u32, Storage)> {
    let of = |ty: u32| -> Vec<(u32, Storage)> {
        let fields = (0..).zip(w.types.fields(ty));
        let fields = fields.filter(|&(at, it)| fits(it) && w.can_ask(task(ty, at)));
        fields.map(|(at, it)| (at, it.storage)).collect()
    };
    let types = w.types.all().filter(|&ty| !of(ty).is_empty());
    let target = w.target(c, &types.collect::<Vec<u32>>())?;
    let (at, storage) = c.one_of(&of(target.ty))?;
    Some((target, at, storage))
}

/// One of two, by who made an object.
fn by_maker(w: &World, value: Ref, there: &'static str, here: &'static str) -> &'static str {
    if w.is_foreign(value) { there } else { here }
}

/// Has a field read.
pub fn read(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (target, at, storage) = field(w, c, |_| true, Task::Read)?;
    let task = Task::Read(target.ty, at);
    w.push(&target.operand);
    let Some(object) = w.objects.get(target.value) else {
        w.meet(OTHER, "reads null");
        w.save_digest();
        w.ask(task);
        w.trapped(Trap::NullReference.into());
        return Some(());
    };
    let datum = *object.data.get(at as usize)?;
    let (there, here) = ("reads what it made", "reads what the main one made");
    w.meet(OTHER, by_maker(w, target.value, there, here));
    w.ask(task);
    w.take(c, storage, datum, false);
    Some(())
}

/// Has a field written.
pub fn write(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (target, at, storage) = field(w, c, |field| field.mutable, Task::Write)?;
    let operand = w.operand(c, storage)?;
    let manner = Manner::choose(c);
    let task = Task::Write(target.ty, at);
    w.push(&target.operand);
    w.hand(&[operand], manner);
    if w.objects.get(target.value).is_none() {
        w.save_digest();
        w.ask(task);
        w.trapped(Trap::NullReference.into());
        return Some(());
    }
    let (there, here) = ("writes to what it made", "writes to what the main one made");
    w.meet(OTHER, by_maker(w, target.value, there, here));
    w.ask(task);
    let object = w.objects.get_mut(target.value)?;
    *object.data.get_mut(at as usize)? = operand.datum();
    Some(())
}

/// A value, and a type to ask for that the other instance can be asked for: as often as not one that is
/// nearly that of the value, where the answer is no.
fn question(
    w: &World,
    c: &mut Choices<'_, '_>,
    yes: bool,
    task: fn(RefTy) -> Task,
) -> Option<(Var, RefTy)> {
    let any = RefTy::null(Heap::Any);
    let is_host = |var: &Var| matches!(var.value, Ref::Host(_));
    let asks = |var: &Var| w.can_be(var, any) && (CASTS_OF_HOST || !is_host(var));
    let var = w.var(c.named(&w.names(asks))?)?;
    let nullable = c.once_in(2);
    let nearly = c.once_in(2);
    let types = w.types.all().map(|ty| RefTy {
        nullable,
        heap: Heap::Type(ty),
    });
    let fits = types.filter(|&ty| {
        w.hierarchy(ty) == Hierarchy::Any
            && w.is_of(var.value, ty) == yes
            && w.can_ask(task(ty.canonical(&w.types)))
    });
    let fits: Vec<RefTy> = fits.collect();
    let near = fits.iter().copied().filter(|&ty| w.nearly(var.value, ty));
    let near: Vec<RefTy> = near.collect();
    let ty = if nearly && !near.is_empty() {
        c.one_of(&near)
    } else {
        c.one_of(&fits)
    };
    Some((var, ty?))
}

/// Notes what was asked.
fn meet(w: &mut World, cases: [&'static str; 5], var: Var, ty: RefTy) {
    let [same, nearly, above, beside, none] = cases;
    let own = w.objects.get(var.value).map(|object| object.ty);
    let case = match (own, ty.heap) {
        (None, _) => none,
        (Some(own), Heap::Type(ty)) if w.types.canonical(own) == w.types.canonical(ty) => same,
        _ if w.is_of(var.value, ty) => above,
        _ if w.nearly(var.value, ty) => nearly,
        _ => beside,
    };
    w.meet(OTHER, case);
}

/// `ref.test` there.
pub fn test(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let yes = c.once_in(2);
    let (var, ty) = question(w, c, yes, Task::Test)?;
    const CASES: [&str; 5] = [
        "tests: the same type",
        "tests: nearly the same type",
        "tests: above",
        "tests: beside",
        "tests: no object",
    ];
    meet(w, CASES, var, ty);
    w.push(&Operand::Var(var, RefTy::null(Heap::Any)));
    w.ask(Task::Test(ty));
    w.note_i32(yes.into());
    Some(())
}

/// `ref.cast` there.
pub fn cast(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let fails = c.once_in(FAILURES);
    let (var, ty) = question(w, c, !fails, Task::Cast)?;
    const CASES: [&str; 5] = [
        "casts: the same type",
        "casts: nearly the same type",
        "casts: above",
        "casts: beside",
        "casts: no object",
    ];
    meet(w, CASES, var, ty);
    w.push(&Operand::Var(var, RefTy::null(Heap::Any)));
    if fails {
        w.save_digest();
        w.ask(Task::Cast(ty));
        w.trapped(Trap::CastFailure.into());
    } else {
        w.ask(Task::Cast(ty));
        w.give(c.id(), ty, var.value);
    }
    Some(())
}

/// Has a reference kept in its global.
pub fn keep(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    if !w.can_ask(Task::Keep) {
        return None;
    }
    let heap = w.other.as_ref()?.global.heap;
    let operand = w.reference(c, RefTy::null(heap))?;
    let Datum::Ref(value) = operand.datum() else {
        return None;
    };
    let manner = Manner::choose(c);
    w.hand(&[operand], manner);
    w.ask(Task::Keep);
    w.meet(OTHER, "keeps");
    w.other.as_mut()?.global.values = vec![value];
    Some(())
}

/// Gets back what it keeps.
pub fn give(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    if !w.can_ask(Task::Give) {
        return None;
    }
    let global = &w.other.as_ref()?.global;
    let (heap, value) = (global.heap, *global.values.first()?);
    w.ask(Task::Give);
    if value.object().is_some() {
        let (there, here) = (
            "gives back what it made",
            "gives back what the main one made",
        );
        w.meet(OTHER, by_maker(w, value, there, here));
    }
    w.give(c.id(), RefTy::null(heap), value);
    Some(())
}

/// Has it look into its table, which is the first of the main module's.
pub fn look(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    if !w.can_ask(Task::Look) {
        return None;
    }
    let table = w.tables.first()?;
    let (heap, values) = (table.heap, table.values.clone());
    let index = w.index(c, values.len() as u32);
    w.push_i32(index);
    let Some(&value) = values.get(index as usize) else {
        w.meet(OTHER, "looks beyond its table");
        w.save_digest();
        w.ask(Task::Look);
        w.trapped(Trap::OutOfBoundsTableAccess.into());
        return Some(());
    };
    w.meet(OTHER, "looks into its table");
    w.ask(Task::Look);
    w.give(c.id(), RefTy::null(heap), value);
    Some(())
}
