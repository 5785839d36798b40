//! What happens around references: walks, calls, collections, exceptions.

use super::super::model::Datum;
use super::super::operand::{Manner, Operand};
use super::super::types::{Heap, RefTy, Shape, Storage};
use super::super::world::{COLLECT, World};
use super::refs::any;
use crate::stress::Choices;
use crate::stress::naming::name;
use assay_engine::{Trap, Value};
use wasm_encoder::{AbstractHeapType, BlockType, Catch, HeapType, RefType, ValType};

/// Walks the graph from a value, and mixes what comes of it into the digest.
pub fn walk(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let var = any(w, c)?;
    w.walk(var);
    Some(())
}

/// Hands a value to a function that collects, and gets it back.
pub fn pass(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let ty = RefTy::null(Heap::Any);
    let fits = w.names(|var| w.can_be(var, ty));
    let var = w.var(c.named(&fits)?)?;
    let manner = Manner::choose(c);
    w.hand(&[Operand::Var(var, ty)], manner);
    let passer = w.passer();
    w.sink().call(passer);
    w.give(c.id(), ty, var.value);
    Some(())
}

/// Asks the host for a collection.
pub fn collect(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    w.sink().call(COLLECT);
    Some(())
}

/// How many objects of garbage are made at once.
const GARBAGE: [u32; 4] = [3, 20, 100, 400];
/// How many times as many where the heap is small.
const FILLS: u32 = 40;

/// Makes objects that nothing holds, so that the heap grows, and the engine collects by itself.
pub fn garbage(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let fills = if w.small_heap { FILLS } else { 1 };
    let count = c.one_of(&GARBAGE)? * fills;
    let default = |storage: Storage| storage.has_default();
    let fits = |&ty: &u32| match w.types.shape(ty) {
        Some(Shape::Struct(fields)) => fields.iter().all(|it| default(it.storage)),
        Some(Shape::Array(element)) => default(element.storage),
        _ => false,
    };
    let ty = c.one_of(&w.types.all().filter(fits).collect::<Vec<u32>>())?;
    let is_array = w.types.element(ty).is_some();
    let left = w.local(ValType::I32);
    let mut f = w.sink();
    f.i32_const(count.cast_signed())
        .local_set(left)
        .loop_(BlockType::Empty);
    if is_array {
        f.local_get(left)
            .i32_const(7)
            .i32_and()
            .array_new_default(ty);
    } else {
        f.struct_new_default(ty);
    }
    f.drop()
        .local_get(left)
        .i32_const(1)
        .i32_sub()
        .local_tee(left)
        .br_if(0)
        .end();
    Some(())
}

/// A tag, and a payload for it.
fn exception(w: &World, c: &mut Choices<'_, '_>) -> Option<(u32, Vec<Operand>)> {
    let tag = c.below(w.tags.len() as u32);
    let fields = w.tags.get(tag as usize)?.clone();
    Some((tag, w.operands(c, fields)?))
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
    /// By its tag, with the exception, which is thrown again.
    TagRef,
    /// Whatever it is, with the exception, which is thrown again.
    AllRef,
}

/// Throws and catches an exception: the payload gets new names. A collection may come in between.
pub fn throw_and_catch(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (tag, operands) = exception(w, c)?;
    let way = c.one_of(&[Way::Tag, Way::TagRef, Way::AllRef])?;
    let collects = c.once_in(2);
    let manner = Manner::choose(c);
    meet(w, &operands);
    let payload = w.payload_block(tag);
    if way == Way::Tag {
        w.sink().block(payload);
        throw_within(w, Catch::One { tag, label: 0 }, tag, &operands, manner);
        w.sink().end();
    } else {
        let exception = w.local(ValType::Ref(RefType::EXNREF));
        w.sink().block(payload);
        catch_ref(w, way, tag, &operands, manner);
        w.sink().local_set(exception);
        if collects {
            w.sink().call(COLLECT);
        }
        w.sink()
            .try_table(BlockType::Empty, [Catch::One { tag, label: 0 }])
            .local_get(exception)
            .throw_ref()
            .end()
            .unreachable()
            .end();
    }
    take_payload(w, c, tag, &operands);
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

/// Takes the payload from the stack: numbers go into the digest, references get names.
fn take_payload(w: &mut World, c: &Choices<'_, '_>, tag: u32, operands: &[Operand]) {
    let fields = w.tags[tag as usize].clone();
    let fields = fields.into_iter().zip(operands).enumerate();
    for (place, (storage, operand)) in fields.rev() {
        let place = place as u32;
        match (storage, operand.datum()) {
            (Storage::Ref(ty), Datum::Ref(value)) => w.give(name(c.id(), place), ty, value),
            (storage, Datum::Bits(bits)) => w.note_number(storage, bits),
            (_, Datum::Ref(_)) => {}
        }
    }
}

/// Throws an exception that leaves the call.
pub fn throw(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (tag, operands) = exception(w, c)?;
    let fields = w.tags[tag as usize].clone();
    let payload: Vec<Value> = fields
        .iter()
        .zip(&operands)
        .map(|(&storage, operand)| w.value(storage, operand.datum()))
        .collect();
    meet(w, &operands);
    w.meet("Throw", "uncaught");
    w.push_all(&operands);
    w.save_digest();
    w.sink().throw(tag);
    w.threw(tag, payload);
    Some(())
}

/// Throws again what is no exception: null.
pub fn throw_null(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    w.save_digest();
    let exn = AbstractHeapType::Exn;
    w.sink()
        .ref_null(HeapType::Abstract {
            shared: false,
            ty: exn,
        })
        .throw_ref();
    w.trapped(Trap::NullReference.into());
    Some(())
}

/// Ends the call, so that what goes on is another one.
pub fn next_call(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    // An empty call would say nothing.
    if w.body.code.len() <= 4 {
        return None;
    }
    w.end_call();
    Some(())
}
