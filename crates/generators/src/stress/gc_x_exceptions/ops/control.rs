//! Blocks and calls.

use super::super::corners::Place;
use super::super::operand::Manner;
use super::super::value::Ty;
use super::super::world::{COLLECT, Entry, Sig, World};
use crate::stress::Choices;
use crate::stress::scopes::{Clause, Kind, Label};

/// How many clauses there are at most.
const MAX_CLAUSES: u32 = 4;

/// What lies on the stack below a block.
const BELOW: [Ty; 4] = [Ty::Eq, Ty::Node, Ty::Array, Ty::Exn];

/// `try_table`
pub fn try_table(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let count = 1 + c.below(MAX_CLAUSES);
    let clauses = (0..count).map(|_| clause(w, c)).collect();
    let below = if c.once_in(3) {
        let ty = c.one_of(&BELOW)?;
        let operand = w.operand(c, ty, 0);
        let manner = Manner::choose(c);
        Some((ty, operand, manner))
    } else {
        None
    };
    let below = below.map(|(ty, operand, manner)| {
        let datum = w.hand(&[operand], manner)[0];
        w.value(c.id(), ty, datum, u32::MAX, Place::Stack)
    });
    let in_handler = w.frame().scopes.last().is_some_and(|scope| !scope.in_body);
    if in_handler {
        w.hit("try_table", "in a handler");
    }
    w.open(clauses, below);
    Some(())
}

fn clause(w: &World, c: &mut Choices<'_, '_>) -> Clause {
    let kind = c.one_of(&[
        Kind::One,
        Kind::OneRef,
        Kind::All,
        Kind::AllRef,
        Kind::OneRef,
        Kind::AllRef,
    ]);
    Clause {
        kind: kind.unwrap_or(Kind::One),
        tag: c.below(w.setting.tags.len() as u32),
        label: Label::Own,
    }
}

/// Ends the innermost block, or the function where there is none. There may be a collection right behind
/// the block.
pub fn end(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    if w.is_idle() {
        return None;
    }
    let is_block = w.scopes() > 0;
    w.finish_one(c.id());
    if is_block && c.once_in(2) {
        w.sink().call(COLLECT);
        w.collected(&[]);
    }
    Some(())
}

/// Calls a new function, and goes on in there.
pub fn call(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let sig = Sig::Own(c.below(w.setting.signatures.len() as u32));
    let operands = w.operands(c, &w.params(sig));
    let manner = Manner::choose(c);
    let data = w.hand(&operands, manner);
    let function = w.function(sig);
    let index = w.index(function);
    w.sink().call(index);
    w.enter(c.id(), Entry::Call, function, &data);
    Some(())
}

/// Ends the call, so that what goes on is another one.
pub fn next_call(w: &mut World, _: &mut Choices<'_, '_>) -> Option<()> {
    // An empty call would say nothing.
    if w.is_idle() {
        return None;
    }
    w.finish_call();
    Some(())
}
