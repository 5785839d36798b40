//! Calls of all kinds: of new functions, in which code goes on, and of functions that have run
//! before.

use super::super::operand::{Operand, data};
use super::super::world::{End, Entry, Record, Sig, World};
use crate::stress::Choices;
use assay_engine::Features;

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Direct,
    Indirect,
    Reference,
}

/// `call`
pub fn call(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    new(w, c, Way::Direct, false)
}

/// `call_indirect`
pub fn call_indirect(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    new(w, c, Way::Indirect, false)
}

/// `call_ref`
pub fn call_ref(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    new(w, c, Way::Reference, false)
}

/// `return_call`
pub fn return_call(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    new(w, c, Way::Direct, true)
}

/// `return_call_indirect`
pub fn return_call_indirect(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    new(w, c, Way::Indirect, true)
}

/// `return_call_ref`
pub fn return_call_ref(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    new(w, c, Way::Reference, true)
}

/// Calls a new function, and goes on in there.
fn new(w: &mut World, c: &mut Choices<'_, '_>, way: Way, tail: bool) -> Option<()> {
    let sig = Sig::Own(c.below(w.setting.signatures.len() as u32 + 1));
    let operands = w.operands(c, &w.params(sig));
    let function = w.function(sig, data(&operands));
    emit(w, &operands, way, tail, function, sig);
    if tail {
        w.replace(c.id(), function);
    } else {
        w.enter(c.id(), Entry::Call, function, Vec::new());
    }
    Some(())
}

/// Pushes arguments and calls.
fn emit(w: &mut World, args: &[Operand], way: Way, tail: bool, function: u32, sig: Sig) {
    w.push_all(args);
    let ty = w.types().signature(sig);
    let index = w.index(function);
    match way {
        Way::Direct if tail => _ = w.sink().return_call(index),
        Way::Direct => _ = w.sink().call(index),
        Way::Indirect => {
            let table = w.function_table();
            let slot = w.slot(function);
            let mut f = w.sink();
            f.i32_const(slot.cast_signed());
            if tail {
                f.return_call_indirect(table, ty);
            } else {
                f.call_indirect(table, ty);
            }
        }
        Way::Reference => {
            w.referred.insert(function);
            let mut f = w.sink();
            f.ref_func(index);
            if tail {
                f.return_call_ref(ty);
            } else {
                f.call_ref(ty);
            }
        }
    }
}

impl World {
    /// The place of a function in the table.
    fn slot(&mut self, function: u32) -> u32 {
        let place = self.indirect.iter().position(|&it| it == function);
        let place = place.unwrap_or_else(|| {
            self.indirect.push(function);
            self.indirect.len() - 1
        });
        place as u32
    }
}

/// A function that would do again what it did, and how to push its arguments here.
pub fn recorded(
    w: &World,
    c: &mut Choices<'_, '_>,
    fits: impl Fn(&Record) -> bool,
) -> Option<(u32, Record, Vec<Operand>)> {
    let arguments = |number: u32| {
        let function = w.functions.get(number as usize)?;
        let params = w.params(function.sig);
        let args = params.iter().zip(&function.args);
        args.map(|(&ty, &datum)| w.again(ty, datum))
            .collect::<Option<Vec<_>>>()
    };
    let all = (0..).zip(&w.functions);
    let fits = |record: &Option<Record>| record.as_ref().is_some_and(&fits);
    let fitting = all.filter(|(number, it)| fits(&it.record) && arguments(*number).is_some());
    let names: Vec<u32> = fitting.map(|(number, _)| number).collect();
    let number = c.named(&names)?;
    let record = w.functions.get(number as usize)?.record.clone()?;
    Some((number, record, arguments(number)?))
}

/// Calls a function that has run before: it does what it did, and throws what it threw.
pub fn again(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (function, record, args) = recorded(w, c, |_| true)?;
    let mut ways = vec![Way::Direct, Way::Indirect];
    if w.setting.features.contains(Features::FUNCTION_REFERENCES) {
        ways.push(Way::Reference);
    }
    let way = c.one_of(&ways)?;
    let sig = w.functions[function as usize].sig;
    emit(w, &args, way, false, function, sig);
    record.words.iter().for_each(|&word| w.log(word));
    match record.end {
        End::Returned(values) => {
            let types = w.setting.all_results();
            w.take(c.id(), &types, &values);
        }
        End::Threw(exception) => {
            w.hit("call", "a function throws again");
            w.sink().unreachable();
            w.throws(c.id(), exception, 1);
        }
    }
    Some(())
}

/// Emits a direct call of a function that has run before.
pub fn emit_again(w: &mut World, function: u32, args: &[Operand]) {
    let sig = w.functions[function as usize].sig;
    emit(w, args, Way::Direct, false, function, sig);
}
