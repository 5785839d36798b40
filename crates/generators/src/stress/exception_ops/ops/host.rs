//! What the host's function does in between: it returns, throws, traps, or calls back.

use super::super::operand::Operand;
use super::super::value::{Datum, Ty};
use super::super::world::{Entry, World};
use crate::stress::Choices;
use crate::stress::host::{throwable, word};
use assay_engine::{Action, MAX_CALLBACK_DEPTH, OnFailure, Trap, Value};

/// The index of the host's function.
const ACT: u32 = 0;

/// Calls the host's function, which is to do this. Gives what it returns or throws.
fn call(w: &mut World, argument: &Operand, action: Action) -> Vec<Value> {
    w.push(argument);
    w.sink().call(ACT);
    w.host_acts(action, argument.datum)
}

/// What the host gets: one of its own references, or null. What it would get for another one is the
/// shim's affair.
fn argument(w: &World, c: &mut Choices<'_, '_>) -> Operand {
    let operand = w.operand(c, Ty::Extern, 0);
    match operand.datum {
        Datum::I31(_) => w.fresh(Ty::Extern, 0, true, false),
        _ => operand,
    }
}

/// The host returns a number, which depends on the reference that it gets.
pub fn returns(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let argument = argument(w, c);
    let values = call(w, &argument, Action::Return);
    w.note(word(&values));
    Some(())
}

/// The host throws one of the tags that it can throw.
pub fn throws(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let fits = throwable(w.setting.tags.iter().map(|tag| &tag.fields));
    let argument = argument(w, c);
    let at = c.below(fits.len() as u32);
    let (tag, params) = fits.get(at as usize)?.clone();
    let payload = call(w, &argument, Action::Throw { tag, params });
    w.sink().unreachable();
    w.thrown.insert(tag);
    let payload = payload.iter().map(|value| Datum::Bits(value.bits()));
    let exception = w.exception(tag, payload.collect());
    w.of_host.insert(exception);
    w.throws(c.id(), exception, 1);
    Some(())
}

/// The host traps.
pub fn traps(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let argument = argument(w, c);
    call(w, &argument, Action::Trap);
    if w.frame()
        .scopes
        .iter()
        .any(|scope| scope.in_body && scope.catches_all())
    {
        w.hit("catch_all", "a trap of the host goes by");
    }
    w.sink().unreachable();
    w.trapped(Trap::Host.into());
    Some(())
}

/// The host calls another function of the module, and code goes on in there.
pub fn calls_back(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    if w.host.callbacks() >= MAX_CALLBACK_DEPTH {
        return None;
    }
    let argument = argument(w, c);
    let in_shim = c.once_in(3) && !w.setting.bare;
    let failure = c.one_of(&OnFailure::ALL)?;
    let caught = in_shim || failure == OnFailure::Swallow;
    let export = format!("back {}", w.functions.len());
    let args = vec![Value::Ref(assay_engine::Reference::Extern(
        w.setting.reference,
    ))];
    let action = Action::Call {
        export: export.clone(),
        args,
        failure,
    };
    let value = word(&call(w, &argument, action));
    w.host.descend();
    if w.host.callbacks() > 1 {
        w.hit("host", "calls back twice");
    }
    if !in_shim {
        w.through_host.insert(export.clone());
    }
    let function = w.exported(export);
    w.enter(
        c.id(),
        Entry::Callback {
            caught,
            failure,
            value,
        },
        function,
        Vec::new(),
    );
    Some(())
}
