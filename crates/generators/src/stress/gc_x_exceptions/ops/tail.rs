//! Tail calls: what the function has kept is gone, but for its arguments.

use super::super::operand::Manner;
use super::super::world::{Entry, Sig, World};
use crate::stress::Choices;
use assay_engine::Features;

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Direct,
    Indirect,
    Reference,
}

impl World {
    /// Whether the function that runs can make a tail call: one that gives what those of the setting give.
    pub fn can_make_tail_call(&self) -> bool {
        let frame = self.frames.last();
        let called = frame.is_some_and(|frame| matches!(frame.entry, Entry::Call));
        called && self.setting.features.contains(Features::TAIL_CALL)
    }
}

/// `return_call`
pub fn direct(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    tail(w, c, Way::Direct)
}

/// `return_call_indirect`
pub fn indirect(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    tail(w, c, Way::Indirect)
}

/// `return_call_ref`
pub fn by_reference(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    tail(w, c, Way::Reference)
}

/// Calls a new function, and goes on in there.
fn tail(w: &mut World, c: &mut Choices<'_, '_>, way: Way) -> Option<()> {
    let sig = Sig::Own(c.below(w.setting.signatures.len() as u32));
    let operands = w.operands(c, &w.params(sig));
    let manner = Manner::choose(c);
    let data = w.hand(&operands, manner);
    let function = w.function(sig);
    let index = w.index(function);
    let ty = w.types().signature(sig);
    match way {
        Way::Direct => _ = w.sink().return_call(index),
        Way::Indirect => {
            let slot = w.indirect.len() as i32;
            w.indirect.push(function);
            let table = w.function_table();
            w.sink().i32_const(slot).return_call_indirect(table, ty);
        }
        Way::Reference => {
            w.referred.insert(function);
            w.sink().ref_func(index).return_call_ref(ty);
        }
    }
    w.replace(c.id(), function, &data);
    Some(())
}
