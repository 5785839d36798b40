//! What the host does, and what makes engines collect.

use super::super::operand::Operand;
use super::super::unwind::Landing;
use super::super::value::{Datum, NODE, Ty};
use super::super::world::{ACT, COLLECT, Entry, Held, World};
use crate::stress::Choices;
use crate::stress::host::{throwable, word};
use assay_engine::{Action, MAX_CALLBACK_DEPTH, OnFailure, Reference, Value};
use wasm_encoder::BlockType;

/// Asks the host for a collection.
pub fn collect(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    w.sink().call(COLLECT);
    w.collected(&[]);
    Some(())
}

/// How many objects of garbage are made at once, and how many times as many where the heap is small.
const GARBAGE: [u32; 4] = [3, 20, 100, 400];
const FILLS: u32 = 40;

/// Makes objects that nothing holds, so that engines collect by themselves.
pub fn garbage(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let fills = if w.setting.small_heap { FILLS } else { 1 };
    let count = c.one_of(&GARBAGE)? * fills;
    let ty = NODE + c.below(w.heap.nodes.len() as u32);
    let left = w.local(Ty::I32);
    w.sink()
        .i32_const(count.cast_signed())
        .local_set(left)
        .loop_(BlockType::Empty)
        .struct_new_default(ty)
        .drop()
        .local_get(left)
        .i32_const(1)
        .i32_sub()
        .local_tee(left)
        .br_if(0)
        .end();
    if w.setting.small_heap && count >= 100 * FILLS {
        w.hit("garbage", "fills a small heap");
    }
    Some(())
}

/// A reference of the host's that the function keeps, or else null.
fn argument(w: &World, c: &mut Choices<'_, '_>) -> Operand {
    let fits = |held: &Held| matches!(held.datum, Datum::Host(_));
    let name = c.named(&w.names(fits));
    let held = name.and_then(|name| w.named(name, fits));
    held.map_or(Operand::Null(Ty::Extern), |held| {
        Operand::Held(Ty::Extern, held)
    })
}

/// Calls the host's function, which is to do this. Gives what it returns or throws.
fn call(w: &mut World, argument: &Operand, action: Action) -> Vec<Value> {
    let argument = w.push(argument);
    w.sink().call(ACT);
    w.host_acts(action, argument)
}

/// The host returns a number, which depends on the reference that it gets.
pub fn looks(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let argument = argument(w, c);
    let values = call(w, &argument, Action::Return);
    w.note(word(&values));
    Some(())
}

/// The host throws one of the tags that it can throw.
pub fn throws(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let fits = throwable(&w.setting.tags);
    let argument = argument(w, c);
    let landing = Landing::choose(c);
    let at = c.below(fits.len() as u32);
    let (tag, params) = fits.get(at as usize)?.clone();
    if !w.may_throw(c, tag) {
        return None;
    }
    let payload = call(w, &argument, Action::Throw { tag, params });
    w.sink().unreachable();
    let mut held = w.held().iter();
    if w.is_caught(tag) && held.any(|held| matches!(held.datum, Datum::Object(_))) {
        w.hit("host", "throws past objects");
    }
    let payload = payload.iter().map(|value| Datum::Bits(value.bits()));
    let exception = w.exception(tag, payload.collect());
    w.throws(c.id(), exception, landing);
    Some(())
}

/// The host calls another function of the module, and code goes on in there.
pub fn calls_back(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    if w.host.callbacks() >= MAX_CALLBACK_DEPTH {
        return None;
    }
    let argument = argument(w, c);
    let caught = c.once_in(3);
    let export = format!("back {}", w.functions.len());
    let reference = w.setting.reference;
    let action = Action::Call {
        export: export.clone(),
        args: vec![Value::Ref(Reference::Extern(reference))],
        failure: OnFailure::Onward,
    };
    let value = word(&call(w, &argument, action));
    w.host.descend();
    if !caught {
        w.through_host.insert(export.clone());
    }
    let function = w.exported(export);
    let entry = Entry::Callback { caught, value };
    w.enter(c.id(), entry, function, &[Datum::Host(reference)]);
    Some(())
}
