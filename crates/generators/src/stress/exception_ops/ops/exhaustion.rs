//! Recursion without end, with handlers at each level.

use super::super::operand::Operand;
use super::super::value::Ty;
use super::super::world::{Sig, World};
use crate::stress::Choices;
use crate::stress::body::Body;
use crate::stress::scopes::{Clause, Kind, Label, Payloads};
use assay_engine::{Outcome, Resource};
use wasm_encoder::BlockType;

/// The parameters: how deep it is, and at which levels it throws.
const DEPTH: u32 = 0;
const MASK: u32 = 1;

/// At which levels an exception is thrown and caught before the next call: those whose number has none
/// of these bits; none for 0. They lie far apart, since a collection on a deep stack takes its time, as does
/// each throw in JavaScriptCore.
const MASKS: [u32; 3] = [0, 4095, 1023];

/// A function that calls itself from within a handler for everything, until the stack ends. That is not
/// an exception: no handler may see it. How deep it comes is the engine's affair, and nothing tells;
/// the calls that follow find what was kept. Once in a case, since it takes as long as all the rest.
pub fn exhaust(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let ran_out = |(_, outcome): &(u32, Outcome)| matches!(outcome, Outcome::Exhausted(_));
    if !w.has_room_for_call() || w.calls.iter().any(ran_out) {
        return None;
    }
    let mask = c.one_of(&MASKS)?;
    let outer = Clause {
        kind: c.one_of(&[Kind::All, Kind::AllRef])?,
        tag: 0,
        label: Label::Own,
    };
    let throws = mask != 0;
    let inner = Clause {
        kind: c.one_of(&[Kind::One, Kind::OneRef, Kind::All])?,
        tag: c.below(w.setting.tags.len() as u32),
        label: Label::Own,
    };
    let fields = w.types().fields(inner.tag);
    let payload: Vec<Operand> = (fields.iter().zip(1..))
        .map(|(&ty, bits)| w.fresh(ty, bits, false, true))
        .collect();
    let function = w.function(Sig::Recursive, Vec::new());
    let index = w.index(function);
    w.sink()
        .i32_const(0)
        .i32_const(mask.cast_signed())
        .call(index)
        .unreachable();
    let own_code = std::mem::take(&mut w.frame().body.code);
    let types = w.types();
    w.sink()
        .block(outer.block(&types))
        .try_table(BlockType::Empty, [outer.encoded(0)]);
    if throws {
        throw_and_catch(w, inner, &payload);
    }
    w.sink()
        .local_get(DEPTH)
        .i32_const(1)
        .i32_add()
        .local_get(MASK)
        .call(index)
        .end()
        .return_()
        .end();
    if outer.has_exception() {
        w.sink().drop();
    }
    let code = std::mem::replace(&mut w.frame().body.code, own_code);
    w.functions[function as usize].body = Body {
        locals: vec![Ty::I32.local(); 2],
        code,
    };
    w.hit_all(&[
        (
            !throws,
            ("exhaustion", "a handler for everything at each level"),
        ),
        (throws, ("exhaustion", "exceptions on the way down")),
    ]);
    w.exhausted();
    Some(())
}

/// Emits the throw of an exception, and the handler that takes it, at some levels.
fn throw_and_catch(w: &mut World, clause: Clause, payload: &[Operand]) {
    let types = w.types();
    w.sink()
        .local_get(DEPTH)
        .local_get(MASK)
        .i32_and()
        .i32_eqz()
        .if_(BlockType::Empty)
        .block(clause.block(&types))
        .try_table(BlockType::Empty, [clause.encoded(0)]);
    w.push_all(payload);
    let mut f = w.sink();
    f.throw(clause.tag).end().unreachable().end();
    clause.arrives(&types).iter().for_each(|_| _ = f.drop());
    f.end();
}

impl World {
    /// The call runs out of stack: whatever runs is gone.
    fn exhausted(&mut self) {
        if self.frames.iter().any(|frame| !frame.scopes.is_empty()) {
            self.hit("exhaustion", "through handlers");
        }
        self.ends_all(Outcome::Exhausted(Resource::Stack));
    }
}
