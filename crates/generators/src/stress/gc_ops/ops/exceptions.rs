//! Exceptions: thrown, caught, kept, and thrown again, with references in what they carry.

use super::super::model::{Datum, Ref};
use super::super::operand::{Manner, Operand};
use super::super::types::{Heap, Hierarchy, RefTy, Storage};
use super::super::world::{Var, World};
use super::keepers::{self, kept};
use crate::stress::Choices;
use crate::stress::naming::name;
use assay_engine::{Trap, Value};
use wasm_encoder::{BlockType, Catch, RefType, ValType};

pub const EXNREF: RefTy = RefTy {
    nullable: true,
    heap: Heap::Exn,
};

/// A tag, and a payload for it.
fn thrown(w: &World, c: &mut Choices<'_, '_>) -> Option<(u32, Vec<Operand>)> {
    let tag = c.below(w.tags.len() as u32);
    let fields = w.tags.get(tag as usize)?.clone();
    Some((tag, w.operands(c, fields)?))
}

fn data(operands: &[Operand]) -> Vec<Datum> {
    operands.iter().map(Operand::datum).collect()
}

/// Notes an exception.
fn meet(w: &mut World, operands: &[Operand]) {
    let is_reference = |operand: &Operand| matches!(operand.datum(), Datum::Ref(_));
    w.meet("Throw", operands.is_empty().then_some("no fields"));
    w.meet(
        "Throw",
        operands.iter().any(is_reference).then_some("reference"),
    );
}

/// How an exception is caught.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// By its tag.
    Tag,
    /// By its tag, with the exception.
    TagRef,
    /// Whatever it is, with the exception.
    AllRef,
}

/// Throws and catches an exception, which is thrown again where it was caught with itself: the payload
/// gets new names. A collection may come in between.
pub fn throw_and_catch(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (tag, operands) = thrown(w, c)?;
    let way = c.one_of(&[Way::Tag, Way::TagRef, Way::AllRef])?;
    let collects = c.once_in(2);
    let manner = Manner::choose(c);
    meet(w, &operands);
    if way == Way::Tag {
        let payload = w.payload_block(tag);
        w.sink().block(payload);
        throw_within(w, Catch::One { tag, label: 0 }, tag, &operands, manner);
        w.sink().end();
    } else {
        let exception = w.local(ValType::Ref(RefType::EXNREF));
        catch_ref(w, way, tag, &operands, manner);
        w.sink().local_set(exception);
        if collects {
            w.collect();
        }
        catch_again(w, tag, |w| _ = w.sink().local_get(exception));
    }
    take_payload(w, c, tag, &data(&operands));
    Some(())
}

/// Throws an exception and keeps it, in its local and mostly in an object or a global. As often as not what it
/// carries is given up elsewhere, so that it alone keeps that across a collection.
pub fn catch_and_keep(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (tag, operands) = thrown(w, c)?;
    let way = c.one_of(&[Way::TagRef, Way::AllRef])?;
    let manner = Manner::choose(c);
    meet(w, &operands);
    catch_ref(w, way, tag, &operands, manner);
    let exception = w.exception(tag, data(&operands));
    w.give(c.id(), EXNREF, exception);
    let is_elsewhere = keepers::keep(w, c);
    if c.once_in(2) {
        let mut given_up = data(&operands);
        given_up.extend(is_elsewhere.then_some(Datum::Ref(exception)));
        let same = w.names(|var| given_up.contains(&Datum::Ref(var.value)));
        for id in same {
            w.var(id).into_iter().for_each(|var| w.give_up(var));
        }
        w.collect();
    }
    Some(())
}

/// `throw_ref` of what was kept, and what it carries gets new names; now and then the exception as well.
pub fn throw_kept(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (keeper, value, exception) = kept(w, c)?;
    let tag = exception.tag;
    let way = c.one_of(&[Way::Tag, Way::TagRef])?;
    let manner = Manner::choose(c);
    let alone = exception.born < w.collections && w.keeps_alone(&exception);
    w.meet("ThrowRef", alone.then_some("alone kept its payload"));
    let throw = |w: &mut World| keeper.push(w, manner);
    if way == Way::Tag {
        catch_again(w, tag, throw);
    } else {
        let block = w.payload_and_exception_block(tag);
        w.sink()
            .block(block)
            .try_table(BlockType::Empty, [Catch::OneRef { tag, label: 0 }]);
        throw(w);
        w.sink().throw_ref().end().unreachable().end();
        let place = exception.data.len() as u32;
        w.give(name(c.id(), place), EXNREF, value);
    }
    take_payload(w, c, tag, &exception.data);
    Some(())
}

/// Leaves the exception on the stack: the payload that comes with it is dropped.
fn catch_ref(w: &mut World, way: Way, tag: u32, operands: &[Operand], manner: Manner) {
    let fields = operands.len();
    let block = match way {
        Way::AllRef => BlockType::Result(ValType::Ref(RefType::EXNREF)),
        _ => w.payload_and_exception_block(tag),
    };
    w.sink().block(block);
    let catch = match way {
        Way::AllRef => Catch::AllRef { label: 0 },
        _ => Catch::OneRef { tag, label: 0 },
    };
    throw_within(w, catch, tag, operands, manner);
    w.sink().end();
    if way == Way::TagRef && fields > 0 {
        let exception = w.local(ValType::Ref(RefType::EXNREF));
        w.sink().local_set(exception);
        for _ in 0..fields {
            w.sink().drop();
        }
        w.sink().local_get(exception);
    }
}

/// Emits a `try_table` in which the exception is thrown.
fn throw_within(w: &mut World, catch: Catch, tag: u32, operands: &[Operand], manner: Manner) {
    w.sink().try_table(BlockType::Empty, [catch]);
    w.hand(operands, manner);
    w.sink().throw(tag).end().unreachable();
}

/// Throws again what `push` leaves on the stack, and catches it by its tag.
fn catch_again(w: &mut World, tag: u32, push: impl FnOnce(&mut World)) {
    let payload = w.payload_block(tag);
    w.sink()
        .block(payload)
        .try_table(BlockType::Empty, [Catch::One { tag, label: 0 }]);
    push(w);
    w.sink().throw_ref().end().unreachable().end();
}

/// Takes the payload from the stack: numbers go into the digest, references get names.
fn take_payload(w: &mut World, c: &Choices<'_, '_>, tag: u32, data: &[Datum]) {
    let fields = w.tags[tag as usize].clone();
    let fields = fields.into_iter().zip(data).enumerate();
    for (place, (storage, &datum)) in fields.rev() {
        let place = place as u32;
        match (storage, datum) {
            (Storage::Ref(ty), Datum::Ref(value)) => w.give(name(c.id(), place), ty, value),
            (storage, Datum::Bits(bits)) => w.note_number(storage, bits),
            (_, Datum::Ref(_)) => {}
        }
    }
}

/// What a payload is, as the host sees it.
fn payload(w: &World, tag: u32, data: &[Datum]) -> Vec<Value> {
    let fields = w.tags.get(tag as usize).into_iter().flatten();
    fields
        .zip(data)
        .map(|(&storage, &datum)| w.value(storage, datum))
        .collect()
}

/// Throws an exception that leaves the call.
pub fn throw(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    // What leaves a module as it is would have to cross as it is.
    if w.other.is_some() {
        return None;
    }
    let (tag, operands) = thrown(w, c)?;
    let payload = payload(w, tag, &data(&operands));
    meet(w, &operands);
    w.meet("Throw", "uncaught");
    w.push_all(&operands);
    w.save_digest();
    w.sink().throw(tag);
    w.threw(tag, payload);
    Some(())
}

/// `throw_ref` of what was kept, and it leaves the call.
pub fn leave_with_kept(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    if w.other.is_some() {
        return None;
    }
    let (keeper, _, exception) = kept(w, c)?;
    let payload = payload(w, exception.tag, &exception.data);
    w.meet("ThrowRef", "uncaught");
    w.save_digest();
    keeper.push(w, Manner::default());
    w.sink().throw_ref();
    w.threw(exception.tag, payload);
    Some(())
}

/// Throws again what is no exception: null, where one was kept if there is such a place.
pub fn throw_null(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let is_null = |var: &Var| w.hierarchy(var.ty) == Hierarchy::Exn && var.value == Ref::Null;
    let null = c.named(&w.names(is_null)).and_then(|id| w.var(id));
    w.meet("ThrowRef", null.map(|_| "null that was kept"));
    w.save_digest();
    match null {
        Some(var) => _ = w.sink().local_get(var.local),
        None => _ = w.sink().ref_null(Heap::Exn.encoded()),
    }
    w.sink().throw_ref();
    w.trapped(Trap::NullReference.into());
    Some(())
}
